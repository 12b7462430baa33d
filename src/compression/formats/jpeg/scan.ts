import { setImmediate } from 'node:timers/promises';
import { BitReader, HuffmanTable } from './huffman.js';

/** A colour of a frame. */
export interface Component {
  id: number;
  /** Sampling factors: blocks a unit. */
  across: number;
  down: number;
  /** Its blocks where it has a scan of its own. */
  blocksAcross: number;
  blocksDown: number;
  /** Which coefficients of a block are not zero, 2 × 32 bits; only refined scans go by it. */
  nonZero?: Uint32Array;
}

/** What a frame's segment says. */
export interface Frame {
  isProgressive: boolean;
  components: Component[];
  /** Units of interleaved scans. */
  units: number;
}

/** What a scan's segment says, and the codes that hold for it. */
export interface Scan {
  components: { component: Component; dc?: HuffmanTable; ac?: HuffmanTable }[];
  first: number;
  last: number;
  isRefined: boolean;
  /** Units between two restart markers; 0 for none. */
  restartInterval: number;
}

/** Blocks that are read before others have their turn: a millisecond, or ten with the longest codes. */
const BLOCKS_A_TURN = 2_000;

/**
 * Reads a scan to its last block, without making a picture of it.
 *
 * @returns where the blocks end in the data; undefined where some are missing or damaged
 */
export async function readScan(data: Buffer, scan: Scan, frame: Frame): Promise<number | undefined> {
  const reader = new ScanReader(new BitReader(data), scan, frame.isProgressive);
  const [{ component }] = scan.components;
  const isInterleaved = scan.components.length > 1;
  const units = isInterleaved ? frame.units : component.blocksAcross * component.blocksDown;
  const unitsATurn = Math.ceil(BLOCKS_A_TURN / (isInterleaved ? blocksOfUnit(scan) : 1));
  for (let unit = 0; unit < units; unit += 1) {
    if (unit % unitsATurn === unitsATurn - 1) await setImmediate();
    const isRestart = scan.restartInterval > 0 && unit > 0 && unit % scan.restartInterval === 0;
    if (isRestart && !reader.restart()) return undefined;
    if (!(isInterleaved ? reader.readUnit() : reader.readBlock(0, unit))) return undefined;
  }
  return reader.end;
}

/** Of an interleaved scan. */
export function blocksOfUnit({ components }: Pick<Scan, 'components'>): number {
  return components.reduce((sum, { component: { across, down } }) => sum + across * down, 0);
}

/** ITU-T T.81, F.2 (sequential) and G.2 (progressive). */
class ScanReader {
  /** Blocks of which nothing more comes, as one code said. */
  private endOfBand = 0;

  constructor(
    private readonly bits: BitReader,
    private readonly scan: Scan,
    private readonly isProgressive: boolean,
  ) {}

  get end(): number {
    return this.bits.end;
  }

  restart(): boolean {
    this.endOfBand = 0;
    return this.bits.restart();
  }

  /** A unit of several colours, whose blocks are as many as its sampling factors say. */
  readUnit(): boolean {
    for (let index = 0; index < this.scan.components.length; index += 1) {
      const { across, down } = this.scan.components[index].component;
      for (let left = across * down; left > 0; left -= 1) if (!this.readBlock(index, 0)) return false;
    }
    return true;
  }

  /** @param block its number in the component; only that of progressive scans of one colour matters */
  readBlock(index: number, block: number): boolean {
    const { component, dc, ac } = this.scan.components[index];
    if (!this.isProgressive) return this.readDc(dc) && this.readSequentialAc(ac);
    if (this.scan.first === 0) return this.scan.isRefined ? this.bits.skip(1) : this.readDc(dc);
    const nonZero = (component.nonZero ??= new Uint32Array(
      2 * component.blocksAcross * component.blocksDown,
    ));
    const flags = new Flags(nonZero, 2 * block);
    return this.scan.isRefined ? this.refineAc(flags, ac) : this.readFirstAc(flags, ac);
  }

  private readDc(table?: HuffmanTable): boolean {
    const size = table?.read(this.bits) ?? -1;
    return size >= 0 && size <= 16 && this.bits.skip(size);
  }

  private readSequentialAc(table?: HuffmanTable): boolean {
    if (!table) return false;
    for (let k = 1; k < 64; k += 1) {
      const code = table.read(this.bits);
      if (code < 0) return false;
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run < 15) return true;
      k += run;
      if (k > 63 || !this.bits.skip(size)) return false;
    }
    return true;
  }

  private readFirstAc(flags: Flags, table?: HuffmanTable): boolean {
    if (this.endOfBand > 0) {
      this.endOfBand -= 1;
      return true;
    }
    if (!table) return false;
    for (let k = this.scan.first; k <= this.scan.last; k += 1) {
      const code = table.read(this.bits);
      if (code < 0) return false;
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run < 15) return this.beginEndOfBand(run);
      k += run;
      if (k > this.scan.last || !this.bits.skip(size)) return false;
      if (size > 0) flags.set(k);
    }
    return true;
  }

  private refineAc(flags: Flags, table?: HuffmanTable): boolean {
    if (!table) return false;
    let k = this.scan.first;
    while (this.endOfBand === 0 && k <= this.scan.last) {
      const code = table.read(this.bits);
      if (code < 0) return false;
      const [run, size] = [code >> 4, code & 15];
      if (size === 0 && run < 15) {
        if (!this.beginEndOfBand(run)) return false;
        this.endOfBand += 1; // of this block there is still the correction of what was known
        break;
      }
      if (size > 0 && !this.bits.skip(1)) return false;
      const place = this.skipZeros(flags, k, run);
      if (place < 0) return false;
      if (size > 0 && place <= this.scan.last) flags.set(place);
      k = place + 1;
    }
    if (this.endOfBand === 0) return true;
    this.endOfBand -= 1;
    return this.bits.skip(flags.count(k, this.scan.last));
  }

  /** Goes over so many coefficients that were zero, and to the next one; those known as not zero have a bit each. */
  private skipZeros(flags: Flags, from: number, zeros: number): number {
    let left = zeros;
    let k = from;
    for (; k <= this.scan.last; k += 1) {
      if (flags.has(k)) {
        if (!this.bits.skip(1)) return -1;
      } else if (left === 0) return k;
      else left -= 1;
    }
    return k;
  }

  private beginEndOfBand(bits: number): boolean {
    const more = this.bits.read(bits);
    this.endOfBand = (1 << bits) + more - 1; // without this one
    return more >= 0;
  }
}

/** Which coefficients of a block are not zero. */
class Flags {
  constructor(
    private readonly words: Uint32Array,
    private readonly at: number,
  ) {}

  has(k: number): boolean {
    return (this.words[this.at + (k >> 5)] & (1 << (k & 31))) !== 0;
  }

  set(k: number): void {
    this.words[this.at + (k >> 5)] |= 1 << (k & 31);
  }

  count(from: number, to: number): number {
    if ((this.words[this.at] | this.words[this.at + 1]) === 0) return 0;
    let count = 0;
    for (let k = from; k <= to; k += 1) if (this.has(k)) count += 1;
    return count;
  }
}
