import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import {
  fileOf,
  hasJava,
  type HeldFile,
  listWithPython,
  readWithJava,
  sourceOf,
  testWithUnzip,
  zipOf,
} from '../../../test/helpers/zips.js';
import { measureZip, writeZip, type ZipSource } from './zip.js';

describe('a ZIP', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'zip-'));
    file = path.join(folder, 'images.zip');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const files = [
    fileOf('2-1-image.jpg', Buffer.from('the first')),
    fileOf('2-2-crème-brûlée-鍋.png', Buffer.alloc(300_000, 'abc')),
    fileOf('3-1-empty.webp', Buffer.alloc(0)),
  ];

  it('is as long as was said, and read by unzip and Python', async () => {
    writeFileSync(file, await zipOf(sourceOf(files, 2)));

    testWithUnzip(file);
    expect(listWithPython(file)).toEqual(
      files.map(({ name, content }) => [name, content.length, crc32(content)]),
    );
  });

  (hasJava ? it : it.skip)('is read by Java as a stream', async () => {
    writeFileSync(file, await zipOf(sourceOf(files)));

    expect(readWithJava(file)).toEqual(Object.fromEntries(files.map(({ name, content }) => [name, content])));
  });

  it('has the same bytes whenever it is made', async () => {
    expect(await zipOf(sourceOf(files, 1))).toEqual(await zipOf(sourceOf(files, 3)));
  });

  it('of nothing is an empty one', async () => {
    writeFileSync(file, await zipOf(sourceOf([])));

    expect(listWithPython(file)).toEqual([]);
  });

  it.each([
    ['of another length', [fileOf('a', Buffer.from('a'))], [Buffer.from('ab')], 'a has 2 bytes, not 1'],
    ['that is missing', [fileOf('a', Buffer.from('a'))], [], 'there are fewer contents than files'],
  ])('ends with an error at a content %s', async (_what, entries, contents, message) => {
    const source: ZipSource<HeldFile> = {
      ...sourceOf(entries),
      async *contents() {
        yield* contents;
      },
    };

    await expect(zipOf(source)).rejects.toThrow(message);
  });

  it.each([
    ['more', 1],
    ['fewer', -1],
  ])('ends with an error where there are %s files than at first', async (_what, change) => {
    const source = sourceOf(files);
    const { entries } = await measureZip(source);

    const writing = async () => {
      const other = sourceOf(change > 0 ? [...files, fileOf('d', Buffer.from('d'))] : files.slice(1));
      for await (const chunk of writeZip(other, entries)) expect(chunk.length).toBeGreaterThan(0);
    };

    await expect(writing()).rejects.toThrow(/than before/);
  });
});
