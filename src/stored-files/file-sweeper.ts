import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Rounds } from '../concurrency/rounds.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { FileStorage } from '../storage/file-storage.js';
import { Files, places } from './files.js';
import { SweepLock } from './sweep-lock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const EVERY_MS = 10 * MINUTE;
/** A file is kept for so long after it was stored, and after its last reference went: until then it may get one. */
const KEPT_MS = HOUR;
/** Files of a transaction, and of a call of the storage: some milliseconds of the event loop with SQLite. */
const SWEPT_AT_ONCE = 200;

const RELEASED = `
  SELECT file_key AS fileKey FROM files
  WHERE state = 'live' AND released_at < ? ORDER BY released_at LIMIT ${SWEPT_AT_ONCE}`;
const ENDED = `
  SELECT request_key AS requestKey, image_number AS number, role, name, file_key AS fileKey FROM kept_files
  WHERE kept_until <= ? ORDER BY kept_until LIMIT ${SWEPT_AT_ONCE}`;
const END = `
  DELETE FROM kept_files WHERE request_key = ? AND image_number = ? AND role = ? AND name = ? AND kept_until <= ?`;
const DELETING = `SELECT file_key AS fileKey FROM files WHERE state = 'deleting' LIMIT ${SWEPT_AT_ONCE}`;

interface EndedRow {
  requestKey: number;
  number: number;
  role: string;
  name: string;
  fileKey: string;
}

interface FileRow {
  fileKey: string;
}

/**
 * Deletes files an hour after the last reference to them went. One process at a time does; what a killed one left is
 * gone on with by the next.
 */
@Injectable()
export class FileSweeper {
  private readonly warning = new RepeatedWarning(new Logger(FileSweeper.name));
  private readonly rounds = new Rounds(
    EVERY_MS,
    async () => void (await this.sweep()),
    ({ message }) => this.warning.warn(`unused files were not deleted: ${message}`),
  );
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly storage: FileStorage,
    private readonly lock: SweepLock,
    private readonly files: Files,
  ) {}

  /** Sweeps now and every ten minutes until {@link stop}. */
  start(): void {
    this.isStopping = false;
    this.rounds.start();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.rounds.stop();
  }

  /**
   * One round; does nothing while another process is at it.
   * @returns how many files were deleted
   * @throws UnavailableError `STORAGE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`; the next round goes on
   */
  async sweep(): Promise<number> {
    let deleted = 0;
    await this.lock.withLock('sweep', async (isHeld) => {
      await this.releaseEnded();
      // First those that an earlier round, perhaps of a process that was killed, could not delete.
      deleted += await this.deleteMarked(isHeld);
      const before = this.clock.now() - KEPT_MS;
      while (!this.isStopping && (await this.mark(before))) deleted += await this.deleteMarked(isHeld);
    });
    return deleted;
  }

  /** Forgets sources that were kept long enough. */
  private async releaseEnded(): Promise<void> {
    const before = this.clock.now();
    while (!this.isStopping) {
      const ended = await this.database.manager.query<EndedRow[]>(ENDED, [before]);
      if (ended.length === 0) return;
      await this.database.transaction(async (manager) => {
        for (const { requestKey, number, role, name } of ended)
          await manager.query(END, [requestKey, number, role, name, before]);
        await this.files.release(
          manager,
          ended.map(({ fileKey }) => fileKey),
        );
      });
    }
  }

  /** Marks some files that nothing refers to. @returns whether there may be more */
  private async mark(before: number): Promise<boolean> {
    const candidates = await this.database.manager.query<FileRow[]>(RELEASED, [before]);
    if (candidates.length === 0) return false;
    const keys = candidates.map(({ fileKey }) => fileKey).sort();
    await this.database.transaction((manager) => this.decide(manager, keys, before));
    return true;
  }

  /** Under the lock of their rows, so that no reference comes in between (`Files.lock`). */
  private async decide(manager: EntityManager, keys: string[], before: number): Promise<void> {
    const forUpdate = this.database.isEmbedded ? '' : ' FOR UPDATE';
    const sql = `SELECT file_key AS fileKey FROM files
      WHERE file_key IN (${places(keys)}) AND state = 'live' AND released_at < ? ORDER BY file_key${forUpdate}`;
    const locked = await manager.query<FileRow[]>(sql, [...keys, before]);
    const candidates = locked.map(({ fileKey }) => fileKey);
    if (candidates.length === 0) return;
    const used = await referredTo(manager, candidates);
    const unused = candidates.filter((key) => !used.has(key));
    await this.update(manager, [...used], 'released_at = NULL', []);
    await this.update(manager, unused, "state = 'deleting', released_at = ?", [this.clock.now()]);
    if (unused.length === 0) return;
    await manager.query(`DELETE FROM cached_results WHERE output_key IN (${places(unused)})`, unused);
  }

  private async update(
    manager: EntityManager,
    keys: string[],
    assignment: string,
    parameters: unknown[],
  ): Promise<void> {
    if (keys.length === 0) return;
    const sql = `UPDATE files SET ${assignment} WHERE file_key IN (${places(keys)})`;
    await manager.query(sql, [...parameters, ...keys]);
  }

  /** The file first, then its row: until that has gone, nobody stores it anew. */
  private async deleteMarked(isHeld: () => Promise<boolean>): Promise<number> {
    for (let deleted = 0; ;) {
      const marked = await this.database.manager.query<FileRow[]>(DELETING);
      if (marked.length === 0 || this.isStopping || !(await isHeld())) return deleted;
      const keys = marked.map(({ fileKey }) => fileKey);
      await this.storage.deleteMany(keys);
      const sql = `DELETE FROM files WHERE file_key IN (${places(keys)}) AND state = 'deleting'`;
      await this.database.write((manager) => manager.query(sql, keys));
      deleted += keys.length;
    }
  }
}

/** Those of the files that an output, a request or what is kept for an image refers to. */
async function referredTo(manager: EntityManager, keys: string[]): Promise<Set<string>> {
  const sql = `
    SELECT DISTINCT file_key AS fileKey FROM outputs WHERE file_key IN (${places(keys)})
    UNION SELECT file_key AS fileKey FROM kept_files WHERE file_key IN (${places(keys)})
    UNION SELECT upload_key AS fileKey FROM requests WHERE upload_key IN (${places(keys)})`;
  const found = await manager.query<FileRow[]>(sql, [...keys, ...keys, ...keys]);
  return new Set(found.map(({ fileKey }) => fileKey));
}
