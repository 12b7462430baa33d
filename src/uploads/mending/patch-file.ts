import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { onDisk } from '../../files/on-disk.js';
import {
  type CellPatch,
  type CsvLayout,
  type LeftOutLines,
  openInputTable,
  patchedCsv,
  patchedWorkbook,
  type WantedColumns,
  withLeftOut,
  WorkbookError,
} from '../../tables/tables.js';
import type { UploadedFile } from '../uploads.service.js';

/**
 * Puts the patches into an uploaded file, in its place on the disk. A file without a table stays as it is, and so does a damaged
 * workbook: its own fault says more.
 * @returns how the patched file is written, with the lines of rows that were left out; null where it stays as it is
 * @throws AppError `PATCH_INVALID`
 * @throws UnavailableError `STORAGE_UNAVAILABLE`
 */
export async function patchFile(
  { path, signal }: UploadedFile,
  columns: WantedColumns,
  patches: CellPatch[],
): Promise<CsvLayout | null> {
  if (patches.length === 0) return null;
  const { layout } = await openInputTable(path, { signal, columns });
  if (!layout) return null;
  const patched = `${path}.patched`;
  const leftOut: LeftOutLines[] = [];
  try {
    const content = Readable.from(patchedContent(path, layout, patches, leftOut));
    await onDisk(() => pipeline(content, createWriteStream(patched), { signal }));
    await rename(patched, path);
    return withLeftOut(layout, leftOut);
  } catch (error) {
    if (error instanceof WorkbookError) return null;
    throw error;
  } finally {
    await rm(patched, { force: true });
  }
}

function patchedContent(
  path: string,
  layout: CsvLayout,
  patches: CellPatch[],
  leftOut: LeftOutLines[],
): AsyncGenerator<Buffer> {
  if (layout.sheet !== undefined) return patchedWorkbook(path, layout, patches);
  return patchedCsv(createReadStream(path) as AsyncIterable<Buffer>, layout, patches, leftOut);
}
