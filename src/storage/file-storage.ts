import type { Readable } from 'node:stream';

/** What a storage is told of a file, for those who read it from there. */
export interface FileDetails {
  contentType: string;
  /** For how long a reader may keep it; not at all unless given. */
  cacheSeconds?: number;
}

export interface FileHead {
  bytes: number;
  /** As it was given to `put`. */
  contentType: string;
}

export interface StoredFile extends FileHead {
  /** The whole file, or the part that was asked for. Of `bytes`, only those are counted that are in here. */
  content: Readable;
}

/** A part of a file. */
export interface ByteRange {
  /** The first byte of the file is 0. */
  start: number;
  /** The last byte of the part; inside the file. */
  end: number;
}

export interface ListedFile {
  key: string;
  bytes: number;
}

/**
 * Where files are kept. Keys are ours, never a user's: one folder and a name in it, such as
 * `<digest>/<name>.<extension>`, of small letters, digits, dashes, underscores and dots. The content under a key never changes once it is there.
 * Which files there should be says the table `files`.
 *
 * Every method throws UnavailableError `STORAGE_UNAVAILABLE` where the storage fails: its disk is full or broken, or its
 * server does not answer. Adapters translate their own faults. Calling again later is safe.
 */
export abstract class FileStorage {
  /**
   * Stores a file; again under the same key is fine. A reader sees all of it or nothing. When it returns, the file is
   * there also after a power cut. A stream is read to its end; where it fails, nothing is stored and its own error is thrown.
   */
  abstract put(key: string, content: Buffer | Readable, details: FileDetails): Promise<void>;

  /** Opens a file, or a part of it, for reading; null where there is none. The caller consumes or destroys `content`. */
  abstract open(key: string, range?: ByteRange): Promise<StoredFile | null>;

  /** The whole content of a file, or null where there is none; for files that fit into the memory. Holds nothing open. */
  abstract read(key: string): Promise<Buffer | null>;

  /** What is known of a file without opening it, or null where there is none. */
  abstract head(key: string): Promise<FileHead | null>;

  /** Stores a file under another key as well, without reading it. @returns false where there is no file `from` */
  abstract copy(from: string, to: string): Promise<boolean>;

  /** Removes files, any number of them; fine where there are none. */
  abstract deleteMany(keys: string[]): Promise<void>;

  /**
   * The address under which clients get the file; the same for ever.
   * @param name that it has there (`namedKey`), where files have addresses of ours; that of the key unless given
   */
  abstract urlOf(key: string, name?: string | null): string;

  /** An address that leads straight to the file and expires, where clients are to be sent there; else null. */
  temporaryUrlOf(key: string): Promise<string | null> {
    void key;
    return Promise.resolve(null);
  }

  /** Every file, in no order; what is being stored or removed meanwhile may be among them or not. For comparing alone. */
  abstract list(): AsyncIterable<ListedFile>;

  /** Resolves where a file could be stored now. */
  abstract ping(): Promise<void>;
}
