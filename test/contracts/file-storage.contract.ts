import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ByteRange, FileStorage } from '../../src/storage/file-storage.js';

/** A storage of its own, empty. */
export interface OpenedStorage {
  storage: FileStorage;
  /** Makes every later call fail, as a disk or server that is away does. */
  breakDown(): Promise<void> | void;
  remove(): Promise<void> | void;
}

const JPEG = { contentType: 'image/jpeg', cacheSeconds: 31_536_000 };
const BY_CONTENT = '00112233445566778899aabbccddeeff/image.jpg';
const BY_REQUEST = 'request-1/1-aa.jpg';
const UPLOAD = 'uploads/00112233445566778899aabbccddeeff.gz';

/** The tests that every adapter of {@link FileStorage} passes; its spec calls this. */
export function fileStorageContract(open: () => Promise<OpenedStorage> | OpenedStorage): void {
  describe('as a file storage', () => {
    let opened: OpenedStorage;
    let storage: FileStorage;
    beforeEach(async () => {
      opened = await open();
      ({ storage } = opened);
    });
    afterEach(() => opened.remove());

    const read = async (key: string, range?: ByteRange) => {
      const file = await storage.open(key, range);
      return file && { ...file, content: await buffer(file.content) };
    };
    const text = async (key: string) => (await read(key))?.content.toString();
    const keys = async () => {
      const listed: Record<string, number> = {};
      for await (const { key, bytes } of storage.list()) listed[key] = bytes;
      return listed;
    };

    it.each([BY_CONTENT, BY_REQUEST])('gives back what was put under %s', async (key) => {
      const content = Buffer.from([0, 1, 2, 255]);

      await storage.put(key, content, JPEG);

      expect(await read(key)).toEqual({ bytes: 4, contentType: 'image/jpeg', content });
      expect(await storage.read(key)).toEqual(content);
      expect(await storage.head(key)).toEqual({ bytes: 4, contentType: 'image/jpeg' });
      expect(storage.urlOf(key)).toMatch(new RegExp(`^http.*/${key.replaceAll('.', '\\.')}$`));
    });

    it('stores a stream of any length', async () => {
      const content = Buffer.alloc(3_000_000, 'abc');
      const chunks = Array.from({ length: 30 }, (_, at) =>
        content.subarray(at * 100_000, (at + 1) * 100_000),
      );

      await storage.put(UPLOAD, Readable.from(chunks), { contentType: 'application/gzip' });

      const file = await read(UPLOAD);
      expect(file).toMatchObject({ bytes: 3_000_000, contentType: 'application/gzip' });
      expect(file!.content.equals(content)).toBe(true);
    });

    it('stores nothing of a stream that fails, and says why it failed', async () => {
      const cut = Object.assign(new Error('cut off'), { code: 'ECONNRESET', syscall: 'read' });
      const failing = Readable.from(
        (async function* () {
          yield Buffer.from('the first half');
          throw cut;
        })(),
      );

      await expect(storage.put(BY_CONTENT, failing, JPEG)).rejects.toBe(cut);

      expect(await storage.head(BY_CONTENT)).toBeNull();
      expect(await keys()).toEqual({});
    });

    it('opens a part of a file', async () => {
      await storage.put(BY_CONTENT, Buffer.from('0123456789'), JPEG);

      for (const [start, end] of [
        [0, 0],
        [2, 5],
        [9, 9],
        [0, 9],
      ]) {
        const part = await read(BY_CONTENT, { start, end });
        expect(part?.content.toString()).toBe('0123456789'.slice(start, end + 1));
        expect(part?.bytes).toBe(end - start + 1);
      }
    });

    it('takes the same file again', async () => {
      await storage.put(BY_CONTENT, Buffer.from('same'), JPEG);
      await storage.put(BY_CONTENT, Buffer.from('same'), JPEG);

      expect(await text(BY_CONTENT)).toBe('same');
    });

    it('takes many at once', async () => {
      const many = Array.from({ length: 20 }, (_, index) => BY_CONTENT.replace('0011', `00${index + 10}`));

      await Promise.all(many.map((key) => storage.put(key, Buffer.from(key), JPEG)));

      for (const key of many) expect(await text(key)).toBe(key);
    });

    it('has null where there is no file', async () => {
      expect(await storage.open(BY_CONTENT)).toBeNull();
      expect(await storage.open(BY_CONTENT, { start: 0, end: 1 })).toBeNull();
      expect(await storage.read(BY_CONTENT)).toBeNull();
      expect(await storage.head(BY_CONTENT)).toBeNull();
      expect(await storage.copy(BY_CONTENT, BY_CONTENT.replace('image', 'mug'))).toBe(false);
      expect(await keys()).toEqual({});
    });

    it('copies a file, again and again, and each stays when the other goes', async () => {
      const copied = BY_CONTENT.replace('image', 'blue-mug');
      await storage.put(BY_CONTENT, Buffer.from('a'), JPEG);

      expect(await storage.copy(BY_CONTENT, copied)).toBe(true);
      expect(await storage.copy(BY_CONTENT, copied)).toBe(true);
      await storage.deleteMany([BY_CONTENT]);

      expect(await storage.head(BY_CONTENT)).toBeNull();
      expect(await read(copied)).toMatchObject({ bytes: 1, contentType: 'image/jpeg' });
    });

    it('lists every file', async () => {
      for (const key of [BY_CONTENT, BY_REQUEST, UPLOAD]) await storage.put(key, Buffer.from(key), JPEG);

      expect(await keys()).toEqual({
        [BY_CONTENT]: BY_CONTENT.length,
        [BY_REQUEST]: BY_REQUEST.length,
        [UPLOAD]: UPLOAD.length,
      });
    });

    it('deletes many files, and those that are not there, again and again', async () => {
      const many = Array.from({ length: 50 }, (_, index) => `request-1/${index}-aa.jpg`);
      for (const key of [...many, BY_CONTENT]) await storage.put(key, Buffer.from('a'), JPEG);

      await storage.deleteMany([...many, UPLOAD]);
      await storage.deleteMany([...many, UPLOAD]);
      await storage.deleteMany([]);

      expect(await keys()).toEqual({ [BY_CONTENT]: 1 });
    });

    it('answers a ping', async () => {
      await expect(storage.ping()).resolves.toBeUndefined();
    });

    it('reports STORAGE_UNAVAILABLE from every method while it fails', async () => {
      await storage.put(BY_CONTENT, Buffer.from('a'), JPEG);
      await opened.breakDown();

      const calls = [
        storage.put(BY_REQUEST, Buffer.from('b'), JPEG),
        storage.put(BY_REQUEST, Readable.from([Buffer.from('b')]), JPEG),
        storage.open(BY_CONTENT),
        storage.read(BY_CONTENT),
        storage.head(BY_CONTENT),
        storage.copy(BY_CONTENT, BY_REQUEST),
        storage.deleteMany([BY_CONTENT]),
        storage.ping(),
        keys(),
      ];
      const unavailable = { code: 'STORAGE_UNAVAILABLE', status: 503, retryable: true };
      for (const call of await Promise.allSettled(calls))
        expect(call).toMatchObject({ status: 'rejected', reason: unavailable });
    });
  });
}
