import { crc32 } from 'node:zlib';

export const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;
/** A writer that flushes every 256 bytes makes 100,000 of 25 MB. */
export const MAX_CHUNKS = 200_000;
/** Chunks that are looked at before others have their turn: some milliseconds. */
export const CHUNKS_A_TURN = 5_000;

/** A part of a PNG file. */
export interface PngChunk {
  type: string;
  at: number;
  end: number;
  /** Length, type, content and checksum. */
  bytes: Buffer;
}

/** The chunks of a file, up to the end of the image, or to one that is cut off. */
export function* pngChunks(source: Buffer): Generator<PngChunk> {
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= source.length;) {
    const end = at + FRAME_BYTES + source.readUInt32BE(at);
    if (end > source.length) return;
    const type = source.toString('latin1', at + 4, at + 8);
    yield { type, at, end, bytes: source.subarray(at, end) };
    if (type === 'IEND') return;
    at = end;
  }
}

/** Whether a file begins as a PNG does. */
export function isPng(source: Buffer): boolean {
  return source.toString('latin1', 0, SIGNATURE_BYTES) === '\x89PNG\r\n\x1a\n';
}

/**
 * All of them at once, some milliseconds for a guarded file; undefined where the end of the image is missing, or where they are
 * too many.
 */
export function readChunks(source: Buffer): PngChunk[] | undefined {
  const chunks: PngChunk[] = [];
  if (!isPng(source)) return undefined;
  for (const chunk of pngChunks(source)) {
    if (chunks.length >= MAX_CHUNKS) return undefined;
    chunks.push(chunk);
  }
  return chunks.at(-1)?.type === 'IEND' ? chunks : undefined;
}

/** What stands between the length and type of a chunk and its checksum. */
export function contentOf({ bytes }: PngChunk): Buffer {
  return bytes.subarray(8, -4);
}

/** Whether its checksum is the one of its type and content. */
export function hasRightChecksum(chunk: PngChunk): boolean {
  return chunk.bytes.readUInt32BE(chunk.bytes.length - 4) === checksumOf(chunk);
}

/** What its checksum should be. */
export function checksumOf({ bytes }: PngChunk): number {
  return crc32(bytes.subarray(4, -4));
}

/** Whether a picture can be drawn without it: its type begins with a small letter (PNG, third edition, 5.4). */
export function isAncillary(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) !== 0;
}

/** A chunk that did not stand in the file. */
export function makeChunk(type: string, content: Buffer): PngChunk {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return { type, at: 0, end: bytes.length, bytes };
}

/** The picture with these chunks. All of the extra ones have their place between the header and the palette. */
export function assemble(source: Buffer, [header, ...others]: PngChunk[], extra: PngChunk[]): Buffer {
  const chunks = [header, ...extra, ...others].map(({ bytes }) => bytes);
  return Buffer.concat([source.subarray(0, SIGNATURE_BYTES), ...chunks]);
}
