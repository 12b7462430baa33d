import { BMP } from './bmp.js';
import type { FileFormat } from './file-format.js';
import type { ForeignFormat } from './foreign-format.js';
import { GIF } from './gif.js';
import type { ImageFormat } from './image-format.js';
import { JPEG } from './jpeg/jpeg.js';
import { AVIF } from './media/avif.js';
import { HEIC } from './media/heic.js';
import { readBrands } from './media/boxes.js';
import { PNG } from './png/png.js';
import { TIFF } from './tiff/tiff.js';
import { refusal } from './unsupported.js';
import { WEBP } from './webp/webp.js';

/** All formats that are read. */
export const FORMATS: Record<ImageFormat, FileFormat> = {
  jpeg: JPEG,
  png: PNG,
  gif: GIF,
  webp: WEBP,
  tiff: TIFF,
  avif: AVIF,
};

/** Those that are read, but not written. */
const FOREIGN_FORMATS = [HEIC, BMP];

/** The format of a file that is read, but not written; undefined for all others. */
export function recogniseForeign(source: Buffer): ForeignFormat | undefined {
  return FOREIGN_FORMATS.find((format) => format.recognises(source));
}

/**
 * Tells the format by the first bytes alone, whatever the link or a header claims.
 *
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED
 */
export function recogniseFormat(source: Buffer): FileFormat {
  const found = Object.values(FORMATS).find((format) => format.recognises(source));
  if (!found) throw refusal(source, readBrands(source));
  return found;
}
