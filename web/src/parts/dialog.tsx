import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DialogProps {
  label: string;
  children: ComponentChildren;
  class?: string;
  /** Called by Escape; without it the dialog stays. */
  onClose?: () => void;
}

/** A dialog above the page. The browser keeps the focus inside, and gives it back at the end. */
export function Dialog({ label, children, onClose, class: name = '' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current!.showModal();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
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
