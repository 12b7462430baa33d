const STORED_AS = 'image-processing.judged';

/** So many are remembered; the oldest are forgotten first. */
const MOST = 5000;

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
    localStorage.setItem(STORED_AS, JSON.stringify([...ids].slice(-MOST)));
  } catch {
    // Without storage they are known until the page is closed.
  }
}
