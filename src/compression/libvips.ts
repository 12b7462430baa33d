import { types } from 'node:util';
import sharp, { type Raw, type Sharp } from 'sharp';
import { AppError, ImageError } from '../errors/app-error.js';

// Bytes from strangers never reach the loaders for SVG, PDF, HEIC and others: 1.4 kB of SVG ran for over 60 s.
// The blocks apply to the whole process.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadHeifBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadTiffBuffer',
  ],
});
// No image is read twice, so a cache would only hold memory; and one core per image is faster than all cores for each.
sharp.cache(false);
sharp.concurrency(1);

// A safety net only: libvips looks at the clock between rows. Palette quantisation, AV1 and the scans of a progressive
// JPEG never look (a limit of 3 s let them run for 12, 10 and 29 s); limits on pixels and scans bound those.
const TIMEOUT_SECONDS = 30;

/** How {@link openImage} reads. */
export interface ReadOptions {
  /** Width × height × frames, refused before decoding. */
  maxPixels: number;
  /** All frames of an animation, one below the other, instead of the first one. */
  isAnimated: boolean;
  /** Whether its ICC profile is not applied, as there is no use in it. */
  ignoresProfile?: boolean;
  /** Whether decoders may complain about something, as long as it is no error. */
  isLenient?: boolean;
}

let warnings = 0;

/**
 * How often decoders of this process have complained. Their complaints are one list, out of which the next pipeline to end takes
 * all: more of them than before a decoding mean that one of the images decoded since then may be damaged, and not which.
 */
export function countWarnings(): number {
  return warnings;
}

function heard(pipeline: Sharp): Sharp {
  return pipeline.on('warning', () => (warnings += 1));
}

/** A pipeline that begins with pixels. */
export function openPixels(data: Buffer, { width, height, channels }: Omit<Raw, 'premultiplied'>): Sharp {
  return heard(sharp(data, { raw: { width, height, channels }, limitInputPixels: false }));
}

/** A pipeline that reads these bytes, and fails where they are damaged or cut off, or seem to be. */
export function openImage(source: Buffer, options: ReadOptions): Sharp {
  const { maxPixels, isAnimated, ignoresProfile = false, isLenient = false } = options;
  const pipeline = sharp(source, {
    // What decoders complain about may be pixels that are missing: half a JPEG that was closed again, and tiles of a TIFF
    // that can't be read, are no error to them. sharp's events for warnings are of the whole process, and of no image.
    failOn: isLenient ? 'error' : 'warning',
    limitInputPixels: maxPixels,
    animated: isAnimated,
    ignoreIcc: ignoresProfile,
  });
  return heard(pipeline).timeout({ seconds: TIMEOUT_SECONDS });
}

/**
 * Translates an error of libvips into ours.
 *
 * @returns ImageError IMAGE_TOO_MANY_PIXELS, IMAGE_TOO_SLOW, IMAGE_CORRUPT, FORMAT_NOT_SUPPORTED; the error itself
 *   where the image is not its cause
 */
export function asImageError(error: unknown): unknown {
  if (error instanceof AppError || !types.isNativeError(error)) return error;
  const { message } = error;
  if (/out of memory|unable to allocate|cannot allocate/i.test(message)) return error;
  if (/pixel limit/.test(message)) {
    return new ImageError('IMAGE_TOO_MANY_PIXELS', 'The image has too many pixels.', { cause: error });
  }
  if (/^timeout:/.test(message)) {
    return new ImageError('IMAGE_TOO_SLOW', 'The image takes too long to decode.', { cause: error });
  }
  if (/channel limit/.test(message)) {
    const text = 'Images with more than 5 colour channels are not supported.';
    return new ImageError('FORMAT_NOT_SUPPORTED', text, { cause: error });
  }
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.', { cause: error });
}
