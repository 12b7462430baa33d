/** What both headers of a file in a ZIP say of it (APPNOTE 6.3.10). */
export interface ZipFacts {
  name: Buffer;
  flags: number;
  /** 0: stored; 8: deflated. */
  method: number;
  /** Date and time as ZIP has them, the date in the upper half. */
  time: number;
  checksum: number;
  /** In the ZIP, and unpacked; below 4 GiB. */
  packedBytes: number;
  bytes: number;
  /** The system that made the ZIP; a file that its owner writes and everybody reads unless given. */
  madeBy?: number;
  attributes?: number;
}

/** Lengths of the parts of a ZIP, without names. */
export const LOCAL_HEADER = 30;
export const CENTRAL_HEADER = 46;
export const ZIP64_OFFSET = 12;
const ZIP64_END = 56 + 20;
const END = 22;

/** From here on a number has no place in the classic fields, and stands in one of ZIP64. */
export const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;

const VERSION = 20;
const VERSION_ZIP64 = 45;
const MADE_BY_UNIX = 3 << 8;
const MODE = (0o100644 << 16) >>> 0;

/** Names are UTF-8. */
export const UTF8_NAME = 0x800;
/** Checksum and lengths stand behind the content. */
export const WITH_DESCRIPTOR = 0x8;

/** What stands before the content of a file. */
export function localHeader(facts: ZipFacts): Buffer {
  const header = Buffer.alloc(LOCAL_HEADER + facts.name.length);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION, 4);
  writeFacts(header, 6, facts);
  facts.name.copy(header, LOCAL_HEADER);
  return header;
}

/** What stands behind the content of a file whose lengths were not known before. */
export function dataDescriptor({ checksum, packedBytes, bytes }: ZipFacts): Buffer {
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(checksum, 4);
  descriptor.writeUInt32LE(packedBytes, 8);
  descriptor.writeUInt32LE(bytes, 12);
  return descriptor;
}

/** A file's entry in the directory. @param offset where its local header begins */
export function centralHeader(facts: ZipFacts, offset: number): Buffer {
  const { name, madeBy = MADE_BY_UNIX, attributes = MODE } = facts;
  const isFar = offset >= MAX_32;
  const header = Buffer.alloc(CENTRAL_HEADER + name.length + (isFar ? ZIP64_OFFSET : 0));
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((madeBy & 0xff00) | VERSION_ZIP64, 4);
  header.writeUInt16LE(isFar ? VERSION_ZIP64 : VERSION, 6);
  writeFacts(header, 8, facts);
  header.writeUInt16LE(isFar ? ZIP64_OFFSET : 0, 30);
  header.writeUInt32LE(attributes, 38);
  header.writeUInt32LE(Math.min(offset, MAX_32), 42);
  name.copy(header, CENTRAL_HEADER);
  if (isFar) writeZip64Offset(header, CENTRAL_HEADER + name.length, offset);
  return header;
}

/** The last records of a ZIP. @param directoryAt where the directory begins @param directory its length */
export function endOfZip(entries: number, directoryAt: number, directory: number): Buffer {
  const end = Buffer.alloc(END);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries, MAX_16), 8);
  end.writeUInt16LE(Math.min(entries, MAX_16), 10);
  end.writeUInt32LE(Math.min(directory, MAX_32), 12);
  end.writeUInt32LE(Math.min(directoryAt, MAX_32), 16);
  if (!needsZip64(entries, directoryAt, directory)) return end;
  return Buffer.concat([zip64EndOf(entries, directoryAt, directory), end]);
}

/** How long {@link endOfZip} is. */
export function endBytes(entries: number, directoryAt: number, directory: number): number {
  return (needsZip64(entries, directoryAt, directory) ? ZIP64_END : 0) + END;
}

function writeFacts(header: Buffer, at: number, facts: ZipFacts): void {
  header.writeUInt16LE(facts.flags, at);
  header.writeUInt16LE(facts.method, at + 2);
  header.writeUInt32LE(facts.time, at + 4);
  header.writeUInt32LE(facts.checksum, at + 8);
  header.writeUInt32LE(facts.packedBytes, at + 12);
  header.writeUInt32LE(facts.bytes, at + 16);
  header.writeUInt16LE(facts.name.length, at + 20);
}

function writeZip64Offset(header: Buffer, at: number, offset: number): void {
  header.writeUInt16LE(1, at);
  header.writeUInt16LE(8, at + 2);
  header.writeBigUInt64LE(BigInt(offset), at + 4);
}

function zip64EndOf(entries: number, directoryAt: number, directory: number): Buffer {
  const end = Buffer.alloc(ZIP64_END);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4); // the length of what follows, to the end of this record
  end.writeUInt16LE(VERSION_ZIP64, 12);
  end.writeUInt16LE(VERSION_ZIP64, 14);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(directory), 40);
  end.writeBigUInt64LE(BigInt(directoryAt), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(directoryAt + directory), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

function needsZip64(entries: number, directoryAt: number, directory: number): boolean {
  return entries >= MAX_16 || directoryAt >= MAX_32 || directory >= MAX_32;
}
