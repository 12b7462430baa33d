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
  /** Whether there is time for another one, after all so far. */
  hasTime: () => boolean;
  /** Whether there is at least for a size, which is a promise: as long as it is missed, larger steps are made then. */
  hasTimeForSize: () => boolean;
}

/** What was found; where nothing reaches the target, what came nearest to it. */
export interface Found<T extends Trial> {
  trial: T;
  isReached: boolean;
}

/** Enough for each of the 100 qualities. */
export const MOST_TRIALS = 7;

/** Bisects the qualities 1 to 100, taking for granted that a higher one is more similar. */
export async function searchQuality<T extends Trial>(search: QualitySearch<T>): Promise<Found<T>> {
  const { tryQuality, isReached, wanted, firstGuess, hasTime, hasTimeForSize } = search;
  let [low, high] = [0, 101]; // both known without trying
  let found: Found<T> | undefined;
  for (let trials = 1, quality = firstGuess; ; trials += 1) {
    const trial = { trial: await tryQuality(quality), isReached: false };
    trial.isReached = isReached(trial.trial);
    if (!found || isBetter(trial, found, wanted)) found = trial;
    if (trial.isReached === (wanted === 'lowest')) high = quality;
    else low = quality;
    if (high - low <= 1 || trials === MOST_TRIALS) return found;

    const isMissed = wanted === 'highest' && !found.isReached;
    if (hasTime()) quality = Math.floor((low + high) / 2);
    else if (isMissed && hasTimeForSize()) quality = Math.max(1, Math.floor(high / 4));
    else return found;
  }
}

/** What reaches it is better than what does not. Each next one that misses it comes nearer. */
function isBetter<T extends Trial>(one: Found<T>, other: Found<T>, wanted: 'lowest' | 'highest'): boolean {
  if (one.isReached !== other.isReached) return one.isReached;
  // A higher quality is not always a larger file, of a PNG with few colours.
  return !one.isReached || wanted === 'highest' || one.trial.data.length <= other.trial.data.length;
}
