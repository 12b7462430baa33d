import { useLayoutEffect } from 'preact/hooks';

/**
 * Where a picture is larger than its window: starts at its middle, tells the picture which part is seen, and lets the mouse drag it.
 * A finger needs nothing: the browser scrolls.
 * @param shown changes with the picture and its size
 */
export function usePan(stage: { current: HTMLElement | null }, shown: string): void {
  useLayoutEffect(() => {
    const element = stage.current!;
    const tell = (): void => element.style.setProperty('--from', `${element.scrollLeft}px`);
    const drag = (event: PointerEvent): void => {
      if (event.pointerType === 'mouse' && event.buttons === 1 && !isDivider(event.target))
        element.scrollBy(-event.movementX, -event.movementY);
    };
    element.scrollTo(
      (element.scrollWidth - element.clientWidth) / 2,
      (element.scrollHeight - element.clientHeight) / 2,
    );
    tell();
    element.addEventListener('scroll', tell, { passive: true });
    element.addEventListener('pointermove', drag);
    return () => {
      element.removeEventListener('scroll', tell);
      element.removeEventListener('pointermove', drag);
    };
  }, [shown]);
}

const isDivider = (target: EventTarget | null): boolean => target instanceof HTMLInputElement;
