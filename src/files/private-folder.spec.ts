import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SettingsError } from '../errors/app-error.js';
import { isOpenToOthers, makePrivateFolder } from './private-folder.js';

describe('the data folder', () => {
  let parent: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'private-folder-'));
    folder = path.join(parent, 'a/data');
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const mode = () => statSync(folder).mode & 0o777;

  it('is made for its owner only', () => {
    makePrivateFolder(folder);

    expect(mode()).toBe(0o700);
    expect(isOpenToOthers(folder)).toBe(false);
  });

  it.each([0o755, 0o750, 0o701])(
    'keeps the permissions %o that it has, which are open to others',
    (given) => {
      makePrivateFolder(folder);
      chmodSync(folder, given);

      makePrivateFolder(folder);

      expect(mode()).toBe(given);
      expect(isOpenToOthers(folder)).toBe(true);
    },
  );

  it('is refused where a file has its name', () => {
    writeFileSync(path.join(parent, 'a'), '');

    expect(() => makePrivateFolder(folder)).toThrow(SettingsError);
  });

  it('is refused where the system takes no folders, and answers that those that are there are not', () => {
    expect(() => makePrivateFolder('/proc/none/data')).toThrow("DATA_DIR can't be made a folder (ENOENT).");
  });
});
