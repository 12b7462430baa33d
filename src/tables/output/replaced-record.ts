import { DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import type { CsvTable } from '../header/csv-header.js';
import type { InputRow } from '../rows/csv-batch.js';
import { readUrlList } from '../urls/url-list.js';
import { csvLines } from './csv-writer.js';
import { innerOf, LINE_END, rawCells, written } from './raw-cells.js';

/** A record with other URLs, all else as it stands; null where its cells can't be told apart in the text. */
export function splicedRecord(
  text: string,
  row: InputRow,
  replacements: (string | null)[],
  { layout, profile }: CsvTable,
): string | null {
  const lineEnd = LINE_END.exec(text)![0];
  const record = text.slice(0, text.length - lineEnd.length);
  const cells = rawCells(record, layout.delimiter);
  if (!cells || cells.length < row.cells!.length) return null;
  for (const [column, urls] of byColumn(row, replacements)) {
    const raw = cells[column - 1];
    const inner = innerOf(raw);
    const changed = replacedList(inner, urls, profile.separator ?? ',');
    if (changed !== inner) cells[column - 1] = written(changed, raw, layout.delimiter, false);
  }
  return cells.join(layout.delimiter) + lineEnd;
}

/** A record whose cells were mended, written anew with other URLs and the line end that it has. */
export function rewrittenRecord(
  text: string,
  row: InputRow,
  replacements: (string | null)[],
  { layout, profile }: CsvTable,
): string {
  const cells = [...row.cells!];
  for (const [column, urls] of byColumn(row, replacements))
    cells[column - 1] = replacedList(cells[column - 1] ?? '', urls, profile.separator ?? ',');
  const [line] = csvLines([cells], { delimiter: layout.delimiter, newline: '\n' }).split(/\n$/);
  return line + LINE_END.exec(text)![0];
}

/** A URL, and what comes in its place: null leaves it. */
export type Replacement = [url: string, by: string | null];

/** What becomes of each cell with URLs, by its column, the first is 1. */
export function byColumn(
  { urls, columns }: Pick<InputRow, 'urls' | 'columns'>,
  replacements: (string | null)[],
): Map<number, Replacement[]> {
  const cells = new Map<number, Replacement[]>();
  urls.forEach((url, i) => {
    const others = cells.get(columns[i]);
    if (others) others.push([url, replacements[i]]);
    else cells.set(columns[i], [[url, replacements[i]]]);
  });
  return cells;
}

/**
 * The text of a cell with other URLs. Where they do not stand in it as they were read, or reading it again would not give what
 * is meant, it becomes a plain list.
 */
export function replacedList(text: string, urls: Replacement[], separator: string): string {
  if (urls.every(([, by]) => by === null)) return text;
  const meant = urls.map(([url, by]) => by ?? url).filter((url) => url !== '');
  const spliced = splicedList(text, urls);
  return spliced !== null && isListOf(spliced, meant) ? spliced : meant.join(separator);
}

function splicedList(text: string, urls: Replacement[]): string | null {
  let spliced = '';
  let end = 0;
  for (const [url, by] of urls) {
    const at = text.indexOf(url, end);
    if (at === -1 || (at === end && end > 0)) return null; // URLs with nothing between them get a separator
    spliced += text.slice(end, at) + (by ?? url);
    end = at + url.length;
  }
  return spliced + text.slice(end);
}

function isListOf(text: string, meant: string[]): boolean {
  const list = readUrlList(text.trim(), { limits: DEFAULT_CSV_LIMITS, scheme: 'https:' });
  const { urls, invalid, repairs } = list;
  // Two schemes would stay two, which nobody but us reads.
  if (invalid.length > 0 || repairs.includes('URL_SCHEME_REPEATED')) return false;
  return urls.length === meant.length && urls.every((url, i) => url === meant[i]);
}
