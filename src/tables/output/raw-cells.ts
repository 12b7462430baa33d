import type { CsvFormat } from '../csv-layout.js';
import { RecordScan } from '../records/csv-record-scan.js';

/** The line end of a record, or nothing. */
export const LINE_END = /(?:\r\n|\n|\r)?$/;

const QUOTED = /^(\s*)"([\s\S]*)"(\s*)$/;

/** The cells of a record as they stand, quotes included; null where it is not proper CSV. */
export function rawCells(record: string, delimiter: CsvFormat['delimiter']): string[] | null {
  const cells: string[] = [];
  const scan = new RecordScan(delimiter);
  let start = 0;
  scan.onCell = (end) => {
    cells.push(record.slice(start, end));
    start = end + 1;
  };
  scan.begin(0);
  if (scan.run(record, record.length, true) !== 'cut') return null;
  return [...cells, record.slice(start)];
}

/** The text of a cell as it stands. */
export function innerOf(raw: string): string {
  const quoted = QUOTED.exec(raw)?.[2];
  return quoted === undefined ? raw : quoted.replaceAll('""', '"');
}

/**
 * A text as the cell that stands in the place of another one: in quotes where that was, or where it needs them.
 * @param needsBlanks whether blanks at its ends are part of it, which many programs drop where there are no quotes
 */
export function written(
  text: string,
  raw: string,
  delimiter: CsvFormat['delimiter'],
  needsBlanks: boolean,
): string {
  const [, before = '', quoted, behind = ''] = QUOTED.exec(raw) ?? [];
  const hasBlanks = needsBlanks && /^\s|\s$/.test(text);
  const needsQuotes = quoted !== undefined || hasBlanks || text.includes(delimiter) || /["\r\n]/.test(text);
  return needsQuotes ? `${before}"${text.replaceAll('"', '""')}"${behind}` : text;
}
