import { ImageError } from '../errors/app-error.js';
import type { ImageNote } from './options.js';
import { asImageError, openImage } from './libvips.js';
import { sniffFormat, type ImageFormat } from './formats/image-format.js';
import { hasGainMap, type SourceMetadata } from './formats/image-metadata.js';
import { toOrientation, type Orientation } from './formats/image-orientation.js';
import { guardSource, MAX_FRAMES } from './formats/guards/guard.js';
import {
  type GuardedSource,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from './formats/guards/guarded-source.js';
import { readPlainJpeg } from './formats/jpeg-header.js';
import { countSegments, MAX_SEGMENTS } from './formats/jpeg-segments.js';
import { isSrgbProfile } from './formats/srgb-profile.js';

/** What the header of an image says, and what follows from it. */
export interface ImageHeader {
  format: ImageFormat;
  /** Upright, with the orientation applied. */
  width: number;
  height: number;
  /** Frames that will be decoded: 1 unless it is an animation that stays one. */
  frames: number;
  /** Width × height × frames. */
  pixels: number;
  metadata: SourceMetadata;
  /** The file as libvips may read it, and all that the engine goes by: see {@link GuardedSource}. */
  source: Buffer;
  /** Whether EXIF or XMP was left out of it because of its size. */
  isMetadataLeftOut: boolean;
  orientation: Orientation;
  /** Whether it has a profile whose conversion to sRGB would change nothing. */
  hasSrgbProfile: boolean;
  /** It is an animation, of which the first frame alone is decoded. */
  isCutDown: boolean;
  notes: ImageNote[];
}

// Every scan of a progressive JPEG is a pass over all pixels: 2,646 scans in 486 kB kept a core busy for 29 s.
// Encoders make about 10.
const MAX_JPEG_SCANS = 100;
// What their decoders hold is in memory.ts: 24 million pixels of AVIF took 0.5 GB, 0.64 GB with more than 8 bits.
const MAX_FRAME_PIXELS: Partial<Record<ImageFormat, number>> = {
  avif: 20_000_000,
  webp: 40_000_000,
  gif: 30_000_000,
};
const MAX_DEEP_AVIF_PIXELS = 14_000_000;
// Of an image in an AVIF that is larger than the picture: as an icon that is cut out of a photo.
const MAX_SMALL_PART_PIXELS = 4_000_000;
// A progressive JPEG is held as coefficients, 6 bytes a pixel, besides all the rest: 49 MP took 0.8 GB.
const MAX_PROGRESSIVE_PIXELS = 40_000_000;
// Of one frame: decoding and encoding two of 24 million took 0.7 GB.
const MAX_ANIMATED_WEBP_PIXELS = 12_000_000;
// The planes of a TIFF are read one after the other, and held: 49 MP of 16 bits took 0.64 GB.
const MAX_DEEP_PLANAR_PIXELS = 20_000_000;
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
 * Reads the header only, a plain JPEG's by ourselves and all others by libvips, and refuses what must not be decoded.
 *
 * @param maxPixels width × height × frames; an animation with more is cut down to its first frame
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE,
 *   IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW
 */
export async function readHeader(file: Buffer, maxPixels: number): Promise<ImageHeader> {
  const format = sniffFormat(file);
  const guarded = await guardSource(file, format);
  const { source, isMetadataLeftOut } = guarded;
  const metadata = await readMetadata(source, format);
  if (metadata.icc && metadata.icc.length > MAX_PROFILE_BYTES) throw profileTooLarge();
  const { width, height } = metadata.autoOrient;
  const framePixels = width * height;
  const limit = Math.min(maxPixels, maxFramePixels(format, metadata, guarded));
  if (framePixels > limit) throw tooManyPixels(framePixels, limit);
  if (isOversizedPart(guarded, framePixels)) throw tooManyParts();
  const isUsual = USUAL_NUMBERS.has(metadata.depth) || NUMBERS_OF_SPACES[metadata.space] === metadata.depth;
  if (!isUsual) throw unusualNumbers();

  const pages = format === 'gif' || format === 'webp' ? (metadata.pages ?? 1) : 1;
  const isAnimation = pages <= MAX_FRAMES && pages * framePixels <= maxPixels;
  const isHeavy = format === 'webp' && framePixels > MAX_ANIMATED_WEBP_PIXELS;
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
    isMetadataLeftOut,
    orientation: toOrientation(metadata.orientation),
    hasSrgbProfile: hasSrgbProfile(metadata),
    isCutDown,
    notes: notesOn(guarded, metadata, isCutDown),
  };
}

/** The transparency of 64×40 pixels had 121 million of its own: 2 kB took 1.8 GB. A picture may show a part of an image. */
function isOversizedPart({ largestPartPixels = 0 }: GuardedSource, framePixels: number): boolean {
  return largestPartPixels > Math.max(2 * framePixels, MAX_SMALL_PART_PIXELS);
}

function maxFramePixels(
  format: ImageFormat,
  { isProgressive, depth }: SourceMetadata,
  { isPlanar }: GuardedSource,
): number {
  if (format === 'jpeg' && isProgressive) return MAX_PROGRESSIVE_PIXELS;
  if (format === 'avif' && depth === 'ushort') return MAX_DEEP_AVIF_PIXELS;
  if (format === 'tiff' && depth === 'ushort' && isPlanar) return MAX_DEEP_PLANAR_PIXELS;
  return MAX_FRAME_PIXELS[format] ?? Infinity;
}

/** Refuses floods of segments and of scans, too: the first of them before libvips sees them, which would hold them all. */
async function readMetadata(source: Buffer, format: ImageFormat): Promise<SourceMetadata> {
  if (format !== 'jpeg') return askLibvips(source);
  const plain = readPlainJpeg(source);
  if (!plain) refuseFlood(countSegments(source, { isHeadOnly: true }));
  const metadata = plain ?? (await askLibvips(source));
  if (metadata.isProgressive) refuseFlood(countSegments(source));
  return metadata;
}

async function askLibvips(source: Buffer): Promise<SourceMetadata> {
  try {
    // Not limited here, so that the refusal can say how many pixels there are.
    return await openImage(source, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false }).metadata();
  } catch (error) {
    throw asImageError(error);
  }
}

/** Of scans, or of segments, which may stand between scans, too. */
function refuseFlood({ segments, scans }: { segments: number; scans: number }): void {
  if (scans > MAX_JPEG_SCANS) {
    throw new ImageError('IMAGE_TOO_SLOW', `The JPEG has more than ${MAX_JPEG_SCANS} scans.`);
  }
  if (segments > MAX_SEGMENTS) throw tooManyParts();
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

function unusualNumbers(): ImageError {
  const text =
    'Images of signed, 32-bit or floating-point numbers are not supported; use 8 or 16 bits a channel.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

function tooManyPixels(pixels: number, maxPixels: number): ImageError {
  const millions = (count: number): string => (count / 1_000_000).toFixed(1);
  return new ImageError(
    'IMAGE_TOO_MANY_PIXELS',
    `The image has ${millions(pixels)} million pixels; at most ${millions(maxPixels)} million are taken.`,
  );
}
