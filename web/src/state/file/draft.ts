import { del, delMany, entries, get, set } from 'idb-keyval';
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

/** Keeps the draft of this tab in the browser, so that a reload does not lose it. Without room for it nothing is kept. */
export async function keepDraft({ file, columns, patches, options }: Draft): Promise<void> {
  try {
    await forgetOldDrafts();
    await set(tab(), { file, columns, patches, options, keptAt: Date.now() });
  } catch {
    // It is chosen anew after a reload.
  }
}

/** The draft of this tab; undefined where there is none. */
export async function keptDraft(): Promise<Draft | undefined> {
  return get<Draft>(tab()).catch(() => undefined);
}

export async function forgetDraft(): Promise<void> {
  await del(tab()).catch(() => undefined);
}

async function forgetOldDrafts(): Promise<void> {
  const drafts = await entries<string, { keptAt: number }>();
  await delMany(drafts.filter(([, { keptAt }]) => keptAt < Date.now() - KEPT_FOR_MS).map(([name]) => name));
}

/** Names this tab, also after a reload. */
function tab(): string {
  const known = sessionStorage.getItem(TAB_STORED_AS);
  const name = known ?? String(Math.random());
  if (!known) sessionStorage.setItem(TAB_STORED_AS, name);
  return name;
}
