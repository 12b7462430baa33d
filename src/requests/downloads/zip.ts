import { crc32 } from 'node:zlib';
import {
  CENTRAL_HEADER,
  centralHeader,
  endBytes,
  endOfZip,
  LOCAL_HEADER,
  localHeader,
  MAX_32,
  UTF8_NAME,
  ZIP64_OFFSET,
  type ZipFacts,
} from '../../files/zip-records.js';

/** A file of a ZIP, before its content is known. */
export interface ZipEntry {
  /** With its folder, separated by `/`. Unique in the ZIP. */
  name: string;
  /** Length of its content, below 4 GiB. */
  bytes: number;
}

/**
 * What a ZIP is made of. The entries are listed three times, so that nothing of them has to be kept: for the length, for the
 * contents and for the directory at the end. Each time they are the same, in the same order.
 */
export interface ZipSource<Entry extends ZipEntry> {
  /** The entries, a page at a time. */
  pages(): AsyncIterable<Entry[]>;
  /** The contents of entries, in their order, each exactly as long as its entry says. */
  contents(entries: Entry[]): AsyncIterable<Buffer>;
  /** Of all files; whatever the ZIP is made of at another time, its bytes are the same. */
  modifiedAt: Date;
}

export interface ZipLength {
  entries: number;
  /** Of the whole ZIP. */
  bytes: number;
}

/** What is sent at once: small files are put together, so that each does not cost a call of the system. */
const SENT_AT_ONCE = 256 * 1024;

/** How many entries there are, and how long exactly the ZIP of {@link writeZip} becomes. Reads no content. */
export async function measureZip<Entry extends ZipEntry>(source: ZipSource<Entry>): Promise<ZipLength> {
  let entries = 0;
  let offset = 0;
  let directory = 0;
  for await (const page of source.pages()) {
    for (const { name, bytes } of page) {
      const nameBytes = Buffer.byteLength(name);
      directory += CENTRAL_HEADER + nameBytes + (offset >= MAX_32 ? ZIP64_OFFSET : 0);
      offset += LOCAL_HEADER + nameBytes + bytes;
      entries++;
    }
  }
  return { entries, bytes: offset + directory + endBytes(entries, offset, directory) };
}

/**
 * A ZIP of whole small files, stored and not deflated: images do not become smaller. Checksum and length stand before each
 * content, not behind it, since readers that can't go back (Java's `ZipInputStream`) refuse stored files otherwise. Keeps four
 * bytes of each entry.
 * @param entries how many there are, by {@link measureZip}
 * @throws Error where the source gives other entries or contents than before
 */
export async function* writeZip<Entry extends ZipEntry>(
  source: ZipSource<Entry>,
  entries: number,
): AsyncGenerator<Buffer> {
  const checksums = new Uint32Array(entries);
  const time = dosTime(source.modifiedAt);
  let number = 0;
  let offset = 0;
  for await (const page of source.pages()) {
    let index = 0;
    const sent: Buffer[] = [];
    let waiting = 0;
    for await (const content of source.contents(page)) {
      const { name, bytes } = page[index++];
      if (content.length !== bytes) throw new Error(`${name} has ${content.length} bytes, not ${bytes}`);
      if (number === entries) throw new Error('there are more files than before');
      const checksum = crc32(content);
      checksums[number++] = checksum;
      const header = localHeader(factsOf({ name, bytes }, checksum, time));
      offset += header.length + bytes;
      sent.push(header, content);
      waiting += header.length + bytes;
      if (waiting < SENT_AT_ONCE) continue;
      yield Buffer.concat(sent.splice(0), waiting);
      waiting = 0;
    }
    if (index < page.length) throw new Error('there are fewer contents than files');
    if (waiting > 0) yield Buffer.concat(sent, waiting);
  }
  yield* directoryOf(source, checksums, number, offset);
}

/** The list of all files at the end, and where it begins. */
async function* directoryOf<Entry extends ZipEntry>(
  source: ZipSource<Entry>,
  checksums: Uint32Array,
  entries: number,
  directoryAt: number,
): AsyncGenerator<Buffer> {
  const time = dosTime(source.modifiedAt);
  let number = 0;
  let offset = 0;
  let directory = 0;
  for await (const page of source.pages()) {
    const headers = page.map((entry) => {
      const header = centralHeader(factsOf(entry, checksums[number++], time), offset);
      offset += LOCAL_HEADER + Buffer.byteLength(entry.name) + entry.bytes;
      directory += header.length;
      return header;
    });
    yield Buffer.concat(headers);
  }
  if (number !== entries || entries !== checksums.length || offset !== directoryAt)
    throw new Error('there are other files than before');
  yield endOfZip(entries, directoryAt, directory);
}

/** Stored, its name in UTF-8. */
function factsOf({ name, bytes }: ZipEntry, checksum: number, time: number): ZipFacts {
  const lengths = { packedBytes: bytes, bytes };
  return { name: Buffer.from(name), flags: UTF8_NAME, method: 0, time, checksum, ...lengths };
}

/** Date and time as ZIP has them, two seconds exact, in UTC: it knows no zones. */
function dosTime(date: Date): number {
  const year = Math.max(date.getUTCFullYear() - 1980, 0);
  const day = (year << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}
