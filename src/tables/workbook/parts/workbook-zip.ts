import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { MAX_32 } from '../../../files/zip-records.js';
import { WorkbookError } from '../workbook-error.js';

const MEBIBYTE = 1024 * 1024;
const MAX_PARTS = 10_000;
/** Of what ZIPs say of their parts besides name and sizes: programs write some dozen bytes a part, or none. */
const MAX_EXTRA_BYTES = MEBIBYTE;

/** What a part may become when it is unpacked. */
const MAX_PART_BYTES = 512 * MEBIBYTE;
/** No sheet that anybody wrote becomes smaller than this; what would is a bomb. */
const MAX_RATIO = 200;
/** Below this nobody is hurt. */
const SMALL_BYTES = MEBIBYTE;

/** The ZIP that a workbook is: its parts by name, each unpacked piece by piece from the file on the disk. */
export class WorkbookZip {
  /** All that the ZIP holds, in its order. */
  readonly entries: Entry[] = [];
  private readonly byName = new Map<string, Entry>();

  private constructor(private readonly zip: ZipFile) {}

  /**
   * Reads the directory of the ZIP. The caller closes it.
   * @throws WorkbookError
   */
  static async open(file: string): Promise<WorkbookZip> {
    const options = { autoClose: false, lazyEntries: true, validateEntrySizes: true };
    const zip = await openPromise(file, options).catch(damaged);
    const opened = new WorkbookZip(zip);
    try {
      if (zip.entryCount > MAX_PARTS) throw new WorkbookError('WORKBOOK_TOO_LARGE');
      let extraBytes = 0;
      for await (const entry of zip.eachEntry()) {
        extraBytes += entry.extraFieldRaw.length;
        if (extraBytes > MAX_EXTRA_BYTES) throw new WorkbookError('WORKBOOK_TOO_LARGE');
        if (Math.max(entry.compressedSize, entry.uncompressedSize) >= MAX_32)
          throw new WorkbookError('WORKBOOK_TOO_LARGE');
        opened.entries.push(entry);
        const name = entry.fileName.toLowerCase();
        if (!opened.byName.has(name)) opened.byName.set(name, entry);
      }
      return opened;
    } catch (error) {
      zip.close();
      return damaged(error);
    }
  }

  close(): void {
    this.zip.close();
  }

  /** Names are compared without regard to case, as Excel does. */
  has(name: string): boolean {
    return this.byName.has(name.toLowerCase());
  }

  /** What the part becomes when it is unpacked, as the ZIP says; 0 where there is no such part. */
  bytesOf(name: string): number {
    return this.byName.get(name.toLowerCase())?.uncompressedSize ?? 0;
  }

  /** The part of this name. */
  entryOf(name: string): Entry | undefined {
    return this.byName.get(name.toLowerCase());
  }

  /** The bytes of an entry as they stand in the ZIP, packed. */
  async *readPacked(entry: Entry): AsyncGenerator<Buffer> {
    yield* (await this.zip.openReadStreamPromise(entry, {
      decodeFileData: false,
    })) as AsyncIterable<Buffer>;
  }

  /**
   * The bytes of a part. What would become too large is refused before it is unpacked; so is one that becomes more than it says,
   * as soon as it does.
   * @throws WorkbookError
   */
  async *read(name: string): AsyncGenerator<Buffer> {
    const entry = this.byName.get(name.toLowerCase());
    if (!entry) throw new WorkbookError('WORKBOOK_DAMAGED');
    const { uncompressedSize: bytes, compressedSize } = entry;
    const isBomb = bytes > SMALL_BYTES && bytes > MAX_RATIO * compressedSize;
    if (bytes > MAX_PART_BYTES || isBomb) throw new WorkbookError('WORKBOOK_TOO_LARGE');
    const content = await this.zip.openReadStreamPromise(entry).catch(damaged);
    let checksum = 0;
    try {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        checksum = crc32(chunk, checksum);
        yield chunk;
      }
    } catch (error) {
      damaged(error);
    } finally {
      content.destroy();
    }
    if (checksum !== entry.crc32) throw new WorkbookError('WORKBOOK_DAMAGED');
  }
}

/** What goes wrong with the disk stays what it is. @throws WorkbookError for anything else */
function damaged(error: unknown): never {
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof WorkbookError || syscall) throw error;
  const isLiar = message.startsWith('too many bytes in the stream');
  throw new WorkbookError(isLiar ? 'WORKBOOK_TOO_LARGE' : 'WORKBOOK_DAMAGED', { cause: error });
}
