/** A part of a JPEG file: a marker, mostly with a length and content. */
export interface JpegSegment {
  /** Its second byte, the first one is always 0xff (ITU-T T.81, table B.1); or {@link PIXELS}. */
  marker: number;
  /** Where it begins. */
  at: number;
  /** Marker, length and content. */
  bytes: Buffer;
}

/** Stands for the compressed pixels behind a start of scan, which have no marker. */
export const PIXELS = 0;
export const START_OF_SCAN = 0xda;
export const END_OF_IMAGE = 0xd9;

/**
 * More than any real file has: a profile takes up to 255, XMP some hundred. libvips holds some 300 bytes for each, however
 * short it is: 25 MB of them took 1.9 GB, for a picture of 64×40.
 */
export const MAX_SEGMENTS = 2_000;

/** Markers without content outside of a scan. A file has one or two; 24 MB of them held up all others for 0.3 s. */
const MAX_STANDALONE = 10_000;

/**
 * The segments of a file, one after the other; the end of the image is the last one, unless the file is cut off. Stray bytes
 * between them are skipped, as decoders do. Whoever reads all of them stops at {@link MAX_SEGMENTS}.
 */
export function* jpegSegments(source: Buffer): Generator<JpegSegment> {
  let standalone = 0;
  for (let at = source.indexOf(0xff, 2); at >= 0; at = source.indexOf(0xff, at)) {
    while (source[at + 1] === 0xff) at += 1;
    const marker = source[at + 1];
    if (isStandalone(marker)) {
      at += 2;
      standalone += 1;
      if (standalone > MAX_STANDALONE) return;
    } else {
      const end = marker === END_OF_IMAGE ? at + 2 : endOfSegment(source, at);
      if (end === undefined) return;
      yield { marker, at, bytes: source.subarray(at, end) };
      if (marker === END_OF_IMAGE) return;
      at = marker === START_OF_SCAN ? endOfScan(source, end) : end;
      if (at < 0) return;
      if (at > end) yield { marker: PIXELS, at: end, bytes: source.subarray(end, at) };
    }
  }
}

/**
 * How many segments and scans there are; no further than to {@link MAX_SEGMENTS}. `isHeadOnly`: in front of the pixels, in
 * some microseconds.
 */
export function countSegments(
  source: Buffer,
  { isHeadOnly = false } = {},
): { segments: number; scans: number } {
  const count = { segments: 0, scans: 0 };
  for (const { marker } of jpegSegments(source)) {
    if (isHeadOnly && marker === START_OF_SCAN) break;
    count.segments += 1;
    if (marker === START_OF_SCAN) count.scans += 1;
    if (count.segments > MAX_SEGMENTS) break;
  }
  return count;
}

// Stuffed zeros, TEM, restarts and a second start of image have no length behind them.
function isStandalone(marker: number): boolean {
  return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

function endOfSegment(source: Buffer, at: number): number | undefined {
  const end = at + 4 <= source.length ? at + 2 + source.readUInt16BE(at + 2) : Infinity;
  return end <= source.length ? end : undefined;
}

/** Less than 0 where the file is cut off. */
function endOfScan(source: Buffer, start: number): number {
  for (let at = source.indexOf(0xff, start); at >= 0; at = source.indexOf(0xff, at + 1)) {
    const next = source[at + 1];
    const isData = next === 0x00 || next === 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!isData) return at;
  }
  return -1;
}
