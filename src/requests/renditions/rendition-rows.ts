import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import type { FileStorage } from '../../storage/file-storage.js';
import type { RenditionRow } from '../../tables/tables.js';

/** Images read at a time: some milliseconds of the event loop with SQLite. */
const PAGE = 500;

// Written out, since a file may have a million rows.
const DONE_IMAGES = `
  SELECT images.number AS number, products.line AS line, images.cell_column AS cellColumn, images.position AS position,
    images.output_name AS outputName, outputs.name AS rendition, outputs.file_key AS fileKey, outputs.width AS width,
    outputs.height AS height, outputs.bytes AS bytes, outputs.format AS format
  FROM (SELECT request_key, number, product_number, cell_column, position, output_name FROM images
      WHERE request_key = ? AND status = 'done' AND number > ? ORDER BY number LIMIT ${PAGE}) AS images
    JOIN outputs ON outputs.request_key = images.request_key AND outputs.image_number = images.number
    JOIN products ON products.request_key = images.request_key AND products.number = images.product_number
  ORDER BY images.number, outputs.name`;

interface Row extends Omit<RenditionRow, 'column' | 'url'> {
  number: number;
  cellColumn: number | null;
  outputName: string | null;
  fileKey: string;
}

/** Every file that was made so far of the images of a request, in the order of its rows, some hundred images at a time. */
export async function* renditionRows(
  manager: EntityManager,
  storage: FileStorage,
  { key }: RequestEntity,
): AsyncGenerator<RenditionRow[]> {
  for (let after = 0; ;) {
    const rows = await manager.query<Row[]>(DONE_IMAGES, [key, after]);
    if (rows.length === 0) return;
    yield rows.map(({ cellColumn, outputName, fileKey, ...row }) => {
      return { ...row, column: cellColumn, url: storage.urlOf(fileKey, outputName) };
    });
    after = rows[rows.length - 1].number;
    await setImmediate();
  }
}
