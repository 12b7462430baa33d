import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileStorageContract } from '../../test/contracts/file-storage.contract.js';
import { LocalFileStorage } from './local.file-storage.js';

function openLocal() {
  const root = mkdtempSync(path.join(tmpdir(), 'file-storage-'));
  const folder = path.join(root, 'images');
  const storage = new LocalFileStorage({
    folder,
    publicUrl: () => 'http://127.0.0.1:3000',
    abandonedAfterMs: 0,
  });
  return {
    storage,
    root,
    breakDown: () => {
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, 'a file where the folder should be');
    },
    remove: async () => {
      await storage.onApplicationShutdown();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

describe('LocalFileStorage', () => {
  fileStorageContract(openLocal);

  let opened: ReturnType<typeof openLocal>;
  beforeEach(() => (opened = openLocal()));
  afterEach(() => opened.remove());

  it.each(['../outside.jpg', 'a/../../outside.jpg', '/etc/passwd', ''])('refuses the key %j', async (key) => {
    await expect(opened.storage.put(key, Buffer.from('x'))).rejects.toThrow('bad storage key');
  });

  it('leaves no partial files', async () => {
    await opened.storage.put('request-1/1-aa.jpg', Buffer.from('x'));

    expect(readdirSync(path.join(opened.root, 'images/request-1'))).toEqual(['1-aa.jpg']);
    expect(readdirSync(path.join(opened.root, 'images/.partial'))).toEqual([]);
  });

  it('puts files that are named by content into few folders', async () => {
    await opened.storage.put('aabbccddeeff00112233445566778899/blue-mug.jpg', Buffer.from('x'));

    expect(readdirSync(path.join(opened.root, 'images/aa'))).toEqual([
      'bbccddeeff00112233445566778899-blue-mug.jpg',
    ]);
  });
});
