import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Makes what is shown above the page a step in the history of the browser, at the same address: the way back closes it, and does not
 * leave the page. Gives what closes it otherwise, by that way, too, so that no step is left behind.
 * @param close called when the step is over
 */
export function useBack(close: () => void): () => void {
  const isLeaving = useRef(false);
  const closing = useRef(close);
  closing.current = close;
  useLayoutEffect(() => {
    // A picture that went while it was shown has left its step.
    if (!isStep()) history.pushState({ isAbove: true }, '');
    const leave = (): void => closing.current();
    addEventListener('popstate', leave);
    return () => removeEventListener('popstate', leave);
  }, []);
  return () => {
    if (isLeaving.current) return; // a second Esc comes before the first has been followed
    isLeaving.current = true;
    if (isStep()) history.back();
    else close();
  };
}

/** Leaves a step of which nothing is shown: after a reload, or by the way forward. Nobody would see what the way back is for. */
export function leaveEmptySteps(): void {
  const leave = (): void => {
    if (isStep() && !document.querySelector('dialog[open]')) history.back();
  };
  addEventListener('popstate', leave);
  leave();
}

const isStep = (): boolean => (history.state as { isAbove?: true } | null)?.isAbove === true;
