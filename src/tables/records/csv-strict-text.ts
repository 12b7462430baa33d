import { Readable } from 'node:stream';
import Papa from 'papaparse';
import type { CsvFaultCode, CsvRepairCode } from '../csv-faults.js';
import type { CsvFormat } from '../csv-layout.js';
import { type MendedLine, withoutOuterBlanks } from './csv-line-mender.js';
import type { OuterBlanks } from './csv-record-scan.js';

/** A fault or repair whose column is known by its number only; null where it is about the whole line. */
export interface RecordNote<Code> {
  line: number;
  cell: number | null;
  code: Code;
  value?: string;
}

/** Records of a file in order, and what was noticed while they were told apart. */
export interface RecordBlock {
  records: string[][];
  /** Physical line on which each record begins. */
  lines: number[];
  faults: RecordNote<CsvFaultCode>[];
  repairs: RecordNote<CsvRepairCode>[];
  /**
   * Where the reader keeps texts: all of the file that these records and faults came from, as it stands, in its order. Each piece begins
   * with the record or line that begins on `line`, and ends where the next one begins.
   */
  sources: SourcePiece[];
  /** Whether there may be a NUL character in this block or a later one. */
  hasNul: boolean;
}

/** A piece of a file as it stands. */
export interface SourcePiece {
  line: number;
  text: string;
}

/** Where a record stands in a text: its first character, its line end, the first character behind that. */
export interface RecordPlace {
  start: number;
  end: number;
  next: number;
}

type Newline = '\n' | '\r' | '\r\n';

/** Collects records as proper CSV (RFC 4180 with one line end), and has papaparse read them. */
export class StrictText {
  hasNul = false;
  /** Length of the text that was taken in, faulty lines included. */
  length = 0;
  private text = '';
  /** The line end of the first record; the others get it, too. */
  private newline: Newline | null = null;
  private parser: RowParser | null = null;
  /** Records that stand one behind the other in `source` are taken over in one piece. */
  private source = '';
  private runStart = 0;
  private runEnd = 0;
  private lines: number[] = [];
  private faults: RecordBlock['faults'] = [];
  private repairs: RecordBlock['repairs'] = [];

  private sources: SourcePiece[] = [];

  constructor(
    private readonly delimiter: CsvFormat['delimiter'],
    private readonly keepsText: boolean,
  ) {}

  get isEmpty(): boolean {
    return this.lines.length === 0 && this.faults.length === 0 && this.sources.length === 0;
  }

  /** Notes a piece of the file as it stands, where texts are kept. */
  keep(line: number, source: string, start: number, next: number): void {
    if (this.keepsText) this.sources.push({ line, text: source.slice(start, next) });
  }

  addRecord(source: string, place: RecordPlace, line: number, outerBlanks: OuterBlanks[]): void {
    const { start, end, next } = place;
    this.length += next - start;
    this.lines.push(line);
    this.newline ??= (source.slice(end, next) || '\n') as Newline;
    if (outerBlanks.length > 0) this.addWithoutBlanks(source.slice(start, end), start, line, outerBlanks);
    else if (next - end !== this.newline.length || !source.startsWith(this.newline, end)) {
      this.addText(source.slice(start, end));
    } else {
      if (start !== this.runEnd) this.endRun();
      if (this.runStart === this.runEnd) this.runStart = start;
      this.source = source;
      this.runEnd = next;
    }
  }

  addMended({ text, code }: MendedLine, line: number): void {
    this.length += text.length;
    this.lines.push(line);
    this.repairs.push({ line, cell: null, code });
    this.addText(text);
  }

  addFault(fault: RecordNote<CsvFaultCode>): void {
    this.length += fault.value?.length ?? 0;
    this.faults.push(fault);
  }

  /** The records that were added since the last time. */
  take(): RecordBlock {
    this.endRun();
    const { lines, faults, repairs, sources, hasNul } = this;
    const records = lines.length > 0 ? this.parse(this.text) : [];
    this.hasNul = false;
    this.length = 0;
    this.text = '';
    this.lines = [];
    this.faults = [];
    this.repairs = [];
    if (this.keepsText) this.sources = [];
    return { records, lines, faults, repairs, sources, hasNul };
  }

  private parse(text: string): string[][] {
    this.parser ??= new RowParser(this.delimiter, this.newline ?? '\n');
    return this.parser.parse(text);
  }

  private addWithoutBlanks(text: string, start: number, line: number, outerBlanks: OuterBlanks[]): void {
    for (const { cell, isBeforeCell } of outerBlanks) {
      if (isBeforeCell) this.repairs.push({ line, cell, code: 'BLANKS_TRIMMED' });
    }
    this.addText(withoutOuterBlanks(text, start, outerBlanks));
  }

  private addText(record: string): void {
    this.newline ??= '\n';
    this.endRun();
    this.text += record + this.newline;
  }

  private endRun(): void {
    if (this.runEnd > this.runStart) this.text += this.source.slice(this.runStart, this.runEnd);
    this.source = '';
    this.runStart = this.runEnd = 0;
  }
}

/**
 * Rows of proper CSV by papaparse, as from a stream whose data we emit ourselves: the rows are there when `emit` returns.
 * Not `Papa.parse(text)` for each block: that takes three times as long, since what it sets up each time outlives several
 * collections of garbage.
 */
class RowParser {
  private readonly input = new Readable({ read: () => undefined });
  private rows: string[][] = [];

  constructor(delimiter: CsvFormat['delimiter'], newline: Newline) {
    const chunk = ({ data }: Papa.ParseResult<string[]>) => {
      this.rows = data;
    };
    Papa.parse<string[]>(this.input, { delimiter, newline, chunk, complete: () => undefined });
  }

  /** The rows of a text, each of which ends with the line end. */
  parse(text: string): string[][] {
    this.rows = [];
    this.input.emit('data', text);
    return this.rows;
  }
}
