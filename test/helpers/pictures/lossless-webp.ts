import { webpChunk } from './hostile-parts.js';

/** Bits, each byte from its lowest one on. */
class BitWriter {
  private readonly bits: number[] = [];

  put(value: number, count: number): void {
    for (let bit = 0; bit < count; bit += 1) this.bits.push((value >> bit) & 1);
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.bits.length / 8));
    this.bits.forEach((bit, at) => (bytes[at >> 3] |= bit << (at & 7)));
    return bytes;
  }
}

const GROUP_CODES = 5;

/**
 * The data of a lossless WebP (RFC 9649, section 3) whose blocks of 4 × 4 pixels use groups of prefix codes by turns. Each group has one
 * colour.
 */
export function losslessData(width: number, height: number, groups: number): Buffer {
  const bits = new BitWriter();
  bits.put(0x2f, 8);
  bits.put(width - 1, 14);
  bits.put(height - 1, 14);
  bits.put(0, 4); // no transparency, version 0
  bits.put(0, 2); // no transform, no cache of colours
  bits.put(1, 1);
  bits.put(0, 3); // blocks of 4
  putGroupNumbers(bits, Math.ceil(width / 4) * Math.ceil(height / 4), groups);
  for (let code = 0; code < groups * GROUP_CODES; code += 1) putSymbol(bits, 0);
  return bits.bytes();
}

/** Number by number, with codes of 8 bits for red and green. */
function putGroupNumbers(bits: BitWriter, blocks: number, groups: number): void {
  bits.put(0, 1); // no cache of colours
  for (let code = 0; code < 2; code += 1) putCodeOfBytes(bits);
  for (let code = 0; code < 3; code += 1) putSymbol(bits, 0);
  for (let block = 0; block < blocks; block += 1) {
    const group = block % groups;
    bits.put(reversed(group & 255), 8);
    bits.put(reversed(group >> 8), 8);
  }
}

/** 256 symbols with codes of 8 bits each: their lengths are all the only symbol of another code. */
function putCodeOfBytes(bits: BitWriter): void {
  const placeOfEight = 11;
  bits.put(0, 1);
  bits.put(placeOfEight + 1 - 4, 4);
  for (let place = 0; place <= placeOfEight; place += 1) bits.put(place === placeOfEight ? 1 : 0, 3);
  bits.put(1, 1);
  bits.put(3, 3); // the number of lengths has 2 + 2 · 3 bits
  bits.put(256 - 2, 8);
}

/** A code of one symbol, 0 or 1. */
function putSymbol(bits: BitWriter, symbol: number): void {
  bits.put(1, 1);
  bits.put(0, 2);
  bits.put(symbol, 1);
}

function reversed(byte: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit += 1) result |= ((byte >> bit) & 1) << (7 - bit);
  return result;
}

/** A WebP of these chunks. */
export function webpOf(...chunks: Buffer[]): Buffer {
  const file = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), ...chunks]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

/** An animation of frames that are each this data. */
export function losslessAnimation(width: number, height: number, data: Buffer, frames: number): Buffer {
  const canvas = Buffer.alloc(10);
  canvas[0] = 2; // an animation
  const frameHead = Buffer.alloc(16);
  for (const [head, at] of [
    [canvas, 4],
    [frameHead, 6],
  ] as const) {
    head.writeUIntLE(width - 1, at, 3);
    head.writeUIntLE(height - 1, at + 3, 3);
  }
  frameHead[12] = 40; // milliseconds
  const frame = webpChunk('ANMF', Buffer.concat([frameHead, webpChunk('VP8L', data)]));
  return webpOf(
    webpChunk('VP8X', canvas),
    webpChunk('ANIM', Buffer.alloc(6)),
    ...Array<Buffer>(frames).fill(frame),
  );
}
