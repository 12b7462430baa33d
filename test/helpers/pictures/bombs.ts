import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import {
  avifGrid,
  avifWith,
  gifWith,
  packedText,
  pngWith,
  type TiffTag,
  tiffWith,
  webpChunk,
  webpWith,
} from './hostile-parts.js';
import { photo, pngChunk } from './pictures.js';
import { ROOT } from '../paths.js';

/** A file made to hurt whoever decodes it, and how it may end. */
export interface Bomb {
  bytes: Buffer;
  /** Codes that refuse it; `done` where it may also be delivered. */
  ends: string[];
  /** Its pixels are few, so that all memory that it takes is for what it holds besides. */
  isSmallPicture?: boolean;
}

/** The classes of hostile images: large from little, slow from little, and lies about themselves. */
export async function makeBombs(): Promise<Record<string, Bomb>> {
  const white = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const noise = await sharp(randomBytes(2800 * 2800 * 3), { raw: { width: 2800, height: 2800, channels: 3 } })
    .jpeg({ quality: 60 })
    .toBuffer();
  const large = await plain(2000).avif({ effort: 0 }).toBuffer();
  const done = ['done'];
  return {
    'PNG of 49 million pixels of 1 bit': { bytes: greyPng(7000, 7000, 1), ends: done },
    'PNG of 16,000²': { bytes: greyPng(16_000, 16_000, 1), ends: ['IMAGE_TOO_MANY_PIXELS'] },
    'GIF that says 65,535²': { bytes: gif(65_535, 1), ends: ['IMAGE_TOO_MANY_PIXELS'] },
    'GIF of 10,000 frames': { bytes: gif(16, 10_000), ends: ['done', 'IMAGE_TOO_MANY_FRAMES'] },
    'PNG with a profile of 100 MB': {
      bytes: withChunk(white, 'iCCP', zeros('icc\0\0')),
      ends: ['IMAGE_METADATA_TOO_LARGE'],
    },
    'PNG that lies about its size': { bytes: lyingPng(white), ends: ['IMAGE_CORRUPT'] },
    'JPEG that lies about its size': {
      bytes: lyingJpeg(await sharp(white).jpeg().toBuffer()),
      ends: ['IMAGE_CORRUPT', 'done'], // grey where pixels are missing, as every browser shows it
    },
    'BMP of 1 kB that says 30,000²': {
      bytes: runLengthBmp(30_000),
      ends: ['IMAGE_TOO_MANY_PIXELS', 'IMAGE_CORRUPT'],
    },
    'BMP of 1 kB that says 5,900²': { bytes: runLengthBmp(5_900), ends: ['IMAGE_CORRUPT'] },
    'HEIC that says 6,000²': { bytes: lyingHeic(6_000), ends: ['IMAGE_CORRUPT'] },
    'HEIC that says 60,000²': { bytes: lyingHeic(60_000), ends: ['IMAGE_TOO_MANY_PIXELS'] },
    'SVG of nested blurs': { bytes: blurredSvg(), ends: ['FORMAT_NOT_SUPPORTED'] },
    'JPEG of 8 million pixels of noise': { bytes: noise, ends: done },
    'progressive JPEG of 49 million pixels': {
      bytes: await progressive(7000),
      ends: ['IMAGE_TOO_MANY_PIXELS'],
    },
    'progressive JPEG of 39 million pixels': { bytes: await progressive(6300), ends: done },
    'transparent AVIF of 19 million pixels': {
      bytes: await texture(4400).avif({ effort: 0 }).toBuffer(),
      ends: done,
    },
    'AVIF of 4 million pixels in 300 frames': {
      bytes: avifWith(large, { extents: Array<[number, number]>(300).fill([0, dataBytes(large)]) }),
      ends: ['FORMAT_NOT_SUPPORTED'],
    },
    'AVIF of 1 kB that has a tile of 4 million pixels 256 times': {
      bytes: avifGrid(large, { rows: 16, columns: 16, width: 2000, height: 2000 }),
      ends: ['FORMAT_NOT_SUPPORTED'],
    },
    'transparent WebP of 39 million pixels': {
      bytes: await texture(6300).webp({ lossless: true, effort: 0 }).toBuffer(),
      ends: done,
    },
    'transparent PNG of 36 million pixels': {
      bytes: await texture(6000).png({ compressionLevel: 1 }).toBuffer(),
      ends: done,
    },
    ...(await makePartBombs()),
  };
}

/** Small pictures with parts besides them that unpack, multiply, or are many. */
/** Run-length codes that go on to no end. */
function runLengthBmp(side: number): Buffer {
  const bytes = Buffer.alloc(1_100, 1);
  bytes.write('BM', 'latin1');
  bytes.fill(0, 2, 54);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(side, 18);
  bytes.writeInt32LE(side, 22);
  bytes.writeUInt16LE(8, 28);
  bytes.writeUInt32LE(1, 30);
  return bytes;
}

function lyingHeic(side: number): Buffer {
  const bytes = readFileSync(path.join(ROOT, 'test/fixtures/images/p3.heic'));
  for (let at = bytes.indexOf('ispe'); at >= 0; at = bytes.indexOf('ispe', at + 1)) {
    bytes.writeUInt32BE(side, at + 8);
    bytes.writeUInt32BE(side, at + 12);
  }
  return bytes;
}

