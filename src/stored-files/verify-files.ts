import type { DataSource } from 'typeorm';
import { FileEntity } from '../database/entities/file.entity.js';
import type { FileStorage } from '../storage/file-storage.js';

/** Files asked for at once. */
const AT_ONCE = 16;
/** Rows of a statement. */
const PAGE = 1000;
/** What was stored, or marked, within this time may be on its way. */
const UNDER_WAY_MS = 3_600_000;

/** What can be wrong between the tables and the storage. */
export type Discrepancy =
  /** A row whose file is not there; `references` outputs and requests point to it. */
  | { is: 'file missing'; key: string; references: number }
  | { is: 'other size'; key: string; expected: number; found: number }
  /** A file that no row of `files` knows. */
  | { is: 'row missing'; key: string; bytes: number }
  /** An output, what is kept for an image, or an upload of a request, whose file has no row, or is being deleted. */
  | { is: 'reference to nothing'; key: string; by: string };

const DANGLING = `
  SELECT outputs.file_key AS fileKey, outputs.request_key AS requestKey, outputs.image_number AS number
  FROM outputs LEFT JOIN files ON files.file_key = outputs.file_key AND files.state = 'live'
  WHERE files.file_key IS NULL AND outputs.request_key = ?`;
const DANGLING_KEPT = `
  SELECT kept_files.file_key AS fileKey, kept_files.request_key AS requestKey, kept_files.image_number AS number
  FROM kept_files LEFT JOIN files ON files.file_key = kept_files.file_key AND files.state = 'live'
  WHERE files.file_key IS NULL AND kept_files.request_key = ?`;
const DANGLING_UPLOADS = `
  SELECT requests.upload_key AS fileKey, requests.request_key AS requestKey
  FROM requests LEFT JOIN files ON files.file_key = requests.upload_key AND files.state = 'live'
  WHERE files.file_key IS NULL AND requests.upload_key IS NOT NULL`;

/**
 * Compares the rows of files with the storage and with what refers to them, and changes nothing. May run beside the service:
 * a row of the last hour that has no file yet and that nothing refers to is left out.
 */
export async function* verifyFiles(
  dataSource: DataSource,
  storage: FileStorage,
): AsyncGenerator<Discrepancy> {
  yield* wrongFiles(dataSource, storage);
  yield* unknownFiles(dataSource, storage);
  yield* danglingReferences(dataSource);
}

async function* wrongFiles(dataSource: DataSource, storage: FileStorage): AsyncGenerator<Discrepancy> {
  for (let after = ''; ;) {
    const sql = `SELECT file_key AS \`key\`, bytes, state, released_at AS releasedAt FROM files
      WHERE file_key > ? ORDER BY file_key LIMIT ${PAGE}`;
    const rows = await dataSource.query<FileEntity[]>(sql, [after]);
    if (rows.length === 0) return;
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      const some = rows.slice(at, at + AT_ONCE).filter(({ state }) => state === 'live');
      const heads = await Promise.all(some.map(({ key }) => storage.head(key)));
      for (const [index, row] of some.entries()) {
        const found = heads[index];
        if (found && found.bytes === Number(row.bytes)) continue;
        if (found) yield { is: 'other size', key: row.key, expected: Number(row.bytes), found: found.bytes };
        else {
          const references = await referencesTo(dataSource, row.key);
          if (isUnderWay(row) && (references === 0 || (await storage.head(row.key)))) continue;
          yield { is: 'file missing', key: row.key, references };
        }
      }
    }
    after = rows[rows.length - 1].key;
  }
}

/** The row comes before the file, and what refers to it after: then the file is there. */
function isUnderWay({ releasedAt }: FileEntity): boolean {
  return releasedAt !== null && Number(releasedAt) > Date.now() - UNDER_WAY_MS;
}

async function referencesTo(dataSource: DataSource, key: string): Promise<number> {
  const sql = `SELECT (SELECT COUNT(*) FROM outputs WHERE file_key = ?)
    + (SELECT COUNT(*) FROM kept_files WHERE file_key = ?)
    + (SELECT COUNT(*) FROM requests WHERE upload_key = ?) AS count`;
  const [{ count }] = await dataSource.query(sql, [key, key, key]);
  return Number(count);
}

async function* unknownFiles(dataSource: DataSource, storage: FileStorage): AsyncGenerator<Discrepancy> {
  let some: { key: string; bytes: number }[] = [];
  for await (const file of storage.list()) {
    some.push(file);
    if (some.length < PAGE) continue;
    yield* withoutRow(dataSource, storage, some);
    some = [];
  }
  yield* withoutRow(dataSource, storage, some);
}

/** What was listed may have been deleted since, with its row; a list of some object storages also has what was deleted a moment before. */
async function* withoutRow(
  dataSource: DataSource,
  storage: FileStorage,
  files: { key: string; bytes: number }[],
): AsyncGenerator<Discrepancy> {
  if (files.length === 0) return;
  const places = files.map(() => '?').join(', ');
  const sql = `SELECT file_key AS \`key\` FROM files WHERE file_key IN (${places})`;
  const rows: { key: string }[] = await dataSource.query(
    sql,
    files.map(({ key }) => key),
  );
  const known = new Set(rows.map(({ key }) => key));
  for (const { key, bytes } of files)
    if (!known.has(key) && (await storage.head(key))) yield { is: 'row missing', key, bytes };
}

async function* danglingReferences(dataSource: DataSource): AsyncGenerator<Discrepancy> {
  const requests: { requestKey: number }[] = await dataSource.query(
    'SELECT request_key AS requestKey FROM requests ORDER BY request_key',
  );
  for (const { requestKey } of requests) {
    const outputs: { fileKey: string; number: number }[] = await dataSource.query(DANGLING, [requestKey]);
    const kept: { fileKey: string; number: number }[] = await dataSource.query(DANGLING_KEPT, [requestKey]);
    for (const { fileKey, number } of [...outputs, ...kept])
      yield { is: 'reference to nothing', key: fileKey, by: `image ${number} of request ${requestKey}` };
  }
  const uploads: { fileKey: string; requestKey: number }[] = await dataSource.query(DANGLING_UPLOADS);
  for (const { fileKey, requestKey } of uploads)
    yield { is: 'reference to nothing', key: fileKey, by: `request ${requestKey}` };
}
