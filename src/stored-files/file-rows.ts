import { Injectable } from '@nestjs/common';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import type { FileState } from '../database/entities/file.entity.js';
import type { NewFile } from './files.js';

/** Rows that follow each other within so long are written together; the first after a pause at once. */
const GATHER_MS = 50;
/** Rows of a statement. */
const MAX_AT_ONCE = 500;

const COLUMNS = 'file_key, owner_key, kind, bytes, content_type, state, created_at, released_at';

interface Waiting {
  file: NewFile;
  resolve: (state: FileState) => void;
  reject: (error: unknown) => void;
}

/** Writes the rows of files that are about to be stored: two statements for all that come within some milliseconds. */
@Injectable()
export class FileRows {
  private waiting: Waiting[] = [];
  private isWriting = false;
  private timer?: NodeJS.Timeout;
  private writtenAt = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Writes the row of a file, or notes in the one that is there that the file is stored again. @returns `live`, or `deleting`
   * where it can't be stored now
   * @throws UnavailableError `DATABASE_UNAVAILABLE`
   */
  announce(file: NewFile): Promise<FileState> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ file, resolve, reject });
      this.writeSoon();
    });
  }

  private writeSoon(): void {
    if (this.isWriting || this.timer) return;
    const delayMs = Math.max(0, this.writtenAt + GATHER_MS - performance.now());
    this.timer = setTimeout(() => void this.write(), delayMs);
  }

  /** Never rejects. */
  private async write(): Promise<void> {
    this.timer = undefined;
    this.isWriting = true;
    const batch = this.waiting.splice(0, MAX_AT_ONCE);
    try {
      const deleting = await this.upsert(batch.map(({ file }) => file));
      for (const { file, resolve } of batch) resolve(deleting.has(file.key) ? 'deleting' : 'live');
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.writtenAt = performance.now();
    this.isWriting = false;
    if (this.waiting.length > 0) this.writeSoon();
  }

  /** @returns the keys of those that are being deleted */
  private async upsert(files: NewFile[]): Promise<Set<string>> {
    const now = this.clock.now();
    // In the order of the key, in which everybody locks them.
    const byKey = [...new Map(files.map((file) => [file.key, file]))].sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = byKey.map(([key, { ownerKey, kind, bytes, contentType }]) => {
      return [key, ownerKey, kind, bytes, contentType, 'live', now, now];
    });
    const values = rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    await this.database.write((manager) =>
      manager.query(`INSERT INTO files (${COLUMNS}) VALUES ${values} ${this.orNote()}`, rows.flat()),
    );
    const keys = byKey.map(([key]) => key);
    const sql = `SELECT file_key AS fileKey FROM files
      WHERE file_key IN (${keys.map(() => '?').join(', ')}) AND state = 'deleting'`;
    const deleting = await this.database.manager.query<{ fileKey: string }[]>(sql, keys);
    return new Set(deleting.map(({ fileKey }) => fileKey));
  }

  private orNote(): string {
    const released = "released_at = CASE WHEN state = 'live' THEN";
    return this.database.isEmbedded
      ? `ON CONFLICT (file_key) DO UPDATE SET ${released} excluded.released_at ELSE released_at END`
      : `ON DUPLICATE KEY UPDATE ${released} VALUES(released_at) ELSE released_at END`;
  }
}
