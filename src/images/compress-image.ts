import type { Metadata, OutputInfo } from 'sharp';
import { ImageError } from '../errors.js';
import type { CompressionOptions } from '../requests/compression-options.js';
import type { CompressionReport } from '../requests/requests.service.js';
import { encodeImage } from './image-encode.js';
import { asImageError, openImage } from './image-engine.js';
import { contentTypeOf, sniffFormat, type ImageFormat } from './image-format.js';
import { toOrientation, type Orientation } from './image-orientation.js';
import { isAvifSequence, stripAvif } from './image-strip-avif.js';
import { stripGif } from './image-strip-gif.js';
import { hasMoreScansThan, stripJpeg } from './image-strip-jpeg.js';
import { isAnimatedPng, stripPng, withColourChunks } from './image-strip-png.js';
import { stripTiff } from './image-strip-tiff.js';
import { stripWebp } from './image-strip-webp.js';

/**
 * Raised by one whenever the same bytes and options give other bytes than before: part of the key under which results
 * may be kept.
 */
export const ENGINE_VERSION = 1;

/** What the caller decides. */
export interface CompressOptions extends CompressionOptions {
  /** At most this many pixels are decoded: width × height × frames. */
  maxPixels: number;
}

/** What a viewer sees: width and height are upright ones, with the orientation applied. */
export interface ImageFacts {
  bytes: number;
  format: ImageFormat;
  width: number;
  height: number;
}

/** What was left out on the way, in words that stay the same. */
export type ImageNote = 'first_frame_only' | 'first_page_only' | 'gain_map_dropped';

/** The bytes to deliver, and how they came about. */
export interface CompressedImage {
  data: Buffer;
  /** `kept_original`: encoding again saves nothing, so these are the source's own pixels without its metadata. */
  outcome: 'compressed' | 'kept_original';
  input: ImageFacts;
  output: ImageFacts;
  /** MIME type of `data`. */
  contentType: string;
  report: CompressionReport;
}

/** What the header of an image says. */
export interface InspectedImage {
  format: ImageFormat;
  /** Upright, with the orientation applied. */
  width: number;
  height: number;
  /** Frames that will be decoded: 1 unless it is an animation that stays one. */
  frames: number;
  /** Width × height × frames. A pixel takes up to 10 bytes while it is compressed, 30 in AVIF. */
  pixels: number;
}

interface Header extends InspectedImage {
  metadata: Metadata;
  orientation: Orientation;
  /** It is an animation, of which the first frame alone is decoded. */
  isCutDown: boolean;
  notes: ImageNote[];
}

// An animation of more frames is no product picture; 1,000 are 100 s at 10 frames a second.
const MAX_FRAMES = 1_000;
// Every scan of a progressive JPEG is a pass over all pixels: 2,646 scans in 486 kB kept a core busy for 29 s.
// Encoders make about 10.
const MAX_JPEG_SCANS = 100;
// These two need more memory than the 10 bytes a pixel of the others: 24 MP AVIF and 30 MP GIF take 0.6 GB.
const MAX_FRAME_PIXELS: Partial<Record<ImageFormat, number>> = { avif: 24_000_000, gif: 30_000_000 };

/**
 * Reads the header only, in about a millisecond, and refuses what must not be decoded.
 *
 * @param maxPixels width × height × frames; an animation with more is cut down to its first frame
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW
 */
export async function inspectImage(source: Buffer, maxPixels: number): Promise<InspectedImage> {
  const { format, width, height, frames, pixels } = await readHeader(source, maxPixels);
  return { format, width, height, frames, pixels };
}

/**
 * Makes an image smaller in its own format. Whatever it returns was decoded completely, has the upright dimensions of
 * its source and is not larger. Colours are those of the source, in sRGB; metadata is dropped.
 *
 * Where encoding again saves nothing, the source's own pixels are delivered, taken out of their file one by one, so
 * that neither metadata nor anything hidden in or behind the image gets through; their ICC profile stays, and an
 * orientation stays a tag, since turning them would mean encoding them again.
 *
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_MANY_FRAMES,
 *   IMAGE_TOO_SLOW
 */
export async function compressImage(source: Buffer, options: CompressOptions): Promise<CompressedImage> {
  const header = await readHeader(source, options.maxPixels);
  try {
    // An animation that was cut off is a shorter one to libvips.
    if (header.format === 'gif' && !strip(source, header)) throw corrupt();

    const encoded = await encode(source, header, options);
    // Half the bytes are a gain whatever the rest was. Looking no further saves 1 % of the time.
    if (encoded.length > source.length / 2) {
      const original = await keep(source, header, options, encoded.length);
      if (original) return report(source, header, original, 'kept_original', null);
    }
    if (encoded.length < source.length)
      return report(source, header, encoded, 'compressed', qualityOf(options));
  } catch (error) {
    throw asImageError(error);
  }
  throw header.isCutDown ? tooManyFrames() : corrupt();
}

async function readHeader(source: Buffer, maxPixels: number): Promise<Header> {
  const format = sniffFormat(source);
  const metadata = await readMetadata(source);
  const { width, height } = metadata.autoOrient;
  const framePixels = width * height;
  const limit = Math.min(maxPixels, MAX_FRAME_PIXELS[format] ?? maxPixels);
  if (framePixels > limit) throw tooManyPixels(framePixels, limit);
  if (format === 'jpeg' && hasMoreScansThan(MAX_JPEG_SCANS, source)) {
    throw new ImageError('IMAGE_TOO_SLOW', `The JPEG has more than ${MAX_JPEG_SCANS} scans.`);
  }

  const pages = format === 'gif' || format === 'webp' ? (metadata.pages ?? 1) : 1;
  const frames = pages <= MAX_FRAMES && pages * framePixels <= maxPixels ? pages : 1;
  const isCutDown = pages > frames;
  return {
    ...{ format, width, height, frames, pixels: frames * framePixels },
    ...{ metadata, orientation: toOrientation(metadata.orientation), isCutDown },
    notes: notesOn(source, format, metadata, isCutDown),
  };
}

