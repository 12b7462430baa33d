import { ImageError } from '../errors/app-error.js';
import type { Box } from './framing/layout.js';
import type { ImageNote } from './options.js';
import { asImageError, openImage } from './libvips.js';
import { type GuardedSource, MAX_FRAMES, tooManyParts } from './formats/file-format.js';
import type { ImageFormat, SourceFormat } from './formats/image-format.js';
import { hasGainMap, type SourceMetadata } from './formats/image-metadata.js';
import { toOrientation, type Orientation } from './formats/image-orientation.js';
import { FORMATS, recogniseFormat } from './formats/registry.js';
import { guardProfile } from './formats/shared/guard-profile.js';
import { isOutOfBounds } from './formats/shared/out-of-bounds.js';
import { isSrgbProfile } from './formats/shared/srgb-profile.js';

/** What the header of an image says, and what follows from it. */
export interface ImageHeader {
  format: ImageFormat;
  /** That of the file, where it is another one that is only read. */
  inputFormat?: SourceFormat;
  /** Upright, with the orientation applied. */
  width: number;
  height: number;
  /** Frames that will be decoded: 1 unless it is an animation that stays one. */
  frames: number;
  /** Width × height × frames. */
  pixels: number;
  metadata: SourceMetadata;
  /** What is left of the picture without its border, where that is cut off. */
  shown?: Box;
  /** The file as libvips may read it, and all that the engine goes by: see {@link GuardedSource}. */
  source: Buffer;
  /** The file whose own pixels may be delivered, where that differs. */
  original?: Buffer;
  /** Whether EXIF or XMP was left out of it because of its size. */
  isMetadataLeftOut: boolean;
  /** Whether decoders may complain about `source`, as it was looked through. */
  isLenient: boolean;
  orientation: Orientation;
  /** Whether it has a profile whose conversion to sRGB would change nothing. */
  hasSrgbProfile: boolean;
  /** It is an animation, of which the first frame alone is decoded. */
  isCutDown: boolean;
  notes: ImageNote[];
}

// Of an image in an AVIF that is larger than the picture: as an icon that is cut out of a photo.
const MAX_SMALL_PART_PIXELS = 4_000_000;
// A TIFF can have others, which libvips cuts off to 8 bits: white of 32 bits becomes black, and so does a grey of 0.5.
const USUAL_NUMBERS = new Set<string>(['uchar', 'ushort']);
// In these, what a number of another kind means is laid down.
const NUMBERS_OF_SPACES: Record<string, string> = {
  lab: 'float',
  labs: 'short',
  scrgb: 'float',
  xyz: 'float',
};

/**
 * No side is longer: libvips holds 1.3 kB for each pixel of a row when it makes a picture smaller, so that one of
 * 1,000,000 × 16 took 1.5 GB. JPEG and WebP have at most 65,535.
 */
const MAX_SIDE = 100_000;

/**
 * Reads the header only, a plain JPEG's by ourselves and all others by libvips, and refuses what must not be decoded.
 *
 * @param maxPixels width × height × frames; an animation with more is cut down to its first frame
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE,
 *   IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW
 */
