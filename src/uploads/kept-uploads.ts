import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { onDisk } from '../files/on-disk.js';
import { Files } from '../stored-files/files.js';

/** A third of the size of a level that takes three times as long saves a twentieth more. */
const LEVEL = 3;

/** Keeps what users upload with their requests, compressed, byte for byte. */
@Injectable()
export class KeptUploads {
  constructor(private readonly files: Files) {}

  /**
   * Stores a copy of an uploaded file. It is deleted again unless a request refers to it within an hour.
   * @param path where the file is on the disk; for a moment there is another one beside it
   * @param ownerKey whose file it is
   * @returns the key of the stored file. Nobody can guess it
   * @throws UnavailableError `STORAGE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`; or the reason of `signal`
   */
  async keep(path: string, ownerKey: number, signal: AbortSignal): Promise<string> {
    const compressed = `${path}.gz`;
    try {
      // On the disk first, since a storage wants to know how long a file is.
      await onDisk(() =>
        pipeline(createReadStream(path), createGzip({ level: LEVEL }), createWriteStream(compressed), {
          signal,
        }),
      );
      return await this.store(compressed, ownerKey);
    } finally {
      await rm(compressed, { force: true });
    }
  }

  private async store(compressed: string, ownerKey: number): Promise<string> {
    const key = `uploads/${randomBytes(16).toString('hex')}.gz`;
    const { size } = await stat(compressed);
    const file = { key, ownerKey, kind: 'upload', bytes: size } as const;
    await this.files.store({ ...file, contentType: 'application/gzip' }, createReadStream(compressed));
    return key;
  }
}
