import { randomUUID } from 'node:crypto';
import { access, constants, copyFile, link, mkdir, open, opendir, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { onDisk, storageUnavailable } from '../files/on-disk.js';
import { readWholeFile } from '../files/read-whole-file.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { DurableFiles } from './durable-files.js';
import { keyOfPath, pathOfKey, typeOfKey } from './file-paths.js';
import { namedKey } from './named-key.js';
import {
  type ByteRange,
  type FileHead,
  FileStorage,
  type ListedFile,
  type StoredFile,
} from './file-storage.js';

/** Where files are written before they get their names, so that a reader never sees half of one. No folder of a key. */
const PARTIAL = '.partial';

/** Files removed at once. */
const REMOVED_AT_ONCE = 16;

export interface LocalFileStorageOptions {
  folder: string;
  /** Called at each use: with `PORT=0` the address is known only after the start. */
  publicUrl: () => string;
  /** At the start, unfinished files that are older are removed: 0 where no other process writes to the folder. */
  abandonedAfterMs: number;
}

/** Files under one folder, which the API serves under `<publicUrl>/images/`. */
export class LocalFileStorage extends FileStorage {
  private readonly durable = new DurableFiles();

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

  /** Called by Nest at the end, when nothing is written any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.durable.close();
  }

  async put(key: string, content: Buffer | Readable): Promise<void> {
    const file = this.locate(key);
    const partial = this.newPartial();
    if (Buffer.isBuffer(content)) return onDisk(() => this.durable.write({ partial, file, content }));
    try {
      await onDisk(() => this.nameWhenMade(partial, file, () => writeAll(partial, content)));
    } catch (error) {
      throw error instanceof SourceFault ? error.cause : error;
    }
  }

  async open(key: string, range?: ByteRange): Promise<StoredFile | null> {
    const file = this.locate(key);
    return onDisk(async () => {
      const handle = await open(file, 'r').catch(ignoreMissing);
      if (!handle) return null;
      const bytes = range ? range.end - range.start + 1 : (await handle.stat()).size;
      return { bytes, contentType: typeOfKey(key), content: handle.createReadStream(range) };
    });
  }

  async read(key: string): Promise<Buffer | null> {
    const file = this.locate(key);
    return onDisk(() => readWholeFile(file).catch(ignoreMissing));
  }

  async head(key: string): Promise<FileHead | null> {
    const file = this.locate(key);
    const info = await onDisk(() => stat(file).catch(ignoreMissing));
    return info && { bytes: info.size, contentType: typeOfKey(key) };
  }

  async copy(from: string, to: string): Promise<boolean> {
    const source = this.locate(from);
    const target = this.locate(to);
    const partial = this.newPartial();
    return onDisk(async () => {
      const [old, known] = await Promise.all([source, target].map((file) => stat(file).catch(ignoreMissing)));
      if (!old) return false;
      if (known) return true;
      await this.nameWhenMade(partial, target, () =>
        // The same bytes under two names take no room; not every file system has links.
        inPartialFolder(partial, () => link(source, partial).catch(() => copyFile(source, partial))),
      );
      return true;
    });
  }

  async deleteMany(keys: string[]): Promise<void> {
    const files = keys.map((key) => this.locate(key));
    for (let at = 0; at < files.length; at += REMOVED_AT_ONCE) {
      const some = files.slice(at, at + REMOVED_AT_ONCE);
      await onDisk(() => Promise.all(some.map((file) => rm(file, { force: true }))));
    }
  }

  urlOf(key: string, name: string | null = null): string {
    return `${this.options.publicUrl()}/images/${namedKey(key, name)}`;
  }

  async *list(): AsyncGenerator<ListedFile> {
    const { folder } = this.options;
    const entries = await onDisk(() => opendir(folder, { recursive: true }).catch(ignoreMissing));
    if (!entries) return;
    for await (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name);
      const key = keyOfPath(path.relative(folder, file));
      if (!entry.isFile() || key.startsWith(`${PARTIAL}/`)) continue;
      const info = await onDisk(() => stat(file).catch(ignoreMissing));
      if (info) yield { key, bytes: info.size };
    }
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

  private newPartial(): string {
    return path.join(this.options.folder, PARTIAL, randomUUID());
  }

  /** Has `make` make `partial`, then gives it the name `file`; removes it where either fails. */
  private async nameWhenMade(partial: string, file: string, make: () => Promise<void>): Promise<void> {
    try {
      await make();
      await this.durable.write({ partial, file });
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined); // the first failure is the one to report
      throw error;
    }
  }

  /** @throws Error if `key` points outside the folder: keys come from us, so that is a bug. */
  private locate(key: string): string {
    const file = path.resolve(this.options.folder, pathOfKey(key));
    const inside = path.relative(path.resolve(this.options.folder), file);
    if (inside === '' || inside.startsWith('..') || path.isAbsolute(inside))
      throw new Error(`bad storage key: ${key}`);
    return file;
  }
}

/** The content is not on the disk before it has its name. */
async function writeAll(partial: string, content: Readable): Promise<void> {
  const handle = await inPartialFolder(partial, () => open(partial, 'wx'));
  try {
    for await (const chunk of readFrom(content)) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}

/** Makes the folder where `work` finds none, which is the case for the first file only. */
async function inPartialFolder<T>(partial: string, work: () => Promise<T>): Promise<T> {
  const result = await work().catch(ignoreMissing);
  if (result !== null) return result;
  await mkdir(path.dirname(partial), { recursive: true });
  return work();
}

/** What we were given to store could not be read: no fault of the disk, whatever its code is. */
class SourceFault extends Error {}

async function* readFrom(content: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of content) yield chunk as Buffer;
  } catch (cause) {
    throw new SourceFault('', { cause });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
