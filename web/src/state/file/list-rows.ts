import { type DryRun, sendFile } from '../../api/client.ts';
import { texts } from '../../texts.ts';
import { notify } from '../notices.ts';
import { current, update } from '../store.ts';
import { fieldsOfFile } from './take-file.ts';

/** Lines that are shown at once. */
export const LINES_SHOWN = 100;

/** Some rows of the chosen file, as they stand in it with its corrections. */
export interface ShownRows {
  /** The line from which they are shown, and the next {@link LINES_SHOWN} - 1; or the first of those without images. */
  from: number | 'without-images';
  rows: DryRun['lines'];
}

/** What was asked for last; null where it is none of the rows. */
let wanted: ShownRows['from'] | null = null;

/** Shows all rows of the file, from a line on, or those without images; of several calls the last one counts. */
export async function listRows(from: ShownRows['from']): Promise<void> {
  wanted = from;
  const { chosen } = current();
  if (!chosen) return;
  const lines = linesFrom(from, chosen.survey).join(',');
  if (lines === '') return hideRows(); // none without images is left
  const { data, error } = await sendFile<DryRun>(chosen.file, {
    ...fieldsOfFile(chosen),
    ...{ dry_run: 'true', lines, faults_limit: '0' },
  });
  const { chosen: now } = current();
  if (wanted !== from || now?.file !== chosen.file) return;
  if (now !== chosen) return listRows(from); // it was changed meanwhile
  if (data) update({ shownRows: { from, rows: data.lines } });
  else notify(error.message || texts.unreachable);
}

/** Reads the rows that are shown anew, or those that are about to be. */
export function listRowsAgain(): void {
  if (wanted !== null) void listRows(wanted);
}

function linesFrom(from: ShownRows['from'], survey: DryRun | null): number[] {
  if (from === 'without-images') return survey?.lines_without_images ?? [];
  return Array.from({ length: LINES_SHOWN }, (_, index) => from + index);
}

/** Shows the rows with faults alone. */
export function hideRows(): void {
  wanted = null;
  update({ shownRows: null });
}
