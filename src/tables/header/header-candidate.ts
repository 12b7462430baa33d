import { csvFault, type CsvFault, type CsvLimits, type CsvRepair } from '../csv-faults.js';
import { type CsvRepairCode, shown } from '../csv-faults.js';
import type { CsvFormat, CsvLayout } from '../csv-layout.js';
import { CsvRecordReader, readSingleRecord } from '../records/csv-records.js';
import { readUrlList, URL_START } from '../urls/url-list.js';
import { INPUT_NAME_EXAMPLES, missingColumns, STANDARD_NAMES, type TableColumn } from './columns.js';
import type { KnownProfile } from './file-profile.js';
import { describeColumns, faultOfWishes, type WantedColumns } from './header-columns.js';

/** What may be the header of a file: one of its first records, as one of the delimiters cuts it. */
export interface HeaderCandidate {
  /** Null where cells need none. */
  delimiter: CsvFormat['delimiter'] | null;
  line: number;
  names: string[];
  columns: TableColumn[];
  isUnwrapped: boolean;
  profile: KnownProfile | null;
  known: number;
  /** The first record of the file. */
  firstCells: string[];
  firstLine: number;
  /** Lines of titles and comments above the header. */
  above: number[];
  /** The records below the header, as far as this part of the file goes. */
  below: string[][];
}

/** A record of which nobody knows yet what it is. */
export interface HeadRecord {
  cells: string[];
  line: number;
}

/** Of the columns as JSON: what a TEXT column of MySQL holds, but for the rest of the layout. */
const MAX_STORED_BYTES = 65_000;

/** Of the names of columns that a fault lists. */
const MAX_LISTED_NAMES = 20;
const MAX_LISTED_NAME_LENGTH = 40;

/** Records that are looked at: titles and comments may stand above the header. */
export const RECORDS_LOOKED_AT = 10;

/** Of a header below a line that holds an address, and so looks like a row. */
const MIN_KNOWN_BELOW_ADDRESSES = 2;

/**
 * The likeliest header among the first records of a file.
 * @param records those that hold something, at least one
 * @param all also those behind them
 */
export function likeliestHeader(
  records: HeadRecord[],
  delimiter: HeaderCandidate['delimiter'],
  limits: CsvLimits,
  wanted: WantedColumns,
  all = records,
): HeaderCandidate {
  const lines = records.slice(0, RECORDS_LOOKED_AT);
  let best: HeaderCandidate | null = null;
  let isBelowAddresses = false;
  for (const { cells, line } of lines) {
    const next = toCandidate(delimiter, cells, line, limits, wanted);
    const least = isBelowAddresses ? MIN_KNOWN_BELOW_ADDRESSES : 1;
    if (!best || (next.known > best.known && next.known >= least && hasInput(next))) best = next;
    isBelowAddresses ||= cells.some((cell) => URL_START.test(cell));
  }
  const above = lines.map(({ line }) => line).filter((line) => line < best!.line);
  const below = all.filter(({ line }) => line > best!.line).map(({ cells }) => cells);
  return { ...best!, firstCells: lines[0].cells, firstLine: lines[0].line, above, below };
}

/** The one that makes most sense of a file, which needs no header where it holds nothing but URLs; null where there is none. */
export function bestHeader(candidates: HeaderCandidate[], limits: CsvLimits): HeaderCandidate | null {
  const named = candidates.reduce<HeaderCandidate | null>(
    (most, next) => (isBetter(next, most) ? next : most),
    null,
  );
  return named && !hasInput(named) ? (withoutHeader(candidates, limits) ?? named) : named;
}

function toCandidate(
  delimiter: HeaderCandidate['delimiter'],
  cells: string[],
  line: number,
  limits: CsvLimits,
  wanted: WantedColumns,
): HeaderCandidate {
  const isSingle = delimiter !== null && cells.slice(1).every((cell) => cell.trim() === '');
  const unwrapped = isSingle ? readSingleRecord(cells[0], new CsvRecordReader(delimiter, limits)) : null;
  const isUnwrapped = unwrapped !== null && unwrapped.length > 1;
  const names = (isUnwrapped ? unwrapped : cells).map((name) => name.trim());
  return {
    delimiter,
    line,
    names,
    // One more than is taken, so that a header of tens of thousands costs no more, and is seen to be too wide.
    ...describeColumns(withoutUnnamedEnd(names).slice(0, limits.columns + 1), wanted),
    isUnwrapped,
    firstCells: cells,
    firstLine: line,
    above: [],
    below: [],
  };
}

/** Lines of URLs only, read as a table of one column. */
function withoutHeader(candidates: HeaderCandidate[], limits: CsvLimits): HeaderCandidate | null {
  const candidate = candidates.find(({ delimiter }) => delimiter === ',') ?? candidates[0];
  const { firstCells, firstLine } = candidate;
  const list = firstCells.filter((cell) => cell !== '').join(',');
  if (!URL_START.test(list) || list.length > limits.rowLength) return null;
  const { urls, invalid } = readUrlList(list, { limits, scheme: 'https:' });
  if (urls.length === 0 || invalid.length > 0) return null;
  const names = [STANDARD_NAMES.input];
  const columns: TableColumn[] = [{ name: names[0], role: 'input' }];
  return {
    ...candidate,
    line: firstLine - 1,
    names,
    columns,
    isUnwrapped: false,
    profile: null,
    known: 1,
    above: [],
    below: [firstCells, ...candidate.below],
  };
}

