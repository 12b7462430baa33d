import { setImmediate } from 'node:timers/promises';
import { MAX_FRAMES, tooManyParts } from '../file-format.js';
import { codeGroups, type LosslessData } from './code-groups.js';

const HEADER_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
/** In front of the chunks of a frame: its place, size and time (RFC 9649, section 2.7.1). */
const FRAME_HEAD_BYTES = 16;
const SIGNATURE = 0x2f;
const LOSSLESS_HEAD_BYTES = 5;
/** Of the transparency of a picture. */
const COMPRESSED = 1;

/** In one picture. libwebp writes 2,600 at most; tables of 65,536 took 0.4 to 1 GB. */
const MAX_GROUPS = 4_096;
/** In all frames: tables of 3,000 took 42 ms a frame. */
const MAX_ALL_GROUPS = 200_000;
/** Of an animation of more, its first frame alone is decoded. */
const MAX_ALL_PIXELS = 100_000_000;
/** Those within frames, too: 25 MB of empty ones are three million, and are walked through in one go. */
const MAX_CHUNKS = 100_000;

/** Whether a file is a WebP in its container. */
export function isWebp(source: Buffer): boolean {
  return /^RIFF[^]{4}WEBP/.test(source.toString('latin1', 0, HEADER_BYTES));
}

/** What was counted in one file, or in several such as the tiles of a TIFF. */
export class CountedGroups {
  groups = 0;
  /** As the pictures say; beyond 100 million they are not read any more. */
  pixels = 0;
  frames = 0;
  chunks = 0;
}

/**
 * Bounds the groups of prefix codes of the lossless pictures in a WebP, whose tables its decoder holds all at once. A file of 0.3 MB with
 * one million pixels took 0.4 GB.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED
 */
export async function guardCodeGroups(source: Buffer, counted = new CountedGroups()): Promise<void> {
  const whole = { start: HEADER_BYTES, end: source.length, width: 0, height: 0 };
  for (const data of losslessData(source, whole, counted)) {
    counted.pixels += data.width * data.height;
    counted.frames += 1;
    if (counted.pixels > MAX_ALL_PIXELS || counted.frames > MAX_FRAMES + 1) return;
    await setImmediate();
    const groups = await codeGroups(source, data);
    counted.groups += groups;
    if (groups > MAX_GROUPS || counted.groups > MAX_ALL_GROUPS) throw tooManyParts();
  }
}

type Size = Pick<LosslessData, 'width' | 'height'>;

/**
 * Those in some chunks, also in one that is cut off. Each ends with the last chunk: some decoders read on behind what a chunk says of its
 * length.
 */
function* losslessData(
  source: Buffer,
  { start, end, ...size }: LosslessData,
  counted: CountedGroups,
): Generator<LosslessData> {
  let canvas: Size = size;
  for (let at = start; at + CHUNK_HEAD_BYTES <= end;) {
    if ((counted.chunks += 1) > MAX_CHUNKS) throw tooManyParts();
    const type = source.toString('latin1', at, at + 4);
    const bytes = source.readUInt32LE(at + 4);
    const from = at + CHUNK_HEAD_BYTES;
    const to = Math.min(from + bytes, end);
    if (type === 'VP8X' && to - from >= 10) canvas = sizeAt(source, from + 4);
    if (type === 'ANMF' && to - from > FRAME_HEAD_BYTES)
      yield* losslessData(
        source,
        { start: from + FRAME_HEAD_BYTES, end: to, ...sizeAt(source, from + 6) },
        counted,
      );
    if (type === 'VP8L' && end - from > LOSSLESS_HEAD_BYTES && source[from] === SIGNATURE)
      yield { start: from + LOSSLESS_HEAD_BYTES, end, ...sizeOf(source.readUInt32LE(from + 1)) };
    if (type === 'ALPH' && to > from && (source[from] & 3) === COMPRESSED)
      yield { start: from + 1, end, ...canvas };
    at = from + bytes + (bytes % 2);
  }
}

/** Two numbers of 24 bits, each one less than is meant. */
function sizeAt(source: Buffer, at: number): Size {
  return { width: 1 + source.readUIntLE(at, 3), height: 1 + source.readUIntLE(at + 3, 3) };
}

/** Two numbers of 14 bits, each one less than is meant. */
function sizeOf(head: number): Size {
  return { width: 1 + (head & 0x3fff), height: 1 + ((head >>> 14) & 0x3fff) };
}
