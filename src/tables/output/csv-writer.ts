import Papa from 'papaparse';
import type { CsvFormat } from '../csv-layout.js';

export interface CellOptions {
  /**
   * Writes `'` before cells of the user's that a spreadsheet program could run as a formula. Off by default, since it
   * changes their data.
   */
  safe?: boolean;
}

/**
 * What can begin a formula: a sign, also a full-width one, behind whatever is not seen (blanks, control characters, byte
 * order marks, zero-width characters), or a tab or carriage return.
 */
const FORMULA_START =
  /^(?:[\t\r]|[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/** Many programs drop blanks at the ends of a cell that has no quotes. */
const BLANK_AT_END = /^\s|\s$/;

/** Rows as CSV (RFC 4180, with the delimiter and line end of the format), each with its line end. */
export function csvLines(
  rows: string[][],
  { delimiter, newline }: Pick<CsvFormat, 'delimiter' | 'newline'>,
  { safe }: CellOptions = {},
): string {
  if (rows.length === 0) return '';
  const text = Papa.unparse(rows, {
    delimiter,
    newline,
    quotes: (cell: string) => BLANK_AT_END.test(cell),
    escapeFormulae: safe ? FORMULA_START : false,
  });
  return text + newline;
}
