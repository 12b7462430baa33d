import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readWholeFile } from './read-whole-file.js';

describe('a whole file', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'read-whole-file-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([0, 1, 16_384, 32_767, 32_768, 32_769, 300_000])('of %i bytes is read as it is', async (bytes) => {
    const content = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251));
    const file = path.join(folder, String(bytes));
    writeFileSync(file, content);

    expect((await readWholeFile(file)).equals(content)).toBe(true);
  });

  it('leaves nothing open, also where it is none', async () => {
    const before = readdirSync('/proc/self/fd').length;

    await expect(readWholeFile(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readWholeFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });

    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});
