import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { onDisk } from '../../files/on-disk.js';

/** Bytes kept in memory; what is larger goes to a file. 128 downloads in flight cost at most 128 MiB. */
export const MEMORY_LIMIT = 1024 * 1024;

/** Where the length of a body is not announced. */
const FIRST_BUFFER = 64 * 1024;

/**
 * The bytes of one download: in memory up to {@link MEMORY_LIMIT}, above it in a temporary file. Who gets one
 * calls {@link discard} in the end, whatever happens.
 *
 * The file loses its name as soon as it is open, so that the system frees it however the process ends:
 * a worker that is killed again and again while it downloads does not fill the disk.
 */
export class SpooledBody {
  private memory = Buffer.alloc(0);
  private inMemory = 0;
  private inFile = 0;
  private file?: FileHandle;
  private fileName?: string;
  private isDiscarded = false;
  private readonly hash = createHash('sha256');
  private digest = '';

  private constructor(
    private readonly folder: string,
    private readonly announced: number,
  ) {}

  /**
   * Reads `chunks` to the end. Nothing is left behind where that fails.
   * @param announced their bytes, or NaN: they are in one buffer of that length from the start, as long as they fit into memory
   * @throws whatever `chunks` throws; UnavailableError `STORAGE_UNAVAILABLE` where the disk fails
   */
  static async collect(chunks: AsyncIterable<Buffer>, folder: string, announced = NaN): Promise<SpooledBody> {
    const body = new SpooledBody(folder, announced);
    try {
      for await (const chunk of chunks) await body.append(chunk);
      body.digest = body.hash.digest('hex');
      if (body.file) {
        await body.spill();
        body.memory = Buffer.alloc(0);
      }
      return body;
    } catch (error) {
      await body.discard();
      throw error;
    }
  }

  /** SHA-256 of the bytes, hexadecimal. */
  get sha256(): string {
    return this.digest;
  }

  get bytes(): number {
    return this.inFile + this.inMemory;
  }

  /** Whether the bytes lie in a file. */
  get isSpilled(): boolean {
    return this.file !== undefined;
  }

  /** All bytes, in one buffer. May be called again. @throws UnavailableError `STORAGE_UNAVAILABLE` */
  async read(): Promise<Buffer> {
    if (this.isDiscarded) throw new Error('this download has been discarded');
    if (!this.file) return this.memory.subarray(0, this.inMemory);
    const { file } = this;
    return onDisk(() => this.readFile(file));
  }

  private async readFile(file: FileHandle): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(this.inFile);
    let offset = 0;
    while (offset < buffer.length) {
      const { bytesRead } = await file.read(buffer, offset, buffer.length - offset, offset);
      if (bytesRead === 0) throw new Error('a temporary file is shorter than what was written to it');
      offset += bytesRead;
    }
    return buffer;
  }

  /** Frees the memory and the file. Calling it again does nothing. */
  async discard(): Promise<void> {
    if (this.isDiscarded) return;
    this.isDiscarded = true;
    this.memory = Buffer.alloc(0);
    await this.file?.close();
    if (this.fileName) await rm(this.fileName, { force: true });
  }

  // Copied into one buffer: a server that sends a megabyte in chunks of one byte would otherwise
  // cost a Buffer object for each of them, two hundred times the memory.
  private async append(chunk: Buffer): Promise<void> {
    this.hash.update(chunk);
    if (this.inMemory + chunk.length > MEMORY_LIMIT) await onDisk(() => this.spill());
    this.reserve(this.inMemory + chunk.length);
    chunk.copy(this.memory, this.inMemory);
    this.inMemory += chunk.length;
  }

  private reserve(bytes: number): void {
    if (bytes <= this.memory.length) return;
    const wanted = Math.max(this.memory.length * 2, this.announced || FIRST_BUFFER);
    const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(wanted, MEMORY_LIMIT)));
    this.memory.copy(larger, 0, 0, this.inMemory);
    this.memory = larger;
  }

  private async spill(): Promise<void> {
    this.file ??= await this.openFile();
    let offset = 0;
    while (offset < this.inMemory) {
      const { bytesWritten } = await this.file.write(
        this.memory,
        offset,
        this.inMemory - offset,
        this.inFile,
      );
      offset += bytesWritten;
      this.inFile += bytesWritten;
    }
    this.inMemory = 0;
  }

  private async openFile(): Promise<FileHandle> {
    await mkdir(this.folder, { recursive: true });
    this.fileName = path.join(this.folder, `download-${randomUUID()}.part`);
    const file = await open(this.fileName, 'wx+', 0o600);
    // Not every file system lets an open file lose its name; there, discard() removes it.
    await rm(this.fileName).then(
      () => (this.fileName = undefined),
      () => undefined,
    );
    return file;
  }
}
