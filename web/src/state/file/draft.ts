import { delMany, entries, getMany, setMany } from 'idb-keyval';
import type { ColumnChoice } from './columns.ts';
import type { Patch } from './mend-file.ts';
import type { Options } from './options.ts';

/** The chosen file with what was said of it and corrected in it, and its options, before it is uploaded. */
export interface Draft {
  file: File;
  columns: ColumnChoice;
  patches: Patch[];
  options: Options;
}

const TAB_STORED_AS = 'image-processing.tab';

/** Drafts of tabs that were closed go when the next file is chosen after so long. */
const KEPT_FOR_MS = 60 * 60 * 1000;

/** What is kept beside the file, which is not written again with each option. */
type Said = Omit<Draft, 'file'> & { keptAt: number };

let lastFile: File | null = null;

/** Keeps the draft of this tab in the browser, so that a reload does not lose it. Without room for it nothing is kept. */
export async function keepDraft({ file, columns, patches, options }: Draft): Promise<void> {
  const isNew = file !== lastFile;
  lastFile = file;
  const said: Said = { columns, patches, options, keptAt: Date.now() };
  try {
    await setMany([[`said ${tab()}`, said], ...(isNew ? [[`file ${tab()}`, file] as [string, File]] : [])]);
    if (isNew) await forgetOldDrafts();
  } catch {
    // It is chosen anew after a reload.
  }
}

/** The draft of this tab; undefined where there is none. */
export async function keptDraft(): Promise<Draft | undefined> {
  const kept = await getMany([`file ${tab()}`, `said ${tab()}`]).catch(() => []);
  const [file, said] = kept as [File?, Said?];
  return file && said && { file, ...said };
}

export async function forgetDraft(): Promise<void> {
  lastFile = null;
  await delMany([`file ${tab()}`, `said ${tab()}`]).catch(() => undefined);
}

/** Of other tabs, which were closed or left. */
async function forgetOldDrafts(): Promise<void> {
  const kept = await entries<string, Said | File>();
  const names = kept.map(([name]) => name);
  const old = kept.filter(([, value]) => 'keptAt' in value && value.keptAt < Date.now() - KEPT_FOR_MS);
  const gone = old.map(([name]) => name.replace('said ', ''));
  await delMany(names.filter((name) => gone.includes(name.replace(/^(?:said|file) /, ''))));
}

/** Names this tab, also after a reload. */
function tab(): string {
  const known = sessionStorage.getItem(TAB_STORED_AS);
  const name = known ?? String(Math.random());
  if (!known) sessionStorage.setItem(TAB_STORED_AS, name);
  return name;
}
