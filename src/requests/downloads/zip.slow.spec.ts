import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import {
  fileOf,
  hasJava,
  listWithPython,
  readWithJava,
  sourceOf,
  testWithUnzip,
  zipOf,
} from '../../../test/helpers/zips.js';
import { measureZip, writeZip } from './zip.js';

describe('a large ZIP', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zip-'));
    file = path.join(folder, 'images.zip');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([65_534, 65_535, 65_536, 70_000])('of %d files is read to its end', async (count) => {
    const many = Array.from({ length: count }, (_, index) => fileOf(`${index}.txt`, Buffer.from(`${index}`)));
    writeFileSync(file, await zipOf(sourceOf(many, 5000)));

    testWithUnzip(file);
    const listed = listWithPython(file);
    expect(listed).toHaveLength(count);
    expect(listed.at(-1)).toEqual([`${count - 1}.txt`, `${count - 1}`.length, crc32(`${count - 1}`)]);
    if (hasJava && count === 70_000) expect(Object.keys(readWithJava(file))).toHaveLength(count);
  });

  it('beyond 4 GiB has its last files where it says', async () => {
    // Zeros, which are skipped in the file: it takes no room on the disk.
    const zeros = fileOf('', Buffer.alloc(64 * 1024 * 1024));
    const many = Array.from({ length: 65 }, (_, index) => ({ ...zeros, name: `zeros-${index}` }));
    const last = ['one', 'two'].map((name) => fileOf(name, Buffer.from(`the last ${name}`)));
    const source = sourceOf([...many, ...last], 10);
    const { entries, bytes } = await measureZip(source);
    expect(bytes).toBeGreaterThan(2 ** 32);

    const handle = await open(file, 'w');
    let length = 0;
    for await (const chunk of writeZip(source, entries)) {
      const text = chunk.subarray(0, 1000); // a header stands before the zeros
      await handle.write(chunk.length > 1_000_000 ? text : chunk, 0, undefined, length);
      length += chunk.length;
    }
    await handle.truncate(length);
    await handle.close();

    expect(length).toBe(bytes);
    testWithUnzip(file);
    expect(listWithPython(file, 2).slice(-2)).toEqual(
      last.map(({ name, content }) => [name, content.length, crc32(content)]),
    );
  });
});
