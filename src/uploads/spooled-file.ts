import type { Response } from 'express';
import { rm } from 'node:fs/promises';
import { AppError } from '../errors/app-error.js';
import { whileThere } from '../http/while-there.js';
import type { UploadedFile } from './uploads.service.js';

/** Files of a form as multer put them on the disk. */
export type SpooledFile = Pick<Express.Multer.File, 'path' | 'originalname'>;

/**
 * Hands the one file of a form to `work`, with a signal that is aborted when the client leaves before its answer, and
 * removes all files however that ends.
 * @throws AppError `FILE_MISSING`, `TOO_MANY_FILES`; and as {@link whileThere}
 */
export async function withSpooledFile<T>(
  files: SpooledFile[],
  response: Response,
  work: (file: UploadedFile) => Promise<T>,
): Promise<T> {
  try {
    if (files.length === 0) throw new AppError('FILE_MISSING');
    if (files.length > 1) throw new AppError('TOO_MANY_FILES');
    const [{ path, originalname }] = files;
    return await whileThere(response, (signal) => work({ path, name: originalname, signal }));
  } finally {
    await Promise.all(files.map(({ path }) => rm(path, { force: true })));
  }
}
