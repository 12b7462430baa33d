import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SettingsError } from '../../src/errors/app-error.js';
import type { Installation } from '../helpers/app/engines.js';
import { startApp } from '../helpers/app/test-app.js';

describe('a second process with the same DATA_DIR', () => {
  it('is refused before it removes what the first is writing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'second-start-'));
    const installation: Installation = { environment: { DATA_DIR: folder }, remove: async () => undefined };
    const first = await startApp(installation);
    const unfinished = ['images/.partial/a', 'uploads/b', 'tmp/c'].map((name) => path.join(folder, name));
    for (const file of unfinished) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, 'the first half');
    }

    await expect(startApp(installation)).rejects.toThrow(SettingsError);
    for (let calls = 0; calls < 50; calls++) await readdir(folder); // what a sweep that has begun takes to end

    expect(unfinished.map((file) => existsSync(file))).toEqual([true, true, true]);
    await first.close();
    rmSync(folder, { recursive: true });
  });
});
