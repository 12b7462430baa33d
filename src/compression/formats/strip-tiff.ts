import { isOutOfBounds } from './out-of-bounds.js';
import { isWanted, NO_METADATA, type WantedMetadata } from './image-metadata.js';

interface Entry {
  tag: number;
  type: number;
  /** The values as they stand in the file, in its byte order. */
  values: Buffer;
}

const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;
const ASCII = 2;
const SHORT = 3;
const LONG = 4;
/** By a value's type; those from 16 on are of BigTIFF. */
export const BYTES_OF_TYPE = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const STRIPS = { offsets: 273, lengths: 279 };
const TILES = { offsets: 324, lengths: 325 };
/** The tags of the addresses and lengths of strips or tiles. */
export const PIXEL_TABLES = new Set([...Object.values(STRIPS), ...Object.values(TILES)]);
// Size, bits, compression, photometric, fill order, orientation, samples, rows, resolution, planes, fax options,
// predictor, white point, primaries, palette, tiles, inks, extra samples, sample format, JPEG tables, YCbCr, ICC.
export const DRAWING = new Set([
  256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296, 317, 318, 319, 320, 322, 323,
  332, 334, 336, 338, 339, 340, 341, 347, 529, 530, 531, 532, 34675,
]);
// Artist and copyright; and description, maker, model, program, date, XMP.
const ARTIST = 315;
const COPYRIGHT = 33432;
const AUTHOR = new Set([ARTIST, COPYRIGHT]);
export const DESCRIBING = new Set([270, 271, 272, 305, 306, 315, 700, 33432]);

/**
 * The first page, bit for bit, without whatever does not draw it: EXIF, XMP, private tags, other pages, and every byte
 * that no tag refers to. The ICC profile and the orientation stay, and of the wanted metadata what is one tag each: a
 * directory of EXIF tags is not taken along.
 *
 * @returns undefined where the file is not built as TIFF files are, and for BigTIFF and the JPEG of TIFF 6.0
 */
export function stripTiff(source: Buffer, wanted: WantedMetadata = NO_METADATA): Buffer | undefined {
  try {
    return new TiffPage(source).rewrite(wanted);
  } catch (error) {
    if (isOutOfBounds(error)) return undefined;
    throw error;
  }
}

/** The encoded TIFF with the wanted tags of its source; as it is where they can't be read. */
export function withTagsOf(source: Buffer, encoded: Buffer, wanted: WantedMetadata): Buffer {
  try {
    return new TiffPage(encoded).rewrite(wanted, new TiffPage(source).texts(wanted));
  } catch (error) {
    if (isOutOfBounds(error)) return encoded;
    throw error;
  }
}

/** Whether it is a TIFF with 64-bit addresses, which is decoded, but can't be taken apart here. */
export function isBigTiff(source: Buffer): boolean {
  return /^(?:II\+\0|MM\0\+)/.test(source.toString('latin1', 0, 4));
}

class TiffPage {
  private readonly isBig: boolean;
  private readonly entries: Entry[];

  constructor(private readonly source: Buffer) {
    this.isBig = source[0] === 0x4d;
    if (this.short(source, 2) !== 42) throw new RangeError('not a classic TIFF');
    this.entries = this.readEntries(this.long(source, 4));
  }

  /** The wanted tags that are text, which is the same in both byte orders. */
  texts(wanted: WantedMetadata): Entry[] {
    return this.entries.filter(({ tag, type }) => type === ASCII && keepsTag(tag, wanted));
  }

  rewrite(wanted: WantedMetadata, added: Entry[] = []): Buffer {
    const place = this.find(STRIPS.offsets) ? STRIPS : TILES;
    const pixels = this.readPixels(place);
    const isAdded = (tag: number) => added.some((entry) => entry.tag === tag);
    const own = this.entries.filter(
      ({ tag }) => DRAWING.has(tag) || (keepsTag(tag, wanted) && !isAdded(tag)),
    );
    const told = [...own, ...added];
    // What only XMP says.
    const missing = authorOf(wanted).filter(({ tag }) => !told.some((entry) => entry.tag === tag));
    const kept = [...told, ...missing];
    const addresses: Entry = { tag: place.offsets, type: LONG, values: Buffer.alloc(pixels.length * 4) };
    const lengths: Entry = { tag: place.lengths, type: LONG, values: Buffer.alloc(pixels.length * 4) };
    const entries = [...kept, addresses, lengths].sort((a, b) => a.tag - b.tag);

    let at = HEADER_BYTES + 2 + entries.length * ENTRY_BYTES + 4;
    for (const { values } of entries) at += outsideBytes(values);
    pixels.forEach((piece, index) => {
      this.putLong(addresses.values, at, index * 4);
      this.putLong(lengths.values, piece.length, index * 4);
      at += piece.length;
    });
    return Buffer.concat([this.directory(entries), ...pixels]);
  }

