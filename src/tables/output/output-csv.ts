import { type TableColumn, STANDARD_NAMES } from '../header/columns.js';
import type { CsvLayout } from '../csv-layout.js';
import { profileOf } from '../header/profiles.js';
import { type CellOptions, csvLines } from './csv-writer.js';

/** One row of the user's file, with what became of its images. */
export interface OutputRow {
  serialNumber: string;
  productName: string;
  inputUrls: string[];
  /** The column of the file in which each of them stands, the first is 1; only where that is known. */
  columns?: readonly (number | null)[];
  /** Output N belongs to input N; null where there is none (failed, or not done yet). */
  outputUrls: (string | null)[];
  /** The cells of the further columns of outputs, in their order; none unless given. */
  further?: string[];
  /** The cells of the columns with the role `extra`, in their order. */
  extra: string[];
}

export interface OutputCsvOptions extends CellOptions {
  /** Whether there is a column of outputs; without one, this is the user's own file as we read it. On by default. */
  withOutput?: boolean;
  /** What stands behind the name of the column of outputs in those of further columns beside it, such as `(thumb)`; none unless given. */
  further?: string[];
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
    rows.map((row) => rowCells(columns, row, layout)),
    layout,
    options,
  );
}

/** A column, and which of the file's it is; 0 for one that the file does not have. */
interface WrittenColumn extends TableColumn {
  number: number;
  /** Which of the further columns of outputs it is; undefined for all others. */
  further?: number;
}

function columnsOf(
  { columns, source }: CsvLayout,
  { withOutput = true, further = [] }: OutputCsvOptions,
): WrittenColumn[] {
  const added = source?.addedColumns ?? 0;
  const own = columns.map((column, place) => ({ ...column, number: Math.max(0, place + 1 - added) }));
  if (!withOutput) return own.filter(({ role }) => role !== 'output');
  const all = own.some(({ role }) => role === 'output') ? own : [...own, { ...OUTPUT_COLUMN, number: 0 }];
  return withFurther(all, further);
}

/** The further columns stand beside the one of outputs; one that the file has already keeps its place. */
function withFurther(columns: WrittenColumn[], further: string[]): WrittenColumn[] {
  const place = columns.findIndex(({ role }) => role === 'output');
  const names = further.map((ending) => `${columns[place].name} ${ending}`);
  const written = columns.map((column) => {
    const index = column.role === 'extra' ? names.indexOf(column.name) : -1;
    return index < 0 ? column : { ...column, further: index };
  });
  const isThere = (index: number) => written.some((column) => column.further === index);
  const added = names.map((name, index) => ({ name, role: 'output' as const, number: 0, further: index }));
  written.splice(place + 1, 0, ...added.filter(({ further: index }) => !isThere(index)));
  return written;
}

function rowCells(columns: WrittenColumn[], row: OutputRow, layout: CsvLayout): string[] {
  let extras = 0;
  let inputs = 0;
  return columns.map(({ role, number, further }) => {
    if (further !== undefined) {
      if (role === 'extra') extras++;
      return row.further?.[further] ?? '';
    }
    switch (role) {
      case 'serial':
        return row.serialNumber;
      case 'product':
        return row.productName;
      case 'input':
        if (layout.profile) return urlsOfColumn(row, number, layout);
        // Of our own tables the first column holds them all, also those of further lines.
        return inputs++ === 0 ? row.inputUrls.join(',') : '';
      case 'output':
        return row.outputUrls.map((url) => url ?? '').join(',');
      case 'extra':
        return row.extra[extras++] ?? '';
    }
  });
}

/** A shop's file keeps its columns. */
function urlsOfColumn({ inputUrls, columns = [] }: OutputRow, column: number, layout: CsvLayout): string {
  return inputUrls.filter((_, i) => columns[i] === column).join(profileOf(layout.profile).separator ?? ',');
}
