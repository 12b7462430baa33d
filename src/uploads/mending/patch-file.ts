import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { onDisk } from '../../files/on-disk.js';
import {
  type CellPatch,
  type CsvLayout,
  openInputTable,
  patchedCsv,
  type WantedColumns,
} from '../../tables/tables.js';
import type { UploadedFile } from '../uploads.service.js';

/**
 * Puts the patches into an uploaded file, in its place on the disk. A file without a table stays as it is: its own fault says more.
 * @returns how the patched file is encoded; null where it stays as it is
 * @throws AppError `PATCH_INVALID`
 * @throws UnavailableError `STORAGE_UNAVAILABLE`
 */
export async function patchFile(
  { path, signal }: UploadedFile,
  columns: WantedColumns,
  patches: CellPatch[],
): Promise<CsvLayout['encoding'] | null> {
  if (patches.length === 0) return null;
  const { layout } = await openInputTable(path, { signal, columns });
  if (!layout) return null;
  if (layout.sheet !== undefined)
    throw new AppError(
      'PATCH_INVALID',
      'Patches are for CSV files; correct the cell in the workbook itself.',
    );
  const patched = `${path}.patched`;
  try {
    const bytes = createReadStream(path) as AsyncIterable<Buffer>;
    const text = Readable.from(patchedCsv(bytes, layout, patches));
    await onDisk(() => pipeline(text, createWriteStream(patched), { signal }));
    await rename(patched, path);
    return layout.encoding;
  } finally {
    await rm(patched, { force: true });
  }
}
