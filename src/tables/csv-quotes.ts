import type { CsvLayout } from './output-csv.js';
import type { CsvFaultCode, CsvRepairCode } from './csv-faults.js';

export type CsvDelimiter = CsvLayout['delimiter'];

/** A fault or repair whose column is known by its number only; null where it is about the whole line. */
export interface RecordNote<Code> {
  line: number;
  cell: number | null;
  code: Code;
  value?: string;
}

/** Text put right for a strict parser: one record per line number, each ending with `\n`. */
export interface MendedText {
  text: string;
  /** Physical line on which each record begins. */
  lines: number[];
  faults: RecordNote<CsvFaultCode>[];
  repairs: RecordNote<CsvRepairCode>[];
  /** How much of the given text was used up; what follows is a record that is not whole yet. */
  used: number;
  /** That record has a quote which nothing closes so far. */
  isOpen: boolean;
}

const QUOTE = '"';
const QUOTE_CODE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** How a record was found to be written. */
interface RecordScan {
  /** `open`: a quote is not closed before the end of the text; `cut`: the text ends before the line does. */
  state: 'whole' | 'cut' | 'open' | 'malformed';
  /** Where its text ends, without the line end. */
  end: number;
  hasQuotedCell: boolean;
  /** Starts and ends of the blanks before opening quotes, and the cells that they belong to. */
  blanks: { from: number; to: number; cell: number }[];
}

/**
 * Reads what is no proper CSV line by line, as a person would: drops blanks before an opening quote, keeps quotes
 * that stand inside a name, unwraps lines that somebody put into quotes as a whole, and makes all line ends `\n`.
 * A quote that nothing closes is a fault of its line alone: the next line is read as if nothing had been.
 *
 * @param mayWait Whether more text can follow; without it, a record that is not whole is taken as it is.
 */
export function mendText(
  text: string,
  delimiter: CsvDelimiter,
  firstLine: number,
  mayWait: boolean,
): MendedText {
  const mended: MendedText = { text: '', lines: [], faults: [], repairs: [], used: 0, isOpen: false };
  let line = firstLine;
  while (mended.used < text.length) {
    const scan = scanRecord(text, mended.used, delimiter);
    mended.isOpen = scan.state === 'open';
    if (mayWait && (scan.state === 'open' || scan.state === 'cut')) break;
    const isBroken = scan.state === 'open' || scan.state === 'malformed';
    const end = isBroken ? lineEnd(text, mended.used) : scan.end;
    if (mayWait && end === text.length) break; // its line may go on
    if (isBroken) mendLine(text.slice(mended.used, end), delimiter, line, mended);
    else keepRecord(text, scan, line, mended);
    const next = afterLineEnd(text, end);
    line += countLineEnds(text.slice(mended.used, next));
    mended.used = next;
  }
  return mended;
}

/** How many physical lines end within a text: `\r\n` counts once. */
export function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  for (let at = text.indexOf('\r'); at !== -1; at = text.indexOf('\r', at + 1)) {
    if (text.charCodeAt(at + 1) !== LINE_FEED) count++;
  }
  return count;
}

function scanRecord(text: string, start: number, delimiter: CsvDelimiter): RecordScan {
  const delimiterCode = delimiter.charCodeAt(0);
  const scan: RecordScan = { state: 'cut', end: text.length, hasQuotedCell: false, blanks: [] };
  for (let at = start, cell = 0; ; cell++) {
    const begin = skipBlanks(text, at, delimiterCode);
    let end = begin;
    if (text.charCodeAt(begin) === QUOTE_CODE) {
      scan.hasQuotedCell = true;
      if (begin > at) scan.blanks.push({ from: at, to: begin, cell });
      const close = closingQuote(text, begin);
      if (close === -1) return { ...scan, state: 'open' };
      end = skipBlanks(text, close + 1, delimiterCode);
      if (!isCellEnd(text, end, delimiterCode)) return { ...scan, state: 'malformed' };
    } else {
      while (!isCellEnd(text, end, delimiterCode)) end++;
    }
    if (end === text.length) return scan;
    if (text.charCodeAt(end) !== delimiterCode) return { ...scan, state: 'whole', end };
    at = end + 1;
  }
}

