/** One try of an encoder. */
export interface Trial {
  quality: number;
  data: Buffer;
}

/** What {@link searchQuality} looks for. */
export interface QualitySearch<T extends Trial> {
  /** Encodes, and measures what the search is about. */
  tryQuality: (quality: number) => Promise<T>;
  isReached: (trial: T) => boolean;
  /** `lowest`: the least quality that reaches it (a similarity); `highest`: the greatest that does (a size). */
  wanted: 'lowest' | 'highest';
  firstGuess: number;
  /** Bounds the time; 7 are enough for each of the 100 qualities. */
  mostTrials: number;
}

/** What was found; where nothing reaches the target, what came nearest to it. */
export interface Found<T extends Trial> {
  trial: T;
  isReached: boolean;
}

/** Bisects the qualities 1 to 100, taking for granted that a higher one is more similar and larger. */
export async function searchQuality<T extends Trial>(search: QualitySearch<T>): Promise<Found<T>> {
  const { tryQuality, isReached, wanted, firstGuess, mostTrials } = search;
  let [low, high] = [0, 101]; // both known without trying
  let found: Found<T> | undefined;
  for (let trials = 0, quality = firstGuess; trials < mostTrials; trials += 1) {
    const trial = await tryQuality(quality);
    const reached = isReached(trial);
    // Each one that reaches it is better than the one before; so is each that comes nearer to it.
    if (reached || !found?.isReached) found = { trial, isReached: reached };
    if (reached === (wanted === 'lowest')) high = quality;
    else low = quality;
    if (high - low <= 1) break;
    quality = Math.floor((low + high) / 2);
  }
  return found!;
}