function hasInput({ columns }: HeaderCandidate): boolean {
  return columns.some(({ role }) => role === 'input');
}

function isBetter(next: HeaderCandidate, best: HeaderCandidate | null): boolean {
  if (!best) return true;
  if (next.known !== best.known) return next.known > best.known;
  return next.columns.length > best.columns.length;
}

/** Programs name nothing at the end when a list without quotes took more columns than the header has. */
function withoutUnnamedEnd(names: string[]): string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

/** What is wrong with it, or null. */
export function faultOfHeader(
  candidate: HeaderCandidate,
  limits: CsvLimits,
  wanted: WantedColumns,
): CsvFault | null {
  const { columns, names, line, known } = candidate;
  const value = names.join(',');
  if (wanted.sheet !== undefined && candidate.delimiter !== null)
    return csvFault('SHEET_UNKNOWN', { line: 1, hint: 'The file is no workbook: it has no sheets.' }, limits);
  if (columns.length > limits.columns) return csvFault('TOO_MANY_COLUMNS', { line }, limits);
  const unmet = faultOfWishes(candidate, wanted, Math.max(line, 1), limits);
  if (unmet) return unmet;
  if (!hasInput(candidate)) {
    const hint = columnsHint(names, known === 0);
    if (known === 0) return csvFault('HEADER_MISSING', { line, value, hint }, limits);
    return csvFault('COLUMN_MISSING', { line, column: STANDARD_NAMES.input, value, hint }, limits);
  }
  const long = names.find((name) => name.length > limits.nameLength);
  if (long !== undefined) return csvFault('CELL_TOO_LONG', { line, value: long }, limits);
  const stored = Buffer.byteLength(JSON.stringify([columns, wanted]));
  if (value.length > limits.headerLength || stored > MAX_STORED_BYTES)
    return csvFault('ROW_TOO_LONG', { line, value }, limits);
  return value.includes('\0') ? csvFault('NUL_BYTE', { line, value }, limits) : null;
}

/** What the file has, and what it needs. */
function columnsHint(names: string[], hasNoHeader: boolean): string {
  const named = names.filter((name) => name !== '');
  const listed = named.slice(0, MAX_LISTED_NAMES).map((name) => `"${shown(name, MAX_LISTED_NAME_LENGTH)}"`);
  const more = named.length - listed.length;
  const list = listed.join(', ') + (more > 0 ? ` and ${more} more` : '');
  const found = hasNoHeader
    ? `None of the first ten lines names the columns; the first is: ${list}.`
    : `No column of image addresses was found; the columns of the file are: ${list}.`;
  return `${found} Name the column "${STANDARD_NAMES.input}"; ${INPUT_NAME_EXAMPLES} are taken, too.`;
}

/** What was read otherwise than it stands. @param ofFormat what is to be noted of how the file is written */
export function repairsOfHeader(
  { columns, names, line, isUnwrapped, above, firstLine, profile }: HeaderCandidate,
  ofFormat: CsvRepairCode[],
): CsvRepair[] {
  const repairs: CsvRepair[] = above.map((line) => ({
    line,
    column: null,
    code: 'LINE_ABOVE_HEADER_SKIPPED',
  }));
  if (line < firstLine) repairs.push({ line: firstLine, column: null, code: 'HEADER_ADDED' });
  const at = Math.max(line, 1); // where there is no header
  const note = (code: CsvRepairCode, column: string | null = null) =>
    repairs.push({ line: at, column, code });
  for (const code of ofFormat) note(code);
  if (isUnwrapped) note('WHOLE_LINE_QUOTED');
  for (const { name, role } of columns) {
    if (role === 'output') note('OUTPUT_COLUMN_REPLACED', name);
    else if (role !== 'extra' && !profile && name !== STANDARD_NAMES[role]) note('HEADER_ALIAS', name);
  }
  if (!profile && columns.filter(({ role }) => role === 'input').length > 1) note('COLUMNS_MERGED');
  if (columns.length < names.length) note('UNNAMED_COLUMNS_DROPPED');
  if (!profile) for (const { name } of missingColumns(columns)) note('COLUMN_ADDED', name);
  return repairs;
}

/** How the table of this header is written, in a file of this format. */
export function layoutOfHeader(
  { columns, names, line, profile }: HeaderCandidate,
  format: CsvFormat,
  wanted: WantedColumns,
): CsvLayout {
  const missing = missingColumns(columns);
  return {
    columns: [...missing, ...columns],
    ...format,
    ...(profile ? { profile: profile.id } : {}),
    ...(Object.keys(wanted).length > 0 ? { wanted } : {}),
    source: {
      headerLine: line,
      addedColumns: missing.length,
      unnamedColumns: names.length - columns.length,
    },
  };
}
