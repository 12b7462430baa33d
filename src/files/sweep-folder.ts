import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Removes the files of a folder that nobody has written to for so long: they were left by processes that were killed.
 * Fine where there is no folder, and where others sweep or write at the same time.
 */
export async function sweepFolder(folder: string, olderThanMs: number): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const file = path.join(folder, name);
    const info = await stat(file).catch(() => null);
    if (info?.isFile() && Date.now() - info.mtimeMs >= olderThanMs) await rm(file, { force: true });
  }
}
