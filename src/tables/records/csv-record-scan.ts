import type { CsvFormat } from '../csv-layout.js';

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * What is known of a record. `whole`: it ends at {@link RecordScan.at}, without its line end. `open`: a quote is not
 * closed yet. `cut`: the text ends before the line does. `malformed`: text follows a closing quote.
 */
export type ScanResult = 'whole' | 'open' | 'cut' | 'malformed';

/** Where a scan can stop: before a cell, in a cell without quotes, inside quotes, behind a closing quote. */
enum State {
  CellStart,
  Plain,
  Quoted,
  Closed,
  Malformed,
}

/** A place in the text, and what a scan that has come to it knows. */
export interface ScanPlace {
  at: number;
  state: State;
}

/**
 * Finds the end of one record after the other, and its cells. It looks at every character once: when more text comes, it goes on
 * where it stopped.
 */
export class RecordScan {
  at = 0;
  hasQuotedCell = false;
  /** The places of quoted cells in their record, the first is 0, that have blanks before their quotes, which are no part of them. */
  afterBlanks: number[] = [];
  /** Is told where each cell ends that another one follows. */
  onCell?: (end: number) => void;
  /** Characters looked at so far, to be held against the length of the text. */
  scanned = 0;
  private state = State.CellStart;
  /** The cells that another one follows. */
  private cells: string[] = [];
  /** Where the text of the cell at hand begins; behind its quote, where it has one. */
  private cellFrom = 0;
  /** Where its text ends, of a cell that is closed. */
  private cellTo = 0;
  private hasDoubledQuotes = false;
  private readonly delimiterCode: number;

  constructor(delimiter: CsvFormat['delimiter']) {
    this.delimiterCode = delimiter.charCodeAt(0);
  }

  get place(): ScanPlace {
    return { at: this.at, state: this.state };
  }

  /** Starts a new record at `at`. */
  begin(at: number): void {
    this.at = at;
    this.state = State.CellStart;
    this.cellFrom = at;
    this.hasQuotedCell = false;
    if (this.cells.length > 0) this.cells = [];
    if (this.afterBlanks.length > 0) this.afterBlanks = [];
  }

  /** Continues at a place that another scan has come to. What lies between counts as known, its cells excepted. */
  jumpTo({ at, state }: ScanPlace): void {
    this.at = at;
    this.state = state;
  }

  /** The cells of the record that ends where the scan has come to; each can be taken once. */
  takeCells(text: string): string[] {
    this.endCell(text);
    const { cells } = this;
    this.cells = [];
    return cells;
  }

  /** Moves every position, where `by` characters were cut off the beginning of the text. */
  shift(by: number): void {
    this.at -= by;
    this.cellFrom -= by;
    this.cellTo -= by;
  }

  /**
   * Goes on until the record ends, but not beyond `limit`.
   * @param isFinal Whether the text can not go on at `limit`: a quote there closes its cell.
   */
  run(text: string, limit: number, isFinal: boolean): ScanResult {
    const from = this.at;
    const result = this.runFrom(text, limit, isFinal);
    this.scanned += this.at - from + 1;
    return result;
  }

  private runFrom(text: string, limit: number, isFinal: boolean): ScanResult {
    for (;;) {
      switch (this.state) {
        case State.CellStart:
          this.at = skipBlanks(text, this.at, limit, this.delimiterCode);
          if (this.at === limit) return 'cut';
          if (text.charCodeAt(this.at) === QUOTE) this.openQuotes();
          else this.state = State.Plain;
          break;
        case State.Plain:
          this.at = cellEnd(text, this.at, limit, this.delimiterCode);
          if (!this.endsCell(text, limit)) return this.at === limit ? 'cut' : 'whole';
          break;
        case State.Quoted:
          if (!this.closeQuotes(text, limit, isFinal)) return 'open';
          break;
        case State.Closed:
          this.at = skipBlanks(text, this.at, limit, this.delimiterCode);
          if (this.endsCell(text, limit)) break;
          if (this.at === limit) return 'cut';
          if (isLineEnd(text.charCodeAt(this.at))) return 'whole';
          this.state = State.Malformed;
          break;
        case State.Malformed:
          return 'malformed';
      }
    }
  }

  private openQuotes(): void {
    if (this.at > this.cellFrom) this.afterBlanks.push(this.cells.length);
    this.hasQuotedCell = true;
    this.hasDoubledQuotes = false;
    this.state = State.Quoted;
    this.at++;
    this.cellFrom = this.at;
  }

  /** Goes to the closing quote; two quotes in a row stand for one that does not close. False where there is none yet. */
  private closeQuotes(text: string, limit: number, isFinal: boolean): boolean {
    for (;;) {
      const quote = text.indexOf('"', this.at);
      if (quote === -1 || quote >= limit) {
        if (quote !== -1) this.scanned += quote - limit;
        this.at = limit;
        return false;
      }
      this.at = quote;
      if (quote + 1 === limit && !isFinal) return false; // the next character may be a quote, too
      if (quote + 1 < limit && text.charCodeAt(quote + 1) === QUOTE) {
        this.at = quote + 2;
        this.hasDoubledQuotes = true;
      } else break;
    }
    this.cellTo = this.at;
    this.at++;
    this.state = State.Closed;
    return true;
  }

  /** Whether a delimiter stands here; then the scan goes on behind it. */
  private endsCell(text: string, limit: number): boolean {
    if (this.at === limit || text.charCodeAt(this.at) !== this.delimiterCode) return false;
    this.onCell?.(this.at);
    this.endCell(text);
    this.at++;
    this.cellFrom = this.at;
    this.state = State.CellStart;
    return true;
  }

  private endCell(text: string): void {
    const isQuoted = this.state === State.Closed;
    const cell = text.slice(this.cellFrom, isQuoted ? this.cellTo : this.at);
    this.cells.push(isQuoted && this.hasDoubledQuotes ? cell.replaceAll('""', '"') : cell);
  }
}

/** Where the blanks end that begin at `at`. */
export function skipBlanks(text: string, at: number, limit: number, delimiterCode: number): number {
  let end = at;
  while (end < limit && isBlank(text.charCodeAt(end), delimiterCode)) end++;
  return end;
}

/** What `trim()` takes off, but for line ends and a delimiter. */
export function isBlank(code: number, delimiterCode: number): boolean {
  if (code < 0x80) return (code === 32 || code === 9 || code === 11 || code === 12) && code !== delimiterCode;
  return code >= 0xa0 && /\s/.test(String.fromCharCode(code));
}

export function isLineEnd(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}

/** The first line end at or behind `from`, or the end of the text. */
export function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at;
}

/** Where the next line begins, given where this one ends: `\r\n` is one line end. */
export function afterLineEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const isPair = text.charCodeAt(end) === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED;
  return isPair ? end + 2 : end + 1;
}

/** How many lines end within a text: `\r\n` counts once. */
export function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  for (let at = text.indexOf('\r'); at !== -1; at = text.indexOf('\r', at + 1)) {
    if (text.charCodeAt(at + 1) !== LINE_FEED) count++;
  }
  return count;
}

function cellEnd(text: string, from: number, limit: number, delimiterCode: number): number {
  let at = from;
  while (at < limit) {
    const code = text.charCodeAt(at);
    if (code === delimiterCode || code === LINE_FEED || code === CARRIAGE_RETURN) break;
    at++;
  }
  return at;
}
