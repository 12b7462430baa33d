import type { OutboundCode } from '../errors/error-codes.js';
import { TABLE_FAULTS } from '../errors/table-codes.js';
import type { TableFaultCode, TableRepairCode, TableWarningCode } from '../errors/table-codes.js';

/**
 * Most that one file may hold. Lengths are in UTF-16 units, JavaScript's characters. The length of a row is checked
 * where it can hurt, while its end is looked for, so that some 32 KiB more can pass.
 */
export interface CsvLimits {
  /** Of a serial number, a product name or the name of a column. */
  nameLength: number;
  /** Of a row's cells in columns that we only keep, as JSON in UTF-8: what a TEXT column of MySQL holds. */
  extraBytes: number;
  /** Of a whole row; this also bounds the memory that a quote which is never closed can take. */
  rowLength: number;
  /** Of the names of all columns together. */
  headerLength: number;
  urlLength: number;
  urlsPerRow: number;
  columns: number;
}

export const DEFAULT_CSV_LIMITS: CsvLimits = {
  nameLength: 1_000,
  extraBytes: 65_535,
  rowLength: 524_288,
  headerLength: 32_768,
  urlLength: 2_048,
  urlsPerRow: 1_000,
  columns: 1_000,
};

/** What can be wrong with a file or a row; `errors/table-codes.ts` says what each code means. */
export type CsvFaultCode = TableFaultCode;

/** What was put right while reading; `errors/table-codes.ts` says what each code means. */
export type CsvRepairCode = TableRepairCode;

/** Something that we can't take, and where it stands. */
export interface CsvFault {
  /** Physical line of the file on which the row begins, or row of the sheet; the first is 1. */
  line: number;
  /** Name of the column as the user wrote it; null where it is about the whole row or file. */
  column: string | null;
  /** Of a workbook: where to look, such as `Products!C7`. */
  cell?: string;
  /** The text at fault, cut to 80 characters. */
  value: string;
  code: CsvFaultCode;
  /** One sentence: what to do about it. */
  hint: string;
  /** Serial number and product name of the row that is left out, as far as they are known. */
  row?: RowName;
}

/** By what the user knows a row. */
export interface RowName {
  serialNumber: string;
  productName: string;
}

/** Something odd about an address that is taken; mostly, that its image can only fail. */
export interface CsvWarning {
  line: number;
  column: string | null;
  /** Of a workbook: where to look. */
  cell?: string;
  /** The address, cut to 80 characters. */
  value: string;
  /** The code that the image will fail with, or one of `TABLE_WARNINGS`. */
  code: OutboundCode | TableWarningCode;
  /** One sentence: what is wrong with it. */
  hint: string;
}

/** Why an address can never be fetched, without asking the network; null where that may be possible. */
export type RefusalOf = (url: string) => { code: OutboundCode; message: string } | null;

/** Something that we read otherwise than it stands, and where. */
export interface CsvRepair {
  line: number;
  column: string | null;
  code: CsvRepairCode;
}

const HINTS: Record<TableFaultCode, (limits: CsvLimits) => string> = {
  EMPTY_FILE: () => 'The file is empty.',
  NOT_A_CSV: () => TABLE_FAULTS.NOT_A_CSV.sentence,
  EXCEL_FILE: () => TABLE_FAULTS.EXCEL_FILE.sentence,
  WORKBOOK_DAMAGED: () => TABLE_FAULTS.WORKBOOK_DAMAGED.sentence,
  WORKBOOK_TOO_LARGE: () => TABLE_FAULTS.WORKBOOK_TOO_LARGE.sentence,
  SHEET_UNKNOWN: () => TABLE_FAULTS.SHEET_UNKNOWN.sentence,
  HTML_FILE: () => TABLE_FAULTS.HTML_FILE.sentence,
  JSON_FILE: () => TABLE_FAULTS.JSON_FILE.sentence,
  HEADER_MISSING: () => 'The first line must name the columns: S. No., Product Name, Input Image Urls.',
  COLUMN_MISSING: () => 'The header must name a column of image addresses: Input Image Urls.',
  COLUMN_UNKNOWN: () => TABLE_FAULTS.COLUMN_UNKNOWN.sentence,
  PROFILE_MISMATCH: () => TABLE_FAULTS.PROFILE_MISMATCH.sentence,
  TOO_MANY_COLUMNS: ({ columns }: CsvLimits) => `A file may have ${columns} columns.`,
  NO_ROWS: () => 'There is no row below the header.',
  NO_URL: () => 'No row has an image address; at least one is needed.',
  URL_INVALID: () => 'Write the whole address, beginning with http:// or https://, or empty the cell.',
  TOO_MANY_URLS: ({ urlsPerRow }: CsvLimits) => `A row may have ${urlsPerRow} image addresses.`,
  TOO_MANY_CELLS: () =>
    'The row has more cells than the header, and this is no image address: put a cell that has the separator in it between quotation marks.',
  ROW_UNCLEAR: () =>
    'There is an address where the serial number belongs, and no row above that it can belong to.',
  CELL_TOO_LONG: ({ nameLength, extraBytes }: CsvLimits) =>
    `A name may have ${nameLength} characters, the cells of further columns ${extraBytes} bytes together.`,
  ROW_TOO_LONG: ({ rowLength, headerLength }: CsvLimits) =>
    `A row may have ${rowLength} characters, the header ${headerLength}.`,
  NUL_BYTE: () => 'Remove the NUL characters; the file may be damaged.',
  QUOTE_NOT_CLOSED: () =>
    'A quotation mark is opened here and not closed; a quote inside a cell is written "".',
};

/** V8 copies slices shorter than this: they keep no other text alive. */
const COPIED_BY_SLICES = 13;

/** Longest part of a faulty text that is shown. */
const SHOWN_LENGTH = 80;

/** A fault with the hint that belongs to its code, unless there is a better one. */
export function csvFault(
  code: CsvFaultCode,
  at: { line: number; column?: string | null; cell?: string; value?: string; hint?: string; row?: RowName },
  limits: CsvLimits,
): CsvFault {
  const { line, column = null, cell, value = '', hint = HINTS[code](limits), row } = at;
  return { line, column, ...(cell && { cell }), value: shown(value), code, hint, ...(row && { row }) };
}

/**
 * The beginning of a text as well-formed Unicode without NUL characters. Copied byte by byte: a mere slice would keep
 * the whole block of the file alive that it was cut from.
 */
export function shown(value: string, length = SHOWN_LENGTH): string {
  if (value.length < COPIED_BY_SLICES && !value.includes('\0')) return value;
  const cut = value.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
  return Buffer.from(cut).toString().replaceAll('\0', '\u2400');
}
