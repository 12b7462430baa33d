import type { FileEncoding } from '../records/csv-encoding.js';
import {
  csvFault,
  type CsvFault,
  type CsvLimits,
  type CsvRepair,
  type CsvRepairCode,
} from '../csv-faults.js';
import type { CsvFormat, CsvLayout } from '../csv-layout.js';
import { afterLineEnd, lineEnd } from '../records/csv-record-scan.js';
import { CsvRecordReader } from '../records/csv-records.js';
import { type ColumnPlaces, placesOf } from './columns.js';
import type { KnownProfile } from './file-profile.js';
import {
  bestHeader,
  faultOfHeader,
  type HeaderCandidate,
  layoutOfHeader,
  likeliestHeader,
  RECORDS_LOOKED_AT,
  repairsOfHeader,
} from './header-candidate.js';
import type { WantedColumns } from './header-columns.js';
import { profileOf } from './profiles.js';
import { type SampledColumn, sampledColumns } from './sampled-columns.js';

/** What the header says about the rows below it. */
export interface CsvTable {
  layout: CsvLayout;
  /** Of the shop or marketplace whose file it is; ours where it is none of theirs. */
  profile: KnownProfile;
  /** Records that begin on or before this line are none of the rows. */
  headerLine: number;
  /** Names of the columns that the file itself has. */
  names: string[];
  /** Columns without a name behind these, which the header has. */
  unnamedColumns: number;
  places: ColumnPlaces;
}

