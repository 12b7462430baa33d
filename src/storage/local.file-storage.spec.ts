import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileStorageContract } from '../../test/contracts/file-storage.contract.js';
import { LocalFileStorage } from './local.file-storage.js';

function openLocal() {
  const root = mkdtempSync(path.join(tmpdir(), 'file-storage-'));
  const folder = path.join(root, 'images');
  return {
    storage: new LocalFileStorage({ folder, publicUrl: () => 'http://127.0.0.1:3000', abandonedAfterMs: 0 }),
    root,
    breakDown: () => {
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, 'a file where the folder should be');
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
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

  it('makes the content, the name and the new folders durable, in this order', async () => {
    const file = path.join(opened.root, 'images/request-1/1-aa.jpg');
    const synced = await recordSyncs(file);

    await opened.storage.put('request-1/1-aa.jpg', Buffer.from('x'));

    const content = synced.findIndex(({ name }) => name.startsWith('images/.partial/'));
    const name = synced.findIndex((sync) => sync.name === 'images/request-1' && sync.isNamed);
    const folder = synced.findIndex((sync) => sync.name === 'images');
    expect(content).toBeGreaterThanOrEqual(0);
    expect(name).toBeGreaterThan(content);
    expect(folder).toBeGreaterThanOrEqual(0);
    jest.restoreAllMocks();
  });

  /** Every fsync from now on: of what, below the root, and whether `file` had its name by then. */
  async function recordSyncs(file: string): Promise<{ name: string; isNamed: boolean }[]> {
    const synced: { name: string; isNamed: boolean }[] = [];
    const handle = await open(opened.root, 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const sync = prototype.sync;
    jest.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
      const name = path.relative(opened.root, readlinkSync(`/proc/self/fd/${this.fd}`));
      synced.push({ name, isNamed: existsSync(file) });
      return sync.call(this);
    });
    return synced;
  }
});
