import { setImmediate } from 'node:timers/promises';
import {
  asItIs,
  type GuardedSource,
  KeptRanges,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from '../file-format.js';
import { unpacksToMoreThan } from '../shared/unpacked-size.js';
import { withProfile } from './colours.js';
import {
  CHUNKS_A_TURN,
  contentOf,
  hasRightChecksum,
  isAncillary,
  MAX_CHUNKS,
  type PngChunk,
  pngChunks,
  SIGNATURE_BYTES,
} from './chunks.js';
import { withJoinedPixels } from './joined.js';

/** libpng makes 3,000 of 25 MB. Where more are kept, pixels are joined, as several readers walk through all chunks at once. */
const MAX_KEPT_CHUNKS = 5_000;
const KEYWORD_BYTES = 80;
/** What draws the picture, what its colours mean, its resolution and background. */
const KEPT = new Set([
  ...['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sBIT', 'bKGD', 'pHYs'],
  ...['sRGB', 'gAMA', 'cHRM', 'cICP', 'mDCV', 'cLLI'],
]);
const TEXTS = new Set(['tEXt', 'zTXt', 'iTXt']);
/** The texts that libvips reads as XMP and EXIF. */
const METADATA = new Map([
  ['XML:com.adobe.xmp', 'XMP'],
  ['Raw profile type exif', 'raw EXIF'],
  ['Raw profile type APP1', 'raw EXIF'],
]);

/**
 * The PNG with no more than its picture, colours, resolution, and one block each of EXIF and XMP. libpng unpacks every
 * text and holds it: 100 texts of 7 kB took 2.4 GB. A chunk that the picture could do without, and whose checksum is wrong, is left out.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED (more than 200,000 chunks), IMAGE_METADATA_TOO_LARGE (the profile)
 */
export async function guardPng(source: Buffer): Promise<GuardedSource> {
  const kept = new KeptRanges();
  kept.keep(0, SIGNATURE_BYTES);
  const seen = new Set<string>();
  let isAnimated = false;
  let isMetadataLeftOut = false;
  let hasEnd = false;
  let rest = SIGNATURE_BYTES;
  let count = 0;
  let keptCount = 0;
  for (const chunk of pngChunks(source)) {
    count += 1;
    if (count > MAX_CHUNKS) throw tooManyParts();
    if (count % CHUNKS_A_TURN === 0) await setImmediate();
    const verdict = await judge(chunk, seen);
    if (verdict === 'kept') {
      kept.keep(chunk.at, chunk.end);
      keptCount += 1;
    }
    isMetadataLeftOut ||= verdict === 'too large';
    isAnimated ||= chunk.type === 'acTL';
    rest = chunk.end;
    hasEnd = chunk.type === 'IEND';
  }
  // A chunk that was cut off; what stands behind the end is not read.
  if (!hasEnd) kept.keep(rest, source.length);
  const notes: GuardedSource['notes'] = isAnimated ? ['first_frame_only'] : [];
  const original = keptCount > MAX_KEPT_CHUNKS ? await withJoinedPixels(kept.of(source)) : kept.of(source);
  return { ...asItIs(withProfile(original)), original, isMetadataLeftOut, notes };
}

type Verdict = 'kept' | 'left out' | 'too large';

async function judge(chunk: PngChunk, seen: Set<string>): Promise<Verdict> {
  const { type } = chunk;
  const content = contentOf(chunk);
  // Browsers read a picture without such a chunk; libvips obeys the profile, or the transparency, that is in it.
  if (isAncillary(type) && !hasRightChecksum(chunk)) return 'left out';
  // 190,000 empty ones took 130 MB.
  if (type === 'IDAT') return content.length === 0 ? 'left out' : 'kept';
  if (KEPT.has(type)) return seen.size < seen.add(type).size ? 'kept' : 'left out'; // of each, libpng takes the first
  const kind = metadataOf(type, content);
  if (!kind || seen.has(kind)) return 'left out';
  seen.add(kind);
  if (kind === 'profile') {
    if (await isTooLarge(type, content, MAX_PROFILE_BYTES)) throw profileTooLarge();
    return 'kept';
  }
  return (await isTooLarge(type, content, MAX_METADATA_BYTES)) ? 'too large' : 'kept';
}

function metadataOf(type: string, content: Buffer): string | undefined {
  if (type === 'iCCP') return 'profile';
  if (type === 'eXIf') return 'EXIF';
  return TEXTS.has(type) ? METADATA.get(keywordOf(content)) : undefined;
}

function keywordOf(content: Buffer): string {
  const end = content.subarray(0, KEYWORD_BYTES).indexOf(0);
  return end < 0 ? '' : content.toString('latin1', 0, end);
}

async function isTooLarge(type: string, content: Buffer, limit: number): Promise<boolean> {
  if (content.length > limit) return true;
  const packed = packedPart(type, content);
  return packed !== undefined && unpacksToMoreThan(limit, packed);
}

/** PNG (third edition), 11.3.2.3 and 11.3.3: what is packed with zlib, behind the keyword and the method. */
function packedPart(type: string, content: Buffer): Buffer | undefined {
  const flags = content.indexOf(0) + 1;
  if (type === 'iCCP' || type === 'zTXt') return content.subarray(flags + 1);
  if (type !== 'iTXt' || content[flags] !== 1) return undefined;
  const language = content.indexOf(0, flags + 2);
  const translated = language < 0 ? -1 : content.indexOf(0, language + 1);
  return translated < 0 ? undefined : content.subarray(translated + 1);
}