async function makePartBombs(): Promise<Record<string, Bomb>> {
  const megabytes = (count: number): number => count * 1_000_000;
  const png = await photo(64, 40).png().toBuffer();
  const webp = await photo(64, 40).webp().toBuffer();
  const jpeg = await photo(64, 40).jpeg().toBuffer();
  const avif = await photo(64, 40).avif({ effort: 0 }).toBuffer();
  const texts = (type: 'zTXt' | 'iTXt', keyword: string): Buffer =>
    pngWith(png, ...Array<Buffer>(100).fill(packedText(type, keyword, megabytes(7))));
  const shared = Buffer.alloc(megabytes(20), 'a');
  const tags: TiffTag[] = Array.from({ length: 100 }, (_, index) => ({
    ...{ tag: 40_000 + index, type: 1, count: shared.length },
    value: 'shared',
  }));
  const items = Array.from({ length: 14 }, () => ({
    type: 'Exif',
    extents: Array<[number, number]>(30).fill([0, megabytes(20)]),
  }));
  const comment = Buffer.concat([Buffer.from('fffefde8', 'hex'), Buffer.alloc(64_998, 'a')]);
  const small = (bytes: Buffer, ...ends: string[]): Bomb => ({ bytes, ends, isSmallPicture: true });
  return {
    'PNG with 100 zTXt of 7 MB': small(texts('zTXt', 'Comment'), 'done'),
    'PNG with 100 iTXt of 7 MB': small(texts('iTXt', 'Comment'), 'done'),
    'PNG with 100 times XMP of 7 MB': small(texts('iTXt', 'XML:com.adobe.xmp'), 'done'),
    'PNG with EXIF of 24 MB': small(pngWith(png, pngChunk('eXIf', Buffer.alloc(megabytes(24)))), 'done'),
    'JPEG with 24 MB of comments': small(
      Buffer.concat([jpeg.subarray(0, 2), ...Array<Buffer>(370).fill(comment), jpeg.subarray(2)]),
      'done',
    ),
    'WebP with XMP of 24 MB': small(
      webpWith(webp, { flags: 4, behind: [webpChunk('XMP ', Buffer.alloc(megabytes(24)))] }),
      'done',
    ),
    'GIF with 3 million graphic controls': small(
      gifWith(16, 1, Buffer.alloc(megabytes(24), Buffer.from('21f9040001000000', 'hex'))),
      'done',
    ),
    'GIF of a million frames': small(gifWith(16, 1_000_000, Buffer.alloc(0)), 'done'),
    'TIFF with 100 tags that share 20 MB': small(tiffWith({ tags, shared }), 'done'),
    'TIFF of 100,000 pages': small(tiffWith({ pages: 100_000 }), 'done'),
    'AVIF with 14 blocks of EXIF that share 20 MB': small(
      avifWith(avif, { items, data: shared }),
      'IMAGE_METADATA_TOO_LARGE',
    ),
    'AVIF whose picture is in 30 pieces that share 20 MB': small(
      avifWith(avif, { extents: items[0].extents, data: shared }),
      'FORMAT_NOT_SUPPORTED',
    ),
    'AVIF with tables of 17 million frames': small(avifWith(avif, { isSequence: true }), 'done'),
  };
}

function greyPng(width: number, height: number, bits: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const rows = Buffer.alloc(height * (Math.ceil((width * bits) / 8) + 1));
  return pngOf(header, deflateSync(rows));
}

function pngOf(header: Buffer, data: Buffer): Buffer {
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const end = pngChunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', data), end]);
}

function withChunk(png: Buffer, type: string, content: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, 33), pngChunk(type, content), png.subarray(33)]);
}

function zeros(head: string): Buffer {
  return Buffer.concat([Buffer.from(head, 'latin1'), deflateSync(Buffer.alloc(100_000_000))]);
}

// Its pixels are those of 64 × 64.
function lyingPng(png: Buffer): Buffer {
  const header = Buffer.from(png.subarray(16, 29));
  header.writeUInt32BE(7000, 0);
  header.writeUInt32BE(7000, 4);
  return Buffer.concat([png.subarray(0, 8), pngChunk('IHDR', header), png.subarray(33)]);
}

function lyingJpeg(jpeg: Buffer): Buffer {
  const lying = Buffer.from(jpeg);
  const frame = lying.indexOf(Buffer.from([0xff, 0xc0]));
  lying.writeUInt16BE(7000, frame + 5);
  lying.writeUInt16BE(7000, frame + 7);
  return lying;
}

function gif(side: number, frames: number): Buffer {
  const header = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  header.writeUInt16LE(side, 6);
  header.writeUInt16LE(side, 8);
  const frame = Buffer.from('21f90400010000002c00000000010001000002024c0100', 'hex');
  frame.writeUInt16LE(side, 13);
  frame.writeUInt16LE(side, 15);
  return Buffer.concat([header, ...Array<Buffer>(frames).fill(frame), Buffer.from(';')]);
}

function blurredSvg(): Buffer {
  const blurs = Array.from({ length: 40 }, (_, i) => `<feGaussianBlur stdDeviation="${900 + i}"/>`).join('');
  return Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="5000" height="5000">' +
      `<filter id="f">${blurs}</filter><rect width="5000" height="5000" filter="url(#f)"/></svg>`,
  );
}

function progressive(side: number): Promise<Buffer> {
  return plain(side).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer();
}

function plain(side: number): Sharp {
  return sharp({ create: { width: side, height: side, channels: 3, background: '#b06040' } });
}

function dataBytes(avif: Buffer): number {
  return avif.length - avif.indexOf('mdat') - 4;
}

/** Half transparent squares in many colours, which take encoders more memory than one colour does. */
function texture(side: number): Sharp {
  const data = Buffer.from(Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i * 7919) % 251));
  return sharp(data, { raw: { width: 64, height: 64, channels: 4 } }).resize(side, side, {
    kernel: 'nearest',
  });
}
