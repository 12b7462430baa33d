import {
  asItIs,
  type FileFormat,
  type GuardedSource,
  type KeptParts,
  KeptRanges,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from '../file-format.js';
import { exifBlock } from '../image-orientation.js';
import { guardCodeGroups, isWebp } from './guard-groups.js';

const HEADER_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
/** Each frame is one; libvips holds some 100 bytes for each, however short: 25 MB of them took 0.3 GB. */
const MAX_CHUNKS = 10_000;
// What its decoder holds is in memory.ts.
const MAX_FRAME_PIXELS = 40_000_000;
// Of one frame: decoding and encoding two of 24 million took 0.7 GB.
const MAX_ANIMATED_PIXELS = 12_000_000;
const DRAWING = new Set(['ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']);
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;
/** With their bits in the VP8X chunk. The first one counts: libwebp. */
const METADATA: Record<string, number> = { EXIF: EXIF_FLAG, 'XMP ': XMP_FLAG };
const ONCE = new Set(['VP8X', 'ICCP', ...Object.keys(METADATA)]);
/** Of the flags in a VP8X chunk. */
const FLAGS_OFFSET = 8;

/** WebP, as its container specification lays it down. */
export const WEBP: FileFormat = {
  name: 'webp',
  isAnimation: true,
  recognises: isWebp,
  guard: guardWebp,
  maxFramePixels: () => MAX_FRAME_PIXELS,
  maxAnimatedPixels: MAX_ANIMATED_PIXELS,
  strip: stripWebp,
};

interface WebpChunk {
  type: string;
  at: number;
  /** Of its content. */
  bytes: number;
  /** Without the byte that makes its length even. */
  end: number;
}

/** The chunks up to the end of the RIFF container, or to one that is cut off. */
function* webpChunks(source: Buffer): Generator<WebpChunk> {
  const containerEnd = endOfContainer(source);
  for (let at = HEADER_BYTES; at + CHUNK_HEAD_BYTES <= containerEnd;) {
    const bytes = source.readUInt32LE(at + 4);
    const end = at + CHUNK_HEAD_BYTES + bytes;
    if (end > containerEnd) return;
    yield { type: source.toString('latin1', at, at + 4), at, bytes, end };
    at = end + (bytes % 2);
  }
}

function endOfContainer(source: Buffer): number {
  return Math.min(source.readUInt32LE(4) + CHUNK_HEAD_BYTES, source.length);
}

/**
 * The WebP with no more than its frames, its profile, and one block each of EXIF and XMP.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED (more than 10,000 chunks, or far too many codes), IMAGE_METADATA_TOO_LARGE (the profile)
 */
async function guardWebp(source: Buffer): Promise<GuardedSource> {
  const kept = new KeptRanges();
  kept.keep(0, HEADER_BYTES);
  const seen = new Set<string>();
  let leftOutFlags = 0;
  let count = 0;
  let rest = HEADER_BYTES;
  const end = endOfContainer(source);
  for (const { type, at, bytes, end: chunkEnd } of webpChunks(source)) {
    const next = chunkEnd + (bytes % 2);
    if (next > end) break;
    count += 1;
    if (count > MAX_CHUNKS) throw tooManyParts();
    const isRepeated = ONCE.has(type) && seen.has(type);
    seen.add(type);
    if (type === 'ICCP' && !isRepeated && bytes > MAX_PROFILE_BYTES) throw profileTooLarge();
    const isTooLarge = type in METADATA && !isRepeated && bytes > MAX_METADATA_BYTES;
    if (isTooLarge) leftOutFlags |= METADATA[type];
    if ((ONCE.has(type) && !isRepeated && !isTooLarge) || DRAWING.has(type)) kept.keep(at, next);
    rest = next;
  }
  kept.keep(rest, end); // a chunk that was cut off
  await guardCodeGroups(source);
  if (kept.bytes === end) return asItIs(source);
  const copy = withNewHead(Buffer.from(kept.of(source)), end - kept.bytes, leftOutFlags);
  return { ...asItIs(copy), isMetadataLeftOut: leftOutFlags !== 0 };
}

function withNewHead(copy: Buffer, leftOutBytes: number, leftOutFlags: number): Buffer {
  copy.writeUInt32LE(copy.readUInt32LE(4) - leftOutBytes, 4);
  const flagsAt = HEADER_BYTES + FLAGS_OFFSET;
  const isExtended = copy.toString('latin1', HEADER_BYTES, HEADER_BYTES + 4) === 'VP8X';
  if (isExtended && copy.length > flagsAt) copy[flagsAt] &= ~leftOutFlags;
  return copy;
}

/**
 * The same picture, bit for bit, without EXIF, XMP, unknown chunks and everything behind the end of the image.
 * Animations stay whole, so do the ICC profile, an orientation other than 1 as a tag, and the metadata that is wanted.
 *
 * @returns undefined also for an animation of which the first frame alone is wanted
 */
function stripWebp(source: Buffer, { orientation, wanted, isCutDown }: KeptParts): Buffer | undefined {
  const isCutOff = source.readUInt32LE(4) + CHUNK_HEAD_BYTES > source.length;
  if (isCutDown || isCutOff) return undefined;
  const kept: Buffer[] = [];
  let next = HEADER_BYTES;
  for (const { type, at, bytes, end } of webpChunks(source)) {
    const isDrawing = DRAWING.has(type) || type === 'VP8X' || type === 'ICCP';
    if (isDrawing || (wanted.isAll && type in METADATA)) kept.push(evenLength(source.subarray(at, end)));
    next = end + (bytes % 2);
  }
  if (next + CHUNK_HEAD_BYTES <= endOfContainer(source)) return undefined; // one that is cut off
  return wanted.isAll ? assembleAll(kept) : assemble(kept, exifBlock(orientation, wanted.tags));
}

function assembleAll(chunks: Buffer[]): Buffer {
  const stripped = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), ...chunks]);
  stripped.writeUInt32LE(stripped.length - CHUNK_HEAD_BYTES, 4);
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
