import { notReadable } from '../file-format.js';
import { type Directory, firstValue, type Layout } from './directory.js';

const BITS = 258;
const COMPRESSION = 259;
const COLOURS = 262;
const CHANNELS = 277;
const JPEG = 7;
const YCC = 6;
const LAB = 8;

// Compressions that libtiff has a name for, and that are not built in.
const COMPRESSIONS: Record<number, string> = {
  6: 'old-style JPEG',
  9: 'JBIG (T.85)',
  10: 'JBIG (T.43)',
  32_766: 'NeXT',
  32_809: 'ThunderScan',
  32_908: 'Pixar film',
  32_909: 'PixarLog',
  33_003: 'Aperio JPEG 2000',
  33_005: 'Aperio JPEG 2000',
  34_661: 'JBIG',
  34_676: 'SGI LogLuv',
  34_677: 'SGI LogLuv',
  34_712: 'JPEG 2000',
  34_887: 'LERC',
  34_925: 'LZMA',
  50_000: 'Zstandard',
  50_002: 'JPEG XL',
  52_546: 'JPEG XL',
};
// None, fax codes, LZW, JPEG, Deflate by two numbers, fax codes in words, PackBits, WebP.
const READABLE_COMPRESSIONS = new Set([1, 2, 3, 4, 5, JPEG, 8, 32_946, 32_771, 32_773, 50_001]);
const COLOUR_SPACES: Record<number, string> = {
  4: 'a mask in place of a picture',
  9: 'ICC Lab colours',
  10: 'ITU Lab colours',
  32_803: 'the data of a camera sensor',
  32_844: 'LogL colours',
  32_845: 'LogLuv colours',
  34_892: 'the data of a camera sensor',
};
// Of one channel; of several, 8 and 16 alone. Those of 32 and 64 are told by what libvips makes of them.
const READABLE_BITS = new Set([1, 2, 4, 8, 16, 32, 64]);

/**
 * Refuses by its name what would come out blank, in wrong colours, or as an error that says nothing.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED
 */
export function refuseUnreadable(layout: Layout, directory: Directory): void {
  const read = (tag: number, usual: number): number => firstValue(layout, directory, tag) ?? usual;
  const compression = read(COMPRESSION, 1);
  if (!READABLE_COMPRESSIONS.has(compression)) {
    throw notReadable(`TIFF files with ${COMPRESSIONS[compression] ?? `compression ${compression}`}`);
  }
  const [colours, bits, channels] = [read(COLOURS, 1), read(BITS, 1), read(CHANNELS, 1)];
  if (COLOUR_SPACES[colours]) throw notReadable(`TIFF files with ${COLOUR_SPACES[colours]}`);
  if (!READABLE_BITS.has(bits) || (bits < 8 && channels > 1)) {
    throw notReadable(`TIFF files with ${bits} bits a channel`);
  }
  if (colours === LAB && bits === 8) throw notReadable('TIFF files with Lab colours of 8 bits');
  if (colours === YCC && compression !== JPEG)
    throw notReadable('TIFF files with YCbCr colours and without JPEG');
}
