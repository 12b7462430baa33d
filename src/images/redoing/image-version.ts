import type { EntityManager } from 'typeorm';
import { execute } from '../../database/database.js';
import type { KeptFileEntity } from '../../database/entities/redos/kept-file.entity.js';
import { insertObjects } from '../../database/statements/insert-rows.js';
import { insertOutputs, mainOutput, type NewOutput, outputsOf } from '../../requests/image-outputs.js';
import type { ImagePlace } from '../../stored-files/kept-files.js';
import { moveToHostOf } from '../retrying/replaced-urls.js';

/** What a done image was made of and what was made of it: all that a redo changes. */
export interface ImageVersion {
  /** Of its row, by column. */
  columns: Record<(typeof COLUMNS)[number], string | number | null>;
  outputs: NewOutput[];
}

const COLUMNS = [
  ...(['input_url', 'file_url', 'outcome', 'download', 'download_ms'] as const),
  ...(['input_bytes', 'input_format', 'input_width', 'input_height'] as const),
];

const MOVE_COUNTS = `
  UPDATE requests SET settled_no = settled_no + 1, input_bytes = input_bytes + ?, usage_input_bytes = usage_input_bytes + ?,
    output_bytes = output_bytes + ?, usage_output_bytes = usage_output_bytes + ?, rendition_bytes = rendition_bytes + ?
  WHERE request_key = ?`;

const PREVIOUS = `
  SELECT name, file_key AS fileKey, facts FROM kept_files
  WHERE request_key = ? AND image_number = ? AND role = 'previous'`;

/** The files of a version. */
export function filesOf({ outputs }: ImageVersion): string[] {
  return outputs.map(({ fileKey }) => fileKey);
}

/** What a done image is now; null where it is not done (any more). The transaction of `manager` has locked the request. */
export async function readVersion(manager: EntityManager, place: ImagePlace): Promise<ImageVersion | null> {
  const { requestKey, number } = place;
  const sql = `SELECT ${COLUMNS.join(', ')} FROM images WHERE request_key = ? AND number = ? AND status = 'done'`;
  const [columns] = await manager.query<ImageVersion['columns'][]>(sql, [requestKey, number]);
  if (!columns) return null;
  return { columns, outputs: (await outputsOf(manager, requestKey, [number])).get(number) ?? [] };
}

/**
 * Makes an image be another version, and moves what its request counts by the difference. Its owner's usage by day stays: a later run
 * adds what that run made. The transaction of `manager` has locked the request, and the files of `to`.
 */
export async function replaceVersion(
  manager: EntityManager,
  place: ImagePlace,
  from: ImageVersion,
  to: ImageVersion,
): Promise<void> {
  const { requestKey, number } = place;
  await moveHost(manager, place, from, to);
  await moveCounts(manager, requestKey, from, to);
  const columns = COLUMNS.map((column) => `${column} = ?`).join(', ');
  await execute(
    manager,
    `UPDATE images SET ${columns}, settled_no = (SELECT settled_no FROM requests WHERE request_key = ?)
     WHERE request_key = ? AND number = ?`,
    [...COLUMNS.map((column) => to.columns[column]), requestKey, requestKey, number],
  );
  await manager.query('DELETE FROM outputs WHERE request_key = ? AND image_number = ?', [requestKey, number]);
  await insertOutputs(manager, [{ requestKey, number, outputs: to.outputs }]);
}

/** Whether they are made of the same address. */
export function isMoved(from: ImageVersion, to: ImageVersion): boolean {
  return from.columns.input_url !== to.columns.input_url;
}

/** Keeps a version that has just been replaced, in place of the one kept so far. @returns the files of that one */
export async function keepPrevious(
  manager: EntityManager,
  place: ImagePlace,
  { columns, outputs }: ImageVersion,
): Promise<string[]> {
  const dropped = await dropPrevious(manager, place);
  const rows = outputs.map((output) => ({
    ...{ request_key: place.requestKey, image_number: place.number, role: 'previous', name: output.name },
    ...{ file_key: output.fileKey, facts: JSON.stringify(output) },
  }));
  await insertObjects(manager, 'kept_files', rows);
  await setPrevious(manager, place, JSON.stringify(columns));
  return dropped;
}

/** The version that is kept; null where there is none. */
export async function readPrevious(manager: EntityManager, place: ImagePlace): Promise<ImageVersion | null> {
  const key = [place.requestKey, place.number];
  const sql = 'SELECT previous FROM redos WHERE request_key = ? AND number = ?';
  const [redo] = await manager.query<{ previous: string | null }[]>(sql, key);
  if (!redo?.previous) return null;
  const kept = await manager.query<Pick<KeptFileEntity, 'facts'>[]>(PREVIOUS, key);
  return {
    columns: JSON.parse(redo.previous) as ImageVersion['columns'],
    outputs: kept.map(({ facts }) => JSON.parse(facts!) as NewOutput),
  };
}

/** Forgets the version that is kept. @returns its files, which are to be released */
export async function dropPrevious(manager: EntityManager, place: ImagePlace): Promise<string[]> {
  const key = [place.requestKey, place.number];
  const kept = await manager.query<{ fileKey: string }[]>(PREVIOUS, key);
  const sql = "DELETE FROM kept_files WHERE request_key = ? AND image_number = ? AND role = 'previous'";
  if (kept.length > 0) await manager.query(sql, key);
  await setPrevious(manager, place, null);
  return kept.map(({ fileKey }) => fileKey);
}

async function setPrevious(manager: EntityManager, place: ImagePlace, columns: string | null): Promise<void> {
  const sql = 'UPDATE redos SET previous = ? WHERE request_key = ? AND number = ?';
  await execute(manager, sql, [columns, place.requestKey, place.number]);
}

/** What is said of hosts counts their images. */
async function moveHost(
  manager: EntityManager,
  { requestKey, number }: ImagePlace,
  from: ImageVersion,
  to: ImageVersion,
): Promise<void> {
  if (!isMoved(from, to)) return;
  const find = 'SELECT host FROM images WHERE request_key = ? AND number = ?';
  const [image] = await manager.query<{ host: number }[]>(find, [requestKey, number]);
  const host = await moveToHostOf(manager, requestKey, [image.host], String(to.columns.input_url));
  const move = 'UPDATE images SET host = ? WHERE request_key = ? AND number = ?';
  await execute(manager, move, [host, requestKey, number]);
}

async function moveCounts(
  manager: EntityManager,
  requestKey: number,
  from: ImageVersion,
  to: ImageVersion,
): Promise<void> {
  const input = inputBytes(to) - inputBytes(from);
  const output = outputBytes(to) - outputBytes(from);
  const main = mainBytes(to) - mainBytes(from);
  await execute(manager, MOVE_COUNTS, [input, input, output, output, output - main, requestKey]);
}

const inputBytes = ({ columns }: ImageVersion): number => Number(columns.input_bytes);
const outputBytes = ({ outputs }: ImageVersion): number => outputs.reduce((sum, { bytes }) => sum + bytes, 0);
const mainBytes = ({ outputs }: ImageVersion): number => mainOutput(outputs)?.bytes ?? 0;
