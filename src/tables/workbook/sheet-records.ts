import { DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import type { CsvTable } from '../header/csv-header.js';
import type { RecordBlock } from '../records/record-block.js';
import { columnLetters } from './cell-place.js';
import type { CellTexts } from './cell-text.js';
import type { SheetPiece, SheetRow } from './sheet-rows.js';

/** Which columns of a sheet hold images: all from `from` on, and those before it. Cells from `end` on are left out. */
export interface ImagePlaces {
  places: ReadonlySet<number>;
  from: number;
  end: number;
}

/**
 * Cells behind those that the header names which are looked at: addresses without a name of their column may stand there, as many as
 * a row may have. What is further away is told of and left out, so that a single cell far to the right costs no record of 16,384.
 */
const COLUMNS_BEHIND = DEFAULT_CSV_LIMITS.urlsPerRow;

/** The columns of images of a table. */
export function imagePlacesOf({ places, names }: CsvTable): ImagePlaces {
  return { places: new Set(places.inputs), from: names.length, end: names.length + COLUMNS_BEHIND };
}

/** Turns the rows of a sheet into records as those of a CSV file. Rows without anything in them are none. */
export class SheetRecords {
  constructor(
    private readonly texts: CellTexts,
    private readonly images: ImagePlaces,
  ) {}

  blockOf(pieces: SheetPiece[]): RecordBlock {
    const block: RecordBlock = {
      ...{ records: [], lines: [], faults: [], repairs: [], sources: [] },
      hasNul: false,
    };
    for (const { row } of pieces) {
      if (!row) continue;
      const cells = this.recordOf(row);
      if (row.hasMore) block.repairs.push({ line: row.number, cell: null, code: 'TRAILING_CELLS_DROPPED' });
      if (row.isTooLong) {
        block.faults.push({ line: row.number, cell: null, code: 'ROW_TOO_LONG', value: cells.join(' ') });
      } else if (cells.some((cell) => cell.trim() !== '')) {
        block.records.push(cells);
        block.lines.push(row.number);
        block.hasNul ||= cells.some((cell) => cell.includes('\0'));
      }
    }
    return block;
  }

  /** The texts of a row to the last one. */
  recordOf({ number, cells }: SheetRow): string[] {
    const { places, from, end } = this.images;
    const record: string[] = [];
    for (const cell of cells) {
      const { place } = cell;
      if (place >= end) break;
      const isImage = place >= from || places.has(place);
      const text = isImage
        ? this.texts.ofImages(cell, columnLetters(place) + number)
        : this.texts.shown(cell);
      if (text === '') continue;
      while (record.length < place) record.push('');
      record.push(text);
    }
    return record;
  }
}
