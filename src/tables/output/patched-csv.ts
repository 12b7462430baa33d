import { AppError } from '../../errors/app-error.js';
import type { CsvLayout } from '../csv-layout.js';
import { type CsvTable, tableOf } from '../header/csv-header.js';
import type { SourcePiece } from '../records/csv-strict-text.js';
import { csvLines } from './csv-writer.js';
import { LINE_END, rawCells, written } from './raw-cells.js';
import { rewrittenSource, SourceRows } from './source-rows.js';
import { canHold } from './source-text.js';

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
type RowPatch = 'left out' | Map<number, string>;

const MAX_DETAILS = 100;
const LINE_ENDS = /\r\n|\n|\r/g;

/**
 * A user's own file with some cells changed and some rows left out. All else stays byte for byte, and every row stays on its line:
 * of a row that is left out, the line ends stay, and a cell of several lines keeps those at its end.
 *
 * @param bytes the file as it was uploaded
 * @param layout as the reader of that file gave it, with its `source`
 * @throws AppError `PATCH_INVALID`, at the end at the latest: for a line or column that the file does not have
 */
export function patchedCsv(
  bytes: AsyncIterable<Buffer>,
  layout: CsvLayout,
  patches: CellPatch[],
): AsyncGenerator<Buffer> {
  const writer = new PatchedRows(tableOf(layout), patches);
  return rewrittenSource(bytes, layout, (text, isLast) => writer.push(text, isLast));
}

/** Takes the text of a file piece by piece, and gives it back with the patches. */
class PatchedRows {
  private readonly source: SourceRows;
  private readonly cells = new Map<number, string[]>();
  private readonly patches = new Map<number, RowPatch>();
  /** Whether the row at hand is left out, with the lines that belong to it. */
  private isLeavingOut = false;

  constructor(
    private readonly table: CsvTable,
    private readonly given: CellPatch[],
  ) {
    this.given.forEach((patch, index) => this.note(patch, index));
    const onCells = (line: number, cells: string[]): void => {
      if (this.patches.has(line)) this.cells.set(line, cells);
    };
    this.source = new SourceRows(table, { onCells });
  }

  async *push(text: string, isLast: boolean): AsyncGenerator<string> {
    for await (const { pieces } of this.source.push(text, isLast))
      yield pieces.map((piece) => this.textOf(piece)).join('');
    if (isLast && this.patches.size > 0) throw this.unmatched();
  }

  private note({ line, column, value }: CellPatch, index: number): void {
    if (value === null) return void this.patches.set(line, 'left out');
    const place = this.placeOf(column);
    if (place === -1) throw invalid([[index, 'there is no such column']]);
    if (!canHold(this.table.layout.encoding, value))
      throw invalid([
        [index, `the value has letters that a file in ${this.table.layout.encoding} can't hold`],
      ]);
    const cells = this.patches.get(line);
    if (cells !== 'left out') this.patches.set(line, (cells ?? new Map<number, string>()).set(place, value));
  }

  private placeOf(column: CellPatch['column']): number {
    const { names } = this.table;
    if (typeof column === 'number') return column <= names.length ? column - 1 : -1;
    return names.findIndex((name) => name === column?.trim());
  }

  private textOf({ line, text }: SourcePiece): string {
    const isMended = this.source.mended.delete(line);
    const isContinuation = this.source.continuations.delete(line);
    const patch = line > this.table.headerLine ? this.patches.get(line) : undefined;
    if (!patch || isContinuation) {
      if (!isContinuation && text.trim() !== '') this.isLeavingOut = false;
      return this.isLeavingOut ? lineEndsOf(text) : text;
    }
    const cells = this.cells.get(line);
    this.isLeavingOut = patch === 'left out';
    if (patch === 'left out') return this.taken(line, lineEndsOf(text));
    return cells ? this.taken(line, this.recordWith(text, patch, cells, isMended)) : text;
  }

  private taken(line: number, text: string): string {
    this.patches.delete(line);
    this.cells.delete(line);
    return text;
  }

  private recordWith(text: string, patch: Map<number, string>, read: string[], isMended: boolean): string {
    const { delimiter } = this.table.layout;
    const lineEnd = LINE_END.exec(text)![0];
    const raw = isMended ? null : rawCells(text.slice(0, text.length - lineEnd.length), delimiter);
    const isRaw = raw !== null && raw.length >= read.length;
    const cells = isRaw ? raw : [...read];
    for (const [place, value] of patch) {
      while (cells.length <= place) cells.push('');
      const whole = value + (cells[place].match(LINE_ENDS) ?? []).join('');
      cells[place] = isRaw ? written(whole, cells[place], delimiter, true) : whole;
    }
    if (isRaw) return cells.join(delimiter) + lineEnd;
    return csvLines([cells], { delimiter, newline: '\n' }).replace(/\n$/, '') + lineEnd;
  }

  /** By the patches that are left: nothing that can be patched begins on their lines. */
  private unmatched(): AppError {
    const left = this.given
      .map(({ line }, index): [number, string] => [index, `no row of the file begins on line ${line}`])
      .filter(([index]) => this.patches.has(this.given[index].line));
    return invalid(left);
  }
}

function invalid(patches: [index: number, message: string][]): AppError {
  const details = patches.slice(0, MAX_DETAILS).map(([index, message]) => {
    return { field: `patches[${index}]`, message };
  });
  const { field, message } = details[0];
  return new AppError('PATCH_INVALID', `${field} can't be applied: ${message}.`, { details });
}

const lineEndsOf = (text: string): string => (text.match(LINE_ENDS) ?? []).join('');
