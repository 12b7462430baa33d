import { useLayoutEffect, useState } from 'preact/hooks';
import { takeFile } from '../state/file/take-file.ts';
import { notify } from '../state/notices.ts';
import { texts } from '../texts.ts';

/** Takes a file that is dropped anywhere in the window. */
export function DropAnywhere() {
  const [isOver, setIsOver] = useState(false);
  // At once: a file that falls before the first picture would open in place of the page.
  useLayoutEffect(() => {
    let depth = 0; // each element that is entered is left again
    const enter = (event: DragEvent): void => {
      if (!hasFile(event)) return;
      depth++;
      setIsOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (hasFile(event) && --depth <= 0) setIsOver(false);
    };
    const over = (event: DragEvent): void => {
      if (hasFile(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      const [file, ...others] = event.dataTransfer?.files ?? [];
      depth = 0;
      setIsOver(false);
      if (!file) return;
      event.preventDefault();
      void takeFile(file);
      if (others.length > 0) notify(texts.start.onlyOne(file.name));
    };
    const listeners = { dragenter: enter, dragleave: leave, dragover: over, drop };
    for (const [name, listener] of Object.entries(listeners))
      addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        removeEventListener(name, listener as EventListener);
    };
  }, []);
  return isOver ? <div class="drop-anywhere">{texts.dropHere}</div> : null;
}

const hasFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') ?? false;
