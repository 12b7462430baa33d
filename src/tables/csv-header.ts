import type { CsvColumn, CsvColumnRole, CsvLayout } from './output-csv.js';
import type { FileEncoding } from './csv-encoding.js';
import { csvFault, type CsvFault, type CsvLimits, type CsvRepair, type CsvRepairCode } from './csv-faults.js';
import type { CsvDelimiter } from './csv-quotes.js';
import { CsvRecordReader, parseRecord } from './csv-records.js';

/** What the header says about the rows below it. */
export interface CsvTable {
  layout: CsvLayout;
  /** Records that begin on or before this line are none of the rows. */
  headerLine: number;
  /** Names of the columns that the file itself has. */
  names: string[];
  /** Places of the columns in a record; -1 where the file has no such column. */
  serial: number;
  product: number;
  output: number;
  inputs: number[];
  extras: number[];
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
  delimiter: CsvDelimiter;
  line: number;
  names: string[];
  columns: CsvColumn[];
  isUnwrapped: boolean;
  known: number;
}

const DELIMITERS: CsvDelimiter[] = [',', ';', '\t'];
const STANDARD_NAMES = {
  serial: 'S. No.',
  product: 'Product Name',
  input: 'Input Image Urls',
  output: 'Output Image Urls',
};

/** Excel's note to itself about the delimiter. */
const SEPARATOR_LINE = /^sep=(.)(\r\n|\n|\r)/i;

/**
 * Names of columns with all but letters and digits taken out, the surest first: a column `url` holds the images
 * only if no column is called `image_url`.
 */
const KNOWN_NAMES: Record<Exclude<CsvColumnRole, 'extra'>, RegExp[]> = {
  serial: [
    /^(s|sr|sl|ser|serial)(no|nr|num|number|nos)$|^(sn|serial|serialid)$/,
    /^(no|nr|num|number|id|index|row|rowno|rownumber|item(no|number))$/,
  ],
  product: [
    /^products?names?$/,
    /^(product|name|itemname|producttitle|title)$/,
    /^(product)?(sku|id|code)$|^(item|productsku)$/,
  ],
  input: [
    /^input(image|img|picture|photo)s?(url|link|uri)?s?\d*$|^input(url|link|uri)s?\d*$|^inputimages?(url|link)/,
    /^(product)?(image|img|picture|photo)s?(url|link|uri)s?\d*$/,
    /^(product)?(image|img|picture|photo)s?\d*$/,
    /^(url|link|input)s?\d*$/,
  ],
  // Not `Output` alone: that can be a fact about the product, and would be lost.
  output: [/^output(image|img|picture|photo)s?(url|link|uri)?s?$|^output(url|link|uri)s?$/],
};

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
  delimiter: CsvDelimiter,
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
  const unwrapped = isSingle ? parseRecord(records[at][0], delimiter) : null;
  const isUnwrapped = unwrapped !== null && unwrapped.length > 1;
  const names = (isUnwrapped ? unwrapped : records[at]).map((name) => name.trim());
  const columns = assignRoles(withoutUnnamedEnd(names));
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

function assignRoles(names: string[]): CsvColumn[] {
  const plain = names.map(plainName);
  const columns: CsvColumn[] = names.map((name) => ({ name, role: 'extra' }));
  for (const role of ['input', 'output', 'serial', 'product'] as const) {
    const place = surestPlace(plain, KNOWN_NAMES[role]);
    if (place === -1) continue;
    columns[place].role = role;
    if (role !== 'input') continue;
    // Image 1, Image 2 … hold the images of one product together.
    const base = withoutNumber(plain[place]);
    plain.forEach((name, i) => withoutNumber(name) === base && (columns[i].role = 'input'));
  }
  return columns;
}

function surestPlace(plain: string[], known: RegExp[]): number {
  for (const pattern of known) {
    const place = plain.findIndex((name) => pattern.test(name));
    if (place !== -1) return place;
  }
  return -1;
}

function plainName(name: string): string {
  if (name === '#') return 'no';
  const letters = name.normalize('NFKD').toLowerCase();
  return letters.replace(/[^a-z0-9]/g, '');
}

function withoutNumber(plain: string): string {
  return plain.replace(/\d+$/, '');
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

function missingColumns(columns: CsvColumn[]): CsvColumn[] {
  return (['serial', 'product'] as const)
    .filter((role) => !columns.some((column) => column.role === role))
    .map((role) => ({ name: STANDARD_NAMES[role], role }));
}

function toTable(
  { columns, delimiter, line }: Candidate,
  head: string,
  { encoding, bom }: FileEncoding,
): CsvTable {
  const places = (role: CsvColumnRole) => columns.flatMap((column, i) => (column.role === role ? [i] : []));
  // Line ends within quotes are the user's data; a lone \r ended lines on computers that nobody has any more.
  const lineEnd = /\r\n|\n|\r/.exec(head.replace(/"[^"]*("|$)/g, ''))?.[0];
  const newline = lineEnd === '\r\n' ? '\r\n' : '\n';
  return {
    layout: { columns: [...missingColumns(columns), ...columns], delimiter, newline, bom, encoding },
    headerLine: line,
    names: columns.map(({ name }) => name),
    serial: places('serial')[0] ?? -1,
    product: places('product')[0] ?? -1,
    output: places('output')[0] ?? -1,
    inputs: places('input'),
    extras: places('extra'),
  };
}
