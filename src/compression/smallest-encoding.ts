import type { CompressionOptions, Effort } from './options.js';
import { AUTO_MS } from './image-candidates.js';
import { type Encoded, type ImageEncodings, isNearer, type Way } from './image-encodings.js';
import type { ImageFormat } from './formats/image-format.js';
import { similarityOfJpeg } from './quality-scale.js';

/** Where the looking stands. */
interface Choice {
  best: Encoded;
  /** Of the time for all encodings; a search for a target counts as one of them. */
  leftMs: number;
  /** For the next search for a target. */
  searchMs: number;
  /** How much of the time for noise AVIF takes, 0 to 1. */
  busyness: number;
}

// All trials of a search together; a larger image gets fewer of them.
const SEARCH_MS = 8_000;
const MOST_RAISES = 3;
const ABOUT_AS_SIMILAR = 0.01;

/**
 * The smallest encoding that is about as similar as that in the first format, or as a JPEG of the quality is; with a
 * target, the one that does best what it asks. The best effort is a second round, in which the result of the first one
 * stays where it is better.
 *
 * @param formats one at least
 */
export async function findSmallest(
  encodings: ImageEncodings,
  formats: ImageFormat[],
  options: CompressionOptions,
): Promise<Encoded> {
  return new SmallestEncoding(encodings, options).find(formats);
}

/** The best effort goes on from where the usual one ends. */
export function firstEffort({ effort }: CompressionOptions): Effort {
  return effort === 'best' ? 'balanced' : effort;
}

class SmallestEncoding {
  constructor(
    private readonly encodings: ImageEncodings,
    private readonly options: CompressionOptions,
  ) {}

  async find(formats: ImageFormat[]): Promise<Encoded> {
    const effort = firstEffort(this.options);
    const own: Way = { format: formats[0], effort };
    const share = SEARCH_MS / formats.length;
    const reference = await this.encodings.encode(own, share);
    if (formats.length === 1 && this.options.effort !== 'best') return reference;

    const best = await this.encodings.compared(reference);
    const choice: Choice = { best, leftMs: AUTO_MS, searchMs: share, busyness: 1 };
    spend(choice, reference, Math.min(this.encodings.spentMs, await this.encodings.estimate(own)));
    const least = this.leastSimilarity(best);
    for (const [index, format] of formats.slice(1).entries()) {
      // What others did not need of their shares is shared out again.
      const left = formats.length - 1 - index;
      choice.searchMs = Math.max(share, (SEARCH_MS - this.encodings.spentMs) / left);
      await this.consider(choice, { format, effort }, least);
    }
    if (this.options.effort === 'best') await this.considerBest(choice, formats, least);
    return choice.best;
  }

  private async considerBest(choice: Choice, formats: ImageFormat[], leastSimilarity: number): Promise<void> {
    const limit = Math.max(leastSimilarity, this.leastSimilarity(choice.best));
    // That of the smallest yet first.
    for (const format of new Set([choice.best.format, ...formats])) {
      if (!(await this.encodings.isDifferentAtBest(format))) continue;
      // What the searches of the first round have left.
      choice.searchMs = SEARCH_MS - this.encodings.spentMs;
      if (this.options.target) choice.leftMs = choice.searchMs;
      await this.consider(choice, { format, effort: 'best' }, limit);
    }
  }

  /** Takes another way if it comes out better, and there is time to find out. */
  private async consider(choice: Choice, way: Way, leastSimilarity: number): Promise<void> {
    const noiseMs = await this.encodings.estimate(way);
    const mostMs = (): number => noiseMs * (way.format === 'avif' ? choice.busyness : 1);
    if (mostMs() > choice.leftMs) return;
    const spending = async (encode: () => Promise<Encoded>): Promise<Encoded> => {
      const before = this.encodings.spentMs;
      const encoded = await encode();
      spend(choice, encoded, Math.min(noiseMs, this.encodings.spentMs - before));
      return encoded;
    };
    let encoded = await spending(() => this.encodings.encode(way, choice.searchMs));
    const { target } = this.options;
    if (target) {
      encoded = await this.encodings.compared(encoded);
      if (isNearer(target, encoded, choice.best)) choice.best = encoded;
      return;
    }
    // What is smaller but too different is tried again: a quality does not mean the same for all pictures.
    for (let raises = 0; encoded.data.length < choice.best.data.length; raises += 1) {
      encoded = await this.encodings.compared(encoded);
      if (encoded.similarity! >= leastSimilarity) choice.best = encoded;
      if (choice.best === encoded) return;
      if (raises === MOST_RAISES || mostMs() > choice.leftMs) return;
      const higher = encoded.quality + Math.ceil((100 - encoded.quality) / 5);
      encoded = await spending(() => this.encodings.encodeAt(higher, way, { isScaled: true }));
    }
  }

  /** What counts as about as similar as this one, or as a JPEG of the quality that was asked for. */
  private leastSimilarity({ similarity: measured }: Encoded): number {
    return Math.min(measured!, similarityOfJpeg(this.encodings.quality())) - ABOUT_AS_SIMILAR;
  }
}

function spend(choice: Choice, { format, data, picture }: Encoded, ms: number): void {
  choice.leftMs -= ms;
  const bitsPerPixel = (8 * data.length) / (picture.width * picture.height * picture.frames);
  // Noise has 4 bits a pixel as WebP, photos 0.5; AVIF takes 10 times as long for noise as for most of these.
  if (format === 'webp') choice.busyness = Math.min(1, 0.1 + bitsPerPixel / 2);
}
