import type { Page } from 'playwright-core';

/**
 * Notes from now on what a screen reader reads of the live regions of the page: of an atomic one the whole text with each change,
 * of others what was added.
 */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(`{
    const LIVE = '[role=status], [role=alert], [role=log]';
    globalThis.spoken = [];
    const readOf = ({ target, addedNodes, type }) => {
      const element = target instanceof Element ? target : target.parentElement;
      const region = element?.closest(LIVE);
      if (!region) return [];
      const atomic = element.closest('[aria-atomic=true]') ?? (region.role === 'log' || region.ariaAtomic === 'false' ? null : region);
      if (atomic) return [atomic.textContent];
      return type === 'characterData' ? [target.textContent] : [...addedNodes].map((node) => node.textContent);
    };
    new MutationObserver((records) => {
      const texts = new Set(records.flatMap(readOf).map((text) => text.trim()));
      spoken.push(...[...texts].filter((text) => text !== ''));
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
  }`);
}

/** What was read since {@link listen}. */
export function spokenOn(page: Page): Promise<string[]> {
  return page.evaluate<string[]>('spoken');
}
