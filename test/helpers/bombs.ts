import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { pngChunk } from './pictures.js';

/** A file made to hurt whoever decodes it, and how it may end. */
export interface Bomb {
  bytes: Buffer;
  /** Codes that refuse it; `done` where it may also be delivered. */
  ends: string[];
}

/** The classes of hostile images: large from little, slow from little, and lies about themselves. */
export async function makeBombs(): Promise<Record<string, Bomb>> {
  const white = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const noise = await sharp(randomBytes(2800 * 2800 * 3), { raw: { width: 2800, height: 2800, channels: 3 } })
    .jpeg({ quality: 60 })
    .toBuffer();
  const done = ['done'];
  return {
    'PNG of 49 million pixels of 1 bit': { bytes: greyPng(7000, 7000, 1), ends: done },
    'PNG of 16,000²': { bytes: greyPng(16_000, 16_000, 1), ends: ['IMAGE_TOO_MANY_PIXELS'] },
    'GIF that says 65,535²': { bytes: gif(65_535, 1), ends: ['IMAGE_TOO_MANY_PIXELS'] },
    'GIF of 10,000 frames': { bytes: gif(16, 10_000), ends: ['done', 'IMAGE_TOO_MANY_FRAMES'] },
    'PNG with 100 MB of text': { bytes: withChunk(white, 'zTXt', zeros('Comment\0\0')), ends: done },
    'PNG with a profile of 100 MB': {
      bytes: withChunk(white, 'iCCP', zeros('icc\0\0')),
      ends: ['done', 'IMAGE_CORRUPT'],
    },
    'PNG that lies about its size': { bytes: lyingPng(white), ends: ['IMAGE_CORRUPT'] },
    'JPEG that lies about its size': {
      bytes: lyingJpeg(await sharp(white).jpeg().toBuffer()),
      ends: ['IMAGE_CORRUPT', 'done'], // grey where pixels are missing, as every browser shows it
    },
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
    'transparent WebP of 39 million pixels': {
      bytes: await texture(6300).webp({ lossless: true, effort: 0 }).toBuffer(),
      ends: done,
    },
    'transparent PNG of 36 million pixels': {
      bytes: await texture(6000).png({ compressionLevel: 1 }).toBuffer(),
      ends: done,
    },
  };
}

function greyPng(width: number, height: number, bits: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const rows = Buffer.alloc(height * (Math.ceil((width * bits) / 8) + 1));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const end = pngChunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(rows)), end]);
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
  return sharp({ create: { width: side, height: side, channels: 3, background: '#b06040' } })
    .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** Half transparent squares in many colours, which take encoders more memory than one colour does. */
function texture(side: number): Sharp {
  const data = Buffer.from(Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i * 7919) % 251));
  return sharp(data, { raw: { width: 64, height: 64, channels: 4 } }).resize(side, side, {
    kernel: 'nearest',
  });
}
