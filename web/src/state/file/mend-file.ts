import { type DryRun, type Fault, sendForFile } from '../../api/client.ts';
import { saveFile } from '../../parts/save-file.ts';
import { texts } from '../../texts.ts';
import { lineText } from '../../texts-of-requests.ts';
import { changedAlike } from './changed-alike.ts';
import { announce, notify } from '../notices.ts';
import { type Chosen, current } from '../store.ts';
import { checkAgain, fieldsOfFile, notifyOfFile } from './take-file.ts';

/** A cell with another text; without one the whole row is left out. The column is given by its number in the file. */
export interface Patch {
  line: number;
  column: number | null;
  value: string | null;
}

/** A cell that can be changed, and all that is known of it. */
export interface MendableCell {
  line: number;
  /** The line in words. */
  where: string;
  /** Its number in the file, and its name; null where the fault is about the row. */
  column: number | null;
  name: string | null;
  /** The whole cell; null where it is not known. */
  text: string | null;
  /** Name of the product, as far as it is known. */
  product: string;
  /** None of a cell that is right. */
  faults: Fault[];
}

const WORKBOOK_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
/** An address without its beginning: `www.example.com/a.jpg`, `cdn.example.com/a.jpg`. */
const WITHOUT_SCHEME = /^(?:www\.|(?:[\w-]+\.)+[a-z]{2,}\/)\S+$/i;

export const isWorkbook = ({ layout }: DryRun): boolean => typeof layout?.sheet === 'string';

/**
 * Whether lines are no rows of a spreadsheet, as far as it is known of some rows of the file: one whose cells have line ends
 * takes several lines.
 */
export function hasLongRows(survey: DryRun, rows: DryRun['lines']): boolean {
  if (isWorkbook(survey)) return false;
  const { rows: taken, faults, warnings, repairs, lines_without_images: empty } = survey;
  const last = Math.max(0, ...empty, ...[...faults.items, ...warnings.items].map(({ line }) => line));
  const skipped = repairs.items.filter(({ code }) => code.endsWith('_SKIPPED')).length; // blank lines, and those above the names
  return (
    last > taken + faults.total + skipped + 1 ||
    rows.some(({ cells }) => cells.some((cell) => /[\r\n]/.test(cell)))
  );
}

/** The cells of the file that have faults, in its order. */
export function faultyCells(survey: DryRun): MendableCell[] {
  const { faults, lines, columns } = survey;
  const rows = new Map(lines.map(({ line, cells }) => [line, cells]));
  const product = columns.findIndex(({ role }) => role === 'product');
  const found = new Map<string, MendableCell>();
  for (const fault of faults.items) {
    const { line, column: name } = fault;
    const place = name === null ? -1 : columns.findIndex((column) => column.name === name);
    const key = `${line} ${place}`;
    const row = rows.get(line);
    const text = place >= 0 && row ? (row[place] ?? '') : null;
    const where = lineText(line, isWorkbook(survey));
    const column = place < 0 ? null : place + 1;
    const cell = { line, where, name, text, column, product: row?.[product] ?? '' };
    if (found.has(key)) found.get(key)!.faults.push(fault);
    else found.set(key, { ...cell, faults: [fault] });
  }
  return [...found.values()];
}

/** Those to which only `https://` is missing, with it. */
export function withScheme(cells: MendableCell[]): Patch[] {
  return cells.flatMap(({ line, column, text, faults }) => {
    if (text === null || column === null) return [];
    const short = faults.filter(({ code, value }) => code === 'URL_INVALID' && WITHOUT_SCHEME.test(value));
    const value = short.reduce((all, fault) => all.replace(fault.value, `https://${fault.value}`), text);
    return value === text ? [] : [{ line, column, value }];
  });
}

/** Other cells to which the same can be done as to the last one that was changed, with that done. */
export function likeTheLast(cells: MendableCell[]): Patch[] {
  const last = current().chosen?.lastChange;
  if (!last || isStillWrong(last, cells)) return [];
  return cells.flatMap(({ line, column, text, faults }) => {
    if (text === null || column === null || !faults.some(({ hint }) => last.hints.includes(hint))) return [];
    const value = changedAlike(text, last.from, last.to);
    return value === null || value === text || !namesHost(value) ? [] : [{ line, column, value }];
  });
}

/** What mended nothing is not offered for others. Until the file is checked again, its faults are as they were. */
function isStillWrong({ line, column, hints }: Change, cells: MendableCell[]): boolean {
  const cell = cells.find((each) => each.line === line && each.column === column);
  return cell !== undefined && cell.faults.length >= hints.length;
}

