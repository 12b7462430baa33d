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

/** Shows all rows of the file, from a line on, or those without images; called again, it reads what is shown anew. */
export async function listRows(from: ShownRows['from']): Promise<void> {
  const { chosen } = current();
  if (!chosen) return;
  const lines = linesFrom(from, chosen.survey).join(',');
  if (lines === '') return hideRows(); // none without images is left
  const { data, error } = await sendFile<DryRun>(chosen.file, {
    ...fieldsOfFile(chosen),
    ...{ dry_run: 'true', lines, faults_limit: '0' },
  });
  const { chosen: now, shownRows } = current();
  // It was changed meanwhile: rows that are shown already are read again by that.
  if (now !== chosen) return shownRows || now?.file !== chosen.file ? undefined : listRows(from);
  if (data) update({ shownRows: { from, rows: data.lines } });
  else notify(error.message || texts.unreachable);
}

function linesFrom(from: ShownRows['from'], survey: DryRun | null): number[] {
  if (from === 'without-images') return survey?.lines_without_images ?? [];
  return Array.from({ length: LINES_SHOWN }, (_, index) => from + index);
}

/** Shows the rows with faults alone. */
export function hideRows(): void {
  update({ shownRows: null });
}
