import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { focusPart, focusTitle } from '../parts/focus-title.ts';
import { type MendableCell, mend } from '../state/file/mend-file.ts';
import { texts } from '../texts.ts';

/** A cell to write in. Leaving it has the file checked again, where it was changed; Enter goes on to the next one; Escape forgets what was written. */
export function Mendable({
  cell: { line, where, column, name, faults },
  text: given,
  hintId,
  hint,
  next,
}: {
  cell: MendableCell;
  text: string;
  /** Of the element that says what to do, where there is one. */
  hintId?: string;
  /** What to do, where no element says it. */
  hint?: string;
  /** Where Enter goes on to, or Shift with Enter back to: no other cell where there is none. */
  next: (input: HTMLInputElement, isBack: boolean) => HTMLInputElement | undefined;
}) {
  const [text, setText] = useState(given);
  const checked = useRef(given); // the cell of a mended fault goes, and is left by that once more
  // What was done to it from elsewhere is shown, but not in place of what somebody has written since.
  useLayoutEffect(() => {
    if (text === checked.current) setText(given);
    checked.current = given;
  }, [given]);
  const check = (): void => {
    if (text === checked.current) return;
    if (text.trim() === checked.current) return setText(checked.current); // blanks around it are no change
    checked.current = text;
    const change = { line, column, hints: faults.map(({ hint }) => hint), from: given, to: text.trim() };
    mend([{ line, column, value: text.trim() }], change);
  };
  const leave = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') return setText(given);
    if (event.key !== 'Enter') return;
    const input = event.currentTarget as HTMLInputElement;
    const other = next(input, event.shiftKey);
    // The only one keeps the focus: what is written may still be wrong.
    if (!other || other === input) check();
    else other.focus();
  };
  return (
    <input
      class={faults.length > 0 ? 'mendable faulty' : 'mendable'}
      aria-label={texts.mend.cell(name ?? '', where)}
      aria-invalid={faults.length > 0 && text.trim() === given.trim()}
      aria-describedby={hintId}
      aria-description={hint}
      value={text}
      spellcheck={false}
      onInput={(event) => setText(event.currentTarget.value)}
      onKeyDown={leave}
      onBlur={check}
    />
  );
}

/** Of a table, those that have faults. */
function mendables(element: HTMLElement | null): HTMLInputElement[] {
  return [...(element?.querySelectorAll<HTMLInputElement>('.faulty') ?? [])];
}

/** The next cell of a table that has faults, after the last one the first; or the one before. */
export function nextFault(input: HTMLInputElement, isBack: boolean): HTMLInputElement | undefined {
  const cells = mendables(input.closest('table'));
  return isBack ? cells.at(cells.indexOf(input) - 1) : (cells[cells.indexOf(input) + 1] ?? cells[0]);
}

/** The next cell below in the same column that can be written in, as in a spreadsheet; or the one above. */
export function cellBelow(input: HTMLInputElement, isBack: boolean): HTMLInputElement | undefined {
  const cell = input.closest('td');
  const rows = [...(input.closest('tbody')?.rows ?? [])];
  const at = rows.findIndex((row) => row.contains(input));
  const others = isBack ? rows.slice(0, at).reverse() : rows.slice(at + 1);
  for (const row of others) {
    const found = row.cells[cell?.cellIndex ?? 0]?.querySelector<HTMLInputElement>('.mendable');
    if (found) return found;
  }
  return undefined;
}

/** To what was changed, and can be taken back; to the title where nothing was. */
function goToMended(): void {
  const mended = document.querySelector<HTMLElement>('.mended');
  if (!mended) return focusTitle();
  mended.scrollIntoView({ block: 'nearest' });
  focusPart(mended);
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
      // The only one is left for a moment: that has it checked.
      if (cells.length === 1) cells[at]?.blur();
      cells[(at + 1) % cells.length].focus();
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
      // With the last fault its cell goes: people who use the keyboard go on in the page, and not at its top.
      const active = document.activeElement;
      if (active === document.body || element?.contains(active)) goToMended();
    };
  }, []);
}
