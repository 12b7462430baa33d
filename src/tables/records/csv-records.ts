import type { CsvLimits } from '../csv-faults.js';
import type { CsvFormat } from '../csv-layout.js';
import { LineMender } from './csv-line-mender.js';
import {
  afterLineEnd,
  countLineEnds,
  lineEnd,
  RecordScan,
  type ScanPlace,
  type ScanResult,
} from './csv-record-scan.js';
import { BlockWriter, type RecordBlock } from './record-block.js';

/** How much text makes a block: some 250 rows. */
const BLOCK_LENGTH = 32_768;

/** A single record of this length takes some milliseconds to find, to mend and to parse: others get their turn in between. */
const LONG_BLOCK_LENGTH = 4 * BLOCK_LENGTH;
const NOTHING_YET: RecordBlock = {
  ...{ records: [], lines: [], faults: [], repairs: [], sources: [] },
  hasNul: false,
};

/**
 * Takes the text of a file piece by piece and gives its records. A scan finds where each cell and record ends; a line that is no
 * proper CSV is mended (decision 0013).
 *
 * A quote that nothing closes is a fault of its line alone: the next line is read as if nothing had been. The text behind
 * it is not searched again for that. The failed scan was inside quotes at every line end on its way, since any other line
 * end would have ended its record. A later scan that is inside quotes at one of those line ends would go the same way: it
 * continues where the failed one stopped.
 */
export class CsvRecordReader {
  private text = '';
  /** Where the record at hand begins. */
  private start = 0;
  /** The line that begins at `start` does not end before this place. */
  private lineSearched = 0;
  /** Where the next `\n` and `\r` are that were looked for in this text; before `start` where they must be looked for. */
  private nextFeed = -1;
  private nextReturn = -1;
  private isSkippingLine = false;
  /** Where the last scan stopped that failed. */
  private failed: ScanPlace | null = null;
  private hasJumped = false;
  private readonly scan: RecordScan;
  private readonly mender: LineMender;
  private readonly block: BlockWriter;

  constructor(
    delimiter: CsvFormat['delimiter'],
    private readonly limits: CsvLimits,
    private line = 1,
    { keepsText = false } = {},
  ) {
    this.scan = new RecordScan(delimiter);
    this.mender = new LineMender(delimiter);
    this.block = new BlockWriter(keepsText);
  }

  /** Characters looked at so far: at most a constant number for each character of the text. */
  get scanned(): number {
    return this.scan.scanned + this.mender.scanned;
  }

  /** The records that end within this piece of text, in blocks of about 32 KiB; with `isLast`, all that remain. A block can be empty. */
  *push(piece: string, isLast = false): Generator<RecordBlock> {
    this.text += piece;
    this.nextFeed = this.nextReturn = -1;
    if (piece.includes('\0')) this.block.hasNul = true;
    // Half of a \r\n, for all we know.
    const held = !isLast && this.text.endsWith('\r') ? '\r' : '';
    if (held) this.text = this.text.slice(0, -1);
    if (this.isSkippingLine) this.skipLine();
    while (this.start < this.text.length) {
      const result = this.scanRecord(isLast);
      if (this.scan.at - this.start > LONG_BLOCK_LENGTH) yield NOTHING_YET;
      if (!this.readRecord(result, isLast)) break;
      if (this.block.length < BLOCK_LENGTH) continue;
      if (this.block.length > LONG_BLOCK_LENGTH) yield NOTHING_YET;
      yield this.block.take();
    }
    if (!this.block.isEmpty) yield this.block.take();
    this.dropRead();
    this.text += held;
  }

  /** Takes the record that was scanned, or one line where that is faulty; false where more text is needed for either. */
  private readRecord(result: ScanResult, isLast: boolean): boolean {
    if (result === 'whole') return this.takeRecord(this.scan.at);
    if (isLast) return result === 'cut' ? this.takeRecord(this.text.length) : this.takeLine(this.endOfLine());
    const isTooLong = this.text.length - this.start > this.limits.rowLength;
    if (result !== 'malformed' && !isTooLong) return false;
    const end = this.endOfLine();
    if (end < this.text.length) return this.takeLine(end);
    return isTooLong && this.giveUpLine();
  }

