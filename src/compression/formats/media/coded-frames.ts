import { tooManyParts } from '../file-format.js';

/** Units in the data of all items: a frame may have thousands of tiles. */
const MAX_UNITS = 100_000;
const LENGTH_BYTES = 4;

/** How many units of coded data were read. */
export interface UnitCount {
  units: number;
}

function countUnit(count: UnitCount): void {
  if ((count.units += 1) > MAX_UNITS) throw tooManyParts();
}

/**
 * The frames in the data of an AV1 picture: units of types 3 and 6 begin one (AV1 Bitstream & Decoding Process Specification, 5.3).
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, where there are far too many units
 */
export function framesOfAv1(data: Buffer, count: UnitCount): number {
  let frames = 0;
  let at = 0;
  while (at < data.length) {
    const head = data[at];
    if (head === 0) {
      at += 1; // decoders skip zeros between units
      continue;
    }
    countUnit(count);
    const type = (head >> 3) & 15;
    if (type === 3 || type === 6) frames += 1;
    const hasSize = (head & 2) !== 0;
    if (!hasSize) break; // it goes to the end
    at += (head & 4) === 0 ? 1 : 2;
    const { size, bytes } = leb128(data, at);
    at += bytes + size;
  }
  return frames;
}

/** AV1 Bitstream & Decoding Process Specification, 4.10.5: seven bits a byte, the lowest first, in up to eight bytes. */
function leb128(data: Buffer, at: number): { size: number; bytes: number } {
  let size = 0;
  for (let bytes = 0; bytes < 8; bytes += 1) {
    const byte = data[at + bytes] ?? 0;
    size += (byte & 127) * 2 ** (7 * bytes);
    if (byte < 128) return { size, bytes: bytes + 1 };
  }
  return { size, bytes: 8 };
}

/**
 * The frames in the data of an HEVC picture: units behind their lengths of four bytes, of which types below 32 are slices; the first slice
 * of a frame says so (ITU-T H.265, 7.3.6.1; ISO/IEC 14496-15).
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, where there are far too many units
 */
export function framesOfHevc(data: Buffer, count: UnitCount): number {
  let frames = 0;
  for (let at = 0; at + LENGTH_BYTES + 3 <= data.length;) {
    countUnit(count);
    const unit = at + LENGTH_BYTES;
    const isSlice = ((data[unit] >> 1) & 63) < 32;
    if (isSlice && data[unit + 2] >= 128) frames += 1;
    at = unit + data.readUInt32BE(at);
  }
  return frames;
}
