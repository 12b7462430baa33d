/** One try of an encoder. */
export interface Trial {
  quality: number;
  data: Buffer;
  /** What the search is about, such as the bytes, on a scale on which it grows about evenly with the quality. */
  value: number;
  isReached: boolean;
}

/** What {@link searchQuality} looks for. */
export interface QualitySearch<T extends Trial> {
  /** Encodes at the quality, 1 to 100, and measures what the search is about. */
  tryQuality: (quality: number) => Promise<T>;
  /** `lowest`: the lowest quality that reaches the target (a similarity); `highest`: the highest that does (a size). */
  wanted: 'lowest' | 'highest';
  /** The value of the target. */
  target: number;
  firstGuess: number;
  /** How much the value usually grows with one step of quality. */
  usualSlope: number;
  /** At least 1. */
  maxTrials: number;
  /** With `highest`, which is a promise: as many while the target is missed, with larger steps after `maxTrials`. */
  maxTrialsWhileMissed: number;
  /** What is missed by more than this is missed at a quarter of the quality as well: that counts as tried. */
  far: number;
}

/** Enough to find the best of the 100 qualities by bisection. */
export const MAX_TRIALS = 7;

/**
 * Searches the qualities 1 to 100, assuming that the value grows with them: by bisection where there are trials enough for
 * it, else by what the trials so far let expect.
 *
 * @returns the best trial that reaches the target; the nearest one if none does
 */
export async function searchQuality<T extends Trial>(search: QualitySearch<T>): Promise<T> {
  const { tryQuality, wanted, firstGuess, maxTrials, maxTrialsWhileMissed } = search;
  let [low, high] = [0, 101]; // both known without trying
  let best: T | undefined;
  let last: T | undefined;
  for (let trials = 1, quality = firstGuess; ; trials += 1) {
    const trial = await tryQuality(quality);
    if (!best || isBetter(trial, best, wanted)) best = trial;
    if (trial.isReached === (wanted === 'lowest')) high = quality;
    else low = quality;
    if (high - low <= 1) return best;

    if (trials < maxTrials) {
      const isExact = maxTrials >= MAX_TRIALS;
      quality = isExact ? Math.floor((low + high) / 2) : expectedQuality(search, trial, last, low, high);
    } else if (wanted === 'highest' && !best.isReached && trials < maxTrialsWhileMissed) {
      const isFar = trial.value - search.target > search.far && trials + 1 < maxTrialsWhileMissed;
      if (isFar) trials += 1;
      quality = Math.max(1, Math.floor(high / (isFar ? 16 : 4)));
    } else return best;
    last = trial;
  }
}

/** Where a straight line through the last two trials reaches the target, between the qualities that are left. */
function expectedQuality<T extends Trial>(
  { target, usualSlope, wanted }: QualitySearch<T>,
  trial: T,
  last: T | undefined,
  low: number,
  high: number,
): number {
  const own = last ? (trial.value - last.value) / (trial.quality - last.quality) : usualSlope;
  const expected = trial.quality + (target - trial.value) / (own > 0 ? own : usualSlope);
  const rounded = wanted === 'lowest' ? Math.ceil(expected) : Math.floor(expected);
  // Not to the end at once: the line is rough where it was not measured.
  const margin = Math.max(1, Math.floor((high - low) / 4));
  return rounded > trial.quality
    ? Math.max(low + 1, Math.min(high - margin, rounded))
    : Math.min(high - 1, Math.max(low + margin, rounded));
}

/** A trial that reaches the target is better than one that does not. Each next one that misses it comes nearer. */
function isBetter(one: Trial, other: Trial, wanted: 'lowest' | 'highest'): boolean {
  if (one.isReached !== other.isReached) return one.isReached;
  // A higher quality is not always a larger file, of a PNG with few colours.
  return !one.isReached || wanted === 'highest' || one.data.length <= other.data.length;
}
