/**
 * Whoever works by keys goes on where they were: when what has the focus goes, with its row or its card, the part of the page
 * around it gets the focus, in place of the top of the page.
 */
export function keepFocus(): void {
  let around: HTMLElement[] = [];
  document.addEventListener('focusin', ({ target }) => {
    around = [];
    for (let element = target as HTMLElement | null; element; element = element.parentElement)
      around.push(element);
  });
  new MutationObserver(() => {
    const [last] = around;
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const part = around.find((element) => element.isConnected && element.closest('main, dialog'));
    const next = part ?? document.getElementById('content');
    if (!next) return;
    if (!next.hasAttribute('tabindex')) next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }).observe(document.body, { childList: true, subtree: true });
}
