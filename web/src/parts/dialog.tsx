import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DialogProps {
  label: string;
  children: ComponentChildren;
  class?: string;
  /** Called by Escape; without it the dialog stays. */
  onClose?: () => void;
  /** What gets the focus at the end in place of what had it before, where that is in the page. */
  next?: () => HTMLElement | null;
}

/** A dialog above the page. The browser keeps the focus inside, and gives it back at the end. */
export function Dialog({ label, children, onClose, next, class: name = '' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const ending = useRef(next);
  ending.current = next;
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current!.showModal();
    return () => {
      const element = ending.current?.() ?? opener;
      if (element instanceof HTMLElement && element.isConnected) element.focus();
    };
  }, []);
  const cancel = (event: Event): void => {
    event.preventDefault();
    onClose?.();
  };
  return (
    <dialog ref={dialog} class={name} aria-label={label} onCancel={cancel}>
      {children}
    </dialog>
  );
}