export async function readHeader(file: Buffer, maxPixels: number): Promise<ImageHeader> {
  const fileFormat = recogniseFormat(file);
  const { name: format } = fileFormat;
  const guarded = await fileFormat.guard(file);
  const { source, original, isMetadataLeftOut } = guarded;
  const metadata = guarded.metadata ?? (await askLibvips(source));
  if (metadata.icc) guardProfile(metadata.icc);
  const { width, height } = metadata.autoOrient;
  const framePixels = width * height;
  const limit = Math.min(maxPixels, fileFormat.maxFramePixels?.(metadata, guarded) ?? Infinity);
  const mostPixels = Math.max(framePixels, guarded.screenPixels ?? 0);
  if (mostPixels > limit) throw tooManyPixels(mostPixels, limit);
  if (Math.max(width, height) > MAX_SIDE) throw tooLong(Math.max(width, height));
  if (isOversizedPart(guarded, framePixels)) throw tooManyParts();
  const isUsual = USUAL_NUMBERS.has(metadata.depth) || NUMBERS_OF_SPACES[metadata.space] === metadata.depth;
  if (!isUsual) throw unusualNumbers();

  const pages = fileFormat.isAnimation ? (metadata.pages ?? 1) : 1;
  const isAnimation = pages <= MAX_FRAMES && pages * framePixels <= maxPixels;
  const isHeavy = framePixels > (fileFormat.maxAnimatedPixels ?? Infinity);
  const frames = isAnimation && !isHeavy ? pages : 1;
  const isCutDown = pages > frames;
  return {
    format,
    width,
    height,
    frames,
    pixels: frames * framePixels,
    metadata,
    source,
    original,
    isMetadataLeftOut,
    isLenient: false,
    orientation: toOrientation(metadata.orientation),
    hasSrgbProfile: hasSrgbProfile(metadata),
    isCutDown,
    notes: notesOn(guarded, metadata, isCutDown),
  };
}

/** Whether every part of the picture is there, as far as that can be told without decoding it. */
export async function isWhole({ format, source }: ImageHeader): Promise<boolean> {
  return (await FORMATS[format].isWhole?.(source)) ?? true;
}

/**
 * The header of the same picture without the fault about which a decoder complained.
 *
 * @returns undefined where parts of the picture are missing or damaged
 */
export async function mendSource(header: ImageHeader): Promise<ImageHeader | undefined> {
  try {
    const mended = await FORMATS[header.format].mend?.(header.source);
    return mended && { ...header, source: mended.source, original: undefined, isLenient: !mended.isStrict };
  } catch (error) {
    if (isOutOfBounds(error)) return undefined;
    throw error;
  }
}

/** The transparency of 64×40 pixels had 121 million of its own: 2 kB took 1.8 GB. A picture may show a part of an image. */
function isOversizedPart({ largestPartPixels = 0 }: GuardedSource, framePixels: number): boolean {
  return largestPartPixels > Math.max(2 * framePixels, MAX_SMALL_PART_PIXELS);
}

async function askLibvips(source: Buffer): Promise<SourceMetadata> {
  try {
    // Not limited here, so that the refusal can say how many pixels there are.
    const options = { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false, isLenient: true };
    return await openImage(source, options).metadata();
  } catch (error) {
    throw asImageError(error);
  }
}

function hasSrgbProfile({ icc, space, depth }: SourceMetadata): boolean {
  return icc !== undefined && space === 'srgb' && depth === 'uchar' && isSrgbProfile(icc);
}

function notesOn({ notes }: GuardedSource, metadata: SourceMetadata, isCutDown: boolean): ImageNote[] {
  const all = [...notes];
  if (isCutDown) all.push('first_frame_only');
  if (hasGainMap(metadata)) all.push('gain_map_dropped');
  return all;
}

function tooLong(side: number): ImageError {
  const shown = (count: number): string => count.toLocaleString('en');
  return new ImageError(
    'IMAGE_TOO_MANY_PIXELS',
    `A side of the image has ${shown(side)} pixels; at most ${shown(MAX_SIDE)} are taken.`,
  );
}

function unusualNumbers(): ImageError {
  const text =
    'Images of signed, 32-bit or floating-point numbers are not supported; use 8 or 16 bits a channel.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

/** For pictures whose decoding would take too much memory. */
export function tooManyPixels(pixels: number, maxPixels: number): ImageError {
  const millions = (count: number): string => (count / 1_000_000).toFixed(1);
  return new ImageError(
    'IMAGE_TOO_MANY_PIXELS',
    `The image has ${millions(pixels)} million pixels; at most ${millions(maxPixels)} million are taken.`,
  );
}
