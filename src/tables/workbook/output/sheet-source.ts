import { setImmediate } from 'node:timers/promises';
import { DEFAULT_CSV_LIMITS } from '../../csv-faults.js';
import type { CsvTable } from '../../header/csv-header.js';
import type { InputRow } from '../../rows/csv-batch.js';
import { CsvRowReader, type RowOptions } from '../../rows/csv-rows.js';
import type { CellTexts } from '../cell-text.js';
import { imagePlacesOf, SheetRecords } from '../sheet-records.js';
import type { SheetPiece } from '../sheet-rows.js';

/** Pieces of a sheet of which is known what they are, and the rows of the table that stand in them. */
export interface KnownPieces {
  pieces: SheetPiece[];
  rows: InputRow[];
}

/** All pieces of a sheet in their order, with its rows as they were read at the upload. */
export async function* knownPieces(
  blocks: AsyncIterable<SheetPiece[]>,
  table: CsvTable,
  texts: CellTexts,
  options: RowOptions = { keepsCells: true },
): AsyncGenerator<KnownPieces> {
  const records = new SheetRecords(texts, imagePlacesOf(table));
  const reader = new CsvRowReader(table, DEFAULT_CSV_LIMITS, options);
  const waiting: SheetPiece[] = [];
  for await (const pieces of blocks) {
    waiting.push(...pieces);
    const { rows } = reader.push(records.blockOf(pieces));
    // The last row comes with the next block.
    const open = reader.openLine ?? Infinity;
    const count = waiting.findIndex(({ row }) => row !== null && row.number >= open);
    const known = waiting.splice(0, count === -1 ? waiting.length : count);
    yield { pieces: known, rows };
    await setImmediate(); // others get their turn
  }
  yield { pieces: waiting, rows: reader.end().rows };
}
