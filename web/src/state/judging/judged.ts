const STORED_AS = 'image-processing.judged';

/** Images that are remembered as judged; the oldest are forgotten first. */
const REMEMBERED = 5000;

/** Ids of the images that were judged in this browser. */
export function rememberedJudged(): ReadonlySet<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(STORED_AS) ?? '[]') as string[]);
  } catch {
    return new Set();
  }
}

export function rememberJudged(ids: ReadonlySet<string>): void {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify([...ids].slice(-REMEMBERED)));
  } catch {
    // Without storage they are judged until the page is closed.
  }
}
