import type { EntityManager } from 'typeorm';
import { replaceRows } from '../database/statements/insert-rows.js';

/** An image of a request. */
export interface ImagePlace {
  requestKey: number;
  number: number;
}

/** The stored source of an image. */
export interface KeptSource {
  fileKey: string;
  /** When it is released. */
  keptUntil: number;
}

/** Of a source there is one. */
const NAME = 'image';

const COLUMNS = ['request_key', 'image_number', 'role', 'name', 'file_key', 'kept_until'];

/**
 * Writes references to the sources of images, in the transaction that has locked these files (`Files.lock`). An image has one source:
 * of one that has another, {@link dropSource} comes first.
 */
export function insertSources(
  manager: EntityManager,
  sources: (ImagePlace & { source: KeptSource })[],
): Promise<void> {
  const rows = sources.map(({ requestKey, number, source: { fileKey, keptUntil } }) => {
    return [requestKey, number, 'source', NAME, fileKey, keptUntil];
  });
  return replaceRows(manager, 'kept_files', COLUMNS, rows);
}

/** Forgets the source of an image. @returns its file, which is to be released, if there was one */
export async function dropSource(
  manager: EntityManager,
  { requestKey, number }: ImagePlace,
): Promise<string[]> {
  const where = "request_key = ? AND image_number = ? AND role = 'source'";
  const key = [requestKey, number];
  const sql = `SELECT file_key AS fileKey FROM kept_files WHERE ${where}`;
  const found = await manager.query<{ fileKey: string }[]>(sql, key);
  if (found.length > 0) await manager.query(`DELETE FROM kept_files WHERE ${where}`, key);
  return found.map(({ fileKey }) => fileKey);
}
