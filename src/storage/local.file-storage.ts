import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UnavailableError } from '../errors.js';
import { FileStorage, type StoredFile } from './file-storage.js';

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
    const partial = `${file}.${randomUUID()}.part`;
    const handle = await openForWriting(partial);
    try {
      await handle.writeFile(content);
      await handle.sync(); // the database will say that it is there, also after a power cut
    } finally {
      await handle.close();
    }
    await rename(partial, file);
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
    try {
      await mkdir(this.folder, { recursive: true });
      await access(this.folder, constants.W_OK);
    } catch (error) {
      throw new UnavailableError('STORAGE_UNAVAILABLE', 'The image storage does not answer.', error);
    }
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

/** The folder is there for all images of a request but the first. */
async function openForWriting(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return open(file, 'wx');
  }
}
