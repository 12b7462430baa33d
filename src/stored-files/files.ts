import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import type { FileEntity, FileKind } from '../database/entities/file.entity.js';
import { UnavailableError } from '../errors/app-error.js';
import { type FileDetails, FileStorage } from '../storage/file-storage.js';
import { FileRows } from './file-rows.js';

const YEAR_SECONDS = 31_536_000;

/** How long one waits before it is looked again whether a file that is being deleted has gone … */
const LOOK_AGAIN_MS = 200;
/** … and how often. After that the caller has to come again: who was deleting it may have died. */
const MAX_LOOKS = 25;

/** A file that is to be stored. */
export type NewFile = Pick<FileEntity, 'key' | 'ownerKey' | 'kind' | 'bytes' | 'contentType'>;

/** What is known of a stored file. */
export type KnownFile = Pick<FileEntity, 'key' | 'bytes' | 'contentType'>;

const FIND = `
  SELECT file_key AS \`key\`, bytes, content_type AS contentType FROM files
  WHERE file_key = ? AND kind = ? AND state = 'live'`;

/**
 * The files of the storage, each with a row of the table `files`, so that what refers to a file finds it, and no file stays
 * that nothing refers to. However storing, referring, releasing and the {@link FileSweeper} come after each other: there
 * is no reference to a file that is missing, and no file without a row.
 */
@Injectable()
export class Files {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly storage: FileStorage,
    private readonly rows: FileRows,
  ) {}

  /**
   * Stores a file; again under the same key is fine, since that names its content. When it returns, the file is durable, and
   * for an hour nothing deletes it: so long there is time for the first reference. Where the same file is being deleted, that
   * is waited for. A stream is read once, so nobody may be storing another one under the same key.
   * @throws UnavailableError `STORAGE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`
   */
  async store(file: NewFile, content: Buffer | Readable): Promise<void> {
    for (let looks = 1; (await this.rows.announce(file)) === 'deleting'; looks++) {
      if (looks === MAX_LOOKS) throw new UnavailableError('STORAGE_UNAVAILABLE');
      await sleep(LOOK_AGAIN_MS);
    }
    const { contentType, kind } = file;
    await this.storage.put(file.key, content, detailsOf(kind, contentType));
  }

  /** The row of a file of this kind, or null where there is none, or it is being deleted. */
  async find(key: string, kind: FileKind): Promise<KnownFile | null> {
    const [found] = await this.database.manager.query<KnownFile[]>(FIND, [key, kind]);
    return found ?? null;
  }

  /**
   * Call it in the transaction that writes references to these files, before they are written: until its end none of them is
   * deleted. Locks rows of `files`, in the order of their keys.
   * @returns those that can be referred to: the others have been deleted, and have to be stored again first
   */
  async lock(manager: EntityManager, keys: Iterable<string>): Promise<Set<string>> {
    const sorted = [...new Set(keys)].sort();
    if (sorted.length === 0) return new Set();
    const shared = this.database.isEmbedded ? '' : ' LOCK IN SHARE MODE';
    const sql = `SELECT file_key AS fileKey FROM files
      WHERE file_key IN (${places(sorted)}) AND state = 'live' ORDER BY file_key${shared}`;
    const live = await manager.query<{ fileKey: string }[]>(sql, sorted);
    return new Set(live.map(({ fileKey }) => fileKey));
  }

  /**
   * Call it in the transaction that removes references to these files: those that have no other are deleted an hour later. May
   * be called for files that still have some.
   */
  async release(manager: EntityManager, keys: Iterable<string>): Promise<void> {
    const sorted = [...new Set(keys)].sort();
    if (sorted.length === 0) return;
    const sql = `UPDATE files SET released_at = ? WHERE file_key IN (${places(sorted)}) AND state = 'live'`;
    await manager.query(sql, [this.clock.now(), ...sorted]);
  }
}

/** What the storage is told of a file. */
export function detailsOf(kind: FileKind, contentType: string): FileDetails {
  return { contentType, ...(kind === 'output' ? { cacheSeconds: YEAR_SECONDS } : {}) };
}

/** As many question marks. */
export function places(values: unknown[]): string {
  return values.map(() => '?').join(', ');
}
