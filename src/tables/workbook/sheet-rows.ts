import { setImmediate } from 'node:timers/promises';
import { placeOfCell } from './cell-place.js';
import { TextElement, unescaped } from './parts/text-element.js';
import { WorkbookError } from './workbook-error.js';
import { XmlReader } from './parts/xml-reader.js';

/** A cell as it is stored. */
export interface SheetCell {
  /** Its column, the first is 0. */
  place: number;
  /** `s`: `value` is the number of a shared text; `inlineStr` and `str`: the text; `b`, `e`, `d`; `n` for a number. */
  type: string;
  style: number;
  value: string;
  /** Without its `=`; null where there is none, or where it is that of another cell ({@link sharedFormula}). */
  formula: string | null;
  /** The number of a formula that several cells share. */
  sharedFormula: string | null;
  /** Where it begins and ends in the text of its row, where texts are kept. */
  start: number;
  end: number;
}

export interface SheetRow {
  /** The first is 1. */
  number: number;
  /** In the order of the file; those that hold nothing included. */
  cells: SheetCell[];
  /** Characters of its cells, and bytes of the shared texts that they stand for. */
  length: number;
  /** Whether there was more text in it than is kept. */
  isTooLong: boolean;
  /** Whether something stands to the right of the columns that are kept. */
  hasMore: boolean;
}

/** A piece of the file of a sheet, in its order. */
export interface SheetPiece {
  row: SheetRow | null;
  /** All of the file that belongs to the row, or that stands before the next one; empty where texts are not kept. */
  text: string;
}

export interface SheetRowsOptions {
  /** Cells further to the right are left out. */
  columns: number;
  /** Most characters of a row, shared texts included. */
  rowLength: number;
  /** Bytes of the shared text of a number: a few characters of the file may stand for many. */
  sharedBytes: (number: number) => number;
  /** Bytes of the file that may be read yet; it ends there. Several sheets may share them. */
  budget?: { bytes: number };
  /** Whether pieces have the text of the file. Then every cell of a row is there, also the empty ones. */
  keepsText?: boolean;
  signal?: AbortSignal;
}

const MAX_ROWS = 1_048_576;
/** Characters of the file that make one row. */
const MAX_ROW_XML = 16 * 1024 * 1024;
/** Text of rows that are given together. */
const MAX_BLOCK_LENGTH = 4 * 1024 * 1024;
/** Text of all rows: that of a few shared texts may be repeated without end. */
const MAX_LENGTH = 1024 * 1024 * 1024;

/**
 * The rows of a sheet one after the other, in blocks of what a piece of the file holds.
 * @throws WorkbookError; the reason of `signal`
 */
export async function* readSheetRows(
  content: AsyncIterable<Buffer>,
  options: SheetRowsOptions,
): AsyncGenerator<SheetPiece[]> {
  const reader = new SheetReader(options);
  for await (const bytes of content) {
    options.signal?.throwIfAborted();
    const pieces = reader.write(bytes);
    await setImmediate(); // others get their turn
    yield* blocksOf(pieces);
    if (options.budget && (options.budget.bytes -= bytes.length) <= 0) return;
  }
  yield* blocksOf(reader.end());
}

/** Of bounded text each. */
function* blocksOf(pieces: SheetPiece[]): Generator<SheetPiece[]> {
  let from = 0;
  let length = 0;
  for (const [at, { row }] of pieces.entries()) {
    length += row?.length ?? 0;
    if (length < MAX_BLOCK_LENGTH) continue;
    yield pieces.slice(from, at + 1);
    [from, length] = [at + 1, 0];
  }
  if (from < pieces.length) yield from === 0 ? pieces : pieces.slice(from);
}

class SheetReader {
  private readonly xml: XmlReader;
  private pieces: SheetPiece[] = [];
  private isInData = false;
  private row: SheetRow | null = null;
  private rowNumber = 0;
  /** Of all rows before this one. */
  private length = 0;
  private cell: SheetCell | null = null;
  private lastPlace = -1;
  /** The element of the cell whose text is being read. */
  private inside: 'v' | 'f' | null = null;
  private readonly inline: TextElement;
  /** Text that is in no piece yet; where it begins in the file; where the row begins in it, and the last tag ends. */
  private text = '';
  private textAt = 0;
  private rowAt = 0;
  private tagEnd = 0;

  constructor(private readonly options: SheetRowsOptions) {
    this.inline = new TextElement(options.rowLength);
    this.xml = new XmlReader({
      open: (name, attributes) => this.open(name, attributes),
      close: (name) => this.close(name),
      text: (text) => this.addText(text),
    });
  }

  write(bytes: Buffer): SheetPiece[] {
    this.xml.write(bytes, this.options.keepsText ? (text) => (this.text += text) : undefined);
    if (!this.row) this.addPiece(null, this.tagEnd);
    else if (this.text.length - this.rowAt > MAX_ROW_XML) throw new WorkbookError('WORKBOOK_TOO_LARGE');
    return this.take();
  }

