import { isWanted, type WantedMetadata } from '../image-metadata.js';
import {
  ARTIST,
  BYTES_OF_TYPE,
  COPYRIGHT,
  DESCRIBING,
  DRAWING,
  type Layout,
  readDirectory,
  readLayout,
  STRIPS,
  TILES,
} from './directory.js';

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
const AUTHOR = new Set([ARTIST, COPYRIGHT]);

/** The first page of a classic TIFF, taken apart. */
export class TiffPage {
  private readonly isBig: boolean;
  private readonly entries: Entry[];

  constructor(private readonly source: Buffer) {
    const layout = readLayout(source);
    if (!layout || layout.isBigTiff) throw new RangeError('not a classic TIFF');
    this.isBig = layout.isBigEndian;
    this.entries = this.readEntries(layout);
  }

  /** The wanted tags that are text, which is the same in both byte orders. */
  texts(wanted: WantedMetadata): Entry[] {
    return this.entries.filter(({ tag, type }) => type === ASCII && keepsTag(tag, wanted));
  }

  /** The page with texts that end where their first null byte stands, as libtiff asks for. */
  mended(): Buffer {
    const wanted = { isAll: true, keepsXmp: true, tags: {} };
    const texts = this.entries.filter(({ tag, type }) => type === ASCII && keepsTag(tag, wanted));
    return this.rewrite(wanted, texts.map(withOneEnd));
  }

  rewrite(wanted: WantedMetadata, added: Entry[] = []): Buffer {
    const place = this.find(STRIPS.offsets) ? STRIPS : TILES;
    const { offsets, lengths, pixelBytes } = this.readPlaces(place);
    const isAdded = (tag: number) => added.some((entry) => entry.tag === tag);
    const own = this.entries.filter(
      ({ tag }) => DRAWING.has(tag) || (keepsTag(tag, wanted) && !isAdded(tag)),
    );
    const told = [...own, ...added];
    // What only XMP says.
    const missing = authorOf(wanted).filter(({ tag }) => !told.some((entry) => entry.tag === tag));
    const addresses: Entry = { tag: place.offsets, type: LONG, values: Buffer.alloc(offsets.length * 4) };
    const entries = [...told, ...missing, addresses, this.find(place.lengths)!].sort((a, b) => a.tag - b.tag);

    let at = HEADER_BYTES + 2 + entries.length * ENTRY_BYTES + 4;
    for (const { values } of entries) at += outsideBytes(values);
    offsets.forEach((_, index) => {
      this.putLong(addresses.values, at, index * 4);
      at += lengths[index];
    });
    const head = this.directory(entries);
    const page = Buffer.allocUnsafe(head.length + pixelBytes);
    let end = head.copy(page);
    offsets.forEach((offset, index) => {
      end += this.source.copy(page, end, offset, offset + lengths[index]);
    });
    return page;
  }

  private readEntries(layout: Layout): Entry[] {
    // Values that share their bytes would make the output larger than the source.
    let left = this.source.length;
    return readDirectory(layout).entries.map(({ tag, type, bytes, valuesAt }) => {
      if ((left -= bytes) < 0) throw new RangeError('overlap');
      return { tag, type, values: this.piece(valuesAt, bytes) };
    });
  }

  /** Where the pieces of the pixels stand; a hundred thousand of them, at most: see `guardTiff`. */
  private readPlaces(place: typeof STRIPS): {
    offsets: Uint32Array;
    lengths: Uint32Array;
    pixelBytes: number;
  } {
    const [offsets, lengths] = [this.numbers(place.offsets), this.numbers(place.lengths)];
    if (offsets.length === 0 || offsets.length !== lengths.length) throw new RangeError('no pixels');
    let pixelBytes = 0;
    for (let index = 0; index < offsets.length; index += 1) {
      if (offsets[index] + lengths[index] > this.source.length) throw new RangeError('points behind the end');
      pixelBytes += lengths[index];
    }
    // Pieces that share their bytes would make the output larger than the source.
    if (pixelBytes > this.source.length) throw new RangeError('overlap');
    return { offsets, lengths, pixelBytes };
  }

  private numbers(tag: number): Uint32Array {
    const { type, values } = this.find(tag) ?? {};
    if (!values || (type !== SHORT && type !== LONG)) return new Uint32Array();
    const width = BYTES_OF_TYPE[type];
    const numbers = new Uint32Array(Math.floor(values.length / width));
    for (let index = 0; index < numbers.length; index += 1) {
      numbers[index] = width === 2 ? this.short(values, index * 2) : this.long(values, index * 4);
    }
    return numbers;
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

function withOneEnd(entry: Entry): Entry {
  const end = entry.values.indexOf(0);
  const text = end < 0 ? entry.values : entry.values.subarray(0, end);
  return { ...entry, values: Buffer.concat([text, Buffer.alloc(1)]) };
}

function keepsTag(tag: number, wanted: WantedMetadata): boolean {
  if (wanted.isAll) return DESCRIBING.has(tag);
  return isWanted(wanted) && AUTHOR.has(tag);
}

// Values of up to 4 bytes stand in the entry itself; others elsewhere, at an even address.
function outsideBytes(values: Buffer): number {
  return values.length <= 4 ? 0 : values.length + (values.length % 2);
}
