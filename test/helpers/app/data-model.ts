import type { DataSource } from 'typeorm';
import { readSettings } from '../../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../../src/database/data-source.js';
import type { Installation } from './engines.js';

const ofRequest = (what: string, from: string, where: string) =>
  `(SELECT ${what} FROM ${from} WHERE ${from}.request_key = requests.request_key${where})`;
const images = (where = '') => ofRequest('COUNT(*)', 'images', where);

/** What must be the same for each request: a counter, and what it counts. */
const COUNTERS: Record<string, string> = {
  product_count: ofRequest('COUNT(*)', 'products', ''),
  image_count: images(),
  done_count: images(" AND images.status = 'done'"),
  failed_count: images(" AND images.status = 'failed'"),
  input_bytes: ofRequest('COALESCE(SUM(input_bytes), 0)', 'images', " AND images.status = 'done'"),
  output_bytes: ofRequest('COALESCE(SUM(bytes), 0)', 'outputs', ''),
  rendition_bytes: ofRequest('COALESCE(SUM(bytes), 0)', 'outputs', " AND outputs.name <> 'image'"),
  fault_count: ofRequest('COUNT(*)', 'faults', ''),
};

/** Statements that find rows only where something is wrong. */
const NEVER: Record<string, string> = {
  'a counter of a request is wrong': `
    SELECT * FROM (SELECT request_key, status, ${Object.entries(COUNTERS)
      .map(([counter, counted]) => `${counter}, ${counted} AS real_${counter}`)
      .join(', ')} FROM requests WHERE status NOT IN ('Receiving', 'Deleting')) AS counted
    WHERE ${Object.keys(COUNTERS)
      .map((counter) => `${counter} <> real_${counter}`)
      .join(' OR ')}`,
  'an ended request has open images': `
    SELECT request_key, status, ${images(" AND images.status = 'processing'")} AS processing FROM requests
    WHERE completed_at IS NOT NULL AND (image_count <> done_count + failed_count + cancelled_count
      OR EXISTS (SELECT 1 FROM images WHERE images.request_key = requests.request_key AND images.status = 'processing'))`,
  'a count of open images of a host is wrong': `
    SELECT * FROM (SELECT request_key, number, open_count, image_count,
      (SELECT COUNT(*) FROM images WHERE images.request_key = request_hosts.request_key AND images.host = request_hosts.number
        AND images.status IN ('pending', 'waiting', 'processing')) AS real_open,
      (SELECT COUNT(*) FROM images WHERE images.request_key = request_hosts.request_key
        AND images.host = request_hosts.number) AS real_images FROM request_hosts
      WHERE request_key IN (SELECT request_key FROM requests WHERE status NOT IN ('Receiving', 'Deleting'))) AS hosts
    WHERE open_count <> real_open OR image_count <> real_images`,
  'a number of settling is there twice': `
    SELECT request_key, settled_no, COUNT(*) AS images FROM images
    WHERE settled_no IS NOT NULL GROUP BY request_key, settled_no HAVING COUNT(*) > 1`,
  'a number of settling is too high': `
    SELECT images.request_key, images.settled_no FROM images JOIN requests ON requests.request_key = images.request_key
    WHERE images.settled_no > requests.settled_no`,
  'an open image has a number of settling': `
    SELECT request_key, number FROM images WHERE settled_no IS NOT NULL AND status NOT IN ('done', 'failed')`,
  'a done image has no output, or another one has': `
    SELECT images.request_key, images.number, images.status, outputs.file_key FROM images
      LEFT JOIN outputs ON outputs.request_key = images.request_key AND outputs.image_number = images.number
    WHERE images.request_key IN (SELECT request_key FROM requests WHERE status <> 'Deleting')
      AND (images.status = 'done') <> (outputs.file_key IS NOT NULL)`,
  // Each rendition that is stored with a request says once whether it is a size.
  'a done image lacks an output, or has one too many': `
    SELECT images.request_key, images.number, COUNT(*) AS outputs FROM images
      JOIN requests ON requests.request_key = images.request_key AND requests.status <> 'Deleting'
      JOIN outputs ON outputs.request_key = images.request_key AND outputs.image_number = images.number
    WHERE images.status = 'done' GROUP BY images.request_key, images.number, requests.renditions
    HAVING COUNT(*) <> 1
      + (LENGTH(COALESCE(requests.renditions, '')) - LENGTH(REPLACE(COALESCE(requests.renditions, ''), 'isSize', ''))) / 6`,
  'an output refers to no live file': `
    SELECT outputs.request_key, outputs.file_key FROM outputs
      LEFT JOIN files ON files.file_key = outputs.file_key AND files.state = 'live' WHERE files.file_key IS NULL`,
  'what is kept for an image refers to no live file': `
    SELECT kept_files.request_key, kept_files.file_key FROM kept_files
      LEFT JOIN files ON files.file_key = kept_files.file_key AND files.state = 'live' WHERE files.file_key IS NULL`,
  'a redo can be undone without an earlier output, or the other way round': `
    SELECT redos.request_key, redos.number, redos.state FROM redos
    WHERE redos.request_key IN (SELECT request_key FROM requests WHERE status <> 'Deleting')
      AND (redos.previous IS NOT NULL) <> EXISTS (SELECT 1 FROM kept_files WHERE kept_files.request_key = redos.request_key
        AND kept_files.image_number = redos.number AND kept_files.role = 'previous')`,
  'an upload refers to no live file': `
    SELECT requests.request_key, requests.upload_key FROM requests
      LEFT JOIN files ON files.file_key = requests.upload_key AND files.state = 'live'
    WHERE requests.upload_key IS NOT NULL AND files.file_key IS NULL`,
  'a file without references would never be deleted': `
    SELECT file_key FROM files WHERE state = 'live' AND released_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM outputs WHERE outputs.file_key = files.file_key)
      AND NOT EXISTS (SELECT 1 FROM kept_files WHERE kept_files.file_key = files.file_key)
      AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.upload_key = files.file_key)`,
  ...Object.fromEntries(
    [
      'images',
      'products',
      'faults',
      'request_hosts',
      'outputs',
      'redos',
      'kept_files',
      'webhook_events',
      'webhook_endpoints',
    ].map((table) => [
      `a row of ${table} has no request`,
      `SELECT request_key FROM ${table} WHERE request_key IS NOT NULL
           AND request_key NOT IN (SELECT request_key FROM requests) LIMIT 5`,
    ]),
  ),
};

/** What is wrong in the database by the rules of the data model; `{}` where nothing is. Fine beside a running service. */
export async function faultsOf(dataSource: DataSource): Promise<Record<string, unknown[]>> {
  const faults: Record<string, unknown[]> = {};
  for (const [fault, sql] of Object.entries(NEVER)) {
    const rows = await dataSource.query<unknown[]>(sql);
    if (rows.length > 0) faults[fault] = rows.slice(0, 5);
  }
  return faults;
}

/** Runs `work` with a connection of its own to the database of an installation. */
export async function withDatabase<T>(
  installation: Installation,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await openDataSource(dataSourceOptions(readSettings(installation.environment)));
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
