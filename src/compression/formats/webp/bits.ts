/** Bits of a lossless WebP, each byte from its lowest bit on. Behind the end there are zeros: {@link isOver} tells. */
export class Bits {
  private at: number;

  constructor(
    private readonly source: Buffer,
    start: number,
    private readonly end: number,
  ) {
    this.at = 8 * start;
  }

  /** Whether more was taken than there is. */
  get isOver(): boolean {
    return this.at > 8 * this.end;
  }

  /** The next bits as a number, up to 15 of them, without taking them. */
  peek(count: number): number {
    const byte = this.at >> 3;
    const three = this.byte(byte) | (this.byte(byte + 1) << 8) | (this.byte(byte + 2) << 16);
    return (three >> (this.at & 7)) & ((1 << count) - 1);
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Up to 30 bits. */
  take(count: number): number {
    if (count > 15) return this.take(15) | (this.take(count - 15) << 15);
    const bits = this.peek(count);
    this.at += count;
    return bits;
  }

  private byte(at: number): number {
    return at < this.end ? this.source[at] : 0;
  }
}
