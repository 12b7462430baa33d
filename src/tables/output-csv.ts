import { type TableColumn, STANDARD_NAMES } from './columns.js';
import type { CsvLayout } from './csv-layout.js';
import { type CellOptions, csvLines } from './csv-writer.js';

/** One row of the user's file, with what became of its images. */
export interface OutputRow {
  serialNumber: string;
  productName: string;
  inputUrls: string[];
  /** Output N belongs to input N; null where there is none (failed, or not done yet). */
  outputUrls: (string | null)[];
  /** The cells of the columns with the role `extra`, in their order. */
  extra: string[];
}

export interface OutputCsvOptions extends CellOptions {
  /** Whether there is a column of outputs; without one, this is the user's own file as we read it. On by default. */
  withOutput?: boolean;
}

const OUTPUT_COLUMN: TableColumn = { name: STANDARD_NAMES.output, role: 'output' };
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * The first line of the output file, its line end included: the user's columns in their order, and
 * `Output Image Urls` at the end unless the file has such a column already. Begins with a byte order mark if the
 * input did.
 */
export function outputCsvHeader(layout: CsvLayout, options: OutputCsvOptions = {}): string {
  const names = columnsOf(layout, options).map(({ name }) => name);
  return (layout.bom ? BYTE_ORDER_MARK : '') + csvLines([names], layout, options);
}

/**
 * Lines of the output file (RFC 4180 with the user's delimiter and line ends), each with its line end.
 *
 * URLs share a cell, joined by `,`, and output N answers input N: the output of a failed image is an empty place,
 * as in `a,,c`. A comma inside an input URL stays as it is: a comma separates only where `http://` or `https://`
 * follows it, which no URL that the reader took has inside.
 */
export function outputCsvRows(layout: CsvLayout, rows: OutputRow[], options: OutputCsvOptions = {}): string {
  const columns = columnsOf(layout, options);
  return csvLines(
    rows.map((row) => rowCells(columns, row)),
    layout,
    options,
  );
}

function columnsOf({ columns }: CsvLayout, { withOutput = true }: OutputCsvOptions): TableColumn[] {
  if (!withOutput) return columns;
  return columns.some((column) => column.role === 'output') ? columns : [...columns, OUTPUT_COLUMN];
}

function rowCells(columns: TableColumn[], row: OutputRow): string[] {
  let extras = 0;
  let inputs = 0;
  return columns.map(({ role }) => {
    switch (role) {
      case 'serial':
        return row.serialNumber;
      case 'product':
        return row.productName;
      case 'input':
        // Which of several columns a URL came from isn't kept: the first holds them all.
        return inputs++ === 0 ? row.inputUrls.join(',') : '';
      case 'output':
        return row.outputUrls.map((url) => url ?? '').join(',');
      case 'extra':
        return row.extra[extras++] ?? '';
    }
  });
}
