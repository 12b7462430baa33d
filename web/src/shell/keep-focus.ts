import { focusPart, focusTitle } from '../parts/focus-title.ts';

/** On a control that each entry of a list has: what it does, in a word. */
const SAME = 'data-same';
/** On one that should not be pressed twice: what gets the focus in its place. */
const NEXT = 'data-next';
const NAMED = '[aria-label], [aria-labelledby], dialog';

/**
 * Whoever works by keys goes on where they were: when what has the focus goes, with its row or its card, the part of the page
 * around it that has a name gets the focus, of a dialog its title, or the title of the page, in place of the top of the page. Where an
 * entry of a list goes by one of its buttons, the same button of the next entry gets it, or of the one before, or what the button names instead.
 */
export function keepFocus(): void {
  let around: HTMLElement[] = [];
  let neighbours: Element[] = [];
  document.addEventListener('focusin', ({ target }) => {
    around = [];
    for (let element = target as HTMLElement | null; element; element = element.parentElement)
      around.push(element);
    neighbours = neighboursOf(target as Element);
  });
  new MutationObserver(() => {
    // A page that had no title yet has one now.
    if (document.activeElement?.id === 'content' && document.querySelector('main h1')) return focusTitle();
    const [last] = around;
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const same = sameIn(neighbours, last.getAttribute(NEXT) ?? last.getAttribute(SAME));
    if (same) return same.focus();
    const part = around.find(
      (element) => element.isConnected && element.matches(NAMED) && element.closest('main, dialog'),
    );
    if (part) focusPart(titleOf(part) ?? part);
    else focusTitle();
  }).observe(document.body, { childList: true, subtree: true });
}

/** Of a dialog: it is read, and whoever goes on by Tab comes to what stands below it. */
function titleOf(part: HTMLElement): HTMLElement | null {
  return part.matches('dialog') ? part.querySelector<HTMLElement>('h2') : null;
}

/** The entries behind the one of an element, then those before it, the nearest first. */
function neighboursOf(element: Element): Element[] {
  const entry = element.closest('li, tr');
  const entries = [...(entry?.parentElement?.children ?? [])];
  const at = entries.findIndex((each) => each === entry);
  return [...entries.slice(at + 1), ...entries.slice(0, Math.max(0, at)).reverse()];
}

function sameIn(entries: Element[], name: string | null): HTMLElement | null {
  const entry = entries.find(({ isConnected }) => isConnected);
  return name ? (entry?.querySelector<HTMLElement>(`[${SAME}="${name}"]`) ?? null) : null;
}
