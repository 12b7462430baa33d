import type { Readable } from 'node:stream';

export interface StoredFile {
  bytes: number;
  content: Readable;
}

/**
 * Where compressed images are kept. Keys are ours, never a user's: `<request id>/<file name>`, letters, digits,
 * dashes and dots only. A key's content never changes once it is there.
 *
 * Every method throws UnavailableError `STORAGE_UNAVAILABLE` where the storage fails: its disk is full or broken, or its
 * server does not answer. Calling again later is safe.
 */
export abstract class FileStorage {
  /**
   * Stores a file; again under the same key is fine. A reader sees all of it or nothing. When it returns, the file is
   * there also after a power cut.
   */
  abstract put(key: string, content: Buffer, contentType: string): Promise<void>;

  /** Opens a file for reading, or null where there is none. The caller consumes or destroys `content`. */
  abstract open(key: string): Promise<StoredFile | null>;

  /** The bytes of a file, or null where there is none: without opening it. */
  abstract size(key: string): Promise<number | null>;

  /** The address under which clients get the file. */
  abstract urlOf(key: string): string;

  /** Removes one file; fine where there is none. */
  abstract delete(key: string): Promise<void>;

  /** Removes every file of one folder (`<request id>`); fine where there is none. */
  abstract deleteFolder(folder: string): Promise<void>;

  /** Resolves where a file could be stored now. */
  abstract ping(): Promise<void>;
}
