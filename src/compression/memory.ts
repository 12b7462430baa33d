import type { ImageFormat } from './formats/image-format.js';
import type { SourceMetadata } from './formats/image-metadata.js';

/**
 * The memory that libvips takes beside the process itself (about 70 MB) and the input bytes. All numbers are bytes a
 * pixel, measured as VmHWM of a process of its own with 16 to 49 million pixels of texture.
 */

/** Pictures up to this size are decoded once and held as pixels: 64 MB at most. */
export const MAX_HELD_PIXELS = 16_000_000;
/** What decoding and encoding may take together; with the rest of the process, 600 MB are not reached. */
const MAX_PEAK_BYTES = 420_000_000;
/** Up to four channels of 8 bits. */
export const HELD_BYTES = 4;

/** What a decoder holds at once. Baseline JPEG, PNG and TIFF are decoded row by row. */
export function decodingBytes(format: ImageFormat, { isProgressive, space, depth }: SourceMetadata): number {
  const isDeep = depth === 'ushort';
  switch (format) {
    case 'jpeg': // the coefficients of all components, 16 bits each
      if (!isProgressive) return 1;
      return space === 'cmyk' ? 8 : 6;
    case 'png': // interlaced: the whole picture
      if (!isProgressive) return 1;
      return isDeep ? 8 : 4;
    case 'webp': // the frame, and a copy of it
      return 8;
    case 'avif': // planes, a copy of them, and the colours made of them
      return isDeep ? 24 : 17;
    case 'gif':
      return 5;
    case 'tiff':
      return 1;
  }
}

/** What an encoder holds at once, with the bytes that it makes. */
export function encodingBytes(format: ImageFormat, hasAlpha: boolean): number {
  switch (format) {
    case 'jpeg':
      return 1;
    case 'png':
      return 4;
    case 'webp': // transparency is encoded without loss: 20 to 24 at effort 0; 28 and 40 at 2 and 4, for smaller pictures only
      return hasAlpha ? 24 : 5;
    case 'avif':
      return hasAlpha ? 30 : 19;
    case 'gif':
      return 5;
    case 'tiff':
      return 4;
  }
}

/** What is to be decoded and encoded. */
export interface PeakFacts {
  source: { format: ImageFormat; metadata: SourceMetadata; framePixels: number };
  result: { format: ImageFormat; framePixels: number; frames: number; hasAlpha: boolean };
  /** Whether each encoding decodes the file again, as it must for metadata. */
  isReadAgain: boolean;
  /** Pixels that are held beside those of the result, for other sizes of the picture. */
  otherPixels?: number;
}

/** Whether decoding and encoding stay within the memory that one image may take. */
export function fitsIntoMemory(facts: PeakFacts): boolean {
  return peakBytes(facts) <= MAX_PEAK_BYTES;
}

/** The most that decoding and encoding hold at once. */
export function peakBytes({ source, result, isReadAgain, otherPixels = 0 }: PeakFacts): number {
  const decoding = decodingBytes(source.format, source.metadata) * source.framePixels;
  const isAnimation = result.frames > 1;
  const encodingFrame = encodingBytes(result.format, result.hasAlpha) * result.framePixels;
  // An animation is decoded whole, and each frame is encoded in two ways: 4 of 12 MP with transparency took 974 MB.
  const encoding = isAnimation
    ? 2 * encodingFrame + HELD_BYTES * result.framePixels * result.frames
    : encodingFrame;
  const isHeld = !isAnimation && result.framePixels <= MAX_HELD_PIXELS;
  const held = isHeld ? HELD_BYTES * result.framePixels : 0;
  // Pixels that are held are encoded when their decoder has ended.
  const working = isHeld && !isReadAgain ? Math.max(decoding, encoding) : decoding + encoding;
  return held + working + HELD_BYTES * otherPixels;
}
