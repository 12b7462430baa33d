import type { CsvFormat } from '../csv-layout.js';
import { type CellOptions, csvLines } from './csv-writer.js';

/** One stored file that was made of an image of the user's file. */
export interface RenditionRow {
  line: number;
  /** The column of the user's file in which the image stands, the first is 1; null where that is not known. */
  column: number | null;
  /** Place of the image in its row; the first is 1. */
  position: number;
  rendition: string;
  url: string;
  width: number;
  height: number;
  bytes: number;
  format: string;
}

const COLUMNS = ['Line', 'Column', 'Position', 'Rendition', 'Url', 'Width', 'Height', 'Bytes', 'Format'];

/** The first line of `renditions.csv`, with the delimiter and line end of the user's file. */
export function renditionsCsvHeader(format: CsvFormat): string {
  return (format.bom ? '\uFEFF' : '') + csvLines([COLUMNS], format);
}

/** Lines of `renditions.csv`, each with its line end. */
export function renditionsCsvRows(
  format: CsvFormat,
  rows: RenditionRow[],
  options: CellOptions = {},
): string {
  return csvLines(rows.map(cellsOf), format, options);
}

function cellsOf(row: RenditionRow): string[] {
  const { line, column, position, rendition, url, width, height, bytes, format } = row;
  const place = [line, column ?? '', position].map(String);
  return [...place, rendition, url, ...[width, height, bytes].map(String), format];
}
