import { tooManyParts } from './guards/guarded-source.js';
import { isOutOfBounds } from './out-of-bounds.js';
import { NO_METADATA } from './image-metadata.js';

/** A part of the file. */
export interface Box {
  type: string;
  start: number;
  /** Where the content begins, behind size and type. */
  content: number;
  end: number;
}

/** More than any real file has, in one place. */
export const MAX_BOXES = 10_000;
const DRAWING = new Set(['ftyp', 'meta', 'mdat', 'idat', 'free']);
const METADATA_ITEMS = new Set(['Exif', 'mime', 'uri ']);

/**
 * The same picture, bit for bit, with everything overwritten by zeros that does not draw it: EXIF, XMP, unknown
 * boxes, the frames of an image sequence. Nothing moves but the end, since the file refers to its parts by position; so
 * tags of our own can't be added, and of wanted metadata only all of it can stay.
 *
 * @returns undefined where the file is not built as AVIF files are
 */
export function stripAvif(source: Buffer, { isAll } = NO_METADATA): Buffer | undefined {
  const { boxes, isDamaged } = readBoxes(source, 0, source.length);
  const meta = boxes.find(({ type }) => type === 'meta');
  if (isDamaged || !meta) return undefined;

  const stripped = Buffer.from(source);
  try {
    if (!isAll) for (const [start, end] of metadataExtents(source, meta, boxes)) stripped.fill(0, start, end);
  } catch (error) {
    if (isOutOfBounds(error)) return undefined;
    throw error;
  }
  for (const box of boxes) {
    if (!DRAWING.has(box.type)) stripped.fill(0, box.content, box.end).write('free', box.start + 4, 'latin1');
    if (box.type === 'ftyp') asStillImage(stripped, box);
  }
  const last = boxes.findLast(({ type }) => DRAWING.has(type) && type !== 'free');
  return stripped.subarray(0, last?.end);
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
 * @throws ImageError FORMAT_NOT_SUPPORTED, where there are more than {@link MAX_BOXES}
 */
export function readBoxes(source: Buffer, start: number, end: number): Boxes {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end;) {
    const short = source.readUInt32BE(at);
    const isLong = short === 1 && at + 16 <= end;
    const size = isLong ? Number(source.readBigUInt64BE(at + 8)) : short === 0 ? end - at : short;
    if (size < 8) return { boxes, isDamaged: true };
    if (boxes.length >= MAX_BOXES) throw tooManyParts();
    if (at + size > end) return { boxes, isDamaged: boxes.length === 0 };
    const type = source.toString('latin1', at + 4, at + 8);
    boxes.push({ type, start: at, content: at + (isLong ? 16 : 8), end: at + size });
    at += size;
  }
  return { boxes, isDamaged: false };
}

/** Without its frames a sequence is a still image, and has to say so: viewers go by the brand. */
export function asStillImage(stripped: Buffer, ftyp: Box): void {
  for (let at = ftyp.content; at + 4 <= ftyp.end; at += 4) {
    if (stripped.toString('latin1', at, at + 4) === 'avis') stripped.write('avif', at, 'latin1');
  }
}

function metadataExtents(source: Buffer, meta: Box, outer: Box[]): [number, number][] {
  const { boxes } = readBoxes(source, meta.content + 4, meta.end);
  const infos = boxes.find(({ type }) => type === 'iinf');
  const locations = boxes.find(({ type }) => type === 'iloc');
  const data = boxes.find(({ type }) => type === 'idat');
  if (!infos || !locations) return [];
  const items = metadataItems(source, infos);
  const all = itemExtents(source, locations, data?.content ?? 0);
  const pictures = all.flatMap(([item, start]) => (items.has(item) ? [] : [start]));
  return all.flatMap(([item, start, end]): [number, number][] => {
    if (!items.has(item)) return [];
    if (end > start) return [[start, end]];
    // A length of 0 stands for all up to the end (ISO/IEC 14496-12, 8.11.3): of the box here, or to what else is in it.
    const container = data && contains(data, start) ? data : outer.find((box) => contains(box, start));
    const next = pictures.filter((picture) => picture >= start);
    return container ? [[start, Math.min(container.end, ...next)]] : [];
  });
}

function contains({ content, end }: Box, at: number): boolean {
  return at >= content && at < end;
}

/** The numbers of the items that are EXIF, XMP and the like. */
export function metadataItems(source: Buffer, infos: Box): Set<number> {
  const items = new Set<number>();
  const first = infos.content + (source[infos.content] === 0 ? 6 : 8);
  for (const { content } of readBoxes(source, first, infos.end).boxes) {
    const isWide = source[content] === 3; // infe, version 3: the item's number has 4 bytes
    const type = source.toString('latin1', content + (isWide ? 10 : 8), content + (isWide ? 14 : 12));
    if (METADATA_ITEMS.has(type)) items.add(source.readUIntBE(content + 4, isWide ? 4 : 2));
  }
  return items;
}

/**
 * Item, start and end of each piece of an item. ISO/IEC 14496-12, 8.11.3: fields of variable width, 0 to 8 bytes.
 *
 * @throws RangeError where the box is damaged
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
      if (at > locations.end || extents.length > MAX_BOXES) throw new RangeError('iloc box too short');
    }
  }
  return extents;
}
