import { deflateSync } from 'node:zlib';
import { animation, greyTiff, photo, pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../options.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { openSource } from '../compress.js';
import type { ImageFormat } from '../formats/image-format.js';
import { readHeader } from '../image-header.js';

const OPTIONS = { ...toCompressionOptions({}, 50), maxPixels: 50_000_000 };
// Its pixels go straight from the decoder to the encoder.
const IN_ONE_PASS = { ...OPTIONS, effort: 'fast' as const };
const FORMATS: ImageFormat[] = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'];

describe('compressImage refuses', () => {
  it.each(FORMATS)('a %s that was cut off', async (format) => {
    const whole = await (format === 'gif' ? animation(4) : photo(320, 200)).toFormat(format).toBuffer();

    for (const part of [0.3, 0.6, 0.9]) {
      const source = whole.subarray(0, whole.length * part);
      const corrupt = { code: 'IMAGE_CORRUPT' };
      await expect(compressImage(source, OPTIONS)).rejects.toMatchObject(corrupt);
      await expect(compressImage(source, IN_ONE_PASS)).rejects.toMatchObject(corrupt);
    }
  });

  it.each([
    ['an empty file', '', 'NOT_AN_IMAGE'],
    ['a web page', '<!doctype html><title>Not found</title>', 'NOT_AN_IMAGE'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'FORMAT_NOT_SUPPORTED'],
    ['a JPEG header with nothing behind it', '\xff\xd8\xff\xe0', 'IMAGE_CORRUPT'],
  ])('%s', async (_, content, code) => {
    const source = Buffer.from(content, 'latin1');

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code, retryable: false });
  });

  it('a BigTIFF that can not be made smaller, for what it is', async () => {
    const source = await photo(4, 4).tiff({ bigtiff: true, compression: 'lzw' }).toBuffer();

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code: 'FORMAT_NOT_SUPPORTED' });
  });

  it.each([
    ['32-bit', 1],
    ['signed', 2],
    ['floating-point', 3],
  ])('a TIFF of %s numbers, which libvips would cut off', async (_, sampleFormat) => {
    const source = greyTiff(64, 40, 32, sampleFormat);

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code: 'FORMAT_NOT_SUPPORTED' });
  });

  it('a PNG that says it has 30,000 × 30,000 pixels', async () => {
    const source = png(30_000, 30_000, Buffer.alloc(100));

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({
      code: 'IMAGE_TOO_MANY_PIXELS',
      message: 'The image has 900.0 million pixels; at most 50.0 million are taken.',
    });
  });

  it('a real PNG of 49 million pixels over a lower limit, but takes it under a higher one', async () => {
    const source = png(7000, 7000, Buffer.alloc(7000 * 876));

    await expect(openSource(source, 40_000_000)).rejects.toMatchObject({ code: 'IMAGE_TOO_MANY_PIXELS' });
    expect((await compressImage(source, OPTIONS)).data.length).toBeLessThanOrEqual(source.length);
  });

  it.each([
    ['in front of its pixels', (head: Buffer) => head.subarray(0, 2)],
    ['between its scans', (head: Buffer) => head.subarray(0, head.lastIndexOf(Buffer.from([0xff, 0xda])))],
  ])('a JPEG with a flood of empty segments %s', async (_, before) => {
    const source = await photo(64, 40).jpeg({ progressive: true }).toBuffer();
    const start = before(source);
    for (const marker of ['ffe1', 'ffe2', 'ffed', 'fffe']) {
      const segments = Buffer.alloc(4 * 100_000, `${marker}0002`, 'hex');
      const flood = Buffer.concat([start, segments, source.subarray(start.length)]);
      await expect(compressImage(flood, OPTIONS)).rejects.toMatchObject({ code: 'FORMAT_NOT_SUPPORTED' });
    }
  });

  it('a WebP with a flood of empty chunks', async () => {
    const source = await photo(64, 40).withIccProfile('p3').webp().toBuffer();
    const flood = Buffer.concat([source, Buffer.alloc(8 * 100_000, 'ABCD\0\0\0\0', 'latin1')]);
    flood.writeUInt32LE(flood.length - 8, 4);

    await expect(compressImage(flood, OPTIONS)).rejects.toMatchObject({ code: 'FORMAT_NOT_SUPPORTED' });
  });

  it('a JPEG whose scans would keep a core busy for half a minute', async () => {
    const source = await photo(64, 40).jpeg({ progressive: true }).toBuffer();
    const scan = source.subarray(source.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
    const bomb = Buffer.concat([
      source.subarray(0, -2),
      ...Array<Buffer>(200).fill(scan),
      source.subarray(-2),
    ]);

    await expect(openSource(bomb, OPTIONS.maxPixels)).rejects.toMatchObject({ code: 'IMAGE_TOO_SLOW' });
  });

  it.each([
    ['Huffman', 0xc2],
    ['arithmetic', 0xca],
  ])('a large JPEG with scans that together would, by the heads of its scans: %s codes', async (_, frame) => {
    const source = await photo(64, 40).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer();
    const scan = source.subarray(source.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
    const withScans = (side: number, scans: number): Buffer => {
      const [head, end] = [Buffer.from(source.subarray(0, -2)), source.subarray(-2)];
      const at = head.indexOf(Buffer.from([0xff, 0xc2]));
      head[at + 1] = frame;
      head.writeUInt16BE(side, at + 5);
      head.writeUInt16BE(side, at + 7);
      return Buffer.concat([head, ...Array<Buffer>(scans).fill(scan), end]);
    };
    const open = (bytes: Buffer) => openSource(bytes, OPTIONS.maxPixels);

    await expect(open(withScans(6300, 30))).rejects.toMatchObject({ code: 'IMAGE_TOO_SLOW' });
    await expect(open(withScans(630, 30))).resolves.toBeDefined();
    await expect(open(withScans(6300, 0))).resolves.toBeDefined();
  });
});

describe('readHeader', () => {
  it('tells upright dimensions and the pixels of all frames', async () => {
    const source = await animation(4).gif().toBuffer();
    const turned = await photo(64, 40).jpeg().withMetadata({ orientation: 8 }).toBuffer();

    const expected = { format: 'gif', width: 64, height: 40, frames: 4, pixels: 64 * 40 * 4 };
    expect(await readHeader(source, OPTIONS.maxPixels)).toMatchObject(expected);
    expect(await readHeader(turned, OPTIONS.maxPixels)).toMatchObject({ width: 40, height: 64 });
  });
});

// 1 bit a pixel, grey.
function png(width: number, height: number, rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const pixels = pngChunk('IDAT', deflateSync(rows));
  return Buffer.concat([signature, pngChunk('IHDR', header), pixels, pngChunk('IEND', Buffer.alloc(0))]);
}
