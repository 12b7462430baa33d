import { missingColumns, placesOf, recogniseColumns, STANDARD_NAMES } from './columns.js';
import type { ColumnPlaces, TableColumn } from './columns.js';
import type { FileEncoding } from './records/csv-encoding.js';
import { csvFault, type CsvFault, type CsvLimits, type CsvRepair, type CsvRepairCode } from './csv-faults.js';
import type { CsvFormat, CsvLayout } from './csv-layout.js';
import { CsvRecordReader, readSingleRecord } from './records/csv-records.js';

/** What the header says about the rows below it. */
export interface CsvTable {
  layout: CsvLayout;
  /** Records that begin on or before this line are none of the rows. */
  headerLine: number;
  /** Names of the columns that the file itself has. */
  names: string[];
  places: ColumnPlaces;
}

/** The table that a header describes, or the fault that it has. */
export interface HeaderReading {
  table: CsvTable | null;
  faults: CsvFault[];
  repairs: CsvRepair[];
}

/** The first part of a file, from the first line that isn't empty. */
export interface FileHead {
  text: string;
  firstLine: number;
  /** There is nothing behind it. */
  isWhole: boolean;
}

/** A header as one of the delimiters cuts it. */
interface Candidate {
  delimiter: Delimiter;
  line: number;
  names: string[];
  columns: TableColumn[];
  isUnwrapped: boolean;
  known: number;
}

type Delimiter = CsvFormat['delimiter'];

const DELIMITERS: Delimiter[] = [',', ';', '\t'];

/** Excel's note to itself about the delimiter. */
const SEPARATOR_LINE = /^sep=(.)(\r\n|\n|\r)/i;

/**
 * Finds the header in the first part of a file, the delimiter that makes most sense of it, and the role of each
 * column. A column of image URLs is needed. Serial numbers and product names are not: where there is no such
 * column, one is put before the others, so that the output always has the four columns of the contract.
 */
export function readHeader(head: FileHead, encoding: FileEncoding, limits: CsvLimits): HeaderReading {
  const separator = SEPARATOR_LINE.exec(head.text);
  const forced = DELIMITERS.filter((delimiter) => delimiter === separator?.[1]);
  const lastSkipped = separator ? head.firstLine : 0;
  const candidates = (forced.length > 0 ? forced : DELIMITERS)
    .map((delimiter) => readCandidate(delimiter, head, lastSkipped, limits))
    .filter((candidate) => candidate !== null);
  const best = candidates.reduce<Candidate | null>(
    (most, next) => (isBetter(next, most) ? next : most),
    null,
  );
  const fault = best ? faultOfHeader(best, limits) : faultOfUnfinished(head, limits);
  if (fault || !best) return { table: null, faults: fault ? [fault] : [], repairs: [] };
  const repairs = repairsOf(best, encoding);
  if (separator) repairs.push({ line: head.firstLine, column: null, code: 'SEPARATOR_LINE_SKIPPED' });
  return { table: toTable(best, head.text, encoding), faults: [], repairs };
}

function readCandidate(
  delimiter: Delimiter,
  head: FileHead,
  lastSkipped: number,
  limits: CsvLimits,
): Candidate | null {
  const reader = new CsvRecordReader(delimiter, limits, head.firstLine);
  const blocks = [...reader.push(head.text, head.isWhole)];
  const records = blocks.flatMap((block) => block.records);
  const lines = blocks.flatMap((block) => block.lines);
  const faults = blocks.flatMap((block) => block.faults);
  const at = records.findIndex(
    (cells, i) => lines[i] > lastSkipped && cells.some((cell) => cell.trim() !== ''),
  );
  if (at === -1 || faults.some((fault) => fault.line < lines[at])) return null;
  const isSingle = records[at].slice(1).every((cell) => cell.trim() === '');
  const unwrapped = isSingle
    ? readSingleRecord(records[at][0], new CsvRecordReader(delimiter, limits))
    : null;
  const isUnwrapped = unwrapped !== null && unwrapped.length > 1;
  const names = (isUnwrapped ? unwrapped : records[at]).map((name) => name.trim());
  const columns = recogniseColumns(withoutUnnamedEnd(names));
  const known = new Set(columns.map((column) => column.role).filter((role) => role !== 'extra'));
  return { delimiter, line: lines[at], names, columns, isUnwrapped, known: known.size };
}

