import Papa from 'papaparse';
import type { CsvFaultCode, CsvLimits, CsvRepairCode } from './csv-faults.js';
import { countLineEnds, mendText, type CsvDelimiter, type RecordNote } from './csv-quotes.js';

/** Records of a file in order, and what was noticed while they were told apart. */
export interface RecordBlock {
  records: string[][];
  /** Physical line on which each record begins. */
  lines: number[];
  faults: RecordNote<CsvFaultCode>[];
  repairs: RecordNote<CsvRepairCode>[];
  hasNul: boolean;
}

/** How much of a text is read at once after it has waited for the end of a quote. */
const PIECE_LENGTH = 32_768;

type Newline = '\n' | '\r\n' | '\r';

/** What papaparse gives; its own types leave it open. */
interface ParsedText {
  data: string[][];
  errors: unknown[];
  meta: { cursor: number };
}

/**
 * Takes the text of a file piece by piece and gives its records. papaparse does the parsing; text that it finds a
 * fault in, or would misread, goes through {@link mendText} first.
 */
export class CsvRecordReader {
  private rest = '';
  private isSkippingLine = false;
  /** The rest has been through {@link mendText} already: trying papaparse on it again would be in vain. */
  private isMending = false;
  private isQuoteOpen = false;

  constructor(
    private readonly delimiter: CsvDelimiter,
    private readonly limits: CsvLimits,
    private nextLine = 1,
  ) {}

  /**
   * The records that end within this piece of text; with `isLast`, all that remain. More than one block comes only
   * of text that had to wait for the end of a quote, so that nobody has to take all of it at once.
   */
  *push(piece: string, isLast = false): Generator<RecordBlock> {
    let text = this.rest + piece;
    let held = '';
    if (!isLast && text.endsWith('\r')) {
      held = '\r'; // half of a \r\n, for all we know
      text = text.slice(0, -1);
    }
    text = this.skipLongLine(text);
    const block = this.readStrictly(text, isLast) ?? this.readTolerantly(text, true);
    block.hasNul = text.includes('\0');
    this.rest += held;
    yield block;
    if (this.rest.length > this.limits.rowLength || (isLast && this.rest !== ''))
      yield* this.endRecord(isLast);
  }

  /** The usual case, at papaparse's own speed; null if the text is not proper CSV. */
  private readStrictly(text: string, isLast: boolean): RecordBlock | null {
    if (this.isMending) return null;
    const newline = onlyNewline(text);
    if (newline === null || hasBlankBeforeQuote(text, this.delimiter)) return null;
    const endsOpen = isLast && text !== '' && !text.endsWith(newline);
    const { data, errors, meta } = parse(text, this.delimiter, newline, endsOpen);
    const restLength = text.length - meta.cursor;
    if (errors.length > 0 || (isLast && restLength > 0) || restLength > this.limits.rowLength) return null;
    const used = text.slice(0, meta.cursor);
    const lineEnds = countLineEnds(used);
    const hasLongLines = lineEnds !== data.length - (endsOpen ? 1 : 0);
    const lines = hasLongLines ? this.linesByCells(data) : data.map((_, i) => this.nextLine + i);
    this.nextLine += lineEnds;
    this.rest = text.slice(meta.cursor);
    return { records: data, lines, faults: [], repairs: [], hasNul: false };
  }

  private readTolerantly(text: string, mayWait: boolean): RecordBlock {
    const mended = mendText(text, this.delimiter, this.nextLine, mayWait);
    const { lines, faults, repairs, used, isOpen } = mended;
    this.nextLine += countLineEnds(text.slice(0, used));
    this.rest = text.slice(used);
    this.isMending = this.rest !== '';
    this.isQuoteOpen = isOpen;
    return {
      records: parse(mended.text, this.delimiter, '\n', false).data,
      lines,
      faults,
      repairs,
      hasNul: false,
    };
  }

  /**
   * The record at hand is longer than a row may be, or the file ends within it. If a quote is open, its line is
   * taken by itself, and what was thought to be inside the quotes is read again.
   */
  private *endRecord(isLast: boolean): Generator<RecordBlock> {
    const text = this.rest;
    const end = text.search(/[\r\n]/);
    if (isLast && !this.isQuoteOpen) yield this.readTolerantly(text, false);
    else if (end === -1 && !isLast) yield this.giveUpLine(text);
    else {
      const line = end === -1 ? text.length : text.startsWith('\r\n', end) ? end + 2 : end + 1;
      yield this.readTolerantly(text.slice(0, line), false);
      for (let at = line; at < text.length; at += PIECE_LENGTH)
        yield* this.push(text.slice(at, at + PIECE_LENGTH));
      if (isLast) yield* this.push('', true);
    }
  }

  private giveUpLine(value: string): RecordBlock {
    this.rest = '';
    this.isMending = false;
    this.isSkippingLine = true;
    const fault = { line: this.nextLine, cell: null, code: 'ROW_TOO_LONG', value } as const;
    return { records: [], lines: [], faults: [fault], repairs: [], hasNul: false };
  }

  private skipLongLine(text: string): string {
    if (!this.isSkippingLine) return text;
    const end = text.search(/[\r\n]/);
    if (end === -1) return '';
    this.isSkippingLine = false;
    this.nextLine++;
    return text.slice(text.startsWith('\r\n', end) ? end + 2 : end + 1);
  }

  private linesByCells(records: string[][]): number[] {
    let line = this.nextLine;
    return records.map((cells) => {
      const first = line++;
      for (const cell of cells) line += countLineEnds(cell);
      return first;
    });
  }
}

/** The cells of a single record, or null if the text is more or less than that. */
export function parseRecord(text: string, delimiter: CsvDelimiter): string[] | null {
  const mended = mendText(text, delimiter, 1, false);
  const { data } = parse(mended.text, delimiter, '\n', false);
  return data.length === 1 && mended.faults.length === 0 ? data[0] : null;
}

/**
 * By the parser inside papaparse, since only that can stop before a record which is not whole yet and say where.
 * Its other ways in either hold the whole file or hand over every row through a stream of its own.
 */
function parse(text: string, delimiter: CsvDelimiter, newline: Newline, takeUnfinished: boolean): ParsedText {
  return new Papa.Parser({ delimiter, newline }).parse(text, 0, !takeUnfinished) as ParsedText;
}

/** The line end of a text if it has but one kind; null if they are mixed. */
function onlyNewline(text: string): Newline | null {
  if (!text.includes('\r')) return '\n';
  if (!text.includes('\n')) return '\r';
  return /\r(?!\n)|(?<!\r)\n/.test(text) ? null : '\r\n';
}

/** papaparse takes ` "a,b"` for a cell ` "a` and a cell `b"`. */
function hasBlankBeforeQuote(text: string, delimiter: CsvDelimiter): boolean {
  if (!text.includes(' "') && !text.includes('\t"') && !text.includes('\u00a0"')) return false;
  return delimiter === '\t' ? /(^|[\t\r\n])[ \u00a0]+"/.test(text) : BLANK_BEFORE_QUOTE[delimiter].test(text);
}

const BLANK_BEFORE_QUOTE = {
  ',': /(^|[,\r\n])[ \t\u00a0]+"/,
  ';': /(^|[;\r\n])[ \t\u00a0]+"/,
};