  end(): SheetPiece[] {
    this.xml.end();
    this.addPiece(null, this.text.length);
    return this.take();
  }

  private take(): SheetPiece[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  private open(name: string, attributes: Record<string, string>): void {
    this.tagEnd = this.xml.position - this.textAt;
    if (this.cell) this.openInCell(this.cell, name, attributes);
    else if (this.row) {
      if (name === 'c') this.openCell(attributes);
    } else if (name === 'sheetData') this.isInData = true;
    else if (name === 'row' && this.isInData) this.openRow(attributes);
  }

  private close(name: string): void {
    this.tagEnd = this.xml.position - this.textAt;
    if (this.cell) {
      if (name === 'v' || name === 'f') this.inside = null;
      else if (name === 'c') this.closeCell(this.cell);
      else this.inline.close(name);
    } else if (this.row) {
      if (name === 'row') this.addPiece(this.row, this.tagEnd);
    } else if (name === 'sheetData') this.isInData = false;
  }

  private openRow({ r }: Record<string, string>): void {
    const number = r === undefined ? this.rowNumber + 1 : /^\d+$/.test(r) ? Number(r) : NaN;
    if (!(number > this.rowNumber && number <= MAX_ROWS)) throw new WorkbookError('WORKBOOK_DAMAGED');
    if (this.options.keepsText) this.addPiece(null, this.tagStart());
    this.rowNumber = number;
    this.rowAt = 0;
    this.lastPlace = -1;
    this.row = { number, cells: [], length: 0, isTooLong: false, hasMore: false };
  }

  private openCell(attributes: Record<string, string>): void {
    const { r, t: type = 'n', s } = attributes;
    const place = r === undefined ? this.lastPlace + 1 : placeOfCell(r);
    if (place <= this.lastPlace) throw new WorkbookError('WORKBOOK_DAMAGED');
    this.lastPlace = place;
    this.inline.clear();
    this.cell = {
      ...{ place, type, style: Number(s ?? 0), value: '', formula: null, sharedFormula: null },
      start: this.options.keepsText ? this.tagStart() : 0,
      end: 0,
    };
  }

  private openInCell(cell: SheetCell, name: string, { t, si }: Record<string, string>): void {
    if (name === 'v') this.inside = 'v';
    else if (name === 'f') {
      this.inside = 'f';
      if (t === 'shared') cell.sharedFormula = si ?? null;
    } else this.inline.open(name);
  }

  private closeCell(cell: SheetCell): void {
    this.cell = null;
    this.inside = null;
    cell.end = this.tagEnd;
    if (cell.type === 'inlineStr') {
      if (this.hasRoomFor(this.inline.isCut ? Infinity : this.inline.value.length))
        cell.value = this.inline.value;
    } else if (cell.type === 's') {
      if (cell.value !== '' && !this.hasRoomFor(this.options.sharedBytes(Number(cell.value))))
        cell.value = '';
    } else if (cell.type === 'str') cell.value = unescaped(cell.value);
    const isEmpty = !holdsSomething(cell);
    if (cell.place >= this.options.columns) this.row!.hasMore ||= !isEmpty;
    else if (this.options.keepsText || !isEmpty) this.row!.cells.push(cell);
  }

  private addText(text: string): void {
    const { cell, inside } = this;
    if (!cell) return;
    if (inside === null) return this.inline.add(text);
    if (!this.hasRoomFor(text.length)) return;
    if (inside === 'v') cell.value += text;
    else cell.formula = (cell.formula ?? '') + text;
  }

  /** Counts so many further characters of the row. @returns false where it is too long by now */
  private hasRoomFor(length: number): boolean {
    const row = this.row!;
    row.isTooLong ||= row.length + length > this.options.rowLength;
    if (!row.isTooLong) row.length += length;
    return !row.isTooLong;
  }

  /** Where the tag begins that ends here. */
  private tagStart(): number {
    return this.text.lastIndexOf('<', this.tagEnd - 1);
  }

  /** All text before `end` belongs to it. */
  private addPiece(row: SheetRow | null, end: number): void {
    if (row === null && (end === 0 || !this.options.keepsText)) return;
    this.pieces.push({ row, text: this.text.slice(0, end) });
    this.text = this.text.slice(end);
    this.textAt += end;
    this.tagEnd -= end;
    if (!row) return;
    this.row = null;
    this.length += row.length;
    if (this.length > MAX_LENGTH) throw new WorkbookError('WORKBOOK_TOO_LARGE');
  }
}

function holdsSomething({ value, formula, sharedFormula }: SheetCell): boolean {
  return value !== '' || formula !== null || sharedFormula !== null;
}