async function readMetadata(source: Buffer): Promise<Metadata> {
  try {
    // Not limited here, so that the refusal can say how many pixels there are.
    return await openImage(source, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false }).metadata();
  } catch (error) {
    throw asImageError(error);
  }
}

function notesOn(source: Buffer, format: ImageFormat, metadata: Metadata, isCutDown: boolean): ImageNote[] {
  const notes: ImageNote[] = [];
  if (format === 'tiff' && (metadata.pages ?? 1) > 1) notes.push('first_page_only');
  const isAnimation =
    (format === 'png' && isAnimatedPng(source)) || (format === 'avif' && isAvifSequence(source)) || isCutDown;
  if (isAnimation) notes.push('first_frame_only');
  // The brighter version for HDR screens that phones hide behind the photo.
  if (format === 'jpeg' && metadata.xmp?.includes('hdrgm:Version')) notes.push('gain_map_dropped');
  return notes;
}

async function encode(source: Buffer, header: Header, options: CompressOptions): Promise<Buffer> {
  const { format, pixels, metadata } = header;
  const isAnimated = header.frames > 1;
  const pipeline = openImage(source, { maxPixels: options.maxPixels, isAnimated });
  // libvips can't turn frames; the tag stays.
  if (isAnimated && header.orientation !== 1) pipeline.withMetadata({ orientation: header.orientation });
  else pipeline.autoOrient();
  // sharp takes 16-bit colours with a profile to Display P3, and would deliver those numbers as if they were sRGB.
  if (metadata.space === 'rgb16' && metadata.hasProfile) pipeline.withIccProfile('srgb', { attach: false });
  const { data, info } = await encodeImage(pipeline, {
    format,
    quality: qualityOf(options),
    pixels,
    isGrey: metadata.space === 'b-w' || metadata.space === 'grey16',
    isBilevel: metadata.bitsPerSample === 1 && metadata.channels === 1 && !metadata.isPalette,
    hasAlpha: metadata.hasAlpha,
    isPalette: metadata.isPalette,
  });
  assertSameSize(header, info);
  return format === 'png' ? withColourChunks(data, source) : data;
}

function qualityOf({ quality }: CompressOptions): number {
  return typeof quality === 'number' ? quality : 50;
}

function assertSameSize(header: Header, info: OutputInfo): void {
  const isTagged = header.frames > 1 && header.orientation >= 5;
  const [width, height] = isTagged ? [header.height, header.width] : [header.width, header.height];
  if (info.width !== width || (info.pageHeight ?? info.height) !== height) {
    throw new Error(`encoded as ${info.width}×${info.height}, not ${width}×${height}`);
  }
}

// The picture of the source without anything else, or undefined where it can't be taken out of its file.
function strip(source: Buffer, header: Header): Buffer | undefined {
  const { format, orientation, isCutDown } = header;
  switch (format) {
    case 'jpeg':
      return stripJpeg(source, orientation);
    case 'png':
      return stripPng(source, orientation);
    case 'webp':
      return isCutDown ? undefined : stripWebp(source, orientation);
    case 'gif':
      return stripGif(source, { firstFrameOnly: isCutDown });
    case 'avif':
      return stripAvif(source);
    case 'tiff':
      return stripTiff(source);
  }
}

// The original picture, if it can do without more bytes than the encoded one. Compared without its metadata: where only
// that makes the difference, the better pixels are the original ones.
async function keep(
  source: Buffer,
  header: Header,
  { maxPixels }: CompressOptions,
  encodedBytes: number,
): Promise<Buffer | undefined> {
  const original = strip(source, header);
  const isSmall = original !== undefined && original.length <= Math.min(encodedBytes, source.length);
  return isSmall && (await decodes(original, header, maxPixels)) ? original : undefined;
}

// Whether every pixel of what will be delivered decodes, to an image of the same size.
async function decodes(original: Buffer, header: Header, maxPixels: number): Promise<boolean> {
  try {
    const { width, height, frames } = await inspectImage(original, maxPixels);
    await openImage(original, { maxPixels, isAnimated: frames > 1 })
      .raw()
      .toBuffer();
    return width === header.width && height === header.height && frames === header.frames;
  } catch (error) {
    if (asImageError(error) instanceof ImageError) return false;
    throw error;
  }
}

function report(
  source: Buffer,
  { format, width, height, notes }: Header,
  data: Buffer,
  outcome: CompressedImage['outcome'],
  quality: number | null,
): CompressedImage {
  return {
    data,
    outcome,
    input: { bytes: source.length, format, width, height },
    output: { bytes: data.length, format, width, height },
    contentType: contentTypeOf(format),
    report: { quality, similarity: null, milliseconds: 0, notes },
  };
}

function tooManyPixels(pixels: number, maxPixels: number): ImageError {
  const millions = (count: number): string => (count / 1_000_000).toFixed(1);
  return new ImageError(
    'IMAGE_TOO_MANY_PIXELS',
    `The image has ${millions(pixels)} million pixels; at most ${millions(maxPixels)} million are taken.`,
  );
}

function tooManyFrames(): ImageError {
  return new ImageError('IMAGE_TOO_MANY_FRAMES', 'The animation has too many frames or pixels.');
}

function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}
