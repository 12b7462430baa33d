import type { Encoder, Encoding } from './encode.js';
import { type EncodeOptions, hasQuality, pngVariants } from './encoder-settings.js';
import { estimateJpegQuality } from './formats/jpeg-quality.js';
import type { CompressionTarget } from './options.js';
import type { Job } from './picture.js';
import type { Candidate, Setup } from './plan.js';
import { MAX_TRIALS, searchQuality } from './quality-search.js';
import { jpegQualityOf, likeJpegQuality, similarityOfJpeg } from './quality-scale.js';

/** An encoding that may be delivered. */
export interface Encoded extends Encoding {
  isTargetReached: boolean;
}

type Measured = Encoded & { similarity: number };

const MAX_RAISES = 3;
// Lower qualities are faster: at 50, 12 and 3 noise takes less than twice as long as once at 90.
const MIN_TRIALS_FOR_SIZE = 3;
/** Two results may differ so much in similarity and still count as equal. */
const SIMILARITY_TOLERANCE = 0.01;
/** The quality that a source counts as having that is no JPEG: its pixels may be as they were made. */
const QUALITY_OF_OTHERS = 100;
/** What the bytes and the error of a photo usually grow and shrink with one step of quality, as natural logarithms. */
const USUAL_SLOPE_OF_BYTES = 0.03;
const USUAL_SLOPE_OF_SIMILARITY = 0.04;

/**
 * The best encoding of all candidates. With a target, the one that does best what it asks; otherwise the smallest that is about
 * as similar to the source as the first one, or as a JPEG of the quality is.
 *
 * @param candidates one at least
 */
export async function findBest(encoder: Encoder, candidates: Candidate[], job: Job): Promise<Encoded> {
  const search = new Search(encoder, job);
  const [first, ...others] = candidates;
  const { target } = job.options;
  const encoded = target ? await search.reach(target, first) : await search.encode(first);
  if (others.length === 0) return encoded;

  let best = await encoder.measured(encoded);
  let minSimilarity = search.minSimilarity(best);
  let { effort } = first;
  for (const candidate of others) {
    // What `best` makes is about as similar as the result of `balanced`.
    if (candidate.effort !== effort) minSimilarity = Math.max(minSimilarity, search.minSimilarity(best));
    ({ effort } = candidate);
    if (target) {
      const found = await encoder.measured(await search.reach(target, candidate));
      if (isNearer(target, found, best)) best = found;
    } else {
      best = (await search.encodeSmaller(candidate, { than: best, minSimilarity })) ?? best;
    }
  }
  return best;
}

/** Encodes one image at the quality, or as near to the target, as the options ask. */
class Search {
  constructor(
    private readonly encoder: Encoder,
    private readonly job: Job,
  ) {}

  /** At the quality that was asked for. */
  encode(setup: Setup): Promise<Encoded> {
    const { header, options } = this.job;
    const isScaled = setup.format !== header.format || options.format !== 'auto' || setup.format === 'jpeg';
    return this.encodeAt(this.quality(), setup, { isScaled });
  }

  /**
   * An encoding that is smaller than the best one and similar enough, if there is one. One that is too different is made again
   * at a higher quality: a quality does not mean the same for all pictures.
   */
  async encodeSmaller(
    candidate: Candidate,
    { than, minSimilarity }: { than: Encoded; minSimilarity: number },
  ): Promise<Measured | undefined> {
    let encoded = await this.encode(candidate);
    for (let trials = 1; encoded.data.length < than.data.length; trials += 1) {
      const measured = await this.encoder.measured(encoded);
      if (measured.similarity >= minSimilarity) return measured;
      if (trials > MAX_RAISES || trials >= candidate.maxTrials) return undefined;
      const steps = candidate.maxTrials > MAX_RAISES ? 5 : 2;
      const higher = encoded.quality + Math.ceil((100 - encoded.quality) / steps);
      encoded = await this.encodeAt(higher, candidate, { isScaled: true });
    }
    return undefined;
  }

  /** What comes nearest to the target with the setup. */
  async reach(target: CompressionTarget, candidate: Candidate): Promise<Encoded> {
    const usual = await this.encoder.settings(candidate);
    return this.bestVariant(usual, (settings) => this.searchVariant(settings, target, candidate.maxTrials));
  }

  /** From which similarity on another encoding counts as about as similar as this one, or as a JPEG of the quality. */
  minSimilarity({ similarity }: Measured): number {
    return Math.min(similarity, similarityOfJpeg(this.quality())) - SIMILARITY_TOLERANCE;
  }