/** The table that a header describes, or the fault that it has. */
export interface HeaderReading {
  table: CsvTable | null;
  /** The columns that the file itself has, also where the header has a fault; none where there is no header. */
  columns: SampledColumn[];
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

type Delimiter = CsvFormat['delimiter'];

const DELIMITERS: Delimiter[] = [',', ';', '\t'];

/** Excel's note to itself about the delimiter; programs that know nothing of it put it into quotes, or delimiters behind it. */
const SEPARATOR_LINE = /^"?sep=(.)"?[ ,;\t]*(\r\n|\n|\r)/i;

/** Physical lines among which these are: reading tens of thousands of blank ones would hold others up. */
const MAX_PHYSICAL_LINES = 500;

/**
 * Finds the header in the first part of a file, the delimiter that makes most sense of it, and the role of each
 * column. A column of image URLs is needed. Serial numbers and product names are not: where there is no such
 * column, one is put before the others, so that the output always has the four columns of the contract. A file that
 * holds nothing but URLs needs no header.
 */
export function readHeader(
  { text, firstLine, isWhole }: FileHead,
  encoding: FileEncoding,
  limits: CsvLimits,
  wanted: WantedColumns = {},
): HeaderReading {
  const end = endOfLines(text, MAX_PHYSICAL_LINES);
  const head: FileHead = { text: text.slice(0, end), firstLine, isWhole: isWhole && end === text.length };
  if (isMarkup(head.text)) return faulty(csvFault(kindOfMarkup(head.text), { line: head.firstLine }, limits));
  const separator = SEPARATOR_LINE.exec(head.text);
  const forced = DELIMITERS.filter((delimiter) => delimiter === separator?.[1]);
  const lastSkipped = separator ? head.firstLine : 0;
  // What does not occur at all cuts as the comma does that does not: into one cell a line.
  const possible = DELIMITERS.filter((delimiter) => delimiter === ',' || head.text.includes(delimiter));
  const candidates = (forced.length > 0 ? forced : possible)
    .map((delimiter) => readCandidate(delimiter, head, lastSkipped, limits, wanted))
    .filter((candidate) => candidate !== null);
  const best = bestHeader(candidates, limits);
  const fault = best ? faultOfHeader(best, limits, wanted) : faultOfUnfinished(head, limits);
  if (fault && isJson(head.text)) return faulty(csvFault('JSON_FILE', { line: head.firstLine }, limits));
  if (fault || !best) return { ...faulty(fault), columns: best ? sampledColumns(best) : [] };
  const repairs = repairsOfHeader(best, formatCodes(encoding, best));
  if (separator) repairs.push({ line: head.firstLine, column: null, code: 'SEPARATOR_LINE_SKIPPED' });
  const format = formatOf(head.text, best.delimiter!, encoding);
  const table = tableOf(layoutOfHeader(best, format, wanted));
  return { table, columns: sampledColumns(best), faults: [], repairs };
}

function readCandidate(
  delimiter: Delimiter,
  head: FileHead,
  lastSkipped: number,
  limits: CsvLimits,
  wanted: WantedColumns,
): HeaderCandidate | null {
  const reader = new CsvRecordReader(delimiter, limits, head.firstLine);
  const blocks = [...reader.push(head.text, head.isWhole)];
  const all = blocks.flatMap(({ records, lines }) => records.map((cells, i) => ({ cells, line: lines[i] })));
  const records = all.filter(({ line, cells }) => line > lastSkipped && cells.some((cell) => cell.trim()));
  const faults = blocks.flatMap((block) => block.faults);
  if (records.length === 0 || faults.some((fault) => fault.line < records[0].line)) return null;
  const firstFault = faults.reduce((least, { line }) => Math.min(least, line), Infinity);
  const readable = records.slice(0, RECORDS_LOOKED_AT).filter(({ line }) => line <= firstFault);
  return likeliestHeader(readable, delimiter, limits, wanted, records);
}

/** Where so many lines of a text end, or the text does. */
function endOfLines(text: string, count: number): number {
  let at = 0;
  for (let line = 0; line < count && at < text.length; line++) at = afterLineEnd(text, lineEnd(text, at));
  return at;
}

function faulty(fault: CsvFault | null): HeaderReading {
  return { table: null, columns: [], faults: fault ? [fault] : [], repairs: [] };
}

function isMarkup(text: string): boolean {
  return /^\s*<(?:!doctype|!--|html|head|body|table|\?xml|script|meta)/i.test(text);
}

/** Excel can save a workbook as XML, and calls that file `.xls`. */
function kindOfMarkup(text: string): 'EXCEL_FILE' | 'HTML_FILE' {
  return /<(?:\w{1,20}:)?Workbook[\s>]/.test(text) ? 'EXCEL_FILE' : 'HTML_FILE';
}

function isJson(text: string): boolean {
  return /^\s*(?:\{\s*["}]|\[\s*[{["\]])/.test(text);
}

/** No delimiter makes a record of it: a quote is open, or there is no line end in all of it. */
function faultOfUnfinished({ text, firstLine, isWhole }: FileHead, limits: CsvLimits): CsvFault {
  const [value] = text.split(/[\r\n]/, 1);
  const code = isWhole || value.length < text.length ? 'QUOTE_NOT_CLOSED' : 'ROW_TOO_LONG';
  return csvFault(code, { line: firstLine, value }, limits);
}

function formatCodes(
  { bom, encoding, isDamaged }: FileEncoding,
  { delimiter }: HeaderCandidate,
): CsvRepairCode[] {
  const noted: [boolean, CsvRepairCode][] = [
    [bom, 'BOM_SKIPPED'],
    [encoding !== 'utf-8', 'ENCODING_CONVERTED'],
    [isDamaged, 'BYTES_REPLACED'],
    [delimiter !== ',', 'DELIMITER_DETECTED'],
  ];
  return noted.filter(([isSo]) => isSo).map(([, code]) => code);
}

function formatOf(head: string, delimiter: Delimiter, { encoding, bom }: FileEncoding): CsvFormat {
  // Line ends within quotes are the user's data; a lone \r ended lines on computers that nobody has any more.
  const lineEnd = /\r\n|\n|\r/.exec(head.replace(/"[^"]*("|$)/g, ''))?.[0];
  return { delimiter, newline: lineEnd === '\r\n' ? '\r\n' : '\n', bom, encoding };
}

/** The table of a layout that has its `source`. */
export function tableOf(layout: CsvLayout): CsvTable {
  const { headerLine, addedColumns, unnamedColumns } = layout.source!;
  const columns = layout.columns.slice(addedColumns);
  return {
    layout,
    profile: profileOf(layout.profile),
    headerLine,
    names: columns.map(({ name }) => name),
    unnamedColumns,
    places: placesOf(columns),
  };
}
