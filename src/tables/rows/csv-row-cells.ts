import type { BatchWriter } from './csv-batch.js';
import type { CsvLimits } from '../csv-faults.js';
import type { CsvTable } from '../header/csv-header.js';
import { CsvRecordReader, readSingleRecord } from '../records/csv-records.js';
import { URL_START, type UrlList } from '../urls/url-list.js';

/** Into how many cells we believe that a URL with commas can have been cut. */
const MAX_CELLS_PER_URL = 4;

/** Makes the cells of a record those that the header has, where lists without quotes, commas at the end or missing cells moved them. */
export class RowCells {
  /** Reads rows that stand within quotes as a whole. */
  private readonly insideReader: CsvRecordReader;

  constructor(
    private readonly table: CsvTable,
    private readonly limits: CsvLimits,
    private readonly notes: BatchWriter,
    private readonly listOf: (text: string) => UrlList,
  ) {
    this.insideReader = new CsvRecordReader(table.layout.delimiter, limits);
  }

  /** The cells, no more than the header has; null if that can't be: the fault is noted. Missing cells are not filled in. */
  fitted(given: string[], line: number): string[] | null {
    const { names, layout } = this.table;
    if (layout.sheet !== undefined) return this.ofSheet(given, line);
    const cells = this.unwrapped(given, line);
    if (cells.length > names.length) return this.withoutSurplus(cells, line);
    if (cells.length < names.length) this.notes.repair('CELLS_MISSING', line);
    return cells;
  }

  /**
   * Cells of a sheet stand in their columns. Addresses in columns without a name are images where the last column with a name is one of
   * images; whatever else stands there is none of the table.
   */
  private ofSheet(cells: string[], line: number): string[] {
    const { names, places, layout } = this.table;
    const behind = cells.slice(names.length);
    if (isBlank(behind)) return cells.slice(0, names.length);
    const areImages = layout.profile === undefined && places.inputs.includes(names.length - 1);
    if (areImages && behind.every(isUrlOrBlank)) {
      this.notes.repair('URLS_OVERFLOWED', line, names.length - 1);
      return cells;
    }
    this.notes.repair('TRAILING_CELLS_DROPPED', line);
    return cells.slice(0, names.length);
  }

  /** Cells as one list: a URL begins a new item, anything else goes on with the item before it. */
  joined(cells: string[]): string {
    const { delimiter } = this.table.layout;
    const add = (list: string, cell: string) => list + (URL_START.test(cell) ? ',' : delimiter) + cell;
    return cells.length === 1 ? cells[0] : cells.filter((cell, i) => i === 0 || cell !== '').reduce(add);
  }

  private unwrapped(cells: string[], line: number): string[] {
    const { names, layout } = this.table;
    if (names.length === 1 || !isBlank(cells.slice(1)) || !cells[0].includes(layout.delimiter)) return cells;
    const inside = readSingleRecord(cells[0], this.insideReader);
    if (!inside || inside.length === 1) return cells;
    this.notes.repair('WHOLE_LINE_QUOTED', line);
    return inside;
  }

  /**
   * A row with more cells than the header. Empty ones at its end came from a trailing comma. Others are taken for
   * the list of URLs, which had no quotes and ran into further columns, so that the columns named behind it
   * keep their cells: with 2 cells too many, the list has 3, and what follows belongs to the next columns.
   */
  private withoutSurplus(cells: string[], line: number): string[] | null {
    const { names, places } = this.table;
    const surplus = cells.length - names.length;
    const last = places.inputs[places.inputs.length - 1];
    const trailing = Math.min(surplus, cells.length - 1 - cells.findLastIndex((cell) => cell.trim() !== ''));
    const taken = this.hasOutput(surplus, trailing) ? 0 : this.overflowOf(cells, last, surplus, trailing);
    if (taken === null) {
      const odd = cells.slice(last + 1, last + 1 + surplus).find((cell) => !isUrlOrBlank(cell));
      this.notes.fault('TOO_MANY_CELLS', line, null, odd?.trim());
      return null;
    }
    const surplusCells = cells.slice(last + 1, last + 1 + taken);
    if (!isBlank(surplusCells)) this.notes.repair('URLS_OVERFLOWED', line, last);
    if (taken < surplus) this.notes.repair('TRAILING_CELLS_DROPPED', line);
    const list = this.joined([cells[last], ...surplusCells]);
    return [...cells.slice(0, last), list, ...cells.slice(last + 1 + taken, names.length + taken)];
  }

  /**
   * A row of a file with outputs, such as ours, to which some program has added an empty column. The URL behind the
   * column of inputs is an output then, and no further input.
   */
  private hasOutput(surplus: number, trailing: number): boolean {
    const { places, unnamedColumns } = this.table;
    return places.output !== -1 && trailing === surplus && surplus <= Math.max(1, unnamedColumns);
  }

  /** How many cells behind the URL cell belong to it; null if there is no way to read the row. */
  private overflowOf(cells: string[], last: number, surplus: number, trailing: number): number | null {
    const least = surplus - trailing;
    if (least > MAX_CELLS_PER_URL * this.limits.urlsPerRow) return null;
    let run = 0; // cells in a row that hold a URL or nothing
    while (run < surplus && isUrlOrBlank(cells[last + 1 + run])) run++;
    if (run >= least) {
      while (run > least && isBlank([cells[last + run]])) run--;
      return run;
    }
    // A URL with commas, cut at each: put together again if that leaves nothing that is no URL.
    const { urls, invalid } = this.listOf(this.joined(cells.slice(last, last + 1 + least)));
    return urls.length > 0 && invalid.length === 0 ? least : null;
  }
}

export function isBlank(cells: string[]): boolean {
  for (const cell of cells) if (cell !== '' && cell.trim() !== '') return false;
  return true;
}

export function isUrlOrBlank(cell: string): boolean {
  return cell === '' || URL_START.test(cell) || cell.trim() === '';
}
