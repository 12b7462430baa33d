import type { CsvLayout, LeftOutLines } from '../csv-layout.js';
import { type CsvTable, tableOf } from '../header/csv-header.js';
import type { SourcePiece } from '../records/record-block.js';
import { type CellPatch, CellPatches } from './cell-patches.js';
import { csvLines } from './csv-writer.js';
import { LINE_END, rawCells, written } from './raw-cells.js';
import { rewrittenSource, SourceRows } from './source-rows.js';
import { canHold } from './source-text.js';

const LINE_ENDS = /\r\n|\n|\r/g;

/** Those that do not follow each other: more would not fit into the layout of a request. Rows behind them leave blank lines. */
const MAX_LEFT_OUT = 2_000;

/**
 * A user's own file with some cells changed and some rows left out. All else stays byte for byte, and every row stays on its line:
 * of a row that is left out, the line ends stay, and a cell of several lines keeps those at its end.
 *
 * @param bytes the file as it was uploaded
 * @param layout as the reader of that file gave it, with its `source`
 * @param leftOut takes the lines that become blank, when the file was read to its end
 * @throws AppError `PATCH_INVALID`, at the end at the latest: for a line or column that the file does not have
 */
export function patchedCsv(
  bytes: AsyncIterable<Buffer>,
  layout: CsvLayout,
  patches: CellPatch[],
  leftOut: LeftOutLines[] = [],
): AsyncGenerator<Buffer> {
  const writer = new PatchedRows(tableOf(layout), patches, leftOut);
  return rewrittenSource(bytes, layout, (text, isLast) => writer.push(text, isLast));
}

/** Takes the text of a file piece by piece, and gives it back with the patches. */
class PatchedRows {
  private readonly source: SourceRows;
  private readonly cells = new Map<number, string[]>();
  private readonly patches: CellPatches;
  /** Whether the row at hand is left out, with the lines that belong to it. */
  private isLeavingOut = false;

  constructor(
    private readonly table: CsvTable,
    given: CellPatch[],
    private readonly leftOut: LeftOutLines[],
  ) {
    const { encoding } = table.layout;
    this.patches = new CellPatches(table, given, (value) =>
      canHold(encoding, value) ? null : `the value has letters that a file in ${encoding} can't hold`,
    );
    const onCells = (line: number, cells: string[]): void => {
      if (this.patches.of(line)) this.cells.set(line, cells);
    };
    this.source = new SourceRows(table, { onCells });
  }

  async *push(text: string, isLast: boolean): AsyncGenerator<string> {
    for await (const { pieces } of this.source.push(text, isLast))
      yield pieces.map((piece) => this.textOf(piece)).join('');
    if (isLast) this.patches.end();
  }

  private textOf({ line, text }: SourcePiece): string {
    const isMended = this.source.mended.delete(line);
    const isContinuation = this.source.continuations.delete(line);
    const patch = this.patches.of(line);
    if (!patch || isContinuation) {
      if (!isContinuation && text.trim() !== '') this.isLeavingOut = false;
      return this.isLeavingOut ? this.blanked(line, text) : text;
    }
    const cells = this.cells.get(line);
    this.isLeavingOut = patch === 'left out';
    if (patch === 'left out') return this.taken(line, this.blanked(line, text));
    return cells ? this.taken(line, this.recordWith(text, patch, cells, isMended)) : text;
  }

  /** The line ends of a text, which are noted unless it is blank anyway. */
  private blanked(line: number, text: string): string {
    const lineEnds = text.match(LINE_ENDS) ?? [];
    const last = this.leftOut.at(-1);
    if (text.trim() !== '' && lineEnds.length > 0) {
      if (last && last[0] + last[1] === line) last[1] += lineEnds.length;
      else if (this.leftOut.length < MAX_LEFT_OUT) this.leftOut.push([line, lineEnds.length]);
    }
    return lineEnds.join('');
  }

  private taken(line: number, text: string): string {
    this.patches.done(line);
    this.cells.delete(line);
    return text;
  }

  private recordWith(
    text: string,
    patch: ReadonlyMap<number, string>,
    read: string[],
    isMended: boolean,
  ): string {
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
}
