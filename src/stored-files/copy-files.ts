import type { DataSource } from 'typeorm';
import type { FileEntity } from '../database/entities/file.entity.js';
import type { FileStorage } from '../storage/file-storage.js';
import { detailsOf } from './files.js';

/** Files under way at once. */
const AT_ONCE = 8;
/** Rows of a statement. */
const PAGE = 500;

/** How far a copy is. */
export interface CopyProgress {
  /** Stored by this call. */
  copied: number;
  /** There already, of the same length. */
  present: number;
  /** Known to the database, and not in the storage that is copied from. */
  missing: string[];
}

const LIVE_FILES = `
  SELECT file_key AS \`key\`, bytes, kind, content_type AS contentType FROM files
  WHERE file_key > ? AND state = 'live' ORDER BY file_key LIMIT ${PAGE}`;

type Row = Pick<FileEntity, 'key' | 'bytes' | 'kind' | 'contentType'>;

/**
 * Copies every file that the database knows from one storage to another, under the same key. What is there already is left, so that
 * it can be ended at any time, and called again. May run beside the service: a second call takes what came meanwhile.
 * @returns how far it is, after each some hundred files
 * @throws UnavailableError `STORAGE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`
 */
export async function* copyFiles(
  dataSource: DataSource,
  from: FileStorage,
  to: FileStorage,
): AsyncGenerator<CopyProgress> {
  const progress: CopyProgress = { copied: 0, present: 0, missing: [] };
  for (let after = ''; ;) {
    const rows = await dataSource.query<Row[]>(LIVE_FILES, [after]);
    if (rows.length === 0) return;
    for (let at = 0; at < rows.length; at += AT_ONCE)
      await Promise.all(rows.slice(at, at + AT_ONCE).map((row) => copyFile(row, from, to, progress)));
    after = rows[rows.length - 1].key;
    yield progress;
  }
}

async function copyFile(
  { key, bytes, kind, contentType }: Row,
  from: FileStorage,
  to: FileStorage,
  progress: CopyProgress,
): Promise<void> {
  const there = await to.head(key);
  if (there?.bytes === Number(bytes)) {
    progress.present++;
    return;
  }
  const file = await from.open(key);
  if (!file) {
    progress.missing.push(key);
    return;
  }
  await to.put(key, file.content, detailsOf(kind, contentType));
  progress.copied++;
}
