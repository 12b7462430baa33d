import {
  asItIs,
  type GuardedSource,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from '../file-format.js';
import { isOutOfBounds } from '../shared/out-of-bounds.js';
import {
  BYTES_OF_TYPE,
  countEntries,
  DESCRIBING,
  type Directory,
  DRAWING,
  firstValue,
  integer,
  type Layout,
  PIXEL_TABLES,
  readDirectory,
  readLayout,
  type TiffEntry,
} from './directory.js';
import { guardPieces, guardWebpPieces } from './pieces.js';
import { refuseUnreadable } from './readable.js';

const PROFILE = 34675;
const PLANES = 284;
const IN_PLANES = 2;
/** Of all tags together but the tables of strips or tiles. */
const MAX_TAG_BYTES = MAX_METADATA_BYTES;
/** Colour maps of 16 bits have 0.4 MB, and are the largest of what draws. */
const MAX_DRAWING_BYTES = 1024 * 1024;

/** libtiff takes no directory of more. */
const MAX_TAGS = 4_096;

/**
 * Strips or tiles. Of 50 million pixels, 50,000 are tiles of 32 × 32, or strips of the 8 kB that TIFF 6.0 (StripOffsets) recommends
 * with 8 bytes a pixel; a strip for each row are 65,535 where a side is as long as that of any other format.
 */
const MAX_PIECES = 100_000;

/**
 * The TIFF with its first page alone, and without tags that are too large or that share their bytes. libtiff reads the tags
 * of all pages to count these: 200,000 pages took 11 s, and 17 tags that share 24 MB as long.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED (what can't be read, and more than 100,000 strips or tiles), IMAGE_METADATA_TOO_LARGE (the
 *   profile)
 */
export async function guardTiff(source: Buffer): Promise<GuardedSource> {
  try {
    const layout = readLayout(source);
    return layout ? await guardFirstPage(layout) : asItIs(source);
  } catch (error) {
    if (isOutOfBounds(error)) return asItIs(source);
    throw error;
  }
}

async function guardFirstPage(layout: Layout): Promise<GuardedSource> {
  const { source } = layout;
  if (countEntries(layout).count > MAX_TAGS) throw tooManyParts();
  const directory = readDirectory(layout);
  refuseUnreadable(layout, directory);
  if (directory.entries.some(hasTooManyPieces)) throw tooManyParts();
  guardPieces(layout, directory);
  await guardWebpPieces(layout, directory);
  const profile = directory.entries.find(({ tag }) => tag === PROFILE);
  if (profile && profile.bytes > MAX_PROFILE_BYTES && profile.bytes <= source.length) throw profileTooLarge();
  const { entries } = directory;
  const told = entries.filter(({ tag }) => !PIXEL_TABLES.has(tag));
  const isHeavy = told.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_TAG_BYTES;
  if (isHeavy && told.some(({ tag, bytes }) => isOversized(tag, bytes))) throw tooManyParts();
  const hasMorePages = pointsToPage(layout, directory.nextAt);
  const isNextSet = nextAddress(layout, directory.nextAt) !== 0;
  const isPlanar = firstValue(layout, directory, PLANES) === IN_PLANES;
  if (!isHeavy && !isNextSet) return { ...asItIs(source), isPlanar };

  const copy = Buffer.from(source);
  copy.fill(0, directory.nextAt, Math.min(directory.nextAt + (layout.isBigTiff ? 8 : 4), copy.length));
  const kept = isHeavy ? entries.filter(isKept) : entries;
  if (kept.length < entries.length) rewriteEntries({ ...layout, source: copy }, directory, kept);
  const isMetadataLeftOut = kept.length < entries.length;
  return { source: copy, isMetadataLeftOut, isPlanar, notes: hasMorePages ? ['first_page_only'] : [] };
}

function hasTooManyPieces({ tag, type, bytes }: TiffEntry): boolean {
  return PIXEL_TABLES.has(tag) && bytes > MAX_PIECES * BYTES_OF_TYPE[type];
}

function isOversized(tag: number, bytes: number): boolean {
  return DRAWING.has(tag) && tag !== PROFILE && bytes > MAX_DRAWING_BYTES;
}

// One of each kind, as libtiff takes them; these are some fifty at most.
function isKept({ tag, bytes }: TiffEntry, index: number, all: TiffEntry[]): boolean {
  const isKnown = DRAWING.has(tag) || PIXEL_TABLES.has(tag) || DESCRIBING.has(tag);
  if (!isKnown || all.findIndex((entry) => entry.tag === tag) !== index) return false;
  return !DESCRIBING.has(tag) || bytes <= MAX_METADATA_BYTES;
}

function rewriteEntries(layout: Layout, { countAt, entryBytes, nextAt }: Directory, kept: TiffEntry[]): void {
  const { source, isBigEndian, isBigTiff } = layout;
  const first = countAt + (isBigTiff ? 8 : 2);
  const pieces = kept.map(({ at }) => Buffer.from(source.subarray(at, at + entryBytes)));
  source.fill(0, first, nextAt);
  pieces.forEach((piece, index) => piece.copy(source, first + index * entryBytes));
  source.fill(0, countAt, first);
  if (isBigEndian) source.writeUInt16BE(kept.length, first - 2);
  else source.writeUInt16LE(kept.length, countAt);
}

function pointsToPage(layout: Layout, nextAt: number): boolean {
  const { isBigTiff, source } = layout;
  const next = nextAddress(layout, nextAt);
  const countBytes = isBigTiff ? 8 : 2;
  return next > 0 && next + countBytes <= source.length && integer(layout, next, countBytes) > 0;
}

/** 0 where the file ends before it: some writers leave it out, and the tags count all the same. */
function nextAddress(layout: Layout, nextAt: number): number {
  const bytes = layout.isBigTiff ? 8 : 4;
  return nextAt + bytes <= layout.source.length ? integer(layout, nextAt, bytes) : 0;
}