  private readEntries(start: number): Entry[] {
    const count = this.short(this.source, start);
    // Values that share their bytes would make the output larger than the source.
    let left = this.source.length;
    return Array.from({ length: count }, (_, index) => {
      const at = start + 2 + index * ENTRY_BYTES;
      const type = this.short(this.source, at + 2);
      const bytes = (BYTES_OF_TYPE[type] ?? 0) * this.long(this.source, at + 4);
      const from = bytes <= 4 ? at + 8 : this.long(this.source, at + 8);
      if ((left -= bytes) < 0) throw new RangeError('overlap');
      return { tag: this.short(this.source, at), type, values: this.piece(from, bytes) };
    });
  }

  private readPixels(place: { offsets: number; lengths: number }): Buffer[] {
    const offsets = this.numbers(place.offsets);
    const lengths = this.numbers(place.lengths);
    if (offsets.length === 0 || offsets.length !== lengths.length) throw new RangeError('no pixels');
    // Pieces that share their bytes would make the output larger than the source.
    if (lengths.reduce((sum, length) => sum + length, 0) > this.source.length)
      throw new RangeError('overlap');
    return offsets.map((offset, index) => this.piece(offset, lengths[index]));
  }

  private numbers(tag: number): number[] {
    const entry = this.find(tag);
    if (entry?.type !== SHORT && entry?.type !== LONG) return [];
    const width = BYTES_OF_TYPE[entry.type];
    return Array.from({ length: entry.values.length / width }, (_, index) =>
      width === 2 ? this.short(entry.values, index * 2) : this.long(entry.values, index * 4),
    );
  }

  private directory(entries: Entry[]): Buffer {
    const head = Buffer.alloc(HEADER_BYTES + 2 + entries.length * ENTRY_BYTES + 4);
    this.source.copy(head, 0, 0, 4); // the byte order and 42
    this.putLong(head, HEADER_BYTES, 4);
    this.putShort(head, entries.length, HEADER_BYTES);
    const outside: Buffer[] = [head];
    let at = head.length;
    entries.forEach(({ tag, type, values }, index) => {
      const entryAt = HEADER_BYTES + 2 + index * ENTRY_BYTES;
      this.putShort(head, tag, entryAt);
      this.putShort(head, type, entryAt + 2);
      this.putLong(head, values.length / BYTES_OF_TYPE[type], entryAt + 4);
      if (values.length <= 4) values.copy(head, entryAt + 8);
      else this.putLong(head, at, entryAt + 8);
      outside.push(Buffer.concat([values], outsideBytes(values)));
      at += outsideBytes(values);
    });
    return Buffer.concat(outside);
  }

  private find(tag: number): Entry | undefined {
    return this.entries.find((entry) => entry.tag === tag);
  }

  private piece(start: number, bytes: number): Buffer {
    if (start + bytes > this.source.length) throw new RangeError('points behind the end');
    return this.source.subarray(start, start + bytes);
  }

  private short(buffer: Buffer, at: number): number {
    return this.isBig ? buffer.readUInt16BE(at) : buffer.readUInt16LE(at);
  }

  private long(buffer: Buffer, at: number): number {
    return this.isBig ? buffer.readUInt32BE(at) : buffer.readUInt32LE(at);
  }

  private putShort(buffer: Buffer, value: number, at: number): void {
    if (this.isBig) buffer.writeUInt16BE(value, at);
    else buffer.writeUInt16LE(value, at);
  }

  private putLong(buffer: Buffer, value: number, at: number): void {
    if (this.isBig) buffer.writeUInt32BE(value, at);
    else buffer.writeUInt32LE(value, at);
  }
}

function authorOf({ tags: { artist, copyright } }: WantedMetadata): Entry[] {
  const text = (tag: number, value: string | undefined): Entry[] =>
    value === undefined ? [] : [{ tag, type: ASCII, values: Buffer.from(`${value}\0`, 'utf8') }];
  return [...text(ARTIST, artist), ...text(COPYRIGHT, copyright)];
}

function keepsTag(tag: number, wanted: WantedMetadata): boolean {
  if (wanted.isAll) return DESCRIBING.has(tag);
  return isWanted(wanted) && AUTHOR.has(tag);
}

// Values of up to 4 bytes stand in the entry itself; others elsewhere, at an even address.
function outsideBytes(values: Buffer): number {
  return values.length <= 4 ? 0 : values.length + (values.length % 2);
}
