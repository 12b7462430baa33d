import axe, { type AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { describeOnEachEngine } from '../app/engines.js';

/** As `describeOnEachEngine`, where there is a browser. */
export const describeInBrowser: typeof describeOnEachEngine = (title, tests) =>
  process.env.TEST_CHROMIUM ? describeOnEachEngine(title, tests) : describe.skip(title, () => it.todo(title));

/** What a browser may be told for one page. */
interface PageOptions {
  width?: number;
  isDark?: boolean;
  /** Without a mouse and a keyboard. */
  isTouched?: boolean;
  /** Messages go when their time is over, which `page.clock` can let pass. */
  hasClock?: boolean;
}

/** WCAG 2.2 AA, and what axe-core advises besides. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The time of messages never passes, in which something can be undone: a busy machine can take it between two keys. */
const KEEP_NOTICES = `{
  const { setInterval, setTimeout } = window;
  window.setTimeout = (run, ms, ...rest) => setTimeout(run, ms === 10_000 ? 2 ** 31 - 1 : ms, ...rest);
  window.setInterval = (run, ms, ...rest) => setInterval(run, ms === 500 ? 2 ** 31 - 1 : ms, ...rest);
}`;

/** A Chromium for the tests on the page; `scripts/test.mjs` says where it is, or that there is none. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.TEST_CHROMIUM });
}

/** Opens the page. What the browser complains about, such as a breach of its Content-Security-Policy, is gathered. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1200, isDark = false, isTouched = false, hasClock = false }: PageOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme: isDark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    hasTouch: isTouched,
    isMobile: isTouched,
  });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.setDefaultTimeout(150_000);
  if (hasClock) await page.clock.install();
  else await page.addInitScript(KEEP_NOTICES);
  await page.goto(url);
  return { page, complaints };
}

/** Lets a file fall onto the window, as from a folder. */
export async function dropFile(page: Page, name: string, content: string | Buffer): Promise<void> {
  const bytes = [...Buffer.from(content as string)];
  const data = await page.evaluateHandle(
    `(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(${JSON.stringify(bytes)})], ${JSON.stringify(name)}));
      return data;
    })()`,
  );
  for (const type of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('body', type, { dataTransfer: data });
}

/** What axe-core finds on the page as it is, by the rules of WCAG 2.2 AA; a line for each element. */
export async function barriersOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(`axe.run({ runOnly: ${JSON.stringify(RULES)} })`);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** By how many pixels the page is wider than its window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

/** What covers the middle of the control that has the focus, by its class; null where that is seen. */
export function coverOfFocus(page: Page): Promise<string | null> {
  return page.evaluate(`(() => {
    const focused = document.activeElement;
    if (!focused.matches('a, button, input, select, summary, textarea')) return null;
    const { x, y, width, height } = focused.getBoundingClientRect();
    const top = document.elementFromPoint(x + width / 2, y + height / 2);
    return focused.contains(top) ? null : (top?.className || top?.tagName) ?? 'outside of the window';
  })()`);
}
