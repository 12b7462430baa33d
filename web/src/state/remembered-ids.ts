/** What this browser remembers ids of: images that were judged, and requests of which links were corrected. */
type Remembered = 'judged' | 'corrected';

/** So many of each; the oldest are forgotten first. */
const MOST = 5000;

const storedAs = (what: Remembered): string => `image-processing.${what}`;

export function rememberedIds(what: Remembered): ReadonlySet<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(storedAs(what)) ?? '[]') as string[]);
  } catch {
    return new Set();
  }
}

export function rememberIds(what: Remembered, ids: ReadonlySet<string>): void {
  try {
    localStorage.setItem(storedAs(what), JSON.stringify([...ids].slice(-MOST)));
  } catch {
    // Without storage they are known until the page is closed.
  }
}
