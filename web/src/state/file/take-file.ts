import { type DryRun, fetchFile, sendFile, type Request } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { choicesInWords } from '../../texts-of-options.ts';
import { fieldsOfColumns, rememberedChoice } from './columns.ts';
import { forgetDraft, keepDraft, keptDraft } from './draft.ts';
import { announce, dismiss, notify } from '../notices.ts';
import {
  areRemembered,
  fieldsOf,
  fieldsOfNames,
  type Options,
  optionsOf,
  rememberOptions,
} from './options.ts';
import { go } from '../route.ts';
import type { Patch } from './mend-file.ts';
import { type Chosen, current, type Notice, update } from '../store.ts';

/** Similarity is measured unasked up to here: it takes a JPEG two to three times as long. */
const MEASURED_IMAGES = 2000;

/** Faults that are listed, with the rows that have them. */
const LISTED_FAULTS = '1000';

/** Shows what is in the file. Nothing is stored by that. */
export async function takeFile(file: File): Promise<void> {
  const chosen = { file, columns: {}, patches: [], lastChange: null, survey: null, error: null };
  update({ chosen, shownRows: null, startError: null });
  dropUndo();
  keep();
  go('/new');
  await check(true);
}

let ofFile: Notice[] = [];

/** Says what was done to the chosen file, and can be undone as long as it is chosen. */
export function notifyOfFile(text: string, undo: () => void): void {
  ofFile.push(notify(text, undo));
}

function dropUndo(): void {
  ofFile.forEach(dismiss);
  ofFile = [];
}

/** Keeps the chosen file as it is now, with the options, for the case of a reload. */
function keep(): void {
  const { chosen, options } = current();
  if (chosen) void keepDraft({ ...chosen, options });
}

/** Changes options of the chosen file. */
export function chooseOptions(changes: Partial<Options>): void {
  update({ options: { ...current().options, ...changes } });
  keep();
}

/** Shows the file again that was chosen before a reload, with its corrections and options. */
export async function restoreFile(): Promise<void> {
  const draft = await keptDraft();
  if (!draft) return;
  const { file, columns, patches, options } = draft;
  update({ options, chosen: { file, columns, patches, lastChange: null, survey: null, error: null } });
  void check(false);
}

/** Has the chosen file checked with other columns or patches. Meanwhile the page shows what it showed. */
export async function checkAgain(
  changes: Partial<Pick<Chosen, 'columns' | 'patches' | 'lastChange'>> = {},
): Promise<void> {
  const { chosen } = current();
  if (!chosen) return;
  const next = { ...chosen, ...changes, error: null };
  update({ chosen: next, startError: null });
  keep();
  const { patches } = changes;
  if (!patches) return check(false);
  await check(false, countRemoved(patches) > countRemoved(chosen.patches) ? 'rows' : 'cells');
}

const countRemoved = (patches: Patch[]): number => patches.filter(({ column }) => column === null).length;

/** @param mended what was changed in the file; a row that is left out is not mended */
async function check(isNew: boolean, mended?: 'cells' | 'rows'): Promise<void> {
  const { chosen } = current();
  if (!chosen) return;
  const fields = { ...fieldsOfFile(chosen), dry_run: 'true', lines: 'faulty', faults_limit: LISTED_FAULTS };
  const { data, error } = await sendFile<DryRun>(chosen.file, fields);
  if (current().chosen !== chosen) return; // another was chosen meanwhile, or something else was said of it
  const columns = data && isNew ? rememberedChoice(data.columns) : {};
  if (data && Object.keys(columns).length > 0) return checkAgain({ columns });
  update({ chosen: { ...chosen, survey: data ?? (isNew ? null : chosen.survey), error } });
  if (!data) return announce(texts.preview.failed);
  announce(
    announcementOf(data, chosen.survey, mended) + (isNew && data.images > 0 ? rememberedInWords() : ''),
  );
}

/** That options are not the usual ones, because they were so at the last start: they stand far below. */
function rememberedInWords(): string {
  const { options } = current();
  const choices = choicesInWords(options);
  return choices.length > 0 && areRemembered(options) ? `. ${texts.options.notUsual(choices)}` : '';
}

