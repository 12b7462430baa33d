import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../errors/app-error.js';
import { onDisk } from '../files/on-disk.js';
import type { FileStorage } from '../storage/file-storage.js';

/**
 * Writes an upload that was kept to the disk, as it was uploaded. The caller removes it.
 * @param key of the stored file; null where none was kept
 * @throws AppError `UPLOAD_NOT_KEPT`
 * @throws UnavailableError `STORAGE_UNAVAILABLE`; or the reason of `signal`
 */
export async function unpackUpload(
  storage: FileStorage,
  key: string | null,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const stored = key && (await storage.open(key));
  if (!stored) throw new AppError('UPLOAD_NOT_KEPT');
  await onDisk(() => pipeline(stored.content, createGunzip(), createWriteStream(path), { signal }));
}
