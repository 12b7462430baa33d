import { ImageError } from '../errors/app-error.js';
import { Encoder } from './encoding/encode.js';
import { wantedMetadata } from './formats/image-metadata.js';
import { recogniseForeign } from './formats/registry.js';
import { isBigTiff } from './formats/tiff/tiff.js';
import { decodeForeign, type ForeignPicture, readForeign, weighForeign } from './foreign.js';
import { type ImageHeader, isWhole, mendSource, readHeader } from './image-header.js';
import { keepOriginal, stripImage } from './image-original.js';
import { asImageError, countWarnings } from './libvips.js';
import { MAX_HELD_PIXELS } from './memory.js';
import { type CompressionOptions, type ImageNote, reportsSimilarity } from './options.js';
import { layOut } from './framing/layout.js';
import { forgetSizes } from './framing/sizes.js';
import { type Job, lookForBorder } from './picture.js';
import { planEncodings, weigh } from './plan.js';
import {
  type CompressedImage,
  describeEncoded,
  describeOriginal,
  type Result,
  withMoreNotes,
} from './report.js';
import { type Encoded, findBest } from './search/search.js';

export type { CompressedImage, CompressionReport, ImageFacts } from './report.js';

/**
 * Increase this whenever the same bytes and options give other bytes than before. It is noted with results that are kept;
 * they are reused all the same, so that an upgrade changes no address.
 */
export const ENGINE_VERSION = 12;

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
   * With `isOriginal` that is so in any case; HEIC and BMP files are refused then.
   *
   * The similarity to the source is reported where the options ask for it, a target or `auto`: it takes another decoding and
   * some arithmetic, once or twice as much time again for a JPEG (`npm run bench -- engine`). Otherwise it is null.
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
  const foreign = recogniseForeign(source);
  if (foreign) return openForeign(readForeign(source, foreign, maxPixels), maxPixels);
  const began = performance.now();
  const header = await readHeader(source, maxPixels);
  const headerMs = performance.now() - began;
  return {
    weight: (options) => weigh(header, options),
    compress: async (options) => {
      const from = performance.now() - headerMs;
      const { report, ...image } = await withinLimit(options, (wish) =>
        withMending(header, (whole) => compressAsAsked(jobOf(source.length, whole, wish, maxPixels))),
      );
      return { ...image, report: { ...report, milliseconds: Math.round(performance.now() - from) } };
    },
  };
}

/** HEIC and BMP. They are decoded once, and go the same way from there. */
function openForeign(picture: ForeignPicture, maxPixels: number): OpenedImage {
  const headers = new Map<string, Promise<ImageHeader>>();
  return {
    weight: (options) => weighForeign(picture, options),
    compress: async (options) => {
      if (options.isOriginal) throw foreignOriginal();
      const from = performance.now();
      const decoded = headers.get(options.metadata) ?? decodeForeign(picture, options);
      headers.set(options.metadata, decoded);
      const header = await decoded;
      const { report, ...image } = await withinLimit(options, (wish) =>
        refusing(header, () => compressForeign(picture.source.length, header, wish, maxPixels)),
      );
      return { ...image, report: { ...report, milliseconds: Math.round(performance.now() - from) } };
    },
  };
}

/** A result above the limit is made again as large as that allows; one whose quality is too low then stays as it was asked for. */
async function withinLimit(
  options: CompressionOptions,
  compressBy: (options: CompressionOptions) => Promise<Result>,
): Promise<Result> {
  const result = await compressBy(options);
  const { limit } = options;
  if (!limit || result.data.length <= limit.bytes) return result;
  const smaller = await compressBy({ ...options, quality: null, target: { bytes: limit.bytes } });
  const isFine = smaller.data.length <= limit.bytes && (smaller.report.quality ?? 100) >= limit.minQuality;
  return isFine ? smaller : result;
}

/** What would be larger than its source is made as small by a lower quality; where that can't be, it is larger, and says so. */
async function compressForeign(
  inputBytes: number,
  header: ImageHeader,
  options: CompressionOptions,
  maxPixels: number,
): Promise<Result> {
  const run = (wish: CompressionOptions): Promise<Result> =>
    compressAnyway(jobOf(inputBytes, header, wish, maxPixels));
  if (options.canvas) return compressAsAsked(jobOf(inputBytes, header, options, maxPixels));
  const result = await run(options);
  if (result.data.length <= inputBytes) return result;
  // A larger one takes too long for several trials.
  if (!options.target && header.pixels <= MAX_HELD_PIXELS) {
    const smaller = await run({ ...options, quality: null, target: { bytes: inputBytes } });
    if (smaller.data.length <= inputBytes) return smaller;
  }
  return withMoreNotes(result, ['larger_than_source']);
}

function jobOf(inputBytes: number, header: ImageHeader, options: CompressionOptions, maxPixels: number): Job {
  const { source } = header;
  const wanted = wantedMetadata(options.metadata, header.metadata, source);
  return { source, inputBytes, header, options, wanted, maxPixels };
}

/** Whatever bytes it takes, where a canvas is asked for; where that changes nothing, and the file may be shown anywhere, as without. */
async function compressAsAsked(asked: Job): Promise<Result> {
  const { canvas, isOriginal, decodedFor } = asked.options;
  if (!decodedFor) forgetSizes(asked.header);
  if (isOriginal) return deliverOriginal(asked, []);
  if (!canvas) return compress(asked);
  refuseCutOffAnimation(asked);
  const job = await lookForBorder(withFirstFrame(asked));
  const { isResized, isReduced } = layOut(job.header, job.options);
  if (!isResized && isPlain(job)) return compress(job);
  const result = await compressAnyway({ ...job, mustEncode: true });
  const isLarger = result.data.length > job.inputBytes;
  const isLaid = !result.report.notes.includes('canvas_not_possible');
  return withMoreNotes(result, [
    ...(isReduced && isLaid ? (['canvas_reduced'] as const) : []),
    ...(isLarger ? (['larger_than_source'] as const) : []),
  ]);
}

