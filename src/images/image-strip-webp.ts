import { exifWithOrientation, type Orientation } from './image-orientation.js';

const HEADER_BYTES = 12;
const MAX_CHUNKS = 100_000;
const DRAWING = new Set(['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']);
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;

/**
 * The same picture, bit for bit, without EXIF, XMP, unknown chunks and everything behind the end of the image.
 * Animations stay, so does the ICC profile, and an orientation other than 1 as a tag.
 *
 * @returns undefined where the file is not built as WebP files are
 */
export function stripWebp(source: Buffer, orientation: Orientation): Buffer | undefined {
  const end = source.readUInt32LE(4) + 8;
  if (end > source.length) return undefined;

  const kept: Buffer[] = [];
  for (let at = HEADER_BYTES; at + 8 <= end;) {
    const next = at + 8 + source.readUInt32LE(at + 4);
    if (next > end || kept.length >= MAX_CHUNKS) return undefined;
    const type = source.toString('latin1', at, at + 4);
    if (DRAWING.has(type)) kept.push(evenLength(source.subarray(at, next)));
    at = next + (next % 2);
  }
  return assemble(kept, orientation);
}

function assemble(kept: Buffer[], orientation: Orientation): Buffer {
  const chunks = [...kept];
  if (chunks[0]?.toString('latin1', 0, 4) === 'VP8X') {
    const hasTag = orientation !== 1;
    chunks[0] = Buffer.from(chunks[0]);
    chunks[0][8] = (chunks[0][8] & ~(EXIF_FLAG | XMP_FLAG)) | (hasTag ? EXIF_FLAG : 0);
    if (hasTag) chunks.push(exifChunk(orientation));
  }
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  const stripped = Buffer.concat([header, ...chunks]);
  stripped.writeUInt32LE(stripped.length - 8, 4);
  return stripped;
}

function evenLength(chunk: Buffer): Buffer {
  return chunk.length % 2 === 0 ? chunk : Buffer.concat([chunk, Buffer.alloc(1)]);
}

function exifChunk(orientation: Orientation): Buffer {
  const content = exifWithOrientation(orientation);
  const chunk = Buffer.concat([Buffer.from('EXIF\0\0\0\0', 'latin1'), content]);
  chunk.writeUInt32LE(content.length, 4);
  return chunk;
}
