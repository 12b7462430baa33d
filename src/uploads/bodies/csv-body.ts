import type { Request } from 'express';
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors/app-error.js';
import { onDisk } from '../../files/on-disk.js';
import { askForBody } from '../../http/request-body.js';
import type { SpooledFile } from '../spooled-file.js';

/** The media type of Excel workbooks. */
export const WORKBOOK_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** A new file in `folder`, for what is about to be uploaded. */
export function newSpooledFile(folder: string, originalname: string): SpooledFile {
  return { path: path.join(folder, randomBytes(16).toString('hex')), originalname };
}

/**
 * Writes the body of a call to the disk, as the file of a form is written. The caller removes the file.
 * @throws AppError `BODY_TOO_LARGE` (413) as soon as more than `maxBytes` have come, or were announced
 * @throws UnavailableError `STORAGE_UNAVAILABLE`
 */
export async function spoolBody(request: Request, folder: string, maxBytes: number): Promise<SpooledFile> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new AppError('BODY_TOO_LARGE');
  const file = newSpooledFile(folder, request.is(WORKBOOK_TYPE) ? 'products.xlsx' : 'products.csv');
  askForBody(request);
  try {
    await onDisk(() => writeBody(request, file.path, maxBytes));
    return file;
  } catch (error) {
    await rm(file.path, { force: true });
    throw error;
  }
}

/** Without a pipeline: that would close the connection of a body that is too large, and nobody would learn of it. */
async function writeBody(request: Request, filePath: string, maxBytes: number): Promise<void> {
  const file = await open(filePath, 'wx');
  let received = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      received += (chunk as Buffer).length;
      if (received > maxBytes) throw new AppError('BODY_TOO_LARGE');
      await file.writeFile(chunk as Buffer);
    }
  } catch (error) {
    throw request.readableAborted ? new Error('Request aborted') : error;
  } finally {
    await file.close();
  }
}
