import { guardAvif } from './guard-avif.js';
import { guardGif } from './guard-gif.js';
import { guardPng } from './guard-png.js';
import { guardTiff } from './guard-tiff.js';
import { guardWebp } from './guard-webp.js';
import { asItIs, type GuardedSource } from './guarded-source.js';
import type { ImageFormat } from '../image-format.js';

/** An animation of more frames is no product picture; 1,000 are 100 s at 10 frames a second. */
export const MAX_FRAMES = 1_000;

/**
 * Bounds what a file holds besides its pixels, before libvips sees a byte of it: what is not needed is left out, and what is
 * too much is refused. The segments of a JPEG are counted where its header is read.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE
 */
export async function guardSource(source: Buffer, format: ImageFormat): Promise<GuardedSource> {
  switch (format) {
    case 'png':
      return guardPng(source);
    case 'webp':
      return guardWebp(source);
    case 'gif':
      return guardGif(source, MAX_FRAMES + 1); // one more tells that there are too many
    case 'avif':
      return guardAvif(source);
    case 'tiff':
      return guardTiff(source);
    case 'jpeg':
      return asItIs(source);
  }
}
