import type { Encoder, Encoding } from '../encoding/encode.js';
import { type EncodeOptions, hasPalette, hasQuality } from '../encoding/encoder-settings.js';
import { estimateJpegQuality } from '../formats/jpeg/quality.js';
import type { CompressionTarget } from '../options.js';
import type { Job } from '../picture.js';
import type { Candidate, Setup } from '../plan.js';
import { MAX_TRIALS, searchQuality } from './quality-search.js';
import { bestPng } from './png-search.js';
import { jpegQualityOf, likeJpegQuality, scoreOfJpeg } from './quality-scale.js';
import { rounded, scoreOf } from './similarity.js';

/** An encoding that may be delivered. */
export interface Encoded extends Encoding {
  isTargetReached: boolean;
}

type Measured = Encoded & { similarity: number };

const MAX_RAISES = 3;
// Lower qualities are faster: at 50, 12 and 3 noise takes less than twice as long as once at 90.
const MIN_TRIALS_FOR_SIZE = 3;
/** Two results whose scores differ by so much count as equal. */
const SCORE_TOLERANCE = 0.5;
/** So much more than a JPEG of the quality has is enough in `auto`, where the own format keeps nearly all. */
const MORE_THAN_JPEG = 10;
/** The quality that a source counts as having that is no JPEG: its pixels may be as they were made. */
const QUALITY_OF_OTHERS = 100;
/** What the bytes and the error of a photo usually grow and shrink with one step of quality, as natural logarithms. */
const USUAL_SLOPE_OF_BYTES = 0.03;
const USUAL_SLOPE_OF_SIMILARITY = 0.025;
/** Twenty times the bytes: a quarter of the quality saves half to three quarters of them. */
const FAR_OF_BYTES = 3;

/**
 * The best encoding of all candidates. With a target, the one that does best what it asks; otherwise the smallest that is
 * as similar to the source as the first one.
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
  let minScore = search.minScore(best);
  let { effort } = first;
  for (const candidate of others) {
    // What `best` makes is as similar as the result of `balanced`.
    if (candidate.effort !== effort)
      minScore = Math.max(minScore, scoreOf(best.similarity) - SCORE_TOLERANCE);
    ({ effort } = candidate);
    if (target) {
      const found = await encoder.measured(await search.reach(target, candidate));
      if (isNearer(target, found, best)) best = found;
    } else {
      best = (await search.encodeSmaller(candidate, { than: best, minScore })) ?? best;
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
    return this.encodeAt(this.quality(), setup);
  }

  /**
   * An encoding that is smaller than the best one and similar enough, if there is one. One that is too different is made again
   * at a higher quality: a quality does not mean the same for all pictures.
   */
  async encodeSmaller(
    candidate: Candidate,
    { than, minScore }: { than: Encoded; minScore: number },
  ): Promise<Measured | undefined> {
    let encoded = await this.encode(candidate);
    for (let trials = 1; encoded.data.length < than.data.length; trials += 1) {
      const measured = await this.encoder.measured(encoded);
      const missing = minScore - scoreOf(measured.similarity);
      if (missing <= 0) return measured;
      if (trials > MAX_RAISES || trials >= candidate.maxTrials || encoded.quality === 100) return undefined;
      const expected = jpegQualityOf(scoreOfJpeg(encoded.quality) + missing);
      encoded = await this.encodeAt(Math.min(100, Math.max(encoded.quality + 2, expected)), candidate);
    }
    return undefined;
  }

  /** What comes nearest to the target with the setup. */
  async reach(target: CompressionTarget, candidate: Candidate): Promise<Encoded> {
    const usual = await this.encoder.settings(candidate);
    const search = (settings: EncodeOptions) => this.searchQuality(settings, target, candidate.maxTrials);
    const found = await search(usual);
    return hasPalette(usual) ? this.reachAsPng(target, usual, found, search) : found;
  }

  /** From which score on another encoding counts as as similar as this one. */
  minScore({ similarity, format }: Measured): number {
    const own = scoreOf(similarity);
    const isLossy = format === 'jpeg' || format === 'webp' || format === 'avif';
    const enough = isLossy ? own : Math.min(own, scoreOfJpeg(this.quality()) + MORE_THAN_JPEG);
    return enough - SCORE_TOLERANCE;
  }

  private async encodeAt(quality: number, setup: Setup): Promise<Encoded> {
    const settings = await this.encoder.settings(setup);
    if (hasPalette(settings)) return bestPng(this.encoder, settings, quality);
    // The numbers of different encoders are compared in `auto` only; but those of libjpeg and mozjpeg mean the same.
    const isForeign = this.job.options.format === 'auto' || setup.format === 'jpeg';
    const own = isForeign ? likeJpegQuality(quality, settings) : quality;
    return { ...(await this.encoder.encode({ ...settings, quality: own }, quality)), isTargetReached: true };
  }

  /** Also with dithering; and without a palette, where none is similar enough. */
  private async reachAsPng(
    target: CompressionTarget,
    usual: EncodeOptions,
    found: Encoded,
    search: (settings: EncodeOptions) => Promise<Encoded>,
  ): Promise<Encoded> {
    const plain = await this.encoder.measured(found);
    const dithered = await this.encoder.measured(await search({ ...usual, dither: 1 }));
    const best = isNearer(target, dithered, plain) ? dithered : plain;
    if (best.isTargetReached || 'bytes' in target) return best;
    const exact = await this.encoder.measured(await search({ ...usual, isExact: true }));
    return isNearer(target, exact, best) ? exact : best;
  }

  private async searchQuality(
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
      firstGuess:
        isSimilarity && !isExact ? likeJpegQuality(jpegQualityOf(scoreOf(target.ssim)), settings) : 50,
      usualSlope: isSimilarity ? USUAL_SLOPE_OF_SIMILARITY : USUAL_SLOPE_OF_BYTES,
      maxTrials: canVary ? maxTrials : 1,
      maxTrialsWhileMissed: canVary ? Math.max(2 * maxTrials, MIN_TRIALS_FOR_SIZE) : 1,
      far: isSimilarity ? Infinity : FAR_OF_BYTES,
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
      isReached: rounded(measured.similarity) >= target.ssim,
    };
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
