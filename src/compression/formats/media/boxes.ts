import { tooManyParts } from '../file-format.js';

/** A part of the file. */
export interface Box {
  type: string;
  start: number;
  /** Where the content begins, behind size and type. */
  content: number;
  end: number;
}

/** More than any real file has, in all: those with tiles have some hundred. */
const MAX_BOXES = 10_000;
/** Items and their pieces, of which an item need not have any: 24 MB were two million items. */
export const MAX_ITEM_PARTS = 20_000;
const METADATA_ITEMS = new Set(['Exif', 'mime', 'uri ']);

/** The major and the compatible brands of the first box (ftyp), which tell what a file holds; none where it has no such box. */
export function readBrands(source: Buffer): string[] {
  if (source.length < 16 || source.toString('latin1', 4, 8) !== 'ftyp') return [];
  const end = Math.min(source.readUInt32BE(0), source.length, 512);
  const brands: string[] = [source.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(source.toString('latin1', at, at + 4)); // 12: the minor version
  return brands;
}

/** How many were read. */
export interface BoxCount {
  boxes: number;
}

/** The boxes between two positions, up to the first one that is damaged. */
interface Boxes {
  boxes: Box[];
  isDamaged: boolean;
}

/**
 * The boxes between two positions, as far as they can be told. One that is cut off ends them: that may be bytes behind the
 * image that only look like the start of a box.
 *
 * @param count of boxes that were read before, in the same file: some hundred with thousands inside took 0.4 s
 * @throws ImageError FORMAT_NOT_SUPPORTED, where there are more than {@link MAX_BOXES}
 */
export function readBoxes(source: Buffer, start: number, end: number, count: BoxCount = { boxes: 0 }): Boxes {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end;) {
    const short = source.readUInt32BE(at);
    const isLong = short === 1 && at + 16 <= end;
    const size = isLong ? Number(source.readBigUInt64BE(at + 8)) : short === 0 ? end - at : short;
    if (size < 8) return { boxes, isDamaged: true };
    if ((count.boxes += 1) > MAX_BOXES) throw tooManyParts();
    if (at + size > end) return { boxes, isDamaged: boxes.length === 0 };
    const type = source.toString('latin1', at + 4, at + 8);
    boxes.push({ type, start: at, content: at + (isLong ? 16 : 8), end: at + size });
    at += size;
  }
  return { boxes, isDamaged: false };
}

/** The numbers of the items that are EXIF, XMP and the like. */
export function metadataItems(source: Buffer, infos: Box): Set<number> {
  const types = [...itemTypes(source, infos)];
  return new Set(types.filter(([, type]) => isMetadata(type)).map(([item]) => item));
}

/** Whether items of this type are EXIF, XMP and the like. */
export function isMetadata(type: string): boolean {
  return METADATA_ITEMS.has(type);
}

/**
 * The types of the items in a file, by their numbers.
 *
 * @throws RangeError where the box is damaged, or an item has two types; ImageError FORMAT_NOT_SUPPORTED, where there are far too many
 */
export function itemTypes(source: Buffer, infos: Box, count?: BoxCount): Map<number, string> {
  const types = new Map<number, string>();
  const first = infos.content + (source[infos.content] === 0 ? 6 : 8);
  for (const { content } of readBoxes(source, first, infos.end, count).boxes) {
    const isWide = source[content] === 3; // infe, version 3: the item's number has 4 bytes
    const type = source.toString('latin1', content + (isWide ? 10 : 8), content + (isWide ? 14 : 12));
    const item = source.readUIntBE(content + 4, isWide ? 4 : 2);
    if (types.has(item)) throw new RangeError('an item of two types');
    types.set(item, type);
  }
  return types;
}

/**
 * Item, start and end of each piece of an item. ISO/IEC 14496-12, 8.11.3: fields of variable width, 0 to 8 bytes.
 *
 * @throws RangeError where the box is damaged; ImageError FORMAT_NOT_SUPPORTED, where there are far too many
 */
export function itemExtents(source: Buffer, locations: Box, idat: number): [number, number, number][] {
  let at = locations.content + 4;
  const read = (bytes: number): number => {
    const value =
      bytes === 0 ? 0 : bytes === 8 ? Number(source.readBigUInt64BE(at)) : source.readUIntBE(at, bytes);
    at += bytes;
    return value;
  };
  const version = source[locations.content];
  const widths = read(2);
  const [offsetBytes, lengthBytes, baseBytes] = [widths >> 12, (widths >> 8) & 15, (widths >> 4) & 15];
  const indexBytes = version === 0 ? 0 : widths & 15;
  let parts = 0;
  const countPart = (): void => {
    if (at > locations.end) throw new RangeError('iloc box too short');
    if ((parts += 1) > MAX_ITEM_PARTS) throw tooManyParts();
  };
  const extents: [number, number, number][] = [];
  for (let items = read(version < 2 ? 2 : 4); items > 0; items -= 1) {
    const item = read(version < 2 ? 2 : 4);
    const isInIdat = version > 0 && (read(2) & 15) === 1;
    read(2); // the file it lies in: this one
    const base = read(baseBytes) + (isInIdat ? idat : 0);
    for (let count = read(2); count > 0; count -= 1) {
      read(indexBytes);
      const start = base + read(offsetBytes);
      extents.push([item, start, start + read(lengthBytes)]);
      countPart();
    }
    countPart();
  }
  return extents;
}
