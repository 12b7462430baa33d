import { setImmediate } from 'node:timers/promises';
import { asItIs, type GuardedSource, KeptRanges } from './guarded-source.js';
import { colourTableBytes, endOfBlocks, isLoopCount, startOfPixels } from '../strip-gif.js';

const HEADER_BYTES = 13;
/** Parts that are looked at before others have their turn: some milliseconds. */
const PARTS_A_TURN = 50_000;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const TRAILER = 0x3b;

/**
 * The GIF with no more than its frames, each with its last graphic control, and one loop count. libvips walks through all
 * parts for each frame that it decodes: three million graphic controls took 0.4 GB and 2 s.
 *
 * @param maxFrames frames behind so many are left out
 */
export async function guardGif(source: Buffer, maxFrames: number): Promise<GuardedSource> {
  const kept = new KeptRanges();
  let at = HEADER_BYTES + colourTableBytes(source[10]);
  kept.keep(0, Math.min(at, source.length));
  let control: [number, number] | undefined;
  let hasLoopCount = false;
  let frames = 0;
  for (let parts = 1; at < source.length && frames < maxFrames; parts += 1) {
    if (parts % PARTS_A_TURN === 0) await setImmediate();
    const kind = source[at];
    if (kind !== IMAGE && kind !== EXTENSION) break;
    const end = endOfBlocks(source, kind === IMAGE ? startOfPixels(source, at) : at + 2);
    if (end > source.length) break;
    if (kind === IMAGE) {
      frames += 1;
      if (control) kept.keep(...control);
      control = undefined;
      kept.keep(at, end);
    } else if (source[at + 1] === GRAPHIC_CONTROL) control = [at, end];
    else if (!hasLoopCount && isLoopCount(source, at)) {
      hasLoopCount = true;
      kept.keep(at, end);
    }
    at = end;
  }
  if (frames < maxFrames && source[at] !== TRAILER) {
    // What was cut off, or is no part of a GIF, is for libvips to judge.
    if (control) kept.keep(...control);
    kept.keep(at, source.length);
    return asItIs(kept.of(source));
  }
  const end = Buffer.from([TRAILER]);
  return asItIs(kept.bytes === at && source[at] === TRAILER ? source : Buffer.concat([kept.of(source), end]));
}
