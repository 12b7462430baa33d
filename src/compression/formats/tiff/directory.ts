/** How the numbers of a TIFF are written, and where its first page stands. */
export interface Layout {
  source: Buffer;
  isBigEndian: boolean;
  /** With addresses of 64 bits. */
  isBigTiff: boolean;
}

/** A tag of a page. */
export interface TiffEntry {
  tag: number;
  type: number;
  /** Where it begins in the file. */
  at: number;
  /** Of its values together. */
  bytes: number;
  /** Where they stand, unless they have their place in the entry itself. */
  valuesAt: number;
}

/** The tags of a page. */
export interface Directory {
  countAt: number;
  entries: TiffEntry[];
  entryBytes: number;
  /** Where the address of the next directory stands. */
  nextAt: number;
}

/** By a value's type; those from 16 on are of BigTIFF. */
export const BYTES_OF_TYPE = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** Types of whole numbers: of 1, 2, 4 and 8 bytes, with signs or without, and addresses. */
const WHOLE_NUMBERS = new Set([1, 3, 4, 6, 8, 9, 13, 16, 17, 18]);
/** The tags of strips. */
export const STRIPS = { offsets: 273, lengths: 279 };
/** The tags of tiles. */
export const TILES = { offsets: 324, lengths: 325 };
/** The tags of the addresses and lengths of strips or tiles. */
export const PIXEL_TABLES = new Set([...Object.values(STRIPS), ...Object.values(TILES)]);
// Size, bits, compression, photometric, fill order, orientation, samples, rows, resolution, planes, fax options,
// predictor, white point, primaries, palette, tiles, inks, extra samples, sample format, JPEG tables, YCbCr, ICC.
export const DRAWING = new Set([
  256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296, 317, 318, 319, 320, 322, 323,
  332, 334, 336, 338, 339, 340, 341, 347, 529, 530, 531, 532, 34675,
]);
export const ARTIST = 315;
export const COPYRIGHT = 33432;
/** Description, maker, model, program, date, author, XMP, copyright. */
export const DESCRIBING = new Set([270, 271, 272, 305, 306, ARTIST, 700, COPYRIGHT]);

/**
 * Whether it is a classic TIFF or a BigTIFF, and in which byte order; undefined for all others.
 *
 * @throws RangeError, as all of these, where the file ends before
 */
export function readLayout(source: Buffer): Layout | undefined {
  const isBigEndian = source[0] === 0x4d;
  const version = isBigEndian ? source.readUInt16BE(2) : source.readUInt16LE(2);
  return version === 42 || version === 43 ? { source, isBigEndian, isBigTiff: version === 43 } : undefined;
}

/** How many tags the first page has, and where they begin. */
export function countEntries(layout: Layout): { count: number; countAt: number } {
  const { isBigTiff } = layout;
  const countAt = integer(layout, isBigTiff ? 8 : 4, isBigTiff ? 8 : 4);
  return { countAt, count: integer(layout, countAt, isBigTiff ? 8 : 2) };
}

/** The first page. */
export function readDirectory(layout: Layout): Directory {
  const { isBigTiff } = layout;
  const { count, countAt } = countEntries(layout);
  const countBytes = isBigTiff ? 8 : 2;
  const entryBytes = isBigTiff ? 20 : 12;
  const inside = isBigTiff ? 8 : 4; // bytes that have their place in the entry
  const entries = Array.from({ length: count }, (_, index): TiffEntry => {
    const at = countAt + countBytes + index * entryBytes;
    const type = integer(layout, at + 2, 2);
    const bytes = (BYTES_OF_TYPE[type] ?? 0) * integer(layout, at + 4, inside);
    const valueAt = at + 4 + inside;
    const valuesAt = bytes <= inside ? valueAt : integer(layout, valueAt, inside);
    return { tag: integer(layout, at, 2), type, at, bytes, valuesAt };
  });
  return { countAt, entries, entryBytes, nextAt: countAt + countBytes + count * entryBytes };
}

/** The first value of a tag, where it has one that is a whole number: libtiff takes these in any width. */
export function firstValue(layout: Layout, { entries }: Directory, tag: number): number | undefined {
  const entry = entries.find((one) => one.tag === tag);
  return entry && valuesOf(layout, { ...entry, bytes: Math.min(entry.bytes, BYTES_OF_TYPE[entry.type]) })[0];
}

/** The values of a tag; none where they are no whole numbers. */
export function valuesOf(layout: Layout, { type, bytes, valuesAt }: TiffEntry): number[] {
  const width = WHOLE_NUMBERS.has(type) ? BYTES_OF_TYPE[type] : Infinity;
  const values: number[] = [];
  for (let at = valuesAt; at + width <= valuesAt + bytes; at += width)
    values.push(integer(layout, at, width as 1 | 2 | 4 | 8));
  return values;
}

/** A number of the file, in its byte order. */
export function integer({ source, isBigEndian }: Layout, at: number, bytes: 1 | 2 | 4 | 8): number {
  if (bytes === 8) return Number(isBigEndian ? source.readBigUInt64BE(at) : source.readBigUInt64LE(at));
  return isBigEndian ? source.readUIntBE(at, bytes) : source.readUIntLE(at, bytes);
}
