import { ImageError } from '../errors/app-error.js';
import type { ImageNote } from './options.js';
import { asImageError, openImage } from './image-engine.js';
import { sniffFormat, type ImageFormat } from './formats/image-format.js';
import { hasGainMap, type SourceMetadata } from './formats/image-metadata.js';
import { toOrientation, type Orientation } from './formats/image-orientation.js';
import { isAvifSequence } from './formats/strip-avif.js';
import { isAnimatedPng } from './formats/strip-png.js';
import { hasTooManyChunks } from './formats/strip-webp.js';
import { readPlainJpeg } from './formats/jpeg-header.js';
import { countSegments, MOST_SEGMENTS } from './formats/jpeg-segments.js';
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
  orientation: Orientation;
  /** Whether it has a profile whose conversion to sRGB would change nothing. */
  hasSrgbProfile: boolean;
  /** It is an animation, of which the first frame alone is decoded. */
  isCutDown: boolean;
  notes: ImageNote[];
}

// An animation of more frames is no product picture; 1,000 are 100 s at 10 frames a second.
const MAX_FRAMES = 1_000;
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
// A progressive JPEG is held as coefficients, 6 bytes a pixel, besides all the rest: 49 MP took 0.8 GB.
const MAX_PROGRESSIVE_PIXELS = 40_000_000;
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
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW
 */
export async function readHeader(source: Buffer, maxPixels: number): Promise<ImageHeader> {
  const format = sniffFormat(source);
  const metadata = await readMetadata(source, format);
  const { width, height } = metadata.autoOrient;
  const framePixels = width * height;
  const limit = Math.min(maxPixels, maxFramePixels(format, metadata));
  if (framePixels > limit) throw tooManyPixels(framePixels, limit);
  const isUsual = USUAL_NUMBERS.has(metadata.depth) || NUMBERS_OF_SPACES[metadata.space] === metadata.depth;
  if (!isUsual) throw unusualNumbers();

  const pages = format === 'gif' || format === 'webp' ? (metadata.pages ?? 1) : 1;
  const frames = pages <= MAX_FRAMES && pages * framePixels <= maxPixels ? pages : 1;
  const isCutDown = pages > frames;
  return {
    format,
    width,
    height,
    frames,
    pixels: frames * framePixels,
    metadata,
    orientation: toOrientation(metadata.orientation),
    hasSrgbProfile: hasSrgbProfile(metadata),
    isCutDown,
    notes: notesOn(source, format, metadata, isCutDown),
  };
}

function maxFramePixels(format: ImageFormat, { isProgressive, depth }: SourceMetadata): number {
  if (format === 'jpeg' && isProgressive) return MAX_PROGRESSIVE_PIXELS;
  if (format === 'avif' && depth === 'ushort') return MAX_DEEP_AVIF_PIXELS;
  return MAX_FRAME_PIXELS[format] ?? Infinity;
}

/** Refuses floods of parts and of scans, too: the first of them before libvips sees them, which would hold them all. */
async function readMetadata(source: Buffer, format: ImageFormat): Promise<SourceMetadata> {
  if (format === 'webp' && hasTooManyChunks(source)) throw tooManyParts();
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
  if (segments > MOST_SEGMENTS) throw tooManyParts();
}

function tooManyParts(): ImageError {
  return new ImageError('FORMAT_NOT_SUPPORTED', 'The image file consists of far too many parts.');
}

function hasSrgbProfile({ icc, space, depth }: SourceMetadata): boolean {
  return icc !== undefined && space === 'srgb' && depth === 'uchar' && isSrgbProfile(icc);
}

function notesOn(
  source: Buffer,
  format: ImageFormat,
  metadata: SourceMetadata,
  isCutDown: boolean,
): ImageNote[] {
  const notes: ImageNote[] = [];
  if (format === 'tiff' && (metadata.pages ?? 1) > 1) notes.push('first_page_only');
  const isAnimation =
    (format === 'png' && isAnimatedPng(source)) || (format === 'avif' && isAvifSequence(source)) || isCutDown;
  if (isAnimation) notes.push('first_frame_only');
  if (hasGainMap(metadata)) notes.push('gain_map_dropped');
  return notes;
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
