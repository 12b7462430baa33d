import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openInputTable } from '../input-table.js';
import { PROFILES, recogniseHeader, STANDARD_PROFILE } from './profiles.js';

const FOLDER = path.join(process.cwd(), 'test/fixtures/imports');
const files = readdirSync(FOLDER);

/** Every address of an image in the text of a file, in its order. */
function imagesIn(file: string): string[] {
  return readFileSync(path.join(FOLDER, file), 'latin1').match(/https:\/\/img[^\s,;|"]+/g) ?? [];
}

async function read(file: string) {
  const csv = await openInputTable(path.join(FOLDER, file));
  const rows = [];
  const faults = [];
  const warnings = [];
  for await (const batch of csv.batches()) {
    rows.push(...batch.rows);
    faults.push(...batch.faults);
    warnings.push(...batch.warnings);
  }
  return { layout: csv.layout, rows, faults, warnings };
}

describe('the file of a shop or marketplace', () => {
  it.each(files)('%s is recognised, and all of its images are found', async (file) => {
    const { layout, rows, faults, warnings } = await read(file);

    const id = path.parse(file).name;
    expect(layout?.profile).toBe(id === 'meta-images' ? 'meta' : id);
    expect(faults).toEqual([]);
    expect(rows.flatMap(({ urls }) => urls)).toEqual(imagesIn(file));
    expect(warnings.filter(({ code }) => code !== 'IMAGE_TEXT_KEPT')).toEqual([]);
  });

  it('has an example in test/fixtures/imports', () => {
    const known = PROFILES.map(({ id }) => id).filter((id) => id !== STANDARD_PROFILE);

    expect(files.map((file) => path.parse(file).name)).toEqual(expect.arrayContaining(known));
  });

  it('is taken for one of ours where the header says so', () => {
    expect(recogniseHeader(['Handle', 'Image Src', 'Input Image Urls'])).toBeNull();
  });
});
