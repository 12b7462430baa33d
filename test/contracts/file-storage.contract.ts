import { buffer } from 'node:stream/consumers';
import type { FileStorage } from '../../src/storage/file-storage.js';

/** A storage of its own, empty. */
export interface OpenedStorage {
  storage: FileStorage;
  /** Makes every later call fail, as a disk or server that is away does. */
  breakDown(): Promise<void> | void;
  remove(): Promise<void> | void;
}

/** The tests that every adapter of {@link FileStorage} passes; its spec calls this. */
export function fileStorageContract(open: () => Promise<OpenedStorage> | OpenedStorage): void {
  describe('as a file storage', () => {
    let opened: OpenedStorage;
    beforeEach(async () => void (opened = await open()));
    afterEach(() => opened.remove());

    const read = async (key: string) => {
      const file = await opened.storage.open(key);
      return file && { bytes: file.bytes, content: await buffer(file.content) };
    };

    it('gives back what was put', async () => {
      const content = Buffer.from([0, 1, 2, 255]);

      await opened.storage.put('request-1/1-aa.jpg', content, 'image/jpeg');

      expect(await read('request-1/1-aa.jpg')).toEqual({ bytes: 4, content });
      expect(await opened.storage.size('request-1/1-aa.jpg')).toBe(4);
      expect(opened.storage.urlOf('request-1/1-aa.jpg')).toMatch(/^http.*\/request-1\/1-aa\.jpg$/);
    });

    it('takes the same file again', async () => {
      await opened.storage.put('request-1/1-aa.jpg', Buffer.from('same'), 'image/jpeg');
      await opened.storage.put('request-1/1-aa.jpg', Buffer.from('same'), 'image/jpeg');

      expect((await read('request-1/1-aa.jpg'))?.content.toString()).toBe('same');
    });

    it('takes many at once', async () => {
      const keys = Array.from({ length: 20 }, (_, index) => `request-1/${index}-aa.jpg`);

      await Promise.all(keys.map((key) => opened.storage.put(key, Buffer.from(key), 'image/jpeg')));

      for (const key of keys) expect((await read(key))?.content.toString()).toBe(key);
    });

    it('opens null where there is no file', async () => {
      expect(await opened.storage.open('request-1/none.jpg')).toBeNull();
      expect(await opened.storage.size('request-1/none.jpg')).toBeNull();
    });

    it('deletes a file, and a folder with all its files, again and again', async () => {
      await opened.storage.put('request-1/1-aa.jpg', Buffer.from('a'), 'image/jpeg');
      await opened.storage.put('request-1/2-bb.jpg', Buffer.from('b'), 'image/jpeg');
      await opened.storage.put('request-2/1-cc.jpg', Buffer.from('c'), 'image/jpeg');

      await opened.storage.delete('request-1/1-aa.jpg');
      await opened.storage.delete('request-1/1-aa.jpg');
      expect(await opened.storage.open('request-1/1-aa.jpg')).toBeNull();
      await opened.storage.deleteFolder('request-1');
      await opened.storage.deleteFolder('request-1');

      expect(await opened.storage.open('request-1/2-bb.jpg')).toBeNull();
      expect((await read('request-2/1-cc.jpg'))?.content.toString()).toBe('c');
    });

    it('answers a ping', async () => {
      await expect(opened.storage.ping()).resolves.toBeUndefined();
    });

    it('reports STORAGE_UNAVAILABLE from every method while it fails', async () => {
      const { storage } = opened;
      await storage.put('request-1/1-aa.jpg', Buffer.from('a'), 'image/jpeg');
      await opened.breakDown();
      const unavailable = { code: 'STORAGE_UNAVAILABLE', status: 503, retryable: true };

      await expect(storage.put('request-1/2-bb.jpg', Buffer.from('b'), 'image/jpeg')).rejects.toMatchObject(
        unavailable,
      );
      await expect(storage.open('request-1/1-aa.jpg')).rejects.toMatchObject(unavailable);
      await expect(storage.delete('request-1/1-aa.jpg')).rejects.toMatchObject(unavailable);
      await expect(storage.deleteFolder('request-1')).rejects.toMatchObject(unavailable);
      await expect(storage.ping()).rejects.toMatchObject(unavailable);
    });
  });
}