/** Of a file of which nothing can be taken, why; of one that is being mended, how many faults are left. */
function announcementOf(survey: DryRun, before: DryRun | null, mended?: 'cells' | 'rows'): string {
  const { rows, images, faults } = survey;
  if (rows === 0 && faults.total > 0) return faults.items[0].hint;
  const were = mended && before ? before.faults.total : 0;
  if (were > 0) return texts.mend.left(faults.total, mended === 'cells' && faults.total < were);
  return texts.preview.announced(rows, images, faults.total);
}

/** What is said of the file, as fields of an upload. */
export function fieldsOfFile({ columns, patches }: Chosen): Record<string, string> {
  return {
    ...fieldsOfColumns(columns),
    ...(patches.length > 0 ? { patches: JSON.stringify(patches) } : {}),
  };
}

/** Rows as they are copied from a spreadsheet: cells with tabs between them, with or without the line of column names. */
export async function takeText(text: string): Promise<void> {
  const time = new Date().toTimeString().slice(0, 8); // what is pasted next has another name
  const content = withColumnNames(text);
  await takeFile(new File([content], texts.start.pastedName(time), { type: 'text/csv' }));
}

/** Puts names above rows of several cells whose first has a link already: it would be taken for the line of names, and lost. */
function withColumnNames(text: string): string {
  const cells = text.trimStart().split('\n', 1)[0].split('\t');
  if (cells.length === 1 || !cells.some(isLink)) return text;
  const { imageColumn, otherColumn } = texts.start;
  const names = cells.map((cell, index) => (isLink(cell) ? imageColumn : otherColumn)(index + 1));
  return `${names.join('\t')}\n${text}`;
}

const isLink = (cell: string): boolean => /^\s*(?:https?:\/\/|www\.)/i.test(cell);

export async function takeSample(): Promise<void> {
  const { data } = await fetchFile('/samples/products.csv');
  if (data) await takeFile(new File([data], 'products.csv', { type: 'text/csv' }));
}

/** The file of an earlier request, as it was uploaded but for addresses that were corrected since, with its options. */
export async function takeAgain(request: Request): Promise<void> {
  const { id, file_name: name, links } = request;
  const file = links.output_xlsx ? 'output.xlsx' : 'output.csv';
  const { data, error } = await fetchFile(`/requests/${id}/${file}?urls=source`);
  if (!data) return void notify(error.message || texts.unreachable);
  update({ options: optionsOf(request) });
  await takeFile(new File([data], name, { type: 'text/csv' }));
}

/** Uploads the chosen file and goes to its request. A second click, or a try after an error, makes no second request. */
export async function start(): Promise<void> {
  const { chosen, options, isStarting } = current();
  if (!chosen?.survey || isStarting) return;
  update({ isStarting: true, startError: null });
  const { data, error } = await sendFile<{ request_id: string }>(chosen.file, fieldsOfStart(chosen), {
    'Idempotency-Key': keyOf(chosen.file, fieldsOfStart(chosen)),
  });
  update({ isStarting: false, startError: error });
  if (!data) return;
  rememberOptions(options);
  void forgetDraft();
  update({ chosen: null });
  dropUndo();
  go(`/requests/${data.request_id}`);
}

/** Whether the start asks for each image to be compared with its source, and so takes longer. */
export const isMeasured = (survey: DryRun): boolean => survey.images <= MEASURED_IMAGES;

function fieldsOfStart(chosen: Chosen): Record<string, string> {
  const { survey } = chosen;
  const { options } = current();
  const fields = { ...fieldsOf(options), ...fieldsOfNames(options), ...fieldsOfFile(chosen) };
  if (survey && isMeasured(survey)) fields.measure = 'similarity';
  if (survey && survey.faults.total > 0) fields.on_invalid = 'skip';
  return fields;
}

let lastKey: { file: File; fields: string; key: string } | null = null;

function keyOf(file: File, given: Record<string, string>): string {
  const fields = JSON.stringify(given);
  if (lastKey?.file !== file || lastKey.fields !== fields) lastKey = { file, fields, key: newKey() };
  return lastKey.key;
}

/** As `randomUUID`, which browsers have on secure addresses only. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
