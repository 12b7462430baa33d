import { type DryRun, sendFile } from '../../api/client.ts';
import { current, update } from '../store.ts';
import { fieldsOfFile } from './take-file.ts';

/** Rows that a dry run gives at once. Larger files are not looked through: they would be read several times. */
const MOST_ROWS = 1000;

/** Finds out which products the pictures show that are looked at. */
export async function nameLooks(survey: DryRun): Promise<void> {
  const { chosen } = current();
  update({ lookNames: new Map() });
  if (!chosen || survey.rows >= MOST_ROWS || !survey.columns.some(({ role }) => role === 'product')) return;
  const lines = Array.from({ length: MOST_ROWS }, (_, index) => index + 1).join(',');
  const fields = { ...fieldsOfFile(chosen), dry_run: 'true', lines, faults_limit: '0' };
  const { data } = await sendFile<DryRun>(chosen.file, fields);
  if (data && current().chosen?.file === chosen.file) update({ lookNames: productsOf(data) });
}

/** Products by the addresses that stand in their rows as they are. Shops name a product on the first of its rows alone. */
function productsOf({ columns, lines }: DryRun): Map<string, string> {
  const placeOf = (wanted: string): number => columns.findIndex(({ role }) => role === wanted);
  const [product, serial] = [placeOf('product'), placeOf('serial')];
  const bySerial = new Map<string, string>();
  const byUrl = new Map<string, string>();
  for (const { cells } of lines) {
    const name = cells[product] || bySerial.get(cells[serial]);
    if (!name) continue;
    if (cells[serial]) bySerial.set(cells[serial], name);
    for (const [index, { role }] of columns.entries())
      if (role === 'input')
        for (const url of urlsIn(cells[index] ?? '')) byUrl.set(url, byUrl.get(url) ?? name);
  }
  return byUrl;
}

const urlsIn = (cell: string): string[] => cell.split(/[\s,;|]+/);
