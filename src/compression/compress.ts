import { ImageError } from '../errors/app-error.js';
import { Encoder, isOnePass } from './encode.js';
import { wantedMetadata } from './formats/image-metadata.js';
import { isBigTiff } from './formats/strip-tiff.js';
import { type ImageHeader, readHeader } from './image-header.js';
import { keepOriginal, stripImage } from './image-original.js';
import { asImageError } from './libvips.js';
import type { CompressionOptions, ImageNote } from './options.js';
import { fitInside, type Job } from './picture.js';
import { planEncodings, weigh } from './plan.js';
import {
  type CompressedImage,
  describeEncoded,
  describeOriginal,
  type Result,
  withMoreNotes,
} from './report.js';
import { type Encoded, findBest } from './search.js';

export type { CompressedImage, CompressionReport, ImageFacts } from './report.js';

/**
 * Increase this whenever the same bytes and options give other bytes than before: it is part of the key under which
 * results may be kept.
 */
export const ENGINE_VERSION = 7;

/** An image whose header was read and accepted. */
export interface OpenedImage {
  /** The memory that compressing takes, in pixels of 10 bytes. */
  weight(options: CompressionOptions): number;
  /**
   * Makes the image smaller, as the options ask. The result is decoded completely, upright, in the colours of its
   * source and never larger than it. The same bytes and options give the same result, except for `milliseconds`.
   *
   * Where encoding saves nothing, the source's own pixels are delivered, taken out of their file one by one, so
   * that nothing hidden in or behind the image gets through. They keep their ICC profile, and their orientation stays a
   * tag, because turning them would mean encoding them again. What could not be done as asked is in the notes.
   *
   * The similarity to the source is measured for every result, which takes another decoding and some arithmetic: more
   * than half of the time for a JPEG of 600×450 (`npm run bench -- engine`), a few percent for AVIF and PNG. With
   * the `fast` effort it is left out (`similarity: null`) unless a target or `auto` needs it.
   *
   * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_MANY_FRAMES, IMAGE_TOO_SLOW
   */
  compress(options: CompressionOptions): Promise<CompressedImage>;
}

/**
 * The door of this library. Reads the header only, in microseconds for a plain JPEG and a fraction of a millisecond for
 * all others, and refuses what must not be decoded.
 *
 * @param maxPixels width × height × frames; an animation with more is reduced to its first frame
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE,
 *   IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW
 */
export async function openSource(source: Buffer, maxPixels: number): Promise<OpenedImage> {
  const began = performance.now();
  const header = await readHeader(source, maxPixels);
  const headerMs = performance.now() - began;
  return {
    weight: (options) => weigh(header, options),
    compress: async (options) => {
      const from = performance.now() - headerMs;
      const { report, ...image } = await refusing(header, () =>
        compress(jobOf(source.length, header, options, maxPixels)),
      );
      return { ...image, report: { ...report, milliseconds: Math.round(performance.now() - from) } };
    },
  };
}

function jobOf(inputBytes: number, header: ImageHeader, options: CompressionOptions, maxPixels: number): Job {
  const { source } = header;
  const wanted = wantedMetadata(options.metadata, header.metadata, source);
  return { source, inputBytes, header, options, wanted, maxPixels };
}

/** The way of an image whose header was read: refuse, plan, decode, encode or search, choose, describe. */
async function compress(job: Job): Promise<Result> {
  refuseCutOffAnimation(job);
  const small = await originalWithinTarget(job);
  if (small) return describeOriginal(job, small, []);

  const { candidates, notes } = planEncodings(job.header, job.options);
  if (candidates.length === 0) return deliverOriginal(job, notes);
  // Decodes when the first encoding asks for it, and once for all of them.
  const encoder = new Encoder(job);
  const best = await findBest(encoder, await encoder.suitable(candidates), job);

  const original = await betterOriginal(job, best);
  if (original) return describeOriginal(job, original, notes);
  if (best.data.length < job.inputBytes) {
    return describeEncoded(job, isOnePass(job.options) ? best : await encoder.measured(best), notes);
  }
  return best.picture.isResized ? compressAtFullSize(job, notes) : deliverOriginal(job, notes);
}

/** libvips takes an animation that was cut off for a shorter one. */
function refuseCutOffAnimation({ source, header, wanted }: Job): void {
  if (header.format === 'gif' && !stripImage(source, header, wanted)) throw corrupt();
}

/** Nothing is encoded, and so nothing lost, where the original reaches a target in bytes. */
async function originalWithinTarget(job: Job): Promise<Buffer | undefined> {
  const { target, format } = job.options;
  const isOwn = format === 'keep' || format === job.header.format;
  if (!target || !('bytes' in target) || !isOwn || fitInside(job.header, job.options).isResized)
    return undefined;
  return originalOf(job, target.bytes);
}

/** The original, where it is better than the encoding. */
async function betterOriginal(job: Job, best: Encoded): Promise<Buffer | undefined> {
  const maxBytes = maxBytesOfOriginal(job, best);
  return maxBytes > 0 ? originalOf(job, maxBytes) : undefined;
}

/** Up to how many bytes the original is better than the encoding; 0 for none. */
function maxBytesOfOriginal({ header, inputBytes, options }: Job, best: Encoded): number {
  const { format, picture, isTargetReached, data } = best;
  const isSuited = format === header.format || (options.format === 'auto' && header.format !== 'tiff');
  if (picture.isResized || !isSuited) return 0;
  // Nothing is more similar to the source than itself.
  if (!isTargetReached) return 'ssim' in options.target! ? inputBytes : 0;
  // An encoding of half the bytes is better whatever the original could save. Not looking saves 1 % of the time.
  return data.length > inputBytes / 2 ? data.length : 0;
}

/** Where fewer pixels take more bytes, as with a drawing whose lines become shades. */
async function compressAtFullSize(job: Job, notes: ImageNote[]): Promise<Result> {
  // For an AVIF of its full size, less memory was set aside than it takes.
  if (job.header.format === 'avif') return deliverOriginal(job, notes);
  const options = { ...job.options, format: 'keep' as const, maxWidth: null, maxHeight: null };
  return withMoreNotes(await compress({ ...job, options }), [...notes, 'size_kept']);
}

async function deliverOriginal(job: Job, notes: ImageNote[]): Promise<Result> {
  const original = await originalOf(job, job.inputBytes);
  if (!original) throw isBigTiff(job.source) ? bigTiff() : corrupt();
  const { isResized } = fitInside(job.header, job.options);
  return describeOriginal(job, original, isResized ? [...notes, 'size_kept'] : notes);
}

function originalOf(job: Job, maxBytes: number): Promise<Buffer | undefined> {
  const { source, header, wanted, maxPixels, inputBytes } = job;
  return keepOriginal(source, header, wanted, { mostBytes: Math.min(maxBytes, inputBytes), maxPixels });
}

/** Turns what libvips says of damaged files into our codes. */
async function refusing<T>({ isCutDown }: ImageHeader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const known = asImageError(error);
    throw isCutDown && known instanceof ImageError ? tooManyFrames(known) : known;
  }
}

function tooManyFrames(cause: ImageError): ImageError {
  if (cause.code !== 'IMAGE_CORRUPT') return cause;
  const text = 'The animation has too many frames or pixels.';
  return new ImageError('IMAGE_TOO_MANY_FRAMES', text, { cause });
}

function bigTiff(): ImageError {
  const text = 'A BigTIFF file that can not be made smaller is not supported; use TIFF.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}