/** The quote that ends a cell, where two quotes in a row stand for one that doesn't; -1 if there is none. */
function closingQuote(text: string, open: number): number {
  let at = text.indexOf(QUOTE, open + 1);
  while (at !== -1 && text.charCodeAt(at + 1) === QUOTE_CODE) at = text.indexOf(QUOTE, at + 2);
  return at;
}

function skipBlanks(text: string, at: number, delimiterCode: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if ((code !== 32 && code !== 9 && code !== 0xa0) || code === delimiterCode) return at;
    at++;
  }
}

function isCellEnd(text: string, at: number, delimiterCode: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === delimiterCode || code === LINE_FEED || code === CARRIAGE_RETURN;
}

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== LINE_FEED && text.charCodeAt(at) !== CARRIAGE_RETURN)
    at++;
  return at;
}

function afterLineEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  return text.charCodeAt(end) === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED
    ? end + 2
    : end + 1;
}

function keepRecord(text: string, scan: RecordScan, line: number, mended: MendedText): void {
  mended.text += withoutBlanks(text, mended.used, scan) + '\n';
  mended.lines.push(line);
  for (const { cell } of scan.blanks) mended.repairs.push({ line, cell, code: 'BLANKS_TRIMMED' });
}

function withoutBlanks(text: string, start: number, { blanks, end }: RecordScan): string {
  let kept = '';
  let at = start;
  for (const { from, to } of blanks) {
    kept += text.slice(at, from);
    at = to;
  }
  return kept + text.slice(at, end);
}

function mendLine(text: string, delimiter: CsvDelimiter, line: number, mended: MendedText): void {
  const inside = unwrapLine(text, delimiter);
  const proper = inside ?? keepStrayQuotes(text, delimiter);
  if (proper === null) {
    mended.faults.push({ line, cell: null, code: 'QUOTE_NOT_CLOSED', value: text });
    return;
  }
  const code = inside === null ? 'STRAY_QUOTE_KEPT' : 'WHOLE_LINE_QUOTED';
  mended.repairs.push({ line, cell: null, code });
  mended.text += proper + '\n';
  mended.lines.push(line);
}

/** `"1,Chair,"https://…,https://…""`: put into quotes as a whole, without doubling the quotes inside. */
function unwrapLine(line: string, delimiter: CsvDelimiter): string | null {
  const text = line.trim();
  if (text.length < 2 || !text.startsWith(QUOTE) || !text.endsWith(QUOTE)) return null;
  const inside = text.slice(1, -1);
  const scan = scanRecord(inside, 0, delimiter);
  return scan.state === 'cut' && scan.hasQuotedCell ? withoutBlanks(inside, 0, scan) : null;
}

/**
 * `"Big" Table` and `"12" screen, black"`: the cells of one line as proper CSV, or null if a cell has nothing but
 * an opening quote.
 */
function keepStrayQuotes(line: string, delimiter: CsvDelimiter): string | null {
  const delimiterCode = delimiter.charCodeAt(0);
  const cells: string[] = [];
  for (let at = 0; at <= line.length;) {
    const begin = skipBlanks(line, at, delimiterCode);
    const close = line[begin] === QUOTE ? likelyClosingQuote(line, begin, delimiterCode) : -1;
    const nextDelimiter = line.indexOf(delimiter, close === -1 ? at : close);
    const end = nextDelimiter === -1 ? line.length : nextDelimiter;
    if (close !== -1) cells.push(line.slice(begin + 1, close).replaceAll('""', '"'));
    else if (line[begin] === QUOTE && line.slice(begin + 1, end).indexOf(QUOTE) === -1) return null;
    else cells.push(line.slice(at, end));
    at = end + 1;
  }
  return cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter);
}

/**
 * The first quote that the cell ends after. A quote right behind a delimiter opens another cell, so that the search
 * is over: `"Big" Table,"https://…,https://…"` is no single cell.
 */
function likelyClosingQuote(line: string, open: number, delimiterCode: number): number {
  for (let at = line.indexOf(QUOTE, open + 1); at !== -1; at = line.indexOf(QUOTE, at + 1)) {
    if (isCellEnd(line, skipBlanks(line, at + 1, delimiterCode), delimiterCode)) return at;
    if (opensCell(line, at, delimiterCode)) return -1;
  }
  return -1;
}

function opensCell(line: string, quote: number, delimiterCode: number): boolean {
  let before = quote - 1;
  while (line.charCodeAt(before) === 32) before--;
  return line.charCodeAt(before) === delimiterCode;
}
