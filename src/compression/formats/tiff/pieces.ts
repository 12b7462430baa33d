import { notReadable, tooManyParts } from '../file-format.js';
import { CountedGroups, guardCodeGroups, isWebp } from '../webp/guard-groups.js';
import { isFrame, isProgressiveFrame, START_OF_SCAN } from '../jpeg/segments.js';
import { type Directory, firstValue, type Layout, STRIPS, TILES, valuesOf } from './directory.js';

const WIDTH = 256;
const HEIGHT = 257;
const COMPRESSION = 259;
const JPEG = 7;
const WEBP = 50_001;
const CHANNELS = 277;
const PLANES = 284;
const IN_PLANES = 2;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;

/** Or twice the picture: 34 kB had 266 million pixels in tiles that were far taller than the picture, and took 47 s. */
const MAX_TILE_PIXELS = 100_000_000;
/** Of all strips or tiles, beyond those of the file twice: blank ones may share theirs. 100,000 that shared 1 MB took over 33 s. */
const MAX_SHARED_BYTES = 16 * 1024 * 1024;
/** Segments, and bytes between them, in front of the pixels of all pieces. */
const MAX_STEPS = 1_000_000;

/**
 * Bounds what decoding the strips or tiles of a page costs: their pixels, which tiles may have beyond the edges of the picture; their bytes,
 * which they may share; and each JPEG in them, which may be no progressive one. libtiff takes none of these, and says so only when it has
 * decoded all scans: a file of 0.3 MB took 667 MB.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED; RangeError where the file is damaged
 */
export function guardPieces(layout: Layout, directory: Directory): void {
  const read = (tag: number): number => firstValue(layout, directory, tag) ?? 0;
  const [width, height] = [read(WIDTH), read(HEIGHT)];
  const [tileWidth, tileHeight] = [read(TILE_WIDTH), read(TILE_HEIGHT)];
  const planes = read(PLANES) === IN_PLANES ? read(CHANNELS) : 1;
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) * planes;
  const most = Math.max(MAX_TILE_PIXELS, 2 * width * height * planes);
  if (tiles * tileWidth * tileHeight > most) throw tooManyParts();
  const bytes = valuesOfTags(layout, directory, STRIPS.lengths, TILES.lengths).reduce(
    (sum, each) => sum + each,
    0,
  );
  if (bytes > 2 * layout.source.length + MAX_SHARED_BYTES) throw tooManyParts();
  if (read(COMPRESSION) !== JPEG) return;

  const count = { steps: 0 };
  for (const at of new Set(valuesOfTags(layout, directory, STRIPS.offsets, TILES.offsets)))
    if (!isPlainJpeg(layout.source, at, count)) throw notReadable('TIFF files with progressive JPEG');
}

function valuesOfTags(layout: Layout, { entries }: Directory, ...tags: number[]): number[] {
  const wanted = entries.filter(({ tag }) => tags.includes(tag));
  return Array<number>().concat(...wanted.map((entry) => valuesOf(layout, entry))); // flatMap took 18 ms for 100,000
}

/**
 * Bounds what the decoder holds of each strip or tile that is a WebP, and the pixels that they say they have; does nothing where none is.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED; RangeError where the file is damaged
 */
export async function guardWebpPieces(layout: Layout, directory: Directory): Promise<void> {
  if (firstValue(layout, directory, COMPRESSION) !== WEBP) return;
  const counted = new CountedGroups();
  const lengths = valuesOfTags(layout, directory, STRIPS.lengths, TILES.lengths);
  for (const [index, at] of valuesOfTags(layout, directory, STRIPS.offsets, TILES.offsets).entries()) {
    const piece = layout.source.subarray(at, at + (lengths[index] ?? 0));
    // libwebp also takes bare streams, which no encoder of TIFFs writes.
    if (piece.length > 0 && !isWebp(piece)) throw notReadable('TIFF files with bare streams of WebP');
    counted.frames = 0;
    await guardCodeGroups(piece, counted);
    if (counted.pixels > MAX_TILE_PIXELS) throw tooManyParts(); // those behind it were not looked at
  }
}

/** Whether all colours come in one scan; what can't be read is left to the decoder. */
function isPlainJpeg(source: Buffer, start: number, count: { steps: number }): boolean {
  let channels = 0;
  for (let at = start + 2; at >= 0 && at < source.length;) {
    if ((count.steps += 1) > MAX_STEPS) throw tooManyParts();
    const marker = source[at + 1];
    if (source[at] !== 0xff || marker === 0xff || marker === 0)
      at += 1; // decoders look for the next marker
    else if (marker === START_OF_SCAN) return source[at + 4] >= channels;
    else if (isFrame(marker) && isProgressiveFrame(marker)) return false;
    else {
      if (isFrame(marker)) channels = source[at + 9] ?? 0;
      at += hasNoLength(marker) ? 2 : 2 + ((source[at + 2] << 8) | source[at + 3]);
    }
  }
  return true;
}

/** TEM, restarts, and the beginning and end of an image (ITU-T T.81, table B.1). */
const hasNoLength = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);