  private scanRecord(isLast: boolean): ScanResult {
    const { scan, text, failed } = this;
    if (failed && scan.at < failed.at) {
      const end = this.endOfLine();
      if (end < failed.at) {
        const result = scan.run(text, end, true);
        if (result !== 'open') return result === 'cut' ? 'whole' : result;
        scan.jumpTo(failed);
        this.hasJumped = true;
      }
    }
    return scan.run(text, text.length, isLast);
  }

  private takeRecord(end: number): true {
    const { text, start, scan } = this;
    if (this.hasJumped) {
      scan.begin(start);
      scan.run(text, end, true); // for the cells in the part that was jumped over
    }
    const next = afterLineEnd(text, end);
    this.block.keep(this.line, text, start, next);
    for (const cell of scan.afterBlanks)
      this.block.addRepair({ line: this.line, cell, code: 'BLANKS_TRIMMED' });
    this.block.addRecord(scan.takeCells(text), this.line, next - start);
    this.line +=
      scan.hasQuotedCell && this.hasLineEndBefore(end) ? countLineEnds(text.slice(start, next)) : 1;
    this.moveTo(next);
    return true;
  }

  /** Whether a line ends between `start` and `end`. The next line ends are remembered: nearly no record has one inside. */
  private hasLineEndBefore(end: number): boolean {
    if (this.nextFeed < this.start) this.nextFeed = placeOf('\n', this.text, this.start);
    if (this.nextReturn < this.start) this.nextReturn = placeOf('\r', this.text, this.start);
    return this.nextFeed < end || this.nextReturn < end;
  }

  /** Takes a line by itself whose record could not be read. */
  private takeLine(end: number): true {
    if (this.scan.at > end) this.failed = this.scan.place;
    const text = this.text.slice(this.start, end);
    const next = afterLineEnd(this.text, end);
    this.block.keep(this.line, this.text, this.start, next);
    const mended = this.mender.mend(text);
    if (mended) {
      this.block.addRepair({ line: this.line, cell: null, code: mended.code });
      this.block.addRecord(mended.cells, this.line, next - this.start);
    } else this.block.addFault({ line: this.line, cell: null, code: 'QUOTE_NOT_CLOSED', value: text });
    this.line++;
    this.moveTo(next);
    return true;
  }

  /** Drops a line that is longer than a row may be and does not end yet. */
  private giveUpLine(): true {
    this.block.keep(this.line, this.text, this.start, this.text.length);
    this.block.addFault({
      line: this.line,
      cell: null,
      code: 'ROW_TOO_LONG',
      value: this.text.slice(this.start),
    });
    this.isSkippingLine = true;
    this.moveTo(this.text.length);
    return true;
  }

  private skipLine(): void {
    const end = lineEnd(this.text, 0);
    this.block.keep(this.line, this.text, 0, afterLineEnd(this.text, end));
    if (end < this.text.length) {
      this.isSkippingLine = false;
      this.line++;
    }
    this.moveTo(afterLineEnd(this.text, end));
  }

  private endOfLine(): number {
    const end = lineEnd(this.text, this.lineSearched);
    this.scan.scanned += end - this.lineSearched;
    this.lineSearched = end;
    return end;
  }

  private moveTo(start: number): void {
    this.start = start;
    this.lineSearched = start;
    this.hasJumped = false;
    this.scan.begin(start);
  }

  private dropRead(): void {
    const { start, failed } = this;
    if (start === 0) return;
    this.text = this.text.slice(start);
    this.start = 0;
    this.lineSearched -= start;
    this.scan.shift(start);
    this.failed = failed && failed.at > start ? { ...failed, at: failed.at - start } : null;
  }
}

/** The length of the text where it is not there. */
function placeOf(character: string, text: string, from: number): number {
  const place = text.indexOf(character, from);
  return place === -1 ? text.length : place;
}

/** The cells of a single record, or null if the text is more or less than that. Takes a reader that is at its beginning. */
export function readSingleRecord(text: string, reader: CsvRecordReader): string[] | null {
  const records: string[][] = [];
  let faults = 0;
  for (const block of reader.push(text, true)) {
    if (records.length < 2) records.push(...block.records.slice(0, 2));
    faults += block.faults.length;
  }
  return records.length === 1 && faults === 0 ? records[0] : null;
}
