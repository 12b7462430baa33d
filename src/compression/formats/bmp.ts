import { corrupt, MAX_PROFILE_BYTES, profileTooLarge } from './file-format.js';
import { type ForeignFacts, type ForeignFormat, kindNotReadable } from './foreign-format.js';
import { isOutOfBounds } from './shared/out-of-bounds.js';

const HEADER_BYTES = 14;
/** Lengths of the second header: OS/2 1 and 2, and Windows with what was added to it. */
const OLD_OS2_BYTES = 12;
const INFO_BYTES = new Set([OLD_OS2_BYTES, 16, 40, 52, 56, 64, 108, 124]);
// Values of the field "compression".
const PLAIN = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;
const NAMES: Record<number, string> = { 4: 'BMP files with a JPEG inside', 5: 'BMP files with a PNG inside' };

/** BMP of Windows and OS/2. */
export const BMP: ForeignFormat = {
  name: 'bmp',
  recognises: (source) =>
    source.toString('latin1', 0, 2) === 'BM' &&
    source.length >= 18 &&
    INFO_BYTES.has(source.readUInt32LE(HEADER_BYTES)),
  guard: (source) => {
    try {
      return guardBmp(source);
    } catch (error) {
      if (isOutOfBounds(error)) throw corrupt();
      throw error;
    }
  },
};

/** A file of 1 kB that says 30,000 × 30,000 took 26 s and 9 GB: its size is looked at, and whether the pixels are there. */
function guardBmp(source: Buffer): ForeignFacts {
  const isOld = source.readUInt32LE(HEADER_BYTES) === OLD_OS2_BYTES;
  const width = isOld ? source.readUInt16LE(18) : source.readInt32LE(18);
  const height = Math.abs(isOld ? source.readInt16LE(20) : source.readInt32LE(22));
  const bits = source.readUInt16LE(isOld ? 24 : 28);
  const compression = isOld || source.readUInt32LE(HEADER_BYTES) === 16 ? PLAIN : source.readUInt32LE(30);
  if (width <= 0 || height === 0) throw corrupt();
  if (NAMES[compression]) throw kindNotReadable(NAMES[compression]);
  const start = source.readUInt32LE(10);
  const facts = { pixels: width * height, isAnimated: false, icc: profileOf(source) };
  if (compression === RLE8 || compression === RLE4) {
    const endsAt = endOfRuns(source, start, { height, isNarrow: compression === RLE4 });
    if (endsAt === null) throw corrupt();
    return { ...facts, endsAt };
  }
  const isKnown = [PLAIN, BITFIELDS, ALPHA_BITFIELDS].includes(compression);
  if (!isKnown) throw kindNotReadable(`BMP files with compression ${compression}`);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw kindNotReadable(`BMP files of ${bits} bits a pixel`);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (start + rowBytes * height > source.length) throw corrupt();
  return facts;
}

/** The fifth version of the header may say where in the file a profile stands. */
function profileOf(source: Buffer): Buffer | undefined {
  const isFifth = source.readUInt32LE(HEADER_BYTES) === 124 && source.toString('latin1', 70, 74) === 'DEBM';
  if (!isFifth) return undefined;
  const at = HEADER_BYTES + source.readUInt32LE(126);
  const bytes = source.readUInt32LE(130);
  if (bytes > MAX_PROFILE_BYTES) throw profileTooLarge();
  return bytes > 0 && at + bytes <= source.length ? source.subarray(at, at + bytes) : undefined;
}

/** Where the second byte of the code stands that ends the picture, or its last row; null where there is none. */
function endOfRuns(
  source: Buffer,
  start: number,
  { height, isNarrow }: { height: number; isNarrow: boolean },
): number | null {
  let rows = 0;
  for (let at = start; at + 2 <= source.length;) {
    const code = at;
    const [count, value] = [source[at], source[at + 1]];
    at += 2;
    if (count > 0 || value > 2) {
      if (count > 0) continue;
      const bytes = isNarrow ? Math.ceil(value / 2) : value;
      at += bytes + (bytes % 2);
      continue;
    }
    if (value === 0) rows += 1;
    else if (value === 2) {
      rows += source[at + 1] ?? 0;
      at += 2;
    }
    if (value === 1 || rows >= height) return code + 1;
  }
  return null;
}
