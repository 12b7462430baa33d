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
const START_OF_IMAGE = 0xd8;
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
 * between them are skipped, as decoders do. A reader of all of them stops at {@link MAX_SEGMENTS}.
 */
export function* jpegSegments(source: Buffer): Generator<JpegSegment> {
  const walk = walkOf(source);
  for (let index = 0; ; index += 1) {
    if (index === walk.found.length) {
      const { value, done } = walk.rest.next();
      if (done) return;
      walk.found.push(value);
    }
    yield walk.found[index];
  }
}

interface Walk {
  found: JpegSegment[];
  rest: Iterator<JpegSegment, void>;
}

// A file is walked through once, and no further than somebody asks, however many ask.
const walks = new WeakMap<Buffer, Walk>();

function walkOf(source: Buffer): Walk {
  const known = walks.get(source);
  if (known) return known;
  const walk = { found: [], rest: walkThrough(source) };
  walks.set(source, walk);
  return walk;
}

function* walkThrough(source: Buffer): Generator<JpegSegment, void> {
  if (source[0] !== 0xff || source[1] !== START_OF_IMAGE) return;
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
      if (at > end) yield { marker: PIXELS, at: end, bytes: source.subarray(end, at) };
    }
  }
}

/** Whether a marker begins a frame: all of 0xc0 to 0xcf but the tables of codes and arithmetic conditions, and what is reserved. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Whether its colours come in scans of their own, or some bits after others. */
export function isProgressiveFrame(marker: number): boolean {
  return isFrame(marker) && (marker & 3) === 2;
}

/** Whether its codes are arithmetic, and not those of Huffman. */
export function isArithmeticFrame(marker: number): boolean {
  return isFrame(marker) && marker > 0xc8;
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

/** So many bytes are looked at one by one before they are searched: a search costs thirty times as much as a look. */
const BYTES_A_SEARCH = 32;

/**
 * The end of the file, where it is cut off. 24 MB of stuffed zeros took 130 ms where each of them was searched for, or tested
 * for all that may follow; as many with one in each 66 bytes 125 ms where 64 bytes were looked at before.
 */
function endOfScan(source: Buffer, start: number): number {
  const last = source.length - 1;
  for (let at = start; at < last;) {
    if (source[at] === 0xff) {
      const next = source[at + 1];
      if (next !== 0 && next !== 0xff && !isScanData(next)) return at;
      at += next === 0xff ? 1 : 2;
    } else {
      const searchAt = at + BYTES_A_SEARCH < last ? at + BYTES_A_SEARCH : last;
      while (at < searchAt && source[at] !== 0xff) at += 1;
      if (source[at] !== 0xff) at = source.indexOf(0xff, at);
      if (at < 0) return source.length;
    }
  }
  return source.length;
}

/** Stuffed zeros and restarts. */
function isScanData(next: number): boolean {
  return next === 0x00 || (next >= 0xd0 && next <= 0xd7);
}