function isBetter(next: Candidate, best: Candidate | null): boolean {
  if (!best) return true;
  if (next.known !== best.known) return next.known > best.known;
  return next.columns.length > best.columns.length;
}

/** Programs name nothing at the end when a list without quotes took more columns than the header has. */
function withoutUnnamedEnd(names: string[]): string[] {
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

/** No delimiter makes a record of it: a quote is open, or there is no line end in all of it. */
function faultOfUnfinished({ text, firstLine, isWhole }: FileHead, limits: CsvLimits): CsvFault {
  const [value] = text.split(/[\r\n]/, 1);
  const code = isWhole || value.length < text.length ? 'QUOTE_NOT_CLOSED' : 'ROW_TOO_LONG';
  return csvFault(code, { line: firstLine, value }, limits);
}

function faultOfHeader({ columns, names, line, known }: Candidate, limits: CsvLimits): CsvFault | null {
  const value = names.join(',');
  if (!columns.some(({ role }) => role === 'input')) {
    if (known === 0) return csvFault('HEADER_MISSING', { line, value }, limits);
    return csvFault('COLUMN_MISSING', { line, column: STANDARD_NAMES.input, value }, limits);
  }
  if (columns.length > limits.columns) return csvFault('TOO_MANY_COLUMNS', { line }, limits);
  const long = names.find((name) => name.length > limits.nameLength);
  if (long !== undefined) return csvFault('CELL_TOO_LONG', { line, value: long }, limits);
  if (value.length > limits.headerLength) return csvFault('ROW_TOO_LONG', { line, value }, limits);
  return value.includes('\0') ? csvFault('NUL_BYTE', { line, value }, limits) : null;
}

function repairsOf(
  { columns, names, line, delimiter, isUnwrapped }: Candidate,
  encoding: FileEncoding,
): CsvRepair[] {
  const repairs: CsvRepair[] = [];
  const note = (code: CsvRepairCode, column: string | null = null) => repairs.push({ line, column, code });
  if (encoding.bom) note('BOM_SKIPPED');
  if (encoding.encoding !== 'utf-8') note('ENCODING_CONVERTED');
  if (encoding.isDamaged) note('BYTES_REPLACED');
  if (delimiter !== ',') note('DELIMITER_DETECTED');
  if (isUnwrapped) note('WHOLE_LINE_QUOTED');
  for (const { name, role } of columns) {
    if (role === 'output') note('OUTPUT_COLUMN_REPLACED', name);
    else if (role !== 'extra' && name !== STANDARD_NAMES[role]) note('HEADER_ALIAS', name);
  }
  if (columns.filter(({ role }) => role === 'input').length > 1) note('COLUMNS_MERGED');
  if (columns.length < names.length) note('UNNAMED_COLUMNS_DROPPED');
  for (const { name } of missingColumns(columns)) note('COLUMN_ADDED', name);
  return repairs;
}

function toTable(
  { columns, delimiter, line }: Candidate,
  head: string,
  { encoding, bom }: FileEncoding,
): CsvTable {
  // Line ends within quotes are the user's data; a lone \r ended lines on computers that nobody has any more.
  const lineEnd = /\r\n|\n|\r/.exec(head.replace(/"[^"]*("|$)/g, ''))?.[0];
  const newline = lineEnd === '\r\n' ? '\r\n' : '\n';
  return {
    layout: { columns: [...missingColumns(columns), ...columns], delimiter, newline, bom, encoding },
    headerLine: line,
    names: columns.map(({ name }) => name),
    places: placesOf(columns),
  };
}
