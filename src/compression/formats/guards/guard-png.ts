import { setImmediate } from 'node:timers/promises';
import {
  asItIs,
  type GuardedSource,
  KeptRanges,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from './guarded-source.js';
import { unpacksToMoreThan } from './unpacked-size.js';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;
/** A writer that flushes every 256 bytes makes 100,000 of 25 MB. */
const MAX_CHUNKS = 200_000;
/** Chunks that are looked at before others have their turn: some milliseconds. */
const CHUNKS_A_TURN = 5_000;
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

interface Chunk {
  type: string;
  content: Buffer;
}

/**
 * The PNG with no more than its picture, colours, resolution, and one block each of EXIF and XMP. libpng unpacks every
 * text and holds it: 100 texts of 7 kB took 2.4 GB.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED (more than 200,000 chunks), IMAGE_METADATA_TOO_LARGE (the profile)
 */
export async function guardPng(source: Buffer): Promise<GuardedSource> {
  const kept = new KeptRanges();
  kept.keep(0, SIGNATURE_BYTES);
  const seen = new Set<string>();
  let isAnimated = false;
  let isMetadataLeftOut = false;
  let at = SIGNATURE_BYTES;
  for (let count = 0; at + FRAME_BYTES <= source.length; count += 1) {
    if (count >= MAX_CHUNKS) throw tooManyParts();
    if (count % CHUNKS_A_TURN === CHUNKS_A_TURN - 1) await setImmediate();
    const end = at + FRAME_BYTES + source.readUInt32BE(at);
    if (end > source.length) break;
    const type = source.toString('latin1', at + 4, at + 8);
    const verdict = await judge({ type, content: source.subarray(at + 8, end - 4) }, seen);
    if (verdict === 'kept') kept.keep(at, end);
    isMetadataLeftOut ||= verdict === 'too large';
    isAnimated ||= type === 'acTL';
    at = end;
    if (type === 'IEND') break;
  }
  // A chunk that was cut off; and what stands behind the end is not read.
  if (at + FRAME_BYTES <= source.length) kept.keep(at, source.length);
  const notes: GuardedSource['notes'] = isAnimated ? ['first_frame_only'] : [];
  return { ...asItIs(kept.of(source)), isMetadataLeftOut, notes };
}

type Verdict = 'kept' | 'left out' | 'too large';

async function judge({ type, content }: Chunk, seen: Set<string>): Promise<Verdict> {
  // 190,000 empty ones took 130 MB.
  if (type === 'IDAT') return content.length === 0 ? 'left out' : 'kept';
  if (KEPT.has(type)) return seen.size < seen.add(type).size ? 'kept' : 'left out'; // of each, libpng takes the first
  const kind = metadataOf(type, content);
  if (!kind || seen.has(kind)) return 'left out';
  seen.add(kind);
  if (kind === 'profile') {
    if (await isTooLarge({ type, content }, MAX_PROFILE_BYTES)) throw profileTooLarge();
    return 'kept';
  }
  return (await isTooLarge({ type, content }, MAX_METADATA_BYTES)) ? 'too large' : 'kept';
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

async function isTooLarge({ type, content }: Chunk, limit: number): Promise<boolean> {
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
