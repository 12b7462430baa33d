/** A code of a JPEG, made for looking up: ITU-T T.81, annex C. */
export class HuffmanTable {
  /** By the next eight bits: length of the code << 8 | value; 0 where it is longer, or no code. */
  private readonly short = new Uint16Array(256);
  private readonly maxCode = new Int32Array(18).fill(-1);
  private readonly offset = new Int32Array(17);

  constructor(
    counts: Uint8Array,
    private readonly values: Uint8Array,
  ) {
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length += 1, code <<= 1) {
      this.offset[length] = index - code;
      for (let left = counts[length - 1]; left > 0; left -= 1, code += 1, index += 1) {
        if (length <= 8) this.fillShort(length, code, values[index]);
      }
      if (counts[length - 1] > 0) this.maxCode[length] = code - 1;
    }
  }

  /** The value of the next code, which is read; or -1 where there is none, or no more data. */
  read(bits: BitReader): number {
    const found = this.short[bits.peekByte()];
    if (found !== 0) return bits.skip(found >> 8) ? found & 0xff : -1;
    let code = 0;
    for (let length = 1; length <= 16; length += 1) {
      const bit = bits.read(1);
      if (bit < 0) return -1;
      code = (code << 1) | bit;
      if (code <= this.maxCode[length]) return this.values[this.offset[length] + code] ?? -1;
    }
    return -1;
  }

  private fillShort(length: number, code: number, value: number): void {
    const first = code << (8 - length);
    this.short.fill((length << 8) | value, first, first + (1 << (8 - length)));
  }
}

/** Reads the bits of a scan up to a marker, or to its end; the zeros that are stuffed behind 0xff are left out. */
export class BitReader {
  private buffer = 0;
  private count = 0;
  private at = 0;

  constructor(private readonly data: Buffer) {}

  /** The next bits as a number, 0 to 16 of them; -1 where there are not so many. */
  read(bits: number): number {
    if (bits === 0) return 0;
    if (this.count < bits && !this.fill(bits)) return -1;
    this.count -= bits;
    return (this.buffer >>> this.count) & ((1 << bits) - 1);
  }

  /** Whether there were so many bits to be left out. */
  skip(bits: number): boolean {
    for (let left = bits; left > 0; left -= 16) if (this.read(Math.min(16, left)) < 0) return false;
    return true;
  }

  /** The next eight bits, which are read later; filled up with ones where there are fewer. */
  peekByte(): number {
    if (this.count < 8 && !this.fill(8))
      return ((this.buffer << (8 - this.count)) | (0xff >> this.count)) & 0xff;
    return (this.buffer >>> (this.count - 8)) & 0xff;
  }

  /** Goes on behind the next restart marker, whatever stands before it; false where there is none. */
  restart(): boolean {
    this.at = this.end;
    this.count = 0;
    for (; this.at + 1 < this.data.length; this.at += 1) {
      if (this.data[this.at] === 0xff && isRestart(this.data[this.at + 1])) {
        this.at += 2;
        return true;
      }
    }
    return false;
  }

  /** Where the next byte stands of which no bit was read. */
  get end(): number {
    let end = this.at;
    for (let unread = this.count >> 3; unread > 0; unread -= 1) {
      end -= end >= 2 && this.data[end - 1] === 0 && this.data[end - 2] === 0xff ? 2 : 1;
    }
    return end;
  }

  private fill(bits: number): boolean {
    while (this.count < bits) {
      const byte = this.data[this.at];
      if (byte === undefined) return false;
      if (byte === 0xff && this.data[this.at + 1] !== 0) return false; // a marker
      this.at += byte === 0xff ? 2 : 1;
      // No more than 23 bits are held, so that none is lost.
      this.buffer = ((this.buffer << 8) | byte) & 0xffffff;
      this.count += 8;
    }
    return true;
  }
}

function isRestart(marker: number): boolean {
  return marker >= 0xd0 && marker <= 0xd7;
}
