import type { KnownProfile } from '../header/file-profile.js';
import type { CsvTable } from '../header/csv-header.js';
import { IMAGE_ENDING } from '../urls/characters.js';
import type { BatchWriter } from './csv-batch.js';

/** Enough of a cell to see whether it is the address of an image. */
const LOOKED_AT = 2_048;
const IMAGE_URL = new RegExp(`^https?://\\S{1,${LOOKED_AT}}?\\.(?:${IMAGE_ENDING})(?:[?#,;|\\s]|$)`, 'i');
const IMAGE_NAME = /image|img|picture|photo|thumb|swatch/i;
/** A cell that can be one begins with `h`. */
const LETTER_H = 104;

/** Warns of columns that hold addresses of images and are not used, once each. */
export class UnusedColumns {
  private readonly places: number[];
  private readonly said = new Set<number>();

  constructor(
    private readonly table: CsvTable,
    private readonly notes: BatchWriter,
  ) {
    this.places = table.places.extras;
  }

  /** @param extra the cells of the columns with the role `extra`, of a row that is taken */
  check(extra: string[], line: number): void {
    for (let i = 0; i < extra.length; i++) {
      const cell = extra[i];
      if ((cell.charCodeAt(0) | 32) !== LETTER_H || !this.isImage(cell, this.places[i])) continue;
      this.said.add(this.places[i]);
      this.notes.note('COLUMN_IGNORED', line, this.places[i], cell);
    }
  }

  private isImage(cell: string, place: number): boolean {
    if (this.said.has(place)) return false;
    const start = cell.slice(0, LOOKED_AT);
    return IMAGE_URL.test(start) || (/^https?:\/\//i.test(start) && IMAGE_NAME.test(this.table.names[place]));
  }
}

/** Warns where a row holds more images than the shop or marketplace takes. */
export class ShopLimits {
  private readonly most: number;

  constructor(
    { limits }: KnownProfile,
    private readonly notes: BatchWriter,
  ) {
    this.most = limits?.images ?? Infinity;
  }

  check(urls: string[], line: number): void {
    if (urls.length <= this.most) return;
    this.notes.note('PROFILE_LIMIT', line, null, urls[this.most]);
  }
}
