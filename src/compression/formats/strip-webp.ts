import { NO_METADATA, type WantedMetadata } from './image-metadata.js';
import { exifBlock, type Orientation } from './image-orientation.js';

const HEADER_BYTES = 12;
const DRAWING = new Set(['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']);
const DESCRIBING = new Set(['EXIF', 'XMP ']);
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;

/**
 * The same picture, bit for bit, without EXIF, XMP, unknown chunks and everything behind the end of the image.
 * Animations stay, so do the ICC profile, an orientation other than 1 as a tag, and the metadata that is wanted.
 *
 * @returns undefined where the file is not built as WebP files are
 */
export function stripWebp(
  source: Buffer,
  orientation: Orientation,
  wanted: WantedMetadata = NO_METADATA,
): Buffer | undefined {
  const end = source.readUInt32LE(4) + 8;
  if (end > source.length) return undefined;

  const kept: Buffer[] = [];
  for (let at = HEADER_BYTES; at + 8 <= end;) {
    const next = at + 8 + source.readUInt32LE(at + 4);
    if (next > end) return undefined;
    const type = source.toString('latin1', at, at + 4);
    if (DRAWING.has(type) || (wanted.isAll && DESCRIBING.has(type)))
      kept.push(evenLength(source.subarray(at, next)));
    at = next + (next % 2);
  }
  return wanted.isAll ? assembleAll(kept) : assemble(kept, exifBlock(orientation, wanted.tags));
}

function assembleAll(chunks: Buffer[]): Buffer {
  const stripped = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), ...chunks]);
  stripped.writeUInt32LE(stripped.length - 8, 4);
  return stripped;
}

function assemble(kept: Buffer[], exif: Buffer | undefined): Buffer {
  const chunks = [...kept];
  if (chunks[0]?.toString('latin1', 0, 4) === 'VP8X') {
    chunks[0] = Buffer.from(chunks[0]);
    chunks[0][8] = (chunks[0][8] & ~(EXIF_FLAG | XMP_FLAG)) | (exif ? EXIF_FLAG : 0);
    if (exif) chunks.push(exifChunk(exif));
  }
  return assembleAll(chunks);
}

function evenLength(chunk: Buffer): Buffer {
  return chunk.length % 2 === 0 ? chunk : Buffer.concat([chunk, Buffer.alloc(1)]);
}

function exifChunk(exif: Buffer): Buffer {
  const chunk = evenLength(Buffer.concat([Buffer.from('EXIF\0\0\0\0', 'latin1'), exif]));
  chunk.writeUInt32LE(exif.length, 4);
  return chunk;
}
