import { useLayoutEffect } from 'preact/hooks';
import { current } from '../state/store.ts';

const JUDGING = ['a', 'u', 'o', 'z'];

/** Whether arrows do something of their own there: move the divider, or scroll a picture that is larger than the window. */
const usesArrows = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, .stage-full') !== null;

/** Ctrl or ⌘ with Z undoes the latest judgement, as it undoes all else; a message that can be undone comes first. */
function isUndo({ key, ctrlKey, metaKey, altKey, shiftKey, repeat }: KeyboardEvent): boolean {
  if (key.toLowerCase() !== 'z' || !(ctrlKey || metaKey) || altKey || shiftKey || repeat) return false;
  return !current().notices.some((notice) => notice.undo);
}

/**
 * Calls what a key is for when it goes down, and again when it goes up. A layout effect is there before the next key; other
 * effects come after the next picture of the screen, and a second key before that would act on what was shown before the first.
 */
export function useKeys(actions: Record<string, (isDown: boolean) => void>): void {
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const isDown = event.type === 'keydown';
      if (isUndo(event)) return isDown ? undo(event) : undefined;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key.length === 1 && !current().singleKeys) return;
      if (event.key.startsWith('Arrow') && usesArrows(event.target)) return;
      // A key that is held down judges once.
      if (event.repeat && JUDGING.includes(event.key.toLowerCase())) return;
      if (isDown || event.key.toLowerCase() === 'h') actions[event.key.toLowerCase()]?.(isDown);
    };
    const undo = (event: KeyboardEvent): void => {
      event.preventDefault();
      actions.z?.(true);
    };
    addEventListener('keydown', listen);
    addEventListener('keyup', listen);
    return () => {
      removeEventListener('keydown', listen);
      removeEventListener('keyup', listen);
    };
  });
}
