import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sweepFolder } from './sweep-folder.js';

describe('sweepFolder', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'sweep-folder-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('removes old files, and neither young ones nor folders', async () => {
    for (const name of ['old', 'young']) await writeFile(path.join(folder, name), 'x');
    await mkdir(path.join(folder, 'inner'));
    const past = new Date(Date.now() - 120_000);
    for (const name of ['old', 'inner']) await utimes(path.join(folder, name), past, past);

    await sweepFolder(folder, 60_000);

    expect((await readdir(folder)).sort()).toEqual(['inner', 'young']);
  });

  it('does nothing where there is no folder', async () => {
    await expect(sweepFolder(path.join(folder, 'absent'), 0)).resolves.toBeUndefined();
  });
});