/** Not `https://n/a`: what stands there in the place of a link is none with a scheme before it. */
function namesHost(value: string): boolean {
  return !URL.canParse(value) || /[.:]|^localhost$/.test(new URL(value).host);
}

/**
 * Changes cells or leaves rows out, and has the file checked again. What was done to several, or to a whole row, can be undone
 * for ten seconds. The user's own file stays as it is.
 */
export function mend(patches: Patch[], lastChange: Change | null = null): void {
  const { chosen } = current();
  if (!chosen || patches.length === 0) return;
  const before = { patches: chosen.patches, lastChange: chosen.lastChange };
  const rows = patches.filter(({ column }) => column === null);
  const covered = before.patches.filter((patch) => rows.some(({ line }) => line === patch.line));
  const checked = checkAgain({ patches: withPatches(without(before.patches, covered), patches), lastChange });
  if (lastChange)
    void checked.then(() => tellIfWrong(patches[0], chosen.survey, lastChange.hints.length > 0));
  if (patches.length === 1 && rows.length === 0) return;
  notifyOfFile(texts.mend.done(patches.length, rows.length), () => takeBack(chosen.file, patches, before));
}

/** Takes a row that was removed in again. */
export function takeRowIn(line: number): void {
  const { chosen } = current();
  if (!chosen) return;
  void checkAgain({ patches: without(chosen.patches, [{ line, column: null, value: null }]) }).then(() =>
    sayOfRows(chosen.file, [line]),
  );
}

/** Says before what the check has said that rows are back. */
function sayOfRows(file: File, lines: number[]): void {
  const { chosen, announcement } = current();
  if (lines.length === 0 || chosen?.file !== file || !chosen.survey) return; // another may have been chosen meanwhile
  announce(`${texts.rows.areIn(lines, isWorkbook(chosen.survey))} ${announcement}`);
}

/** Says of a cell that was changed by hand that it is wrong, where the check says so and nothing was changed since. */
function tellIfWrong(patch: Patch, before: DryRun | null, wasWrong: boolean): void {
  const { survey, patches } = current().chosen ?? {};
  if (!survey || survey === before || patches?.at(-1) !== patch) return;
  const cell = faultyCells(survey).find((each) => keyOf(each) === keyOf(patch));
  if (!cell) return;
  const words = wasWrong ? texts.mend.stillWrong : texts.mend.isWrong;
  announce(words(texts.mend.cell(cell.name ?? '', cell.where), cell.faults[0].hint));
}

/** Takes back what these patches did, and no more: what was done since then stays. */
function takeBack(file: File, patches: Patch[], before: Pick<Chosen, 'patches' | 'lastChange'>): void {
  const { chosen } = current();
  if (chosen?.file !== file) return;
  const lines = new Set(patches.filter(({ column }) => column === null).map(({ line }) => line));
  const keys = new Set(patches.map(keyOf));
  const undone = before.patches.filter((patch) => keys.has(keyOf(patch)) || lines.has(patch.line));
  const { lastChange } = before;
  void checkAgain({ patches: withPatches(without(chosen.patches, patches), undone), lastChange }).then(() =>
    sayOfRows(file, [...lines]),
  );
}

function without(patches: Patch[], others: Patch[]): Patch[] {
  const keys = new Set(others.map(keyOf));
  return patches.filter((patch) => !keys.has(keyOf(patch)));
}

const withPatches = (patches: Patch[], more: Patch[]): Patch[] => [...without(patches, more), ...more];

/** What was done to a cell by hand. */
export interface Change {
  line: number;
  column: number | null;
  /** What was to be done about each of its faults. */
  hints: string[];
  from: string;
  to: string;
}

/** Takes all changes back, which can be undone itself. */
export function undoMending(): void {
  const { chosen } = current();
  if (!chosen) return;
  const { file, patches } = chosen;
  const bringBack = (): void => {
    const now = current().chosen;
    if (now?.file === file) void checkAgain({ patches: withPatches(patches, now.patches) });
  };
  void checkAgain({ patches: [], lastChange: null });
  notifyOfFile(texts.mend.takenBack, bringBack);
}

/** Hands the file with the changes to the browser. */
export async function saveMended(): Promise<void> {
  const { chosen } = current();
  if (!chosen) return;
  const fields = { ...fieldsOfFile(chosen), dry_run: 'true' };
  const accept = chosen.survey && isWorkbook(chosen.survey) ? WORKBOOK_TYPE : 'text/csv';
  const { data, error } = await sendForFile(chosen.file, fields, accept);
  if (data) saveFile(data, chosen.file.name);
  else notify(error.message || texts.unreachable);
}

const keyOf = ({ line, column }: Pick<Patch, 'line' | 'column'>): string => `${line} ${column}`;
