import { useLayoutEffect, useState } from 'preact/hooks';
import { focusTitle } from '../parts/focus-title.ts';
import { type FaultyCell, mend } from '../state/file/mend-file.ts';
import { texts } from '../texts.ts';

/** A cell to write in. Leaving it has the file checked again; Enter goes on to the next one. */
export function Mendable({
  cell: { line, column, name, faults },
  text: given,
  hintId,
}: {
  cell: FaultyCell;
  text: string;
  /** Of the element that says what to do, where there is one. */
  hintId?: string;
}) {
  const [text, setText] = useState(given);
  const check = (): void => {
    const change = { hints: faults.map(({ hint }) => hint), from: given, to: text.trim() };
    if (text !== given) mend([{ line, column, value: text.trim() }], change);
  };
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return;
    const input = event.currentTarget as HTMLInputElement;
    const cells = mendables(input.closest('table'));
    const next = cells[cells.indexOf(input) + 1];
    if (next) next.focus();
    else input.blur();
  };
  return (
    <input
      class="mendable"
      aria-label={texts.mend.cell(name ?? '', line)}
      aria-invalid={text.trim() === given.trim()}
      aria-describedby={hintId}
      value={text}
      spellcheck={false}
      onInput={(event) => setText(event.currentTarget.value)}
      onKeyDown={leave}
      onBlur={check}
    />
  );
}

function mendables(element: HTMLElement | null): HTMLInputElement[] {
  return [...(element?.querySelectorAll<HTMLInputElement>('input.mendable') ?? [])];
}

/** F8 goes to the next cell, and after the last one to the first. */
export function useNextFaultKey(table: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const element = table.current;
    const listen = (event: KeyboardEvent): void => {
      const cells = mendables(table.current);
      if (event.key !== 'F8' || cells.length === 0) return;
      event.preventDefault();
      const at = cells.indexOf(document.activeElement as HTMLInputElement);
      cells[(at + 1) % cells.length].focus();
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
      // With the last fault its cell goes: people who use the keyboard go on in the page, and not at its top.
      const active = document.activeElement;
      if (active === document.body || element?.contains(active)) focusTitle();
    };
  }, []);
}
