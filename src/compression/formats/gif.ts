import { setImmediate } from 'node:timers/promises';
import {
  asItIs,
  type FileFormat,
  type GuardedSource,
  KeptRanges,
  MAX_FRAMES,
  tooManyParts,
} from './file-format.js';

const HEADER_BYTES = 13;
/** Parts and blocks that are looked at before others have their turn: some milliseconds. */
const STEPS_A_TURN = 50_000;
/**
 * In one part, and in all that are kept: 25 MB in blocks of 255 bytes are 100,000, and encoders fill them. 12 million of one byte
 * held up all others for 0.13 s.
 */
const MAX_BLOCKS = 1_000_000;
// What its decoder holds is in memory.ts.
const MAX_FRAME_PIXELS = 30_000_000;
/**
 * Of all frames as they are described, which can be larger than the screen, beyond those of the screen twice: decoders work through what
 * nobody sees. Frames of 65,535 × 65,535 on a screen of 223 × 223 took 70 ms each.
 */
const MAX_UNSEEN_PIXELS = 100_000_000;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;
const APPLICATION = 0xff;

/** GIF, as CompuServe's specifications of 1987 and 1989 lay it down. */
export const GIF: FileFormat = {
  name: 'gif',
  isAnimation: true,
  recognises: (source) => /^GIF8[79]a/.test(source.toString('latin1', 0, 6)),
  guard: async (source) => ({
    ...(await guardGif(source, MAX_FRAMES + 1)), // one more tells that there are too many
    screenPixels: screenOf(source),
  }),
  maxFramePixels: () => MAX_FRAME_PIXELS,
  strip: (source, { isCutDown }) => stripGif(source, { firstFrameOnly: isCutDown }),
};

interface GifPart {
  kind: 'frame' | 'control' | 'loop count' | 'other';
  at: number;
  /** Behind the end of the source, where the file is cut off. */
  end: number;
  /** Of its data. */
  blocks: number;
}

/** The parts behind the header, up to the trailer, or to what is no part of a GIF. */
function* gifParts(source: Buffer): Generator<GifPart> {
  for (let at = headerEnd(source); source[at] === IMAGE || source[at] === EXTENSION;) {
    const isImage = source[at] === IMAGE;
    const { end, blocks } = readBlocks(source, isImage ? startOfPixels(source, at) : at + 2);
    yield { kind: isImage ? 'frame' : kindOfExtension(source, at), at, end, blocks };
    at = end;
  }
}

function screenOf(source: Buffer): number {
  return source.length < HEADER_BYTES ? 0 : source.readUInt16LE(6) * source.readUInt16LE(8);
}

/** With the global colours. */
function headerEnd(source: Buffer): number {
  return HEADER_BYTES + colourTableBytes(source[10]);
}

/** How many bytes of colours these flags announce. */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}

/** Where the pixels of an image begin: behind the descriptor (10 bytes) and the local colours stands the size of the codes, one byte. */
function startOfPixels(source: Buffer, at: number): number {
  return at + 10 + colourTableBytes(source[at + 9] ?? 0) + 1;
}

/** Data comes in blocks of up to 255 bytes, each with its length before it; a length of 0 ends them. */
function readBlocks(source: Buffer, start: number): { end: number; blocks: number } {
  let at = start;
  let blocks = 0;
  for (; at < source.length && source[at] !== 0; at += source[at] + 1) {
    if ((blocks += 1) > MAX_BLOCKS) throw tooManyParts();
  }
  return { end: at + 1, blocks };
}

/** Of the application extensions, the loop count alone draws. */
function kindOfExtension(source: Buffer, at: number): GifPart['kind'] {
  if (source[at + 1] === GRAPHIC_CONTROL) return 'control';
  const name = source.toString('latin1', at + 3, at + 14);
  const isLoopCount = name === 'NETSCAPE2.0' || name === 'ANIMEXTS1.0';
  return source[at + 1] === APPLICATION && isLoopCount ? 'loop count' : 'other';
}

/**
 * The GIF with no more than its frames, each with its last graphic control, and one loop count. libvips walks through all
 * parts for each frame that it decodes: three million graphic controls took 0.4 GB and 2 s.
 *
 * @param maxFrames frames behind so many are left out
 * @throws ImageError FORMAT_NOT_SUPPORTED (far too many blocks, or pixels that nobody sees)
 */
async function guardGif(source: Buffer, maxFrames: number): Promise<GuardedSource> {
  const screenPixels = screenOf(source);
  const kept = new KeptRanges();
  let end = headerEnd(source);
  kept.keep(0, Math.min(end, source.length));
  let control: GifPart | undefined;
  let hasLoopCount = false;
  let frames = 0;
  let framePixels = 0;
  let steps = 0;
  let keptBlocks = 0;
  const keep = (part: GifPart): void => {
    kept.keep(part.at, part.end);
    keptBlocks += part.blocks;
    if (keptBlocks > MAX_BLOCKS) throw tooManyParts();
  };
  for (const part of gifParts(source)) {
    if (part.end > source.length || frames >= maxFrames) break;
    steps += 1 + part.blocks;
    if (steps >= STEPS_A_TURN) {
      await setImmediate();
      steps = 0;
    }
    if (part.kind === 'frame') {
      frames += 1;
      framePixels += source.readUInt16LE(part.at + 5) * source.readUInt16LE(part.at + 7);
      if (framePixels > 2 * frames * screenPixels + MAX_UNSEEN_PIXELS) throw tooManyParts();
      if (control) keep(control);
      control = undefined;
    } else if (part.kind === 'control') control = part;
    if (part.kind === 'frame' || (part.kind === 'loop count' && !hasLoopCount)) keep(part);
    hasLoopCount ||= part.kind === 'loop count';
    ({ end } = part);
  }
  if (frames < maxFrames && source[end] !== TRAILER) {
    // What was cut off, or is no part of a GIF, is for libvips to judge.
    if (control) keep(control);
    kept.keep(end, source.length);
    return asItIs(kept.of(source));
  }
  const isWhole = kept.bytes === end && source[end] === TRAILER;
  return asItIs(isWhole ? source : Buffer.concat([kept.of(source), Buffer.from([TRAILER])]));
}

/**
 * The same picture or animation, bit for bit, without comments, texts, XMP and everything behind the end of the image.
 *
 * @returns undefined where the file ends in the middle of something: libvips takes an animation that was cut off for
 *   a shorter one
 */
function stripGif(source: Buffer, { firstFrameOnly }: { firstFrameOnly: boolean }): Buffer | undefined {
  let end = headerEnd(source);
  const kept: Buffer[] = [source.subarray(0, end)];
  let frames = 0;
  for (const part of gifParts(source)) {
    if (firstFrameOnly && frames > 0) break;
    if (part.end > source.length) return undefined;
    if (part.kind === 'frame') frames += 1;
    if (part.kind !== 'other') kept.push(source.subarray(part.at, part.end));
    ({ end } = part);
  }
  // Whatever comes behind a frame, decoders stop there.
  if (frames === 0 && end < source.length && source[end] !== TRAILER) return undefined;
  kept.push(Buffer.from([TRAILER]));
  return Buffer.concat(kept);
}
