import { AppError } from '../../errors/app-error.js';
import type { CsvTable } from '../header/csv-header.js';

/** A cell with another text, or a row that is left out. */
export interface CellPatch {
  /** On which the row begins. */
  line: number;
  /** The name of the column, or its number in the file, the first is 1; null for the whole row. */
  column: string | number | null;
  /** What the cell is to hold, without line ends; null leaves the row out. */
  value: string | null;
}

/** What becomes of a row: left out, or other texts for the cells at some places. */
export type RowPatch = 'left out' | ReadonlyMap<number, string>;

const MAX_DETAILS = 100;

/** The patches of a file by the rows that they are for, until they have been put in. Of two for the same cell the last one counts. */
export class CellPatches {
  private readonly byLine = new Map<number, 'left out' | Map<number, string>>();
  /** Of two columns of the same name the first one counts. */
  private readonly places: ReadonlyMap<string, number>;

  /**
   * @param whyNot says why a cell of the file can't hold a text, else null
   * @throws AppError `PATCH_INVALID` for a column that the file does not have, and for a text that it can't hold
   */
  constructor(
    private readonly table: CsvTable,
    private readonly given: CellPatch[],
    private readonly whyNot: (value: string) => string | null,
  ) {
    this.places = new Map(table.names.map((name, place): [string, number] => [name, place]).reverse());
    given.forEach((patch, index) => this.note(patch, index));
  }

  /** What becomes of the row that begins on this line, if it stays no longer as it is. */
  of(line: number): RowPatch | undefined {
    return line > this.table.headerLine ? this.byLine.get(line) : undefined;
  }

  /** Notes that the row on this line has been changed. */
  done(line: number): void {
    this.byLine.delete(line);
  }

  /** Called behind the last row. @throws AppError `PATCH_INVALID` where nothing that can be patched begins on the line of a patch */
  end(): void {
    const left = this.given
      .map(({ line }, index): [number, string] => [index, `no row of the file begins on line ${line}`])
      .filter(([index]) => this.byLine.has(this.given[index].line));
    if (left.length > 0) throw invalid(left);
  }

  private note({ line, column, value }: CellPatch, index: number): void {
    if (value === null) return void this.byLine.set(line, 'left out');
    const place = this.placeOf(column);
    if (place === -1) throw invalid([[index, 'there is no such column']]);
    const reason = this.whyNot(value);
    if (reason !== null) throw invalid([[index, reason]]);
    const cells = this.byLine.get(line);
    if (cells !== 'left out') this.byLine.set(line, (cells ?? new Map<number, string>()).set(place, value));
  }

  private placeOf(column: CellPatch['column']): number {
    if (typeof column === 'number') return column <= this.table.names.length ? column - 1 : -1;
    return column === null ? -1 : (this.places.get(column.trim()) ?? -1);
  }
}

function invalid(patches: [index: number, message: string][]): AppError {
  const details = patches.slice(0, MAX_DETAILS).map(([index, message]) => {
    return { field: `patches[${index}]`, message };
  });
  const { field, message } = details[0];
  return new AppError('PATCH_INVALID', `${field} can't be applied: ${message}.`, { details });
}