/** Also where the result has more bytes than its source. */
async function compressAnyway(job: Job): Promise<Result> {
  const result = await compress({ ...job, inputBytes: Infinity });
  return { ...result, input: { ...result.input, bytes: job.inputBytes } };
}

/** A canvas shows a still picture. */
function withFirstFrame(job: Job): Job {
  const { header } = job;
  if (header.frames === 1) return job;
  const notes: ImageNote[] = [...header.notes, 'first_frame_only'];
  const first = { ...header, frames: 1, pixels: header.width * header.height, notes };
  return { ...job, animation: header, header: first };
}

/** The file itself has all of them. */
function withAllFrames({ animation, ...job }: Job): Job {
  if (!animation) return job;
  const { frames, pixels, notes } = animation;
  return { ...job, header: { ...job.header, frames, pixels, notes } };
}

/** Whether the file looks the same to everybody: of the format that was asked for, upright, of usual colours, nothing showing through. */
function isPlain({ header, options }: Job): boolean {
  const { format, metadata, orientation, inputFormat } = header;
  const isFormat = options.format === 'keep' || options.format === 'auto' || options.format === format;
  const isUsual = metadata.depth === 'uchar' && (metadata.space === 'srgb' || metadata.space === 'b-w');
  const hasOwnColours = metadata.icc !== undefined && !header.hasSrgbProfile;
  const isOpaque = !metadata.hasAlpha || options.canvas?.background === 'transparent';
  return !inputFormat && isFormat && isUsual && !hasOwnColours && isOpaque && orientation === 1;
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
    const isReported = reportsSimilarity(job.options);
    return describeEncoded(job, isReported ? await encoder.measured(best) : best, notes);
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
  const isChanged = job.mustEncode || layOut(job.header, job.options).isResized;
  if (!target || !('bytes' in target) || !isOwn || isChanged) return undefined;
  return originalOf(job, target.bytes);
}

/** The original, where it is better than the encoding. */
async function betterOriginal(job: Job, best: Encoded): Promise<Buffer | undefined> {
  const maxBytes = maxBytesOfOriginal(job, best);
  return maxBytes > 0 ? originalOf(job, maxBytes) : undefined;
}

/** Up to how many bytes the original is better than the encoding; 0 for none. */
function maxBytesOfOriginal(job: Job, best: Encoded): number {
  const { header, inputBytes, options } = job;
  const { format, picture, isTargetReached, data } = best;
  const isSuited = format === header.format || (options.format === 'auto' && header.format !== 'tiff');
  if (job.mustEncode || picture.isResized || !isSuited) return 0;
  // Nothing is more similar to the source than itself.
  if (!isTargetReached) return 'ssim' in options.target! ? inputBytes : 0;
  // An encoding of half the bytes is better whatever the original could save. Not looking saves 1 % of the time.
  return data.length > inputBytes / 2 ? data.length : 0;
}

/** Where fewer pixels take more bytes, as with a drawing whose lines become shades. */
async function compressAtFullSize(job: Job, notes: ImageNote[]): Promise<Result> {
  // For an AVIF of its full size, less memory was set aside than it takes.
  if (job.header.format === 'avif') return deliverOriginal(job, notes);
  forgetSizes(job.header);
  const options = {
    ...job.options,
    format: 'keep' as const,
    maxWidth: null,
    maxHeight: null,
    decodedFor: null,
  };
  return withMoreNotes(await compress({ ...job, options }), [...notes, 'size_kept']);
}

async function deliverOriginal(asked: Job, notes: ImageNote[]): Promise<Result> {
  const job = withAllFrames(asked);
  const original = await originalOf(job, job.inputBytes);
  if (!original) throw isBigTiff(job.source) ? bigTiff() : corrupt();
  const { isResized } = layOut(job.header, job.options);
  const kept = job.options.canvas ? 'canvas_not_possible' : 'size_kept';
  return describeOriginal(job, original, isResized ? [...notes, kept] : notes);
}

function originalOf(job: Job, maxBytes: number): Promise<Buffer | undefined> {
  const { source, header, wanted, maxPixels, inputBytes } = job;
  return keepOriginal(source, header, wanted, { mostBytes: Math.min(maxBytes, inputBytes), maxPixels });
}

/** Works on the file as it is; where a decoder complains about it, and its picture is whole nevertheless, on the mended file. */
async function withMending<T>(header: ImageHeader, work: (header: ImageHeader) => Promise<T>): Promise<T> {
  const before = countWarnings();
  try {
    const result = await refusing(header, () => work(header));
    if (countWarnings() !== before && !(await isWhole(header))) throw corrupt();
    return result;
  } catch (error) {
    const isDamaged = error instanceof ImageError && error.code === 'IMAGE_CORRUPT';
    const mended = isDamaged ? await mendSource(header) : undefined;
    if (!mended) throw error;
    return refusing(mended, () => work(mended));
  }
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

function foreignOriginal(): ImageError {
  const text = 'HEIC and BMP files are not delivered as they are, since few programs show them.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

function bigTiff(): ImageError {
  const text = 'A BigTIFF file that can not be made smaller is not supported; use TIFF.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}
