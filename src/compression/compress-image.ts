import { ImageError } from '../errors/app-error.js';
import type { CompressionOptions } from './options.js';
import { type CompressedImage, Compression } from './compression.js';
import { asImageError } from './image-engine.js';
import { weigh } from './image-candidates.js';
import { readHeader } from './image-header.js';

export type { CompressedImage } from './compression.js';

/**
 * Raised by one whenever the same bytes and options give other bytes than before: part of the key under which results
 * may be kept.
 */
export const ENGINE_VERSION = 6;

/** What the caller decides. */
export interface CompressOptions extends CompressionOptions {
  /** At most this many pixels are decoded: width × height × frames. */
  maxPixels: number;
}

/** An image whose header was read and found good. */
export interface OpenedImage {
  /** The memory that compressing takes, counted in pixels of 10 bytes. */
  weight(options: CompressionOptions): number;
  /** As {@link compressImage}. */
  compress(options: CompressionOptions): Promise<CompressedImage>;
}

/**
 * Reads the header only, in microseconds for a plain JPEG and a fraction of a millisecond for all others, and refuses what
 * must not be decoded.
 *
 * @param maxPixels width × height × frames; an animation with more is cut down to its first frame
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
      try {
        const { report, ...image } = await new Compression(source.length, header, options, maxPixels).run();
        return { ...image, report: { ...report, milliseconds: Math.round(performance.now() - from) } };
      } catch (error) {
        const known = asImageError(error);
        throw header.isCutDown && known instanceof ImageError ? tooManyFrames(known) : known;
      }
    },
  };
}

/**
 * Makes an image smaller, as the options ask. Whatever it returns was decoded completely, is upright, in the colours of
 * its source and not larger than it. The same bytes and options give the same result, but for its milliseconds.
 *
 * Where encoding again saves nothing, the source's own pixels are delivered, taken out of their file one by one, so
 * that nothing hidden in or behind the image gets through; their ICC profile stays, and an orientation stays a
 * tag, since turning them would mean encoding them again. What could not be done as asked is said in the notes.
 *
 * How similar the result is to its source is measured for every image, which takes another decoding and some
 * arithmetic: more than half of the time for a JPEG of 600×450 (`npm run bench -- engine`), a few percent of it for
 * AVIF and PNG. With the `fast` effort it is left out (`similarity: null`) unless a target or `auto` asks for it.
 *
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE,
 *   IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_MANY_FRAMES, IMAGE_TOO_SLOW
 */
export async function compressImage(
  source: Buffer,
  { maxPixels, ...options }: CompressOptions,
): Promise<CompressedImage> {
  return (await openSource(source, maxPixels)).compress(options);
}

function tooManyFrames(cause: ImageError): ImageError {
  if (cause.code !== 'IMAGE_CORRUPT') return cause;
  const text = 'The animation has too many frames or pixels.';
  return new ImageError('IMAGE_TOO_MANY_FRAMES', text, { cause });
}
