import { tooManyParts } from '../file-format.js';
import { type Box, MAX_ITEM_PARTS } from './boxes.js';
import { framesOfAv1, framesOfHevc, type UnitCount } from './coded-frames.js';

/** Or twice the largest picture of the file. A grid of 1 kB had one tile of 4 million pixels 256 times, and took 40 s. */
const MAX_WORK_PIXELS = 100_000_000;
/** A smaller frame costs as much. */
const MIN_FRAME_PIXELS = 4_096;
/** A picture in AV1 has up to four layers, a frame each. 300 frames in 135 kB were not decoded after 45 s. */
const MAX_FRAMES = 4;
/** Of grids within grids. */
const MAX_LEVELS = 8;

/** Turning, mirroring, cutting and scaling, of which MIAF (ISO/IEC 23000-22) has one each: 252 turns of 19 MP took over 60 s. */
const TRANSFORMS = new Set(['irot', 'imir', 'clap', 'iscl']);
const DERIVED = new Set(['grid', 'iovl', 'iden', 'tmap']);

/** What `meta` says of the items of a file. */
export interface Items {
  types: Map<number, string>;
  /** Item, start and end of each piece of an item. */
  extents: [number, number, number][];
  /** The boxes of `ipco`. */
  properties: Box[];
  /** The boxes `ipma`, which say whose properties these are. */
  associations: Box[];
  /** The boxes of `iref`, and of how many bytes their numbers are. */
  references: { box: Box; bytes: 2 | 4 }[];
}

/**
 * Bounds what decoding costs: the frames of each picture in the file, and the pixels that are decoded for each, where it consists of others.
 * Sizes are those of the properties; a decoder refuses a picture of another size.
 *
 * @param largest pixels of the largest picture, which others refuse where it has too many
 * @throws ImageError FORMAT_NOT_SUPPORTED; RangeError where the file is damaged
 */
export function guardWork(source: Buffer, items: Items, largest: number): void {
  const most = Math.max(MAX_WORK_PIXELS, 2 * largest);
  const pixels = pixelsOfItems(source, items);
  const frames = framesOfItems(source, items);
  const parts = partsOfItems(source, items);
  const works = new Map<number, number>();
  const workOf = (item: number, level: number): number => {
    if (level > MAX_LEVELS) throw tooManyParts(); // or they consist of each other
    const known = works.get(item);
    if (known !== undefined) return known;
    const own = (frames.get(item) ?? 0) * Math.max(pixels.get(item) ?? 0, MIN_FRAME_PIXELS);
    const work = (parts.get(item) ?? []).reduce((sum, part) => sum + workOf(part, level + 1), own);
    if (work > most) throw tooManyParts();
    works.set(item, work);
    return work;
  };
  for (const item of items.types.keys()) workOf(item, 0);
}

/**
 * The settings of a decoder (AV1 in ISOBMFF, 2.3; ISO/IEC 14496-15, 8.3.3.1) begin what it gets, but hold no frames: 300 in those of one
 * picture took 24 s. The lengths in front of HEVC units have four bytes; libheif reads them so, whatever is said.
 */
function guardSettings(source: Buffer, properties: Box[], count: UnitCount): void {
  for (const { type, content, end } of properties) {
    if (type === 'av1C' && framesOfAv1(source.subarray(content + 4, end), count) > 0) throw tooManyParts();
    if (type === 'hvcC' && (source.readUInt8(content + 21) & 3) !== 3) throw tooManyParts();
  }
}

/** Of all that are no mere combinations of others. */
function framesOfItems(source: Buffer, { types, extents, properties }: Items): Map<number, number> {
  const pieces = new Map<number, Buffer[]>();
  for (const [item, start, end] of extents) addTo(pieces, item, source.subarray(start, end));
  const count = { units: 0 };
  guardSettings(source, properties, count);
  const frames = new Map<number, number>();
  for (const [item, type] of types) {
    if (DERIVED.has(type)) continue;
    const data = Buffer.concat(pieces.get(item) ?? []);
    const found =
      type === 'av01' ? framesOfAv1(data, count) : type === 'hvc1' ? framesOfHevc(data, count) : 1;
    if (found > MAX_FRAMES) throw tooManyParts();
    frames.set(item, Math.max(found, 1));
  }
  return frames;
}

/** By their largest `ispe`: version and flags, width, height (ISO/IEC 23008-12, 6.5.3). Each is transformed once at most. */
function pixelsOfItems(source: Buffer, items: Items): Map<number, number> {
  const pixels = new Map<number, number>();
  const transforms = new Set<string>();
  for (const [item, { type, content }] of propertiesOfItems(source, items)) {
    const transform = `${item} ${type}`;
    if (transforms.has(transform)) throw tooManyParts();
    if (TRANSFORMS.has(type)) transforms.add(transform);
    if (type !== 'ispe') continue;
    const own = source.readUInt32BE(content + 4) * source.readUInt32BE(content + 8);
    pixels.set(item, Math.max(own, pixels.get(item) ?? 0));
  }
  return pixels;
}

/** Each item with each of its properties, which are given by their numbers, from 1. ISO/IEC 23008-12, 9.3.2. */
function* propertiesOfItems(source: Buffer, { properties, associations }: Items): Generator<[number, Box]> {
  let parts = 0;
  for (const { content, end } of associations) {
    const itemBytes = source[content] < 1 ? 2 : 4;
    const numberBytes = source[content + 3] & 1 ? 2 : 1;
    let at = content + 8;
    for (let left = source.readUInt32BE(content + 4); left > 0 && at < end; left -= 1) {
      const item = source.readUIntBE(at, itemBytes);
      const count = source.readUInt8(at + itemBytes);
      at += itemBytes + 1;
      if ((parts += 1 + count) > MAX_ITEM_PARTS) throw tooManyParts();
      for (const last = at + count * numberBytes; at < last; at += numberBytes) {
        const number = source.readUIntBE(at, numberBytes) & (numberBytes === 2 ? 0x7fff : 0x7f);
        const property = properties[number - 1];
        if (property) yield [item, property];
      }
    }
  }
}

/** What an item consists of (`dimg`), and what is decoded with it, such as its transparency (`auxl`). ISO/IEC 14496-12, 8.11.12. */
function partsOfItems(source: Buffer, { references }: Items): Map<number, number[]> {
  const parts = new Map<number, number[]>();
  let count = 0;
  for (const { box, bytes } of references) {
    if (box.type !== 'dimg' && box.type !== 'auxl') continue;
    const from = source.readUIntBE(box.content, bytes);
    const first = box.content + bytes + 2;
    const end = first + bytes * source.readUInt16BE(first - 2);
    for (let at = first; at < end; at += bytes) {
      const to = source.readUIntBE(at, bytes);
      if (box.type === 'dimg') addTo(parts, from, to);
      else addTo(parts, to, from);
      if ((count += 1) > MAX_ITEM_PARTS) throw tooManyParts();
    }
  }
  return parts;
}

function addTo<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
