import { setImmediate } from 'node:timers/promises';
import { HuffmanTable } from './huffman.js';
import { blocksOfUnit, type Component, type Frame, readScan, type Scan } from './scan.js';
import {
  END_OF_IMAGE,
  isArithmeticFrame,
  isFrame,
  isProgressiveFrame,
  jpegSegments,
  MAX_SEGMENTS,
  PIXELS,
  START_OF_SCAN,
} from './segments.js';
import type { Mended } from '../file-format.js';

// ITU-T T.81, table B.1.
const BASELINE = 0xc0;
const EXTENDED = 0xc1;
const PROGRESSIVE = 0xc2;
const CODES = 0xc4;
const RESTART_INTERVAL = 0xdd;
const COEFFICIENTS = 64;
// Beside that of its coefficients, in coefficients. Arithmetic codes of 42 scans took 35 s, where Huffman codes took 16.
const COST_OF_BLOCK = 8;
const COST_OF_ARITHMETIC = 2;
// ITU-T T.81, B.2.2 and B.2.3; libjpeg takes no more, either.
const MAX_SAMPLING = 4;
const MAX_BLOCKS_OF_UNIT = 10;
/** Bytes of segments that are read before others have their turn: 24 MB may be 1.4 million tables of codes. */
const BYTES_A_TURN = 65_536;
const START_AND_END = [Buffer.from([0xff, 0xd8]), Buffer.from([0xff, END_OF_IMAGE])];

/**
 * The same picture as a faultless file, where a decoder complained, but every block of every scan is there: with the
 * parameters that scans of its kind have, without stray bytes, and with an end. So it is what every viewer shows in full.
 * About 0.1 s of CPU a megabyte, in turns.
 *
 * @returns undefined where parts of the picture are missing or damaged, and for arithmetic and other rare codings
 */
export async function mendJpeg(source: Buffer): Promise<Mended | undefined> {
  const file = new MendedFile();
  let unread = BYTES_A_TURN;
  for (const { marker, bytes } of jpegSegments(source)) {
    if (marker === END_OF_IMAGE) break;
    if (marker !== PIXELS && (unread -= bytes.length) <= 0) {
      await setImmediate();
      unread = BYTES_A_TURN;
    }
    if (file.segments > MAX_SEGMENTS || !(await file.add(marker, bytes))) return undefined;
  }
  return file.isComplete ? { source: file.bytes, isStrict: false } : undefined;
}

class MendedFile {
  private readonly pieces: Buffer[] = [];
  private readonly dc = new Map<number, HuffmanTable>();
  private readonly ac = new Map<number, HuffmanTable>();
  private restartInterval = 0;
  private frame?: Frame;
  private progress?: ScanProgress;
  private scan?: Scan;

  get segments(): number {
    return this.pieces.length;
  }

  get isComplete(): boolean {
    return this.scan === undefined && this.progress?.isComplete === true;
  }

  get bytes(): Buffer {
    return Buffer.concat([START_AND_END[0], ...this.pieces, START_AND_END[1]]);
  }

  /** Whether the segment is as it should be, or could be mended. */
  async add(marker: number, bytes: Buffer): Promise<boolean> {
    if (marker === PIXELS) return this.addPixels(bytes);
    if (this.scan) return false; // a scan without pixels
    this.pieces.push(bytes);
    if (marker === CODES) return this.readCodes(bytes.subarray(4));
    if (marker === RESTART_INTERVAL && bytes.length >= 6) this.restartInterval = bytes.readUInt16BE(4);
    if (isFrame(marker)) return this.readFrame(marker, bytes);
    return marker === START_OF_SCAN ? this.beginScan(bytes) : true;
  }

  private readFrame(marker: number, bytes: Buffer): boolean {
    const isKnown = marker === BASELINE || marker === EXTENDED || marker === PROGRESSIVE;
    if (!isKnown || this.frame) return false;
    this.frame = readFrame(bytes, marker === PROGRESSIVE);
    if (this.frame) this.progress = new ScanProgress(this.frame.components);
    return this.frame !== undefined;
  }

  private readCodes(content: Buffer): boolean {
    for (let at = 0; at + 17 <= content.length;) {
      const counts = content.subarray(at + 1, at + 17);
      const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
      if (end > content.length) return false;
      const tables = content[at] >> 4 === 0 ? this.dc : this.ac;
      tables.set(content[at] & 15, new HuffmanTable(counts, content.subarray(at + 17, end)));
      at = end;
    }
    return true;
  }

