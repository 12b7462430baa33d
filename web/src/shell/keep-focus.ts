import { focusPart, focusTitle } from '../parts/focus-title.ts';

const NAMED = '[aria-label], [aria-labelledby], dialog';

/**
 * Whoever works by keys goes on where they were: when what has the focus goes, with its row or its card, the part of the page
 * around it that has a name gets the focus, or the title of the page, in place of the top of the page.
 */
export function keepFocus(): void {
  let around: HTMLElement[] = [];
  document.addEventListener('focusin', ({ target }) => {
    around = [];
    for (let element = target as HTMLElement | null; element; element = element.parentElement)
      around.push(element);
  });
  new MutationObserver(() => {
    // A page that had no title yet has one now.
    if (document.activeElement?.id === 'content' && document.querySelector('main h1')) return focusTitle();
    const [last] = around;
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const part = around.find(
      (element) => element.isConnected && element.matches(NAMED) && element.closest('main, dialog'),
    );
    if (part) focusPart(part);
    else focusTitle();
  }).observe(document.body, { childList: true, subtree: true });
}
