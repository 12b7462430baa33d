import { csvFault, type CsvFault, type CsvLimits } from '../csv-faults.js';
import { recogniseColumns, type TableColumn } from './columns.js';
import { placeholderWithoutColumn } from '../names/image-names.js';
import type { KnownProfile } from './file-profile.js';
import { plainName, profileOf, recogniseHeader, STANDARD_PROFILE } from './profiles.js';

/** What the sender of a file says of its sheet and its columns, where that is not to be guessed. Names are compared as those of profiles. */
export interface WantedColumns {
  /** The columns of image URLs: these, and no others. */
  images?: string[];
  /** The column of product names. */
  name?: string;
  /** The id of the profile; `standard` for none of a shop or marketplace. */
  profile?: string;
  /** After which columns the results are named (`readNameTemplate`). */
  imageName?: string;
  /** Of a workbook: the name of the sheet to be read, or its number, the first is 1. */
  sheet?: string;
}

/** The columns of a header, and how surely it is one. */
export interface HeaderColumns {
  columns: TableColumn[];
  /** Of a shop or marketplace, or null. */
  profile: KnownProfile | null;
  /** To be compared with that of other lines: 0 where no name is known. */
  known: number;
}

/** A profile needs several names to fit, and counts more than any number of names that are known by themselves. */
const BY_PROFILE = 100;
const BY_WISH = 10_000;

/** The roles of the columns of a line, if it is the header. */
export function describeColumns(names: string[], wanted: WantedColumns): HeaderColumns {
  const recognised = wanted.profile === STANDARD_PROFILE ? null : recogniseHeader(names, wanted.profile);
  const columns = recognised?.columns ?? recogniseColumns(names);
  const roles = new Set(columns.map(({ role }) => role).filter((role) => role !== 'extra'));
  const known = recognised ? BY_PROFILE + recognised.score : roles.size;
  const isWished = applyWishes(columns, wanted);
  return { columns, profile: recognised?.profile ?? null, known: known + (isWished ? BY_WISH : 0) };
}

/** What the header lacks of that which was said of it, as a fault; or null. */
export function faultOfWishes(
  { columns, profile }: Pick<HeaderColumns, 'columns' | 'profile'>,
  wanted: WantedColumns,
  line: number,
  limits: CsvLimits,
): CsvFault | null {
  const value = columns.map(({ name }) => name).join(',');
  if (wanted.profile && wanted.profile !== STANDARD_PROFILE && !profile) {
    const { title, required } = profileOf(wanted.profile);
    const names = required.map((one) => (Array.isArray(one) ? one.join('" or "') : one));
    const hint = `A file of the profile ${wanted.profile} (${title}) has the columns "${names.join('", "')}".`;
    return csvFault('PROFILE_MISMATCH', { line, value, hint }, limits);
  }
  const named = byPlainName(columns);
  const missing = wishesOf(wanted, named).find(
    ({ plain, role }) => !named.get(plain)?.some((column) => column.role === role),
  );
  if (missing) {
    const hint = `The header has no column "${missing.name}" that could be used for this.`;
    return csvFault('COLUMN_UNKNOWN', { line, column: missing.name, value, hint }, limits);
  }
  const { imageName } = wanted;
  const lacking = imageName === undefined ? null : placeholderWithoutColumn(imageName, columns, profile);
  if (lacking === null) return null;
  const hint = `The header has no column for ${lacking} of image_name; {column:<name>} names one.`;
  return csvFault('COLUMN_UNKNOWN', { line, column: lacking, value, hint }, limits);
}

/** A column that somebody names, for a role. */
interface Wish {
  name: string;
  plain: string;
  role: 'input' | 'product';
}

/** @returns whether there are wishes, and all of them could be met */
function applyWishes(columns: TableColumn[], wanted: WantedColumns): boolean {
  const named = byPlainName(columns);
  const wishes = wishesOf(wanted, named);
  if (wishes.length === 0 || !wishes.every(({ plain }) => named.has(plain))) return false;
  const roles = new Set(wishes.map(({ role }) => role));
  for (const column of columns) if (roles.has(column.role as Wish['role'])) column.role = 'extra';
  for (const { plain, role } of wishes) {
    const own = named.get(plain)!;
    // Of several columns with the same name all may hold images, and one the name; a column of images is no name.
    for (const column of role === 'input' ? own : own.slice(0, 1))
      if (column.role !== 'input') column.role = role;
  }
  return true;
}

/** Each once. A text that is no column by itself is a list of several, separated by commas. */
function wishesOf({ images = [], name }: WantedColumns, named: Map<string, TableColumn[]>): Wish[] {
  const wishes = new Map<string, Wish>();
  const add = (text: string): void => {
    const plain = plainName(text);
    if (plain !== '') wishes.set(plain, { name: text.trim(), plain, role: 'input' });
  };
  for (const text of images) (named.has(plainName(text)) ? [text] : text.split(',')).forEach(add);
  const all = [...wishes.values()];
  return name === undefined ? all : [...all, { name, plain: plainName(name), role: 'product' }];
}

function byPlainName(columns: TableColumn[]): Map<string, TableColumn[]> {
  const named = new Map<string, TableColumn[]>();
  for (const column of columns) {
    const plain = plainName(column.name);
    const same = named.get(plain);
    if (same) same.push(column);
    else named.set(plain, [column]);
  }
  return named;
}