  private beginScan(bytes: Buffer): boolean {
    const count = bytes[4] ?? 0;
    if (!this.frame || !this.progress || bytes.length !== 8 + 2 * count || count === 0) return false;
    const isProgressive = this.frame.isProgressive;
    const parameters = bytes.subarray(5 + 2 * count);
    const [first, last, bits] = isProgressive ? parameters : [0, COEFFICIENTS - 1, 0];
    const components: Scan['components'] = [];
    for (let at = 5; at < 5 + 2 * count; at += 2) {
      const component = this.frame.components.find(({ id }) => id === bytes[at]);
      if (!component) return false;
      components.push({
        component,
        dc: this.dc.get(bytes[at + 1] >> 4),
        ac: this.ac.get(bytes[at + 1] & 15),
      });
    }
    this.scan = { components, first, last, isRefined: bits >> 4 > 0, restartInterval: this.restartInterval };
    const isPossible = last < COEFFICIENTS && first <= last && (first === 0 || count === 1);
    if (!isPossible || (isProgressive && first === 0 && last > 0)) return false;
    if (count > 1 && blocksOfUnit(this.scan) > MAX_BLOCKS_OF_UNIT) return false;
    this.progress.add(this.scan, bits & 15);
    this.pieces[this.pieces.length - 1] = withParameters(bytes, first, last, bits);
    return true;
  }

  private async addPixels(bytes: Buffer): Promise<boolean> {
    const end = this.scan && this.frame && (await readScan(bytes, this.scan, this.frame));
    this.scan = undefined;
    if (end === undefined) return false;
    this.pieces.push(bytes.subarray(0, end));
    return true;
  }
}

/** Which coefficients of which colours came with all their bits. */
class ScanProgress {
  private readonly bitsLeft: Map<Component, Uint8Array>;

  constructor(components: Component[]) {
    this.bitsLeft = new Map(components.map((one) => [one, new Uint8Array(COEFFICIENTS).fill(0xff)]));
  }

  add({ components, first, last }: Scan, bitsLeft: number): void {
    for (const { component } of components) this.bitsLeft.get(component)?.fill(bitsLeft, first, last + 1);
  }

  get isComplete(): boolean {
    return [...this.bitsLeft.values()].every((bits) => bits.every((left) => left === 0));
  }
}

function readFrame(bytes: Buffer, isProgressive: boolean): Frame | undefined {
  const count = bytes[9] ?? 0;
  if (bytes.length !== 10 + 3 * count || count === 0 || count > 4) return undefined;
  const [height, width] = [bytes.readUInt16BE(5), bytes.readUInt16BE(7)];
  const sampling = Array.from({ length: count }, (_, index) => {
    const at = 10 + 3 * index;
    return { id: bytes[at], across: bytes[at + 1] >> 4, down: bytes[at + 1] & 15 };
  });
  const across = Math.max(...sampling.map((one) => one.across));
  const down = Math.max(...sampling.map((one) => one.down));
  const isSampling = (factor: number): boolean => factor >= 1 && factor <= MAX_SAMPLING;
  const isPossible = sampling.every((one) => isSampling(one.across) && isSampling(one.down));
  if (width === 0 || height === 0 || !isPossible) return undefined;
  const components = sampling.map((one) => ({
    ...one,
    blocksAcross: Math.ceil(Math.ceil((width * one.across) / across) / 8),
    blocksDown: Math.ceil(Math.ceil((height * one.down) / down) / 8),
  }));
  return {
    isProgressive,
    components,
    units: Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down)),
  };
}

function withParameters(bytes: Buffer, first: number, last: number, bits: number): Buffer {
  const mended = Buffer.from(bytes);
  mended.set([first, last, bits], mended.length - 3);
  return mended;
}

/** What the heads of all scans say. */
export interface ScanHeads {
  /**
   * Whether each colour has all its coefficients with all their bits in some scan: a file that was cut off between two scans, and
   * closed again, is faultless to every decoder.
   */
  isComplete: boolean;
  /** Coefficients that are gone over in all scans, with {@link COST_OF_BLOCK} for each block, and twice those of arithmetic codes. */
  work: number;
}

/** Of a file of several scans, without a look at their pixels. */
export function readScanHeads(source: Buffer): ScanHeads {
  let frame: Frame | undefined;
  let progress: ScanProgress | undefined;
  let work = 0;
  let cost = 1;
  for (const { marker, bytes } of jpegSegments(source)) {
    if (isFrame(marker) && !frame) {
      frame = readFrame(bytes, isProgressiveFrame(marker));
      if (!frame) break; // a decoder tells
      progress = new ScanProgress(frame.components);
      cost = isArithmeticFrame(marker) ? COST_OF_ARITHMETIC : 1;
    }
    if (marker !== START_OF_SCAN || !frame || !progress) continue;
    const count = bytes[4] ?? 0;
    if (bytes.length !== 8 + 2 * count) continue;
    const [first, last, bits] = frame.isProgressive
      ? bytes.subarray(5 + 2 * count)
      : [0, COEFFICIENTS - 1, 0];
    const ids = Array.from({ length: count }, (_, index) => bytes[5 + 2 * index]);
    const components = frame.components
      .filter(({ id }) => ids.includes(id))
      .map((component) => ({ component }));
    progress.add({ components, first, last, isRefined: false, restartInterval: 0 }, bits & 15);
    const blocks = components.reduce((sum, { component }) => sum + blocksOf(component), 0);
    work += cost * blocks * (COST_OF_BLOCK + Math.max(0, last - first + 1));
  }
  return { isComplete: progress?.isComplete ?? true, work };
}

const blocksOf = ({ blocksAcross, blocksDown }: Component): number => blocksAcross * blocksDown;
