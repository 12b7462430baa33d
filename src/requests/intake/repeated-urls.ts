import { hash } from 'node:crypto';

const MIN_BITS = 2 ** 16;
const MAX_BITS = 2 ** 27;

/**
 * Finds the URLs that occur more than once in a file which is read twice, in memory that grows with the size of the file
 * (a quarter of it) and with the number of different URLs that are repeated, not with that of all URLs.
 *
 * The first reading notes in two bit fields which hashes occurred, and which again. In the second only the URLs with a
 * hash that occurred again are remembered: nearly all of those are repeated indeed.
 */
export class RepeatedUrls {
  private readonly seen: Uint8Array;
  private readonly seenAgain: Uint8Array;
  private readonly firsts = new Map<number, number>();

  /** `fileBytes` sizes the bit fields: a URL takes a dozen bytes or more, so that a tenth of the bits is set at most. */
  constructor(fileBytes: number) {
    const bits = Math.min(Math.max(2 ** Math.ceil(Math.log2(fileBytes)), MIN_BITS), MAX_BITS);
    this.seen = new Uint8Array(bits / 8);
    this.seenAgain = new Uint8Array(bits / 8);
  }

  /** First reading. */
  note(url: string): void {
    const bit = this.bitOf(url);
    if (isSet(this.seen, bit)) set(this.seenAgain, bit);
    else set(this.seen, bit);
  }

  /**
   * Second reading, in the same order: the number under which this URL came first, or null where it does now. Two URLs
   * are taken for one with a chance of 1 in 2^48, so a caller that relies on it compares them.
   */
  firstOf(url: string, number: number): number | null {
    if (!isSet(this.seenAgain, this.bitOf(url))) return null;
    const key = fingerprint(url);
    const first = this.firsts.get(key);
    if (first === undefined) this.firsts.set(key, number);
    return first ?? null;
  }

  /** FNV-1a (Fowler, Noll, Vo), which is a tenth of the price of a cryptographic hash; collisions cost memory only. */
  private bitOf(url: string): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < url.length; at++) hash = Math.imul(hash ^ url.charCodeAt(at), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % (this.seen.length * 8);
  }
}

/** 48 bits of a hash: a number takes a fifth of the memory of a URL. */
export function fingerprint(url: string): number {
  return hash('md5', url, 'buffer').readUIntBE(0, 6);
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return (bits[bit >>> 3] & (1 << (bit & 7))) !== 0;
}

function set(bits: Uint8Array, bit: number): void {
  bits[bit >>> 3] |= 1 << (bit & 7);
}
