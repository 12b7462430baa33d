import { NO_METADATA, type WantedMetadata } from './image-metadata.js';
import { exifBlock, type Orientation } from './image-orientation.js';

interface Segment {
  marker: number;
  /** Marker, length and content; after a start of scan also the compressed pixels behind it. */
  bytes: Buffer;
}

const START_OF_SCAN = 0xda;
const SCAN_MARKER = Buffer.from([0xff, START_OF_SCAN]);
const END_OF_IMAGE = 0xd9;
const JFIF_BYTES = 18;
// More than any real file has (an ICC profile takes up to 255), less than what would fill the memory.
const MAX_SEGMENTS = 20_000;

/**
 * The same picture, bit for bit, without whatever does not draw it: EXIF, XMP, comments, thumbnails, gain maps,
 * and everything behind the end of the image. The ICC profile stays, an orientation other than 1 as a tag, and the
 * metadata that is wanted.
 *
 * @returns undefined where the file is not built as JPEG files are
 */
export function stripJpeg(
  source: Buffer,
  orientation: Orientation,
  wanted: WantedMetadata = NO_METADATA,
): Buffer | undefined {
  const segments = readSegments(source);
  if (!segments) return undefined;

  const kept = segments.filter((segment) => draws(segment) || describes(segment, wanted));
  const exif = wanted.isAll ? undefined : exifBlock(orientation, wanted.tags);
  const pieces = kept.map(withoutThumbnail);
  if (exif) pieces.splice(isJfif(segments[0]) ? 1 : 0, 0, exifSegment(exif));
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...pieces, Buffer.from([0xff, END_OF_IMAGE])]);
}

/**
 * Whether a decoder would have to go over the whole picture more than `limit` times. Once is usual, and about 10 times
 * where the JPEG is progressive.
 */
export function hasMoreScansThan(limit: number, source: Buffer): boolean {
  // Counts too many at most (a thumbnail has scans of its own), in a tenth of the time that reading segments takes.
  let candidates = 0;
  let at = source.indexOf(SCAN_MARKER);
  while (at >= 0 && candidates <= limit) {
    candidates += 1;
    at = source.indexOf(SCAN_MARKER, at + 2);
  }
  if (candidates <= limit) return false;
  const scans = readSegments(source)?.filter(({ marker }) => marker === START_OF_SCAN);
  return (scans?.length ?? candidates) > limit;
}

function readSegments(source: Buffer): Segment[] | undefined {
  const segments: Segment[] = [];
  let at = 2;
  while (segments.length < MAX_SEGMENTS) {
    at = source.indexOf(0xff, at); // stray bytes between segments are skipped, as decoders do
    if (at < 0 || at + 4 > source.length) return isEnd(source, at) ? segments : undefined;
    const marker = source[at + 1];
    if (marker === END_OF_IMAGE) return segments;
    if (marker === 0xff) at += 1;
    else if (isStandalone(marker)) at += 2;
    else {
      let end = at + 2 + source.readUInt16BE(at + 2);
      if (marker === START_OF_SCAN) end = endOfScan(source, end);
      if (end > source.length) return undefined;
      segments.push({ marker, bytes: source.subarray(at, end) });
      at = end;
    }
  }
  return undefined;
}

function isEnd(source: Buffer, at: number): boolean {
  return at >= 0 && source[at + 1] === END_OF_IMAGE;
}

// Stuffed zeros, TEM, restarts and a second start of image have no length behind them.
function isStandalone(marker: number): boolean {
  return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

function endOfScan(source: Buffer, start: number): number {
  for (let at = source.indexOf(0xff, start); at >= 0; at = source.indexOf(0xff, at + 1)) {
    const next = source[at + 1];
    const isData = next === 0x00 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!isData) return at;
  }
  return source.length + 1; // cut off: no end of image
}

// 0xc0 to 0xdf hold frames, tables and scans. Of the application segments, JFIF and Adobe say how the colours are
// stored, and ICC_PROFILE what they mean.
function draws({ marker, bytes }: Segment): boolean {
  if (marker >= 0xc0 && marker <= 0xdf) return true;
  if (marker === 0xe0) return isJfif({ marker, bytes });
  if (marker === 0xe2) return bytes.toString('latin1', 4, 16) === 'ICC_PROFILE\0';
  return marker === 0xee && bytes.toString('latin1', 4, 9) === 'Adobe';
}

// EXIF and XMP. What XMP goes on with in further segments is left out.
function describes({ marker, bytes }: Segment, { isAll, keepsXmp }: WantedMetadata): boolean {
  if (marker !== 0xe1 || !isAll) return false;
  const name = bytes.toString('latin1', 4, 33);
  return name.startsWith('Exif\0\0') || (keepsXmp && name === 'http://ns.adobe.com/xap/1.0/\0');
}

function isJfif(segment: Segment | undefined): boolean {
  return segment?.marker === 0xe0 && segment.bytes.toString('latin1', 4, 9) === 'JFIF\0';
}

function withoutThumbnail(segment: Segment): Buffer {
  if (!isJfif(segment) || segment.bytes.length <= JFIF_BYTES) return segment.bytes;
  const short = Buffer.from(segment.bytes.subarray(0, JFIF_BYTES));
  short.writeUInt16BE(JFIF_BYTES - 2, 2);
  short.writeUInt16BE(0, 16); // a thumbnail of 0 × 0
  return short;
}

function exifSegment(exif: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}
