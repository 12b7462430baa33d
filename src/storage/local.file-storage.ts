import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { onDisk, storageUnavailable } from '../files/on-disk.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { FileStorage, type StoredFile } from './file-storage.js';

/** Where files are written before they get their names, so that a reader never sees half of one. No request's id. */
const PARTIAL = '.partial';

export interface LocalFileStorageOptions {
  folder: string;
  /** Called at each use: with `PORT=0` the address is known only after the start. */
  publicUrl: () => string;
  /** At the start, unfinished files that are older are removed: 0 where no other process writes to the folder. */
  abandonedAfterMs: number;
}

/** Files under one folder, which the API serves under `<publicUrl>/images/`. */
export class LocalFileStorage extends FileStorage {
  constructor(private readonly options: LocalFileStorageOptions) {
    super();
  }

  /**
   * Removes what killed processes left unfinished. Called by Nest when all modules are made, which is after
   * `DataFolderLock` has refused a second process: that must not touch the files that the first is writing.
   */
  async onModuleInit(): Promise<void> {
    await sweepFolder(path.join(this.options.folder, PARTIAL), this.options.abandonedAfterMs);
  }

  async put(key: string, content: Buffer): Promise<void> {
    const file = this.locate(key);
    await onDisk(() => this.writePartial(content, (partial) => moveInto(partial, file)));
  }

  async open(key: string): Promise<StoredFile | null> {
    const file = this.locate(key);
    return onDisk(async () => {
      const handle = await open(file, 'r').catch(ignoreMissing);
      return handle && { bytes: (await handle.stat()).size, content: handle.createReadStream() };
    });
  }

  async size(key: string): Promise<number | null> {
    try {
      return (await stat(this.locate(key))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  urlOf(key: string): string {
    return `${this.options.publicUrl()}/images/${key}`;
  }

  async delete(key: string): Promise<void> {
    const file = this.locate(key);
    await onDisk(() => rm(file, { force: true }));
  }

  async deleteFolder(folder: string): Promise<void> {
    const path = this.locate(folder);
    await onDisk(() => rm(path, { recursive: true, force: true }));
  }

  /** Looks whether files could be written, without writing one: anybody may ask for the readiness. */
  async ping(): Promise<void> {
    const folder = path.join(this.options.folder, PARTIAL);
    await onDisk(async () => {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      const { blocks, bavail } = await statfs(folder);
      if (blocks > 0 && bavail === 0) throw storageUnavailable(new Error('no space is left on the disk'));
    });
  }

  /** Writes `content` to a file of a name of its own and calls `use` with it; removes it where either fails. */
  private async writePartial(content: Buffer, use: (partial: string) => Promise<void>): Promise<void> {
    const partial = path.join(this.options.folder, PARTIAL, randomUUID());
    try {
      await writeDurably(partial, content);
      await use(partial);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined); // the first failure is the one to report
      throw error;
    }
  }

  /** @throws Error if `key` points outside the folder: keys come from us, so that is a bug. */
  private locate(key: string): string {
    const file = path.resolve(this.options.folder, key);
    const inside = path.relative(path.resolve(this.options.folder), file);
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
      throw new Error(`bad storage key: ${key}`);
    return file;
  }
}

/** When it returns, the content is on the disk, also after a power cut: the database will say that it is there. */
async function writeDurably(file: string, content: Buffer): Promise<void> {
  const handle = await withFolder(file, () => open(file, 'wx'));
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** When it returns, the new name is on the disk as well. */
async function moveInto(from: string, to: string): Promise<void> {
  await withFolder(to, () => rename(from, to));
  await syncFolder(path.dirname(to));
}

/** Makes the folder of `file` where `work` finds none, which is the case for the first file only. */
async function withFolder<T>(file: string, work: () => Promise<T>): Promise<T> {
  const result = await work().catch(ignoreMissing);
  if (result !== null) return result;
  await makeFolder(path.resolve(path.dirname(file)));
  return work();
}

/** With the folders above it; when it returns, their names are on the disk. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (!first) return;
  for (let made = folder; made.length >= first.length; made = path.dirname(made))
    await syncFolder(path.dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
