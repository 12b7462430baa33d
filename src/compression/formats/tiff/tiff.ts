import type { FileFormat, KeptParts, Mended } from '../file-format.js';
import type { WantedMetadata } from '../image-metadata.js';
import { isOutOfBounds } from '../shared/out-of-bounds.js';
import { readDirectory, readLayout, TILES } from './directory.js';
import { guardTiff } from './guard.js';
import { TiffPage } from './page.js';

// The planes of a TIFF are read one after the other, and held: 49 MP of 16 bits took 0.64 GB.
const MAX_DEEP_PLANAR_PIXELS = 20_000_000;
// Classic TIFF and BigTIFF in both byte orders, but not Canon's CR2, whose pixels we can't read.
const SIGNATURE = /^(?:II[*+]\0|MM\0[*+])(?![^]{4}CR)/;

/** TIFF 6.0 and BigTIFF. */
export const TIFF: FileFormat = {
  name: 'tiff',
  isAnimation: false,
  recognises: (source) => SIGNATURE.test(source.toString('latin1', 0, 10)),
  guard: guardTiff,
  maxFramePixels: ({ depth }, { isPlanar }) =>
    depth === 'ushort' && isPlanar ? MAX_DEEP_PLANAR_PIXELS : Infinity,
  strip: stripTiff,
  mend: mendTiff,
};

/**
 * The first page, bit for bit, without whatever does not draw it: EXIF, XMP, private tags, other pages, and every byte
 * that no tag refers to. The ICC profile and the orientation stay, and of the wanted metadata what is one tag each: a
 * directory of EXIF tags is not taken along.
 *
 * @returns undefined where the file is not built as TIFF files are, and for BigTIFF and the JPEG of TIFF 6.0
 */
function stripTiff(source: Buffer, { wanted }: KeptParts): Buffer | undefined {
  try {
    return new TiffPage(source).rewrite(wanted);
  } catch (error) {
    if (isOutOfBounds(error)) return undefined;
    throw error;
  }
}

/**
 * With known tags alone, whose texts have an end: libtiff complains about others, however well the picture is. In a file that
 * can't be taken apart, damaged strips are errors to it; damaged tiles it only complains about, and leaves them blank.
 */
function mendTiff(source: Buffer): Mended | undefined {
  try {
    return { source: new TiffPage(source).mended(), isStrict: true };
  } catch (error) {
    if (!isOutOfBounds(error)) throw error;
    return isTiled(source) ? undefined : { source, isStrict: false };
  }
}

function isTiled(source: Buffer): boolean {
  const layout = readLayout(source);
  return !layout || readDirectory(layout).entries.some(({ tag }) => tag === TILES.offsets);
}

/** The encoded TIFF with the wanted tags of its source; as it is where they can't be read. */
export function withTagsOf(source: Buffer, encoded: Buffer, wanted: WantedMetadata): Buffer {
  try {
    return new TiffPage(encoded).rewrite(wanted, new TiffPage(source).texts(wanted));
  } catch (error) {
    if (isOutOfBounds(error)) return encoded;
    throw error;
  }
}

/** Whether it is a TIFF with 64-bit addresses, which is decoded, but can't be taken apart here. */
export function isBigTiff(source: Buffer): boolean {
  return /^(?:II\+\0|MM\0\+)/.test(source.toString('latin1', 0, 4));
}
