/**
 * Moves the focus to the title of the page: screen readers read it, and whoever works by keys goes on below it. To the content as a
 * whole where there is no title yet.
 */
export function focusTitle(): void {
  const title = document.querySelector<HTMLElement>('main h1') ?? document.getElementById('content');
  if (title) focusPart(title);
}

/** Moves the focus to a part of the page that is no control. */
export function focusPart(part: HTMLElement): void {
  if (!part.hasAttribute('tabindex')) part.tabIndex = -1;
  part.focus({ preventScroll: true });
}
