import {
  asItIs,
  type GuardedSource,
  KeptRanges,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  profileTooLarge,
  tooManyParts,
} from './guarded-source.js';

const HEADER_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
/** Each frame is one; libvips holds some 100 bytes for each, however short: 25 MB of them took 0.3 GB. */
const MAX_CHUNKS = 10_000;
const DRAWING = new Set(['ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L']);
/** With their bits in the VP8X chunk. The first one counts: libwebp. */
const METADATA: Record<string, number> = { EXIF: 0x08, 'XMP ': 0x04 };
const ONCE = new Set(['VP8X', 'ICCP', ...Object.keys(METADATA)]);
/** Of the flags in a VP8X chunk. */
const FLAGS_OFFSET = 8;

/**
 * The WebP with no more than its frames, its profile, and one block each of EXIF and XMP.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED (more than 10,000 chunks), IMAGE_METADATA_TOO_LARGE (the profile)
 */
export function guardWebp(source: Buffer): GuardedSource {
  const kept = new KeptRanges();
  kept.keep(0, HEADER_BYTES);
  const seen = new Set<string>();
  let leftOutFlags = 0;
  let at = HEADER_BYTES;
  const riffEnd = source.readUInt32LE(4) + CHUNK_HEAD_BYTES;
  const end = Math.min(riffEnd, source.length);
  for (let count = 0; at + CHUNK_HEAD_BYTES <= end; count += 1) {
    if (count >= MAX_CHUNKS) throw tooManyParts();
    const bytes = source.readUInt32LE(at + 4);
    const next = at + CHUNK_HEAD_BYTES + bytes + (bytes % 2);
    if (next > end) break;
    const type = source.toString('latin1', at, at + 4);
    const isRepeated = ONCE.has(type) && seen.has(type);
    seen.add(type);
    if (type === 'ICCP' && !isRepeated && bytes > MAX_PROFILE_BYTES) throw profileTooLarge();
    const isTooLarge = type in METADATA && !isRepeated && bytes > MAX_METADATA_BYTES;
    if (isTooLarge) leftOutFlags |= METADATA[type];
    if ((ONCE.has(type) && !isRepeated && !isTooLarge) || DRAWING.has(type)) kept.keep(at, next);
    at = next;
  }
  kept.keep(at, end); // a chunk that was cut off
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
