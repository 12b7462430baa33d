import {
  asItIs,
  corrupt,
  type FileFormat,
  type GuardedSource,
  type KeptParts,
  tooManyParts,
} from '../file-format.js';
import { isOutOfBounds } from '../shared/out-of-bounds.js';
import { type Box, itemExtents, metadataItems, readBoxes, readBrands } from './boxes.js';
import { guardItems } from './items.js';

// What their decoders hold is in memory.ts: 24 million pixels took 0.5 GB, 0.64 GB with more than 8 bits.
const MAX_FRAME_PIXELS = 20_000_000;
const MAX_DEEP_FRAME_PIXELS = 14_000_000;
const DRAWING = new Set(['ftyp', 'meta', 'mdat', 'idat', 'free']);
/** Of the brands of a file, some dozen bytes in real ones: 24 MB of them took 1.5 s. */
const MAX_BRAND_BYTES = 4096;

/** AVIF, as AOMedia's specification and ISO/IEC 23008-12 lay it down. */
export const AVIF: FileFormat = {
  name: 'avif',
  isAnimation: false,
  recognises: (source) => readBrands(source).some((brand) => brand === 'avif' || brand === 'avis'),
  guard: guardAvif,
  maxFramePixels: ({ depth }) => (depth === 'ushort' ? MAX_DEEP_FRAME_PIXELS : MAX_FRAME_PIXELS),
  strip: stripAvif,
};

/**
 * The AVIF without the frames of a sequence, whose primary image alone is decoded. libheif copies each item, however often
 * two refer to the same bytes: 14 blocks of EXIF in 24 MB took 2.8 GB. Its metadata can't be left out, as the file refers to
 * its parts by position.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE
 */
function guardAvif(source: Buffer): GuardedSource {
  const count = { boxes: 0 };
  const { boxes } = readBoxes(source, 0, source.length, count);
  const metas = boxes.filter(({ type }) => type === 'meta');
  const isUsual = metas.length <= 1 && brandBytes(boxes) <= MAX_BRAND_BYTES; // ISO/IEC 14496-12, 8.11.1: none or one
  if (!isUsual) throw tooManyParts();
  let largestPartPixels = 0;
  try {
    if (metas[0]) largestPartPixels = guardItems(source, metas[0], count);
  } catch (error) {
    if (isOutOfBounds(error)) throw corrupt();
    throw error;
  }
  const isSequence = boxes.some(({ type }) => type === 'moov');
  if (!isSequence) return { ...asItIs(source), largestPartPixels };
  return { ...asItIs(withoutSequence(source, boxes)), largestPartPixels, notes: ['first_frame_only'] };
}

function brandBytes(boxes: Box[]): number {
  const brands = boxes.filter(({ type }) => type === 'ftyp');
  return brands.reduce((sum, { content, end }) => sum + end - content, 0);
}

function withoutSequence(source: Buffer, boxes: Box[]): Buffer {
  const copy = Buffer.from(source);
  for (const box of boxes) {
    if (box.type === 'moov') copy.write('free', box.start + 4, 'latin1');
    if (box.type === 'ftyp') asStillImage(copy, box);
  }
  return copy;
}

/**
 * The same picture, bit for bit, with everything overwritten by zeros that does not draw it: EXIF, XMP, unknown
 * boxes, the frames of an image sequence. Nothing moves but the end, since the file refers to its parts by position; so
 * tags of our own can't be added, and of wanted metadata only all of it can stay.
 */
function stripAvif(source: Buffer, { wanted: { isAll } }: KeptParts): Buffer | undefined {
  const { boxes, isDamaged } = readBoxes(source, 0, source.length);
  const meta = boxes.find(({ type }) => type === 'meta');
  if (isDamaged || !meta) return undefined;

  const stripped = Buffer.from(source);
  try {
    if (!isAll) eraseMetadata(stripped, metadataExtents(source, meta, boxes));
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

/** Without its frames a sequence is a still image, and has to say so: viewers go by the brand. */
function asStillImage(stripped: Buffer, ftyp: Box): void {
  for (let at = ftyp.content; at + 4 <= ftyp.end; at += 4) {
    if (stripped.toString('latin1', at, at + 4) === 'avis') stripped.write('avif', at, 'latin1');
  }
}

/** Each byte once, however many of them overlap: they are in the order of the file. */
function eraseMetadata(stripped: Buffer, extents: [number, number][]): void {
  let done = 0;
  for (const [start, end] of extents) {
    stripped.fill(0, Math.max(start, done), end);
    done = Math.max(done, end);
  }
}

/** In the order of the file, so that pictures and boxes behind them are found by going on: 4,000 among 4,000 took 0.4 s. */
function metadataExtents(source: Buffer, meta: Box, outer: Box[]): [number, number][] {
  const { boxes } = readBoxes(source, meta.content + 4, meta.end);
  const infos = boxes.find(({ type }) => type === 'iinf');
  const locations = boxes.find(({ type }) => type === 'iloc');
  const data = boxes.find(({ type }) => type === 'idat');
  if (!infos || !locations) return [];
  const items = metadataItems(source, infos);
  const all = itemExtents(source, locations, data?.content ?? 0).sort(([, one], [, other]) => one - other);
  const pictures = all.filter(([item]) => !items.has(item)).map(([, start]) => start);
  let [picture, box] = [0, 0];
  return all.flatMap(([item, start, end]): [number, number][] => {
    if (!items.has(item)) return [];
    if (end > start) return [[start, end]];
    // A length of 0 stands for all up to the end (ISO/IEC 14496-12, 8.11.3): of the box here, or to what else is in it.
    while (pictures[picture] < start) picture += 1;
    while (outer[box]?.end <= start) box += 1;
    const container = [data, outer[box]].find((one) => one && contains(one, start));
    return container ? [[start, Math.min(container.end, pictures[picture] ?? Infinity)]] : [];
  });
}

function contains({ content, end }: Box, at: number): boolean {
  return at >= content && at < end;
}
