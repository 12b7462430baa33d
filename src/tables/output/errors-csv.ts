import type { CsvFormat } from '../csv-layout.js';
import { type CellOptions, csvLines } from './csv-writer.js';

/** Something of the user's file that did not become an image: a row that was left out, or an image that failed. */
export interface ErrorRow {
  line: number;
  serialNumber: string;
  productName: string;
  /** Place of the image in its cell, the first is 1; null for a row that was left out. */
  position: number | null;
  /** The image's URL, or the text at fault. */
  url: string;
  code: string;
  message: string;
  retryable: boolean;
  attempts: number;
  /** What to do about it, in plain words. */
  advice: string;
}

const COLUMNS = [
  'Line',
  'Serial Number',
  'Product Name',
  'Position',
  'Input Image Url',
  'Code',
  'Message',
  'Retryable',
  'Attempts',
  'What To Do',
];

/** The first line of `errors.csv`, with the delimiter and line end of the user's file. */
export function errorsCsvHeader(format: CsvFormat): string {
  return (format.bom ? '\uFEFF' : '') + csvLines([COLUMNS], format);
}

/** Lines of `errors.csv`, each with its line end. */
export function errorsCsvRows(format: CsvFormat, rows: ErrorRow[], options: CellOptions = {}): string {
  return csvLines(rows.map(cellsOf), format, options);
}

function cellsOf(row: ErrorRow): string[] {
  const { line, serialNumber, productName, position, url, code, message, retryable, attempts, advice } = row;
  const place = position === null ? '' : String(position);
  return [
    String(line),
    serialNumber,
    productName,
    place,
    url,
    code,
    message,
    String(retryable),
    String(attempts),
    advice,
  ];
}