  /** `isScaled`: whether the quality is on the scale of JPEG where formats are compared, or where it becomes a JPEG. */
  private async encodeAt(
    quality: number,
    setup: Setup,
    { isScaled }: { isScaled: boolean },
  ): Promise<Encoded> {
    const settings = await this.encoder.settings(setup);
    // The numbers of different encoders are compared in `auto` only; but those of libjpeg and mozjpeg mean the same.
    const isForeign = isScaled && (this.job.options.format === 'auto' || setup.format === 'jpeg');
    const own = isForeign ? likeJpegQuality(quality, settings) : quality;
    return this.bestVariant({ ...settings, quality: own }, async (variant) => {
      return { ...(await this.encoder.encode(variant, quality)), isTargetReached: true };
    });
  }

  private async searchVariant(
    settings: EncodeOptions,
    target: CompressionTarget,
    maxTrials: number,
  ): Promise<Encoded> {
    const isSimilarity = 'ssim' in target;
    const isExact = maxTrials >= MAX_TRIALS;
    const canVary = hasQuality(settings);
    const trial = await searchQuality({
      tryQuality: (quality) => this.tryQuality(settings, quality, target),
      wanted: isSimilarity ? 'lowest' : 'highest',
      target: isSimilarity ? asValue(target.ssim) : Math.log(target.bytes),
      firstGuess: isSimilarity && !isExact ? likeJpegQuality(jpegQualityOf(target.ssim), settings) : 50,
      usualSlope: isSimilarity ? USUAL_SLOPE_OF_SIMILARITY : USUAL_SLOPE_OF_BYTES,
      maxTrials: canVary ? maxTrials : 1,
      maxTrialsWhileMissed: canVary ? Math.max(2 * maxTrials, MIN_TRIALS_FOR_SIZE) : 1,
    });
    return { ...trial, isTargetReached: trial.isReached };
  }

  private async tryQuality(settings: EncodeOptions, quality: number, target: CompressionTarget) {
    const encoded = await this.encoder.encode({ ...settings, quality }, quality);
    if ('bytes' in target) {
      const { length } = encoded.data;
      return { ...encoded, value: Math.log(length), isReached: length <= target.bytes };
    }
    const measured = await this.encoder.measured(encoded);
    return {
      ...measured,
      value: asValue(measured.similarity),
      isReached: measured.similarity >= target.ssim,
    };
  }

  /** What is made in the usual way, or as another PNG where that is better. */
  private async bestVariant(
    usual: EncodeOptions,
    make: (settings: EncodeOptions) => Promise<Encoded>,
  ): Promise<Encoded> {
    const encoded = await make(usual);
    const variants = pngVariants(usual, encoded.data.length);
    if (variants.length === 0) return encoded;
    let best = await this.encoder.measured(encoded);
    for (const variant of variants) {
      const other = await this.encoder.measured(await make(variant));
      if (this.isBetterVariant(other, best)) best = other;
    }
    return best;
  }

  private isBetterVariant(one: Measured, other: Measured): boolean {
    const { target } = this.job.options;
    if (target) return isNearer(target, one, other);
    return one.data.length < other.data.length && one.similarity >= other.similarity;
  }

  /** On the scale on which it was asked for: that of JPEG in `auto`, else that of the format. */
  private quality(): number {
    const { header, options, source } = this.job;
    const { quality } = options;
    if (typeof quality === 'number') return quality;
    const own = (header.format === 'jpeg' ? estimateJpegQuality(source) : undefined) ?? QUALITY_OF_OTHERS;
    return Math.max(1, Math.round((own * parseInt(quality ?? '100%')) / 100));
  }
}

/** The similarity on a scale on which it grows about evenly with the quality. */
function asValue(similarity: number): number {
  return -Math.log(1.0001 - similarity);
}

/**
 * Whether one encoding does better what the target asks: for a similarity the fewest bytes, for a size the most similar;
 * of two that miss it, the nearer one.
 */
function isNearer(target: CompressionTarget, one: Measured, other: Measured): boolean {
  if (one.isTargetReached !== other.isTargetReached) return one.isTargetReached;
  const isSmaller = one.data.length < other.data.length;
  if ('ssim' in target === one.isTargetReached) return isSmaller;
  return one.similarity > other.similarity || (one.similarity === other.similarity && isSmaller);
}
