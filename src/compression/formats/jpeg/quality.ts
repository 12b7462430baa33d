import { jpegSegments, START_OF_SCAN } from './segments.js';

/** The luminance table for quality 50, in zigzag order: ITU-T T.81, table K.1, which the IJG's library scales. */
const STANDARD = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58,
  51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103,
  62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];
const DEFINE_TABLES = 0xdb;
const COEFFICIENTS = 64;

/**
 * The quality, 1 to 100, at which the IJG's library would have quantised the brightness of this JPEG about as it is:
 * exact for files of libjpeg and its kin, near for others. Undefined where the file has no such table.
 *
 * The library scales table K.1 by 5000 / quality percent below 50 and by 200 − 2 × quality percent above
 * (`jpeg_quality_scaling` in jcparam.c).
 */
export function estimateJpegQuality(source: Buffer): number | undefined {
  const table = luminanceTable(source);
  if (!table) return undefined;

  let best = { quality: 100, difference: Infinity };
  for (let quality = 100; quality >= 1; quality -= 1) {
    const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
    let difference = 0;
    for (let i = 0; i < COEFFICIENTS; i += 1) {
      const expected = Math.floor((STANDARD[i] * scale + 50) / 100);
      // 16-bit tables hold what 8 bits would cut off; both are told by the smaller steps.
      difference += Math.abs(Math.min(255, Math.max(1, expected)) - Math.min(255, table[i]));
    }
    if (difference < best.difference) best = { quality, difference };
  }
  return best.quality;
}

// Table 0, as all encoders in use number it.
function luminanceTable(source: Buffer): number[] | undefined {
  for (const { marker, bytes } of jpegSegments(source)) {
    if (marker === START_OF_SCAN) return undefined;
    const found = marker === DEFINE_TABLES ? tableZero(bytes.subarray(4)) : undefined;
    if (found) return found;
  }
  return undefined;
}

function tableZero(tables: Buffer): number[] | undefined {
  for (let at = 0; at < tables.length;) {
    const isWide = tables[at] >> 4 === 1;
    const bytes = isWide ? 2 * COEFFICIENTS : COEFFICIENTS;
    if (at + 1 + bytes > tables.length) return undefined;
    if ((tables[at] & 15) === 0) {
      return Array.from({ length: COEFFICIENTS }, (_, i) =>
        isWide ? tables.readUInt16BE(at + 1 + 2 * i) : tables[at + 1 + i],
      );
    }
    at += 1 + bytes;
  }
  return undefined;
}
