import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UnavailableError } from '../errors/app-error.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { FileStorage, type StoredFile } from './file-storage.js';

const HOUR_MS = 3_600_000;

/** Where files are written before they get their names, so that a reader never sees half of one. No request's id. */
const PARTIAL = '.partial';

/** Files under one folder, which the API serves under `<publicUrl>/images/`. */
export class LocalFileStorage extends FileStorage {
  /** `publicUrl` is asked at each call: with `PORT=0` it is known only after the start. */
  constructor(
    private readonly folder: string,
    private readonly publicUrl: () => string,
  ) {
    super();
  }

  async put(key: string, content: Buffer): Promise<void> {
    const file = this.locate(key);
    const partial = path.join(this.folder, PARTIAL, randomUUID());
    try {
      await writeDurably(partial, content);
      await moveInto(partial, file);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async open(key: string): Promise<StoredFile | null> {
    try {
      const handle = await open(this.locate(key), 'r');
      const { size } = await handle.stat();
      return { bytes: size, content: handle.createReadStream() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  urlOf(key: string): string {
    return `${this.publicUrl()}/images/${key}`;
  }

  async delete(key: string): Promise<void> {
    await rm(this.locate(key), { force: true });
  }

  async deleteFolder(folder: string): Promise<void> {
    await rm(this.locate(folder), { recursive: true, force: true });
  }

  async ping(): Promise<void> {
    const probe = path.join(this.folder, PARTIAL, `ping-${randomUUID()}`);
    try {
      await writeDurably(probe, Buffer.from('ping'));
      await rm(probe);
    } catch (error) {
      throw new UnavailableError('STORAGE_UNAVAILABLE', 'The image storage does not answer.', {
        cause: error,
      });
    }
  }

  /** Removes what processes that were killed had begun to write. `isShared`: young files may be another process's. */
  sweep(isShared: boolean): Promise<void> {
    return sweepFolder(path.join(this.folder, PARTIAL), isShared ? HOUR_MS : 0);
  }

  /** @throws Error if `key` points outside the folder: keys come from us, so that is a bug. */
  private locate(key: string): string {
    const file = path.resolve(this.folder, key);
    const inside = path.relative(path.resolve(this.folder), file);
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
      throw new Error(`bad storage key: ${key}`);
    return file;
  }
}

async function writeDurably(file: string, content: Buffer): Promise<void> {
  const handle = await withFolder(file, () => open(file, 'wx'));
  try {
    await handle.writeFile(content);
    await handle.sync(); // the database will say that it is there, also after a power cut
  } finally {
    await handle.close();
  }
}

function moveInto(from: string, to: string): Promise<void> {
  return withFolder(to, () => rename(from, to));
}

/** The folder is there for all files but the first. */
async function withFolder<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return work();
  }
}
