/** A part of a JPEG file: a marker, mostly with a length and content. */
export interface JpegSegment {
  /** Its second byte; the first one is always 0xff. ITU-T T.81, table B.1. */
  marker: number;
  /** Marker, length and content; of a whole file's segments, after a start of scan also the compressed pixels behind it. */
  bytes: Buffer;
}

export const START_OF_SCAN = 0xda;
export const END_OF_IMAGE = 0xd9;
// More than any real file has (an ICC profile takes up to 255), less than what would fill the memory.
const MAX_SEGMENTS = 20_000;

/**
 * All segments of a file. Stray bytes between them are skipped, as decoders do.
 *
 * @returns undefined where the file is not built as JPEG files are
 */
export function readJpegSegments(source: Buffer): JpegSegment[] | undefined {
  const segments: JpegSegment[] = [];
  let at = 2;
  while (segments.length < MAX_SEGMENTS) {
    at = source.indexOf(0xff, at);
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

/**
 * The segments up to the first start of scan, which is the last of them unless something stands there that is none:
 * then they end before it. In some microseconds, as the compressed pixels are not looked at.
 */
export function* readJpegHead(source: Buffer): Generator<JpegSegment> {
  for (let at = 2; at + 4 <= source.length;) {
    const marker = source[at + 1];
    if (source[at] !== 0xff || isStandalone(marker)) return;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + source.readUInt16BE(at + 2);
    if (end > source.length) return;
    yield { marker, bytes: source.subarray(at, end) };
    if (marker === START_OF_SCAN) return;
    at = end;
  }
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
