import { deflateSync } from 'node:zlib';
import { pngChunk } from './pictures.js';

/** Text that unpacks to so many bytes, in a chunk of a few kilobytes. */
export function packedText(type: 'zTXt' | 'iTXt', keyword: string, bytes: number): Buffer {
  const head = type === 'zTXt' ? '\0\0' : '\0\x01\0\0\0';
  return pngChunk(type, Buffer.concat([latin1(keyword + head), deflateSync(Buffer.alloc(bytes, 'a'))]));
}

/** The PNG with chunks behind its header. */
export function pngWith(png: Buffer, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** A chunk of a WebP. */
export function webpChunk(type: string, content: Buffer): Buffer {
  const chunk = Buffer.concat([latin1(`${type}\0\0\0\0`), content, Buffer.alloc(content.length % 2)]);
  chunk.writeUInt32LE(content.length, 4);
  return chunk;
}

/** A still WebP of 64×40 with the chunks in front of, and behind, its pixels. `flags` as in a VP8X chunk. */
export function webpWith(
  plain: Buffer,
  { flags = 0, before = [], behind = [] }: { flags?: number; before?: Buffer[]; behind?: Buffer[] },
): Buffer {
  const header = Buffer.from([flags, 0, 0, 0, 63, 0, 0, 39, 0, 0]);
  const content = [webpChunk('VP8X', header), ...before, plain.subarray(12), ...behind];
  const file = Buffer.concat([latin1('RIFF\0\0\0\0WEBP'), ...content]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

/** A GIF of white frames, with extensions in front of each. */
export function gifWith(side: number, frames: number, extensions: Buffer): Buffer {
  const header = latin1('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff');
  header.writeUInt16LE(side, 6);
  header.writeUInt16LE(side, 8);
  const frame = Buffer.from('2c00000000000000000002024c0100', 'hex');
  frame.writeUInt16LE(side, 5);
  frame.writeUInt16LE(side, 7);
  return Buffer.concat([
    header,
    ...Array<Buffer>(frames).fill(Buffer.concat([extensions, frame])),
    latin1(';'),
  ]);
}

/** A tag of a TIFF; a value of more than 4 bytes is an address: `shared` stands for that of `TiffParts.shared`. */
export interface TiffTag {
  tag: number;
  type: number;
  count: number;
  value: number | 'shared';
}

/** What a TIFF of 64×40 has besides its pixels. */
export interface TiffParts {
  tags?: TiffTag[];
  shared?: Buffer;
  /** Pages behind the first one, each the same. */
  pages?: number;
}

/** An uncompressed grey TIFF of 64×40. */
export function tiffWith({ tags = [], shared = Buffer.alloc(0), pages = 0 }: TiffParts): Buffer {
  const pixels = Buffer.alloc(64 * 40, 90);
  const all: TiffTag[] = [
    ...Object.entries({
      256: 64,
      257: 40,
      258: 8,
      259: 1,
      262: 1,
      273: 8,
      277: 1,
      278: 40,
      279: 64 * 40,
    }).map(([tag, value]) => ({ tag: Number(tag), type: 4, count: 1, value })),
    ...tags,
  ].sort((one, other) => one.tag - other.tag);
  const sharedAt = 8 + pixels.length;
  const first = sharedAt + shared.length;
  const bytes = 2 + all.length * 12 + 4;
  const head = Buffer.from('49492a0000000000', 'hex');
  head.writeUInt32LE(first, 4);
  const directories = Array.from({ length: pages + 1 }, (_, page) => {
    const directory = Buffer.alloc(bytes);
    directory.writeUInt16LE(all.length, 0);
    all.forEach(({ tag, type, count, value }, index) => {
      directory.writeUInt16LE(tag, 2 + index * 12);
      directory.writeUInt16LE(type, 4 + index * 12);
      directory.writeUInt32LE(count, 6 + index * 12);
      directory.writeUInt32LE(value === 'shared' ? sharedAt : value, 10 + index * 12);
    });
    directory.writeUInt32LE(page < pages ? first + (page + 1) * bytes : 0, bytes - 4);
    return directory;
  });
  return Buffer.concat([head, pixels, shared, ...directories]);
}

/** An item of an AVIF: its type, and the pieces of the data that it consists of. */
export interface AvifItem {
  type: string;
  extents: [offset: number, length: number][];
}

/** What an AVIF has besides its picture, which is that of `plain`, a small AVIF with one item. */
export interface AvifParts {
  items?: AvifItem[];
  properties?: Buffer[];
  /** Numbers of the properties of the picture: 1 to 3 are its own, those of `properties` follow. */
  associated?: number[];
  /** Of the picture, in place of its whole data. */
  extents?: [offset: number, length: number][];
  /** Behind the data of the picture. */
  data?: Buffer;
  isSequence?: boolean;
}

/** Extents count from the beginning of the picture's data. */
export function avifWith(plain: Buffer, parts: AvifParts): Buffer {
  const { items = [], properties = [], data = Buffer.alloc(0), isSequence = false } = parts;
  const { associated = [1, 2, 3] } = parts;
  const picture = boxOf(plain, 'mdat').subarray(8);
  const all: AvifItem[] = [{ type: 'av01', extents: parts.extents ?? [[0, picture.length]] }, ...items];
  const head = (base: number): Buffer => {
    const locations = all.map(({ extents }, index) =>
      Buffer.concat([
        ...[uint16(index + 1), uint16(0), uint16(extents.length)],
        ...extents.flatMap(([offset, length]) => [uint32(base + offset), uint32(length)]),
      ]),
    );
    const infos = all.map(({ type }, index) =>
      fullBox('infe', 2, uint16(index + 1), uint16(0), latin1(`${type}\0application/rdf+xml\0`)),
    );
    const references = items.map((_, index) => box('cdsc', uint16(index + 2), uint16(1), uint16(1)));
    const own = ['ispe', 'pixi', 'av1C'].map((type) => boxOf(plain, type));
    const associations = fullBox(
      ...(['ipma', 0, uint32(1), uint16(1)] as const),
      Buffer.from([associated.length, ...associated]),
    );
    const meta = fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, uint32(0), latin1('pict'), Buffer.alloc(13)),
      fullBox('pitm', 0, uint16(1)),
      fullBox('iloc', 0, Buffer.from([0x44, 0]), uint16(all.length), ...locations),
      fullBox('iinf', 0, uint16(all.length), ...infos),
      ...(references.length > 0 ? [fullBox('iref', 0, ...references)] : []),
      box('iprp', box('ipco', ...own, ...properties), associations),
    );
    const brands = latin1(`avif\0\0\0\0${isSequence ? 'avis' : ''}avifmif1miaf`);
    return Buffer.concat([box('ftyp', brands), meta]);
  };
  const sequence = isSequence ? [longSequence(boxOf(plain, 'av1C'))] : [];
  return Buffer.concat([head(head(0).length + 8), box('mdat', picture, data), ...sequence]);
}

/** An AVIF that has the picture of `plain` as each tile of a grid, of which a part is shown. */
export function avifGrid(plain: Buffer, { rows, columns, width, height }: AvifGrid): Buffer {
  const tile = boxOf(plain, 'mdat').subarray(8);
  const grid = Buffer.concat([Buffer.from([0, 0, rows - 1, columns - 1]), uint16(width), uint16(height)]);
  const [tiles, ofGrid, ofTile] = [rows * columns, uint16(1), uint16(2)];
  const item = (type: string, number: Buffer): Buffer =>
    fullBox('infe', 2, number, uint16(0), latin1(`${type}\0`));
  const location = (number: Buffer, at: number, length: number): Buffer[] => [
    ...[number, uint16(0), uint16(1), uint32(at), uint32(length)],
  ];
  const head = (base: number): Buffer => {
    const locations = [
      ...location(ofGrid, base, grid.length),
      ...location(ofTile, base + grid.length, tile.length),
    ];
    const own = ['ispe', 'pixi', 'av1C'].map((type) => boxOf(plain, type));
    const properties = [...own, fullBox('ispe', 0, uint32(width), uint32(height))];
    const associations = [ofGrid, Buffer.from([2, 2, 4]), ofTile, Buffer.from([3, 1, 2, 3])];
    const meta = fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, uint32(0), latin1('pict'), Buffer.alloc(13)),
      fullBox('pitm', 0, ofGrid),
      fullBox('iloc', 0, Buffer.from([0x44, 0]), uint16(2), ...locations),
      fullBox('iinf', 0, uint16(2), item('grid', ofGrid), item('av01', ofTile)),
      fullBox('iref', 0, box('dimg', ofGrid, uint16(tiles), ...Array<Buffer>(tiles).fill(ofTile))),
      box('iprp', box('ipco', ...properties), fullBox('ipma', 0, uint32(2), ...associations)),
    );
    return Buffer.concat([box('ftyp', latin1('avif\0\0\0\0avifmif1miaf')), meta]);
  };
  return Buffer.concat([head(head(0).length + 8), box('mdat', grid, tile)]);
}

