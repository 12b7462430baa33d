import type { CsvRepairCode } from '../csv-faults.js';
import type { CsvFormat } from '../csv-layout.js';
import { isBlank, isLineEnd, RecordScan, skipBlanks } from './csv-record-scan.js';

const QUOTE = '"';
const QUOTE_CODE = 34;

/** The cells of a line, and what was done to it. */
export interface MendedLine {
  cells: string[];
  code: Extract<CsvRepairCode, 'WHOLE_LINE_QUOTED' | 'STRAY_QUOTE_KEPT'>;
}

/** Reads single lines whose quotes are not those of CSV, as a person would. */
export class LineMender {
  /** Characters looked at so far, to be held against the length of the lines. */
  scanned = 0;
  private readonly delimiterCode: number;

  constructor(private readonly delimiter: CsvFormat['delimiter']) {
    this.delimiterCode = delimiter.charCodeAt(0);
  }

  /**
   * The cells of the line: without the quotes around all of it, or with the quotes inside its cells as part of them. Null where a
   * cell has nothing but an opening quote.
   */
  mend(line: string): MendedLine | null {
    this.scanned += line.length;
    const inside = this.unwrapped(line);
    if (inside) return { cells: inside, code: 'WHOLE_LINE_QUOTED' };
    const cells = this.withStrayQuotes(line);
    return cells && { cells, code: 'STRAY_QUOTE_KEPT' };
  }

  /** `"1,Chair,"https://…,https://…""`: put into quotes as a whole, without doubling the quotes inside. */
  private unwrapped(line: string): string[] | null {
    const text = line.trim();
    if (text.length < 2 || !text.startsWith(QUOTE) || !text.endsWith(QUOTE)) return null;
    const inside = text.slice(1, -1);
    const scan = new RecordScan(this.delimiter);
    const result = scan.run(inside, inside.length, true);
    this.scanned += scan.scanned;
    return result === 'cut' && scan.hasQuotedCell ? scan.takeCells(inside) : null;
  }

  /** `"Big" Table` and `"12" screen, black"`: the quotes inside a cell are part of it. */
  private withStrayQuotes(line: string): string[] | null {
    const cells: string[] = [];
    for (let at = 0; at <= line.length;) {
      const begin = skipBlanks(line, at, line.length, this.delimiterCode);
      const close = line[begin] === QUOTE ? this.likelyClosingQuote(line, begin) : -1;
      const nextDelimiter = line.indexOf(this.delimiter, close === -1 ? at : close);
      const end = nextDelimiter === -1 ? line.length : nextDelimiter;
      this.scanned += end - at + 1;
      if (close !== -1) cells.push(line.slice(begin + 1, close).replaceAll('""', QUOTE));
      else if (line[begin] === QUOTE && !line.slice(begin + 1, end).includes(QUOTE)) return null;
      else cells.push(line.slice(at, end));
      at = end + 1;
    }
    return cells;
  }

  /**
   * The first quote that the cell can end after, or -1. The search is over at a quote that opens another cell:
   * `"Big" Table,"https://…,https://…"` is no single cell. So that no part of a line is searched twice, a cell can be
   * opened behind the same blanks here as in {@link withStrayQuotes}.
   */
  private likelyClosingQuote(line: string, open: number): number {
    let before = open; // the last character that is no blank
    for (let at = open + 1; at < line.length; at++) {
      const code = line.charCodeAt(at);
      this.scanned++;
      if (code === QUOTE_CODE) {
        const next = skipBlanks(line, at + 1, line.length, this.delimiterCode);
        this.scanned += next - at;
        if (next === line.length || this.endsCell(line.charCodeAt(next))) return at;
        if (line.charCodeAt(before) === this.delimiterCode) return -1;
      }
      if (!isBlank(code, this.delimiterCode)) before = at;
    }
    return -1;
  }

  private endsCell(code: number): boolean {
    return code === this.delimiterCode || isLineEnd(code);
  }
}
