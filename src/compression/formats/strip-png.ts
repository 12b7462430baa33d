import { crc32 } from 'node:zlib';
import { asUpright, NO_METADATA, type WantedMetadata } from './image-metadata.js';
import { exifBlock, type Orientation } from './image-orientation.js';

interface Chunk {
  type: string;
  /** Length, type, content and checksum. */
  bytes: Buffer;
}

const XMP_KEYWORD = 'XML:com.adobe.xmp\0';
const SIGNATURE_BYTES = 8;
const FRAME_BYTES = 12;
// A writer that flushes every 256 bytes makes 100,000 of 25 MB.
const MAX_CHUNKS = 200_000;
const DRAWING = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sBIT']);
const COLOUR = new Set(['iCCP', 'sRGB', 'gAMA', 'cHRM', 'cICP', 'mDCV', 'cLLI']);
// What viewers assume where nothing is said: gamma 1/2.2 and the primaries of sRGB, times 100,000.
const SRGB_GAMMA = 45_455;
const SRGB_PRIMARIES = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];

/**
 * The same picture, bit for bit, without whatever does not draw it: texts, times, EXIF, the frames of an animated PNG,
 * and everything behind the end of the image. Colour chunks stay, an orientation other than 1 as a tag, and the metadata
 * that is wanted.
 *
 * @returns undefined where the file is not built as PNG files are
 */
export function stripPng(
  source: Buffer,
  orientation: Orientation,
  wanted: WantedMetadata = NO_METADATA,
): Buffer | undefined {
  const kept = readChunks(source)?.filter(
    (chunk) => DRAWING.has(chunk.type) || COLOUR.has(chunk.type) || (wanted.isAll && describes(chunk)),
  );
  if (!kept) return undefined;

  const exif = wanted.isAll ? undefined : exifBlock(orientation, wanted.tags);
  return assemble(source, kept, exif ? [exifChunk(exif)] : []);
}

/**
 * The exponent that takes the file's values, 0 to 1, to those of sRGB, where a gamma chunk says that they are others;
 * 1 otherwise. Viewers apply it, libvips does not.
 */
export function gammaToSrgb(source: Buffer): number {
  const colours = readChunks(source)?.filter(({ type }) => COLOUR.has(type)) ?? [];
  if (colours.some(({ type }) => type === 'iCCP' || type === 'sRGB')) return 1; // these come before a gamma
  const gamma = colours.find((chunk) => chunk.type === 'gAMA' && differsFromSrgb(chunk));
  const value = gamma?.bytes.readUInt32BE(8) ?? SRGB_GAMMA;
  return value === 0 ? 1 : SRGB_GAMMA / value;
}

/**
 * The encoded picture with what the source says about its colours in chunks that libvips neither applies nor keeps
 * (gamma, primaries, cICP): its pixel values are still those of the source, so they still mean the same.
 *
 * @param keepsMetadata whether EXIF and profile that the encoder wrote stay
 * @param xmp is added: libvips writes none into a PNG
 */
export function withColourChunks(
  encoded: Buffer,
  source: Buffer,
  { keepsMetadata = false, xmp }: { keepsMetadata?: boolean; xmp?: Buffer } = {},
): Buffer {
  const colours = readChunks(source)?.filter(({ type }) => COLOUR.has(type)) ?? [];
  const kept = readChunks(encoded)?.filter(
    ({ type }) => DRAWING.has(type) || (keepsMetadata && (type === 'iCCP' || type === 'eXIf')),
  ); // less the resolution, 21 bytes
  if (!kept) return encoded;

  const isConverted = colours.some(({ type }) => type === 'iCCP'); // by libvips, to sRGB
  const upright = kept.map((chunk) => (chunk.type === 'eXIf' ? exifAsUpright(chunk) : chunk));
  const extra = isConverted ? [] : colours.filter(differsFromSrgb);
  return assemble(encoded, upright, xmp ? [...extra, xmpChunk(xmp)] : extra);
}

function readChunks(source: Buffer): Chunk[] | undefined {
  const chunks: Chunk[] = [];
  let at = SIGNATURE_BYTES;
  while (at + FRAME_BYTES <= source.length && chunks.length < MAX_CHUNKS) {
    const end = at + FRAME_BYTES + source.readUInt32BE(at);
    if (end > source.length) return undefined;
    const type = source.toString('latin1', at + 4, at + 8);
    chunks.push({ type, bytes: source.subarray(at, end) });
    if (type === 'IEND') return chunks;
    at = end;
  }
  return undefined;
}

// All of the extra chunks have their place between the header and the palette.
function assemble(source: Buffer, [header, ...others]: Chunk[], extra: Chunk[]): Buffer {
  const chunks = [header, ...extra, ...others].map(({ bytes }) => bytes);
  return Buffer.concat([source.subarray(0, SIGNATURE_BYTES), ...chunks]);
}

function differsFromSrgb({ type, bytes }: Chunk): boolean {
  const content = bytes.subarray(8, -4);
  if (type === 'sRGB') return false;
  if (type === 'gAMA') return content.length === 4 && Math.abs(content.readUInt32BE(0) - SRGB_GAMMA) > 500;
  if (type !== 'cHRM') return true;
  return (
    content.length === 32 &&
    SRGB_PRIMARIES.some((value, i) => Math.abs(content.readUInt32BE(i * 4) - value) > 200)
  );
}

// EXIF, and the text chunks that hold XMP.
function describes({ type, bytes }: Chunk): boolean {
  const isText = type === 'iTXt' || type === 'zTXt'; // the second one is libvips' way
  return type === 'eXIf' || (isText && bytes.toString('latin1', 8, 26) === XMP_KEYWORD);
}

function exifAsUpright({ bytes }: Chunk): Chunk {
  return exifChunk(asUpright(bytes.subarray(8, -4)));
}

function exifChunk(exif: Buffer): Chunk {
  return chunkOf('eXIf', exif);
}

// Neither compressed, nor in a language, nor with another name of the keyword.
function xmpChunk(xmp: Buffer): Chunk {
  return chunkOf('iTXt', Buffer.concat([Buffer.from(`${XMP_KEYWORD}\0\0\0\0`, 'latin1'), xmp]));
}

function chunkOf(type: string, content: Buffer): Chunk {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return { type, bytes };
}