/** Tiles, and the pixels of the whole. */
export interface AvifGrid {
  rows: number;
  columns: number;
  width: number;
  height: number;
}

/** Tables that say in some hundred bytes that there are 17 million frames. */
function longSequence(codec: Buffer): Buffer {
  const frames = uint32(17_000_000);
  const one = uint32(1);
  const entry = Buffer.concat([Buffer.alloc(24), Buffer.from('00400028', 'hex'), Buffer.alloc(50)]);
  const tables = box(
    'stbl',
    fullBox('stsd', 0, one, box('av01', entry, codec)),
    fullBox('stts', 0, one, frames, one),
    fullBox('stsc', 0, one, one, frames, one),
    fullBox('stsz', 0, one, frames),
    fullBox('stco', 0, one, uint32(500)),
  );
  const handler = fullBox('hdlr', 0, uint32(0), latin1('pict'), Buffer.alloc(13));
  const information = box(
    'minf',
    fullBox('vmhd', 0, Buffer.alloc(8)),
    box('dinf', fullBox('dref', 0, uint32(0))),
    tables,
  );
  const media = box('mdia', fullBox('mdhd', 0, Buffer.alloc(20)), handler, information);
  return box(
    'moov',
    fullBox('mvhd', 0, Buffer.alloc(96)),
    box('trak', fullBox('tkhd', 0, Buffer.alloc(80)), media),
  );
}

/** A box of an ISO media file. */
export function box(type: string, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), latin1(type), ...content]);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

function fullBox(type: string, version: number, ...content: Buffer[]): Buffer {
  return box(type, Buffer.from([version, 0, 0, 0]), ...content);
}

function boxOf(file: Buffer, type: string): Buffer {
  const start = file.indexOf(type, 0, 'latin1') - 4;
  return file.subarray(start, start + file.readUInt32BE(start));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
