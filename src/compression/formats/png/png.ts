import type { FileFormat, KeptParts, Mended } from '../file-format.js';
import { exifBlock } from '../image-orientation.js';
import {
  assemble,
  checksumOf,
  hasRightChecksum,
  isPng,
  makeChunk,
  type PngChunk,
  readChunks,
} from './chunks.js';
import { COLOUR, DRAWING, XMP_KEYWORD } from './colours.js';
import { guardPng } from './guard.js';

/** PNG, as its specification (third edition) lays it down. */
export const PNG: FileFormat = {
  name: 'png',
  isAnimation: false,
  recognises: isPng,
  guard: guardPng,
  strip: stripPng,
  mend: mendPng,
};

/**
 * With the checksum of every chunk as it should be. Where pixels were damaged, the checksum of the packed pixels, which
 * stays, tells.
 */
function mendPng(source: Buffer): Mended | undefined {
  const wrong = readChunks(source)?.filter((chunk) => !hasRightChecksum(chunk));
  if (!wrong || wrong.length === 0) return undefined;
  const mended = Buffer.from(source);
  for (const chunk of wrong) mended.writeUInt32BE(checksumOf(chunk), chunk.end - 4);
  return { source: mended, isStrict: true };
}

/**
 * The same picture, bit for bit, without whatever does not draw it: texts, times, EXIF, the frames of an animated PNG,
 * and everything behind the end of the image. Colour chunks stay, an orientation other than 1 as a tag, and the metadata
 * that is wanted.
 */
function stripPng(source: Buffer, { orientation, wanted }: KeptParts): Buffer | undefined {
  const kept = readChunks(source)?.filter(
    (chunk) => DRAWING.has(chunk.type) || COLOUR.has(chunk.type) || (wanted.isAll && describes(chunk)),
  );
  if (!kept) return undefined;

  const exif = wanted.isAll ? undefined : exifBlock(orientation, wanted.tags);
  return assemble(source, kept, exif ? [makeChunk('eXIf', exif)] : []);
}

// EXIF, and the text chunks that hold XMP.
function describes({ type, bytes }: PngChunk): boolean {
  const isText = type === 'iTXt' || type === 'zTXt'; // the second one is libvips' way
  return type === 'eXIf' || (isText && bytes.toString('latin1', 8, 26) === XMP_KEYWORD);
}
