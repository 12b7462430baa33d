import { setImmediate } from 'node:timers/promises';
import { Bits } from './bits.js';
import { PrefixCode } from './prefix-code.js';

/** A picture without loss, or the transparency of another one: where its bits stand in the file, and its size. */
export interface LosslessData {
  start: number;
  end: number;
  width: number;
  height: number;
}

/** The transforms of RFC 9649, section 4, by their numbers. */
const SUBTRACT_GREEN = 2;
const COLOUR_INDEXING = 3;

const LITERALS = 256;
const LENGTHS = 24;
const DISTANCES = 40;
const GROUPS = 65_536;
/** Of the small pictures that are read, before others have their turn: some milliseconds. */
const PIXELS_A_TURN = 100_000;

/**
 * How many groups of prefix codes a lossless WebP uses: a picture of numbers in front of its pixels says which of them each block has. Its
 * decoder builds all of their tables before the first pixel, 6 to 14 kB each.
 *
 * @returns 1 for one without such a picture, and for what is damaged: the decoder refuses it
 */
export async function codeGroups(
  source: Buffer,
  { start, end, width, height }: LosslessData,
): Promise<number> {
  const bits = new Bits(source, start, end);
  let columns = width;
  for (let transforms = 0; bits.take(1) === 1 && transforms < 4; transforms++) {
    const kind = bits.take(2);
    if (kind === COLOUR_INDEXING) {
      const colours = 1 + bits.take(8);
      await readNumbers(bits, colours);
      columns = Math.ceil(columns / pixelsInOne(colours));
    } else if (kind !== SUBTRACT_GREEN) await readBlocks(bits, columns, height);
    if (bits.isOver) return 1;
  }
  if (bits.take(1) === 1) bits.take(4); // the size of the colour cache
  if (bits.take(1) === 0) return 1;
  const groups = await readBlocks(bits, columns, height);
  return bits.isOver ? 1 : groups;
}

/** Pictures of few colours have several pixels in one. */
function pixelsInOne(colours: number): number {
  if (colours > 16) return 1;
  if (colours > 4) return 2;
  return colours > 2 ? 4 : 8;
}

/** A number for each block of the picture; gives how many different ones there are. */
function readBlocks(bits: Bits, width: number, height: number): Promise<number> {
  const side = 1 << (2 + bits.take(3));
  return readNumbers(bits, Math.ceil(width / side) * Math.ceil(height / side));
}

/**
 * Reads a picture whose pixels are numbers, and gives how many different ones it has, as groups are named: by red and green. It has one
 * group of codes itself (RFC 9649, section 5). What is copied from other pixels, or out of the cache of colours, stands in it before.
 */
async function readNumbers(bits: Bits, pixels: number): Promise<number> {
  const cached = bits.take(1) === 1 ? 1 << bits.take(4) : 0;
  const sizes = [LITERALS + LENGTHS + cached, LITERALS, LITERALS, LITERALS, DISTANCES];
  const [green, red, blue, alpha, distance] = sizes.map((size) => PrefixCode.read(bits, size));
  const isUsed = new Uint8Array(GROUPS);
  let different = 0;
  let next = PIXELS_A_TURN;
  for (let at = 0; at < pixels && !bits.isOver; at++) {
    const symbol = green.next(bits);
    if (symbol < LITERALS) {
      const number = (red.next(bits) << 8) | symbol;
      blue.next(bits);
      alpha.next(bits);
      different += 1 - isUsed[number];
      isUsed[number] = 1;
    } else if (symbol < LITERALS + LENGTHS) {
      at += readExtra(bits, symbol - LITERALS) - 1;
      readExtra(bits, distance.next(bits));
    }
    if (at >= next) {
      await setImmediate();
      next = at + PIXELS_A_TURN;
    }
  }
  return different;
}

/** A length or a distance of RFC 9649, section 5.2.2: a symbol, and the bits behind it. */
function readExtra(bits: Bits, symbol: number): number {
  if (symbol < 4) return symbol + 1;
  const extra = (symbol - 2) >> 1;
  return ((2 + (symbol & 1)) << extra) + bits.take(extra) + 1;
}
