import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { FileStorage } from '../../src/storage/file-storage.js';
import { LocalFileStorage } from '../../src/storage/local.file-storage.js';

interface OpenedStorage {
  storage: FileStorage;
  remove(): void;
}

/** Every adapter of {@link FileStorage} passes this. */
function fileStorageContract(name: string, open: () => OpenedStorage): void {
  describe(`a file storage (${name})`, () => {
    let opened: OpenedStorage;
    beforeEach(() => (opened = open()));
    afterEach(() => opened.remove());

    const read = async (key: string) => {
      const file = await opened.storage.open(key);
      return file && { bytes: file.bytes, content: await buffer(file.content) };
    };

    it('gives back what was put', async () => {
      const content = Buffer.from([0, 1, 2, 255]);

      await opened.storage.put('request-1/1-aa.jpg', content, 'image/jpeg');

      expect(await read('request-1/1-aa.jpg')).toEqual({ bytes: 4, content });
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

    it('has null for what is not there', async () => {
      expect(await opened.storage.open('request-1/none.jpg')).toBeNull();
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

    it('is there', async () => {
      await expect(opened.storage.ping()).resolves.toBeUndefined();
    });
  });
}

const openLocal = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'file-storage-'));
  const storage = new LocalFileStorage(path.join(folder, 'images'), () => 'http://127.0.0.1:3000');
  return { storage, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};
fileStorageContract('local folder', openLocal);

describe('LocalFileStorage', () => {
  it.each(['../outside.jpg', 'a/../../outside.jpg', '/etc/passwd', ''])('refuses the key %j', async (key) => {
    const { storage, remove } = openLocal();

    await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow('bad storage key');

    remove();
  });

  it('leaves no partial files', async () => {
    const { storage, folder, remove } = openLocal();

    await storage.put('request-1/1-aa.jpg', Buffer.from('x'));

    expect(readdirSync(path.join(folder, 'images/request-1'))).toEqual(['1-aa.jpg']);
    remove();
  });
});
