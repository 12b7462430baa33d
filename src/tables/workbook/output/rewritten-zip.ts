import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';
import type { Entry } from 'yauzl';
import {
  centralHeader,
  dataDescriptor,
  endOfZip,
  localHeader,
  WITH_DESCRIPTOR,
  type ZipFacts,
} from '../../../files/zip-records.js';
import type { WorkbookZip } from '../parts/workbook-zip.js';

const DEFLATED = 8;

/** New contents of parts, by name, in the order in which they are made. Null: at that time it turned out that it stays as it is. */
export type NewParts = Map<string, () => AsyncIterable<Buffer> | null>;

/**
 * A ZIP with other contents of some parts, which come last. All others are copied byte for byte as they are packed, and never
 * unpacked.
 */
export async function* rewrittenZip(zip: WorkbookZip, parts: NewParts): AsyncGenerator<Buffer> {
  const writer = new ZipWriter();
  const rewritten = new Map([...parts].map(([name, content]) => [zip.entryOf(name), content]));
  rewritten.delete(undefined);
  for (const entry of zip.entries)
    if (!rewritten.has(entry)) yield* writer.copy(entry, zip.readPacked(entry));
  for (const [entry, makeContent] of rewritten) {
    const content = makeContent();
    if (content) yield* writer.pack(entry!, content);
    else yield* writer.copy(entry!, zip.readPacked(entry!));
  }
  yield writer.end();
}

class ZipWriter {
  private readonly directory: Buffer[] = [];
  private offset = 0;

  async *copy(entry: Entry, packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const facts = factsOf(entry);
    yield* this.write(facts, packed);
  }

  async *pack(entry: Entry, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const facts = { ...factsOf(entry), method: DEFLATED, checksum: 0, packedBytes: 0, bytes: 0 };
    facts.flags |= WITH_DESCRIPTOR;
    yield* this.write(facts, this.deflated(content, facts));
  }

  end(): Buffer {
    const directory = Buffer.concat(this.directory);
    return Buffer.concat([directory, endOfZip(this.directory.length, this.offset, directory.length)]);
  }

  private async *write(facts: ZipFacts, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const start = this.offset;
    yield this.counted(localHeader(facts));
    for await (const piece of content) yield this.counted(piece);
    this.directory.push(centralHeader(facts, start));
  }

  private counted(piece: Buffer): Buffer {
    this.offset += piece.length;
    return piece;
  }

  /** The content, packed, with what is known of it at its end, which the facts are told as well. */
  private async *deflated(content: AsyncIterable<Buffer>, facts: ZipFacts): AsyncGenerator<Buffer> {
    const measured = async function* () {
      for await (const piece of content) {
        facts.checksum = crc32(piece, facts.checksum);
        facts.bytes += piece.length;
        yield piece;
      }
    };
    const deflate = createDeflateRaw();
    // An error before it reaches the reader of the stream.
    const done = pipeline(Readable.from(measured()), deflate).catch((error: unknown) =>
      deflate.destroy(error as Error),
    );
    for await (const piece of deflate as AsyncIterable<Buffer>) {
      facts.packedBytes += piece.length;
      yield piece;
    }
    await done;
    yield dataDescriptor(facts);
  }
}

/** Of a part that is copied: its lengths stand before it, whatever they did before. */
function factsOf(entry: Entry): ZipFacts {
  return {
    name: entry.fileNameRaw,
    flags: entry.generalPurposeBitFlag & ~WITH_DESCRIPTOR,
    method: entry.compressionMethod,
    time: ((entry.lastModFileDate << 16) | entry.lastModFileTime) >>> 0,
    checksum: entry.crc32,
    packedBytes: entry.compressedSize,
    bytes: entry.uncompressedSize,
    madeBy: entry.versionMadeBy,
    attributes: entry.externalFileAttributes,
  };
}
