import type { Bits } from './bits.js';

const LONGEST = 15;
/** In which order the lengths of the codes of lengths stand (RFC 9649, section 3.7.2.1.2). */
const ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const FIRST_LENGTH = 8;

/** A prefix code of RFC 9649, section 3.7.2.1: the symbol and its length by the bits that come next. */
export class PrefixCode {
  /** Symbols times 16, plus the length of their code. */
  private readonly table: Uint16Array;
  private readonly longest: number;

  private constructor(lengths: Uint8Array) {
    const counts = new Uint16Array(LONGEST + 1);
    for (const length of lengths) counts[length] += 1;
    counts[0] = 0;
    // The code of an only symbol takes no bits.
    const isOnly = counts.reduce((sum, count) => sum + count) === 1;
    const longest = counts.findLastIndex((count) => count > 0);
    this.longest = isOnly ? 0 : Math.max(0, longest);
    this.table = new Uint16Array(1 << this.longest);
    const next = firstCodes(counts);
    for (const [symbol, length] of lengths.entries())
      if (length > 0) this.add(symbol, isOnly ? 0 : length, next[length]++);
  }

  /** Reads one for an alphabet of so many symbols. */
  static read(bits: Bits, symbols: number): PrefixCode {
    return new PrefixCode(bits.take(1) === 1 ? simpleLengths(bits, symbols) : readLengths(bits, symbols));
  }

  next(bits: Bits): number {
    const entry = this.table[bits.peek(this.longest)];
    bits.skip(entry & 15);
    return entry >> 4;
  }

  private add(symbol: number, length: number, code: number): void {
    const first = reversed(code, length);
    for (let at = first; at < this.table.length; at += 1 << length) this.table[at] = (symbol << 4) | length;
  }

  /** Of the code of lengths, which are 7 bits at most. */
  static ofLengths(bits: Bits): PrefixCode {
    const lengths = new Uint8Array(ORDER.length);
    const count = 4 + bits.take(4);
    for (const symbol of ORDER.slice(0, count)) lengths[symbol] = bits.take(3);
    return new PrefixCode(lengths);
  }
}

/** The first code of each length: codes of one length follow one another, and then come the longer ones. */
function firstCodes(counts: Uint16Array): Uint32Array {
  const first = new Uint32Array(counts.length);
  for (let length = 1; length < counts.length; length++)
    first[length] = (first[length - 1] + counts[length - 1]) << 1;
  return first;
}

/** One or two symbols. */
function simpleLengths(bits: Bits, symbols: number): Uint8Array {
  const lengths = new Uint8Array(Math.max(symbols, 256));
  const isSecond = bits.take(1) === 1;
  lengths[bits.take(bits.take(1) === 1 ? 8 : 1)] = 1;
  if (isSecond) lengths[bits.take(8)] = 1;
  return lengths;
}

function readLengths(bits: Bits, symbols: number): Uint8Array {
  const lengths = new Uint8Array(symbols);
  const code = PrefixCode.ofLengths(bits);
  let left = bits.take(1) === 1 ? 2 + bits.take(2 + 2 * bits.take(3)) : symbols;
  let previous = FIRST_LENGTH;
  for (let symbol = 0; symbol < symbols && left > 0; left--) {
    const length = code.next(bits);
    if (length < 16) {
      lengths[symbol++] = length;
      if (length > 0) previous = length;
    } else {
      const [count, repeated] = repeat(length, previous, bits);
      lengths.fill(repeated, symbol, symbol + count);
      symbol += count;
    }
  }
  return lengths;
}

function repeat(length: number, previous: number, bits: Bits): [count: number, length: number] {
  if (length === 16) return [3 + bits.take(2), previous];
  return [length === 17 ? 3 + bits.take(3) : 11 + bits.take(7), 0];
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}
