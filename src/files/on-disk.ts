import { UnavailableError } from '../errors/app-error.js';

/**
 * Runs `work` on our own files.
 * @throws UnavailableError `STORAGE_UNAVAILABLE` where the operating system refuses: the disk is full, read-only, broken …
 * @throws what else `work` throws, unchanged
 */
export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isOfSystem(error) ? storageUnavailable(error) : error;
  }
}

/** `cause` as an {@link UnavailableError} `STORAGE_UNAVAILABLE`. */
export function storageUnavailable(cause: unknown): UnavailableError {
  return new UnavailableError('STORAGE_UNAVAILABLE', undefined, { cause });
}

function isOfSystem(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string';
}
