import type { CsvFaultCode, CsvRepairCode } from '../csv-faults.js';

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

/** Collects records, and what was noticed with them. */
export class BlockWriter {
  hasNul = false;
  /** Length of the text that was taken in, faulty lines included. */
  length = 0;
  private records: string[][] = [];
  private lines: number[] = [];
  private faults: RecordBlock['faults'] = [];
  private repairs: RecordBlock['repairs'] = [];
  private sources: SourcePiece[] = [];

  constructor(private readonly keepsText: boolean) {}

  get isEmpty(): boolean {
    return this.lines.length === 0 && this.faults.length === 0 && this.sources.length === 0;
  }

  /** Notes a piece of the file as it stands, where texts are kept. */
  keep(line: number, source: string, start: number, next: number): void {
    if (this.keepsText) this.sources.push({ line, text: source.slice(start, next) });
  }

  /** @param length of its text, with its line end */
  addRecord(cells: string[], line: number, length: number): void {
    this.length += length;
    this.records.push(cells);
    this.lines.push(line);
  }

  addRepair(repair: RecordNote<CsvRepairCode>): void {
    this.repairs.push(repair);
  }

  addFault(fault: RecordNote<CsvFaultCode>): void {
    this.length += fault.value?.length ?? 0;
    this.faults.push(fault);
  }

  /** What was added since the last time. */
  take(): RecordBlock {
    const { records, lines, faults, repairs, sources, hasNul } = this;
    this.hasNul = false;
    this.length = 0;
    this.records = [];
    this.lines = [];
    this.faults = [];
    this.repairs = [];
    if (this.keepsText) this.sources = [];
    return { records, lines, faults, repairs, sources, hasNul };
  }
}
