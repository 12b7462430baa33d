import fs, {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DurableFiles } from './durable-files.js';
import { makeDurable } from './disk-thread.mjs';

describe('files that are to be durable', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'durable-files-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const fileOf = (name: string, content?: string) => ({
    partial: path.join(root, '.partial', name.replaceAll('/', '-')),
    file: path.join(root, name),
    ...(content === undefined ? {} : { content: Buffer.from(content) }),
  });

  it('have their content on the disk before their name, and then the name and the new folders', async () => {
    const files = [fileOf('a/b/1.jpg', 'x'), fileOf('a/b/2.jpg', 'y'), fileOf('c/3.jpg', 'z')];
    const synced: { name: string; named: boolean[] }[] = [];
    const fsync = (descriptor: number, done: (error: Error | null) => void) => {
      const name = path.relative(root, readlinkSync(`/proc/self/fd/${descriptor}`));
      synced.push({ name, named: files.map(({ file }) => existsSync(file)) });
      fs.fsync(descriptor, done);
    };

    expect(await makeDurable(files, { ...fs, fsync })).toEqual([null, null, null]);

    const unnamed = [false, false, false];
    const named = [true, true, true];
    expect(synced.slice(0, 3)).toEqual(
      files.map(({ partial }) => ({ name: path.relative(root, partial), named: unnamed })),
    );
    expect(synced.slice(3).sort((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: '', named },
      { name: 'a', named },
      { name: 'a/b', named },
      { name: 'c', named },
    ]);
  });

  it('fail alone, and leave nothing', async () => {
    writeFileSync(path.join(root, 'blocked'), 'no folder');
    const files = [fileOf('1.jpg', 'x'), fileOf('blocked/2.jpg', 'y'), fileOf('3.jpg', 'z')];

    const errors = await makeDurable(files);

    expect(errors).toEqual([null, expect.objectContaining({ code: 'ENOTDIR' }), null]);
    expect(readdirSync(path.join(root, '.partial'))).toEqual([]);
    expect(readFileSync(files[2].file, 'utf8')).toBe('z');
  });

  describe('in a thread', () => {
    let durable: DurableFiles;
    beforeEach(() => (durable = new DurableFiles()));
    afterEach(() => durable.close());

    it('are written however many come at once, empty and large ones too', async () => {
      const contents = Array.from({ length: 300 }, (_, index) =>
        'x'.repeat(index % 100 === 7 ? 9_000_000 : index),
      );

      await Promise.all(contents.map((content, index) => durable.write(fileOf(`${index}.jpg`, content))));

      contents.forEach((content, index) =>
        expect(readFileSync(path.join(root, `${index}.jpg`), 'utf8') === content).toBe(true),
      );
    });

    it('take what is there already', async () => {
      const file = fileOf('a/1.jpg');
      fs.mkdirSync(path.dirname(file.partial));
      writeFileSync(file.partial, 'streamed');

      await durable.write(file);

      expect(readFileSync(file.file, 'utf8')).toBe('streamed');
    });

    it('fail with the error of the operating system', async () => {
      await expect(durable.write(fileOf('1.jpg'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    });

    it('fail where the thread ends, and the next one has a new thread', async () => {
      const lost = durable.write(fileOf('1.jpg', 'x'.repeat(30_000_000)));
      await fs.promises.access(root); // it is with the thread by now

      const failure = expect(lost).rejects.toThrow('has ended');
      await durable.close();
      await failure;
      await durable.write(fileOf('2.jpg', 'y'));

      expect(readFileSync(path.join(root, '2.jpg'), 'utf8')).toBe('y');
    });
  });
});
