import { useLayoutEffect } from 'preact/hooks';
import { current } from '../state/store.ts';

const JUDGING = ['a', 'u', 'o', 'z'];

/** Whether arrows do something of their own there: move the divider, or scroll a picture that is larger than the window. */
const usesArrows = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, .stage-full') !== null;

/**
 * Calls what a key is for when it goes down, and again when it goes up. A layout effect is there before the next key; other
 * effects come after the next picture of the screen, and a second key before that would act on what was shown before the first.
 */
export function useKeys(actions: Record<string, (isDown: boolean) => void>): void {
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key.length === 1 && !current().singleKeys) return;
      const isDown = event.type === 'keydown';
      if (event.key.startsWith('Arrow') && usesArrows(event.target)) return;
      // A key that is held down judges once.
      if (event.repeat && JUDGING.includes(event.key.toLowerCase())) return;
      if (isDown || event.key.toLowerCase() === 'h') actions[event.key.toLowerCase()]?.(isDown);
    };
    addEventListener('keydown', listen);
    addEventListener('keyup', listen);
    return () => {
      removeEventListener('keydown', listen);
      removeEventListener('keyup', listen);
    };
  });
}
