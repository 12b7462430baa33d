import type { TableColumn } from '../header/columns.js';
import type { CsvTable } from '../header/csv-header.js';
import type { KnownProfile } from '../header/file-profile.js';
import { placeOf, plainName } from '../header/profiles.js';
import { fixedLength, MAX_NAME_LENGTH, type NamePart, readNameTemplate } from './name-template.js';
import { safeText } from './safe-text.js';

/** What stands in a name for the digits that are known only with the result. */
export const HASH_PLACE = '{hash}';

/** The name of an image of which nothing that was asked for is known. */
const NAMELESS = 'image';

/** Columns of stock keeping units in tables of no known system. */
const SKU_NAMES = ['SKU', 'Product SKU', 'Item SKU', 'Variant SKU', 'Stock Keeping Unit'];

/** Ends that a shop puts behind the names of its own smaller copies. */
const SIZE_AT_END = /_(small|medium|thumb)$/;

/** A row that is to be named. */
export interface NamedRow {
  serialNumber: string;
  productName: string;
  urls: string[];
}

type Columns = Pick<TableColumn, 'name' | 'role'>[];

/** The first placeholder of a template for which a header has no column, or null. */
export function placeholderWithoutColumn(
  template: string,
  columns: Columns,
  profile: KnownProfile | null,
): string | null {
  const lacking = readNameTemplate(template).find((part) => placeOfPart(part, columns, profile) === -1);
  if (!lacking) return null;
  return 'column' in lacking ? `{column:${lacking.column}}` : `{${(lacking as { word: string }).word}}`;
}

/**
 * Names the results of one file after its rows. Rows below each other that are one product (`group` of a profile) are counted
 * through, and what one of them leaves empty is that of the row above it. The same file gives the same names.
 */
export class ImageNames {
  private readonly parts: NamePart[];
  private readonly places: (number | null)[];
  private readonly groupPlace: number;
  private group = '';
  private count = 0;
  private values: string[] = [];

  /** @throws AppError `IMAGE_NAME_INVALID` */
  constructor(template: string, { layout, names, profile }: CsvTable) {
    const columns = layout.columns.slice(layout.source?.addedColumns);
    this.parts = readNameTemplate(template);
    this.places = this.parts.map((part) => placeOfPart(part, columns, profile));
    this.groupPlace = profile.group === undefined ? -1 : placeOf([profile.group], names.map(plainName));
  }

  /** The names of the images of the next row, in their order; `cells` are all of its cells. */
  next(row: NamedRow, cells: string[]): string[] {
    const group = (cells[this.groupPlace] ?? '').trim();
    const isSame = group !== '' && group === this.group;
    this.group = group;
    if (!isSame) this.count = 0;
    const values = this.parts.map((part, i) => safeText(this.valueOf(part, this.places[i], row, cells)));
    this.values = isSame ? values.map((value, i) => value || this.values[i]) : values;
    return row.urls.map((url) => this.nameOf(url, ++this.count));
  }

  private valueOf(part: NamePart, place: number | null, row: NamedRow, cells: string[]): string {
    if ('word' in part && part.word === 'serial') return row.serialNumber;
    if ('word' in part && part.word === 'product') return row.productName;
    return place === null ? '' : (cells[place] ?? '').trim();
  }

  private nameOf(url: string, n: number): string {
    const texts = this.parts.map((part, i) => this.textOf(part, this.values[i], url, n));
    let room = MAX_NAME_LENGTH - fixedLength(this.parts);
    let left = this.parts.filter(isOfFile).length;
    const fitted = texts.map((text, i) => {
      if (!isOfFile(this.parts[i])) return text;
      const part = text.slice(0, Math.floor(room / left--));
      room -= part.length;
      return part;
    });
    const name = fitted
      .join('')
      .replace(/-{2,}/g, '-')
      .replace(/^[-_]+|[-_]+$/g, '');
    return name.replace(SIZE_AT_END, '-$1') || NAMELESS;
  }

  private textOf(part: NamePart, value: string, url: string, n: number): string {
    if ('text' in part) return part.text;
    if ('column' in part) return value;
    if (part.word === 'n') return String(n);
    if (part.word === 'hash') return HASH_PLACE;
    return part.word === 'original' ? safeText(originalName(url)) : value;
  }
}

/** Whether the length of its text is that of what the file says. */
function isOfFile(part: NamePart): boolean {
  return 'column' in part || ('word' in part && part.word !== 'n' && part.word !== 'hash');
}

/** The place of the column that a part needs, -1 where there is none; null where it needs none. */
function placeOfPart(part: NamePart, columns: Columns, profile: KnownProfile | null): number | null {
  const plain = () => columns.map(({ name }) => plainName(name));
  if ('text' in part) return null;
  if ('column' in part) return plain().indexOf(plainName(part.column));
  if (part.word === 'product') return columns.findIndex(({ role }) => role === 'product');
  if (part.word === 'sku') return placeOf([...(profile?.sku ?? []), ...SKU_NAMES], plain());
  return null;
}

/** What the file of an address is called, without its extension. */
function originalName(url: string): string {
  const file = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  try {
    return decodeURIComponent(file).replace(/\.[a-z0-9]{1,5}$/i, '');
  } catch {
    return file.replace(/\.[a-z0-9]{1,5}$/i, '');
  }
}
