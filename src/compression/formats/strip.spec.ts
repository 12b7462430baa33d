import { avifWith } from '../../../test/helpers/pictures/hostile-parts.js';
import sharp, { type Sharp } from 'sharp';
import type { KeptParts } from './file-format.js';
import type { ImageFormat } from './image-format.js';
import { NO_METADATA } from './image-metadata.js';
import { withColourChunks } from './png/colours.js';
import { FORMATS } from './registry.js';

const SCRIPT = '<script>alert(1)</script>';
const TAIL = Buffer.from(`<!doctype html><html>${SCRIPT}</html>`);
const METADATA = { exif: { IFD0: { Copyright: SCRIPT, Make: 'Secret Camera' } }, orientation: 6 };

const FORMAT_NAMES = Object.keys(FORMATS) as ImageFormat[];

function strip(format: ImageFormat, source: Buffer, kept: Partial<KeptParts> = {}): Buffer | undefined {
  return FORMATS[format].strip(source, { orientation: 6, wanted: NO_METADATA, isCutDown: false, ...kept });
}

describe.each(FORMAT_NAMES)('a stripped %s', (format) => {
  it('has the same pixels, and neither the metadata nor what stood behind the image', async () => {
    const source = await tagged(format);

    const result = strip(format, Buffer.concat([source, TAIL]))!;

    expect(result.includes('script')).toBe(false);
    expect(result.includes('Secret')).toBe(false);
    expect(result.length).toBeLessThanOrEqual(source.length);
    expect(await pixels(result)).toEqual(await pixels(source));
  });

  it('keeps its orientation and its profile', async () => {
    const source = await tagged(format);

    const { orientation, hasProfile } = await sharp(strip(format, source)!).metadata();

    expect({ orientation, hasProfile }).toEqual({
      orientation: format === 'gif' || format === 'avif' ? undefined : 6, // AVIF has it turned already
      hasProfile: format !== 'gif',
    });
  });

  it('is undefined for a file cut off in the middle', async () => {
    const source = await tagged(format);

    const result = strip(format, source.subarray(0, Math.floor(source.length / 2)));

    // An AVIF's header stands before its pixels; decoding finds that they are missing.
    if (format === 'avif') await expect(pixels(result!)).rejects.toThrow();
    else expect(result).toBeUndefined();
  });

  it('survives any byte being another', async () => {
    const source = await tagged(format);

    for (let at = 0; at < source.length; at += Math.ceil(source.length / 400)) {
      const broken = Buffer.from(source);
      broken[at] ^= 0xff;
      expect(() => strip(format, broken)).not.toThrow();
    }
  });
});

describe('a stripped JPEG', () => {
  it('drops the thumbnail of a JFIF header', async () => {
    const source = await tagged('jpeg');
    const jfif = Buffer.from('ffe0' + '0013' + '4a46494600' + '0101000001000101' + '01' + '73', 'hex');
    const withThumbnail = Buffer.concat([source.subarray(0, 2), jfif, source.subarray(2)]);

    const result = strip('jpeg', withThumbnail, { orientation: 1 })!;

    expect(result.subarray(2, 20).toString('hex')).toBe('ffe0001' + '04a464946000101000001000100' + '00');
    expect(await pixels(result)).toEqual(await pixels(source));
  });

  it('keeps the colours of an Adobe CMYK file', async () => {
    const source = await picture().toColourspace('cmyk').jpeg().toBuffer();

    const result = strip('jpeg', source, { orientation: 1 })!;

    expect((await sharp(result).metadata()).space).toBe('cmyk');
    expect(await pixels(result)).toEqual(await pixels(source));
  });
});

describe('a stripped GIF', () => {
  it('keeps frames, times and loops, or the first frame alone', async () => {
    const source = await animation('gif');

    const all = await sharp(strip('gif', source)!, { animated: true }).metadata();
    const first = await sharp(strip('gif', source, { isCutDown: true })!, { animated: true }).metadata();

    expect(all).toMatchObject({ pages: 3, delay: [100, 200, 300], loop: 4 });
    expect(first.pages).toBe(1);
  });
});

describe('a stripped AVIF', () => {
  it('takes metadata out whose length of 0 says that it goes to the end', async () => {
    const plain = await picture().avif({ effort: 0 }).toBuffer();
    const mdat = plain.indexOf('mdat') - 4;
    const pictureBytes = plain.readUInt32BE(mdat) - 8;
    const items = [{ type: 'Exif', extents: [[pictureBytes, 0]] as [number, number][] }];
    const source = avifWith(plain, { items, data: Buffer.from('Secret Camera') });

    const result = strip('avif', source)!;

    expect(source.includes('Secret')).toBe(true);
    expect(result.includes('Secret')).toBe(false);
    expect(await pixels(result)).toEqual(await pixels(plain));
  });
});

describe('a stripped WebP', () => {
  it('keeps frames, times and loops', async () => {
    const source = await animation('webp');

    const metadata = await sharp(strip('webp', source, { orientation: 1 })!, { animated: true }).metadata();

    expect(metadata).toMatchObject({ pages: 3, delay: [100, 200, 300], loop: 4 });
  });
});

describe('withColourChunks', () => {
  it('carries over a gamma that is not that of sRGB, before the pixels', async () => {
    const encoded = await picture().png({ palette: true }).toBuffer();
    const gamma = (value: number): Buffer =>
      Buffer.concat([encoded.subarray(0, 33), gammaChunk(value), encoded.subarray(33)]);

    expect(withColourChunks(encoded, gamma(100_000)).indexOf('gAMA')).toBe(37);
    expect(withColourChunks(encoded, gamma(45_455)).includes('gAMA')).toBe(false);
    expect(await pixels(withColourChunks(encoded, gamma(100_000)))).toEqual(await pixels(encoded));
  });
});

function picture(): Sharp {
  const data = Buffer.from(Array.from({ length: 48 * 32 * 3 }, (_, i) => (i * 7 + (i >> 5) * 3) & 0xf0));
  return sharp(data, { raw: { width: 48, height: 32, channels: 3 } });
}

async function tagged(format: ImageFormat): Promise<Buffer> {
  const pipeline = picture().withIccProfile('p3').withExif(METADATA.exif);
  return pipeline.withMetadata({ orientation: METADATA.orientation, icc: 'p3' }).toFormat(format).toBuffer();
}

async function animation(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = await Promise.all(
    ['red', 'lime', 'blue'].map((colour) => picture().tint(colour).png().toBuffer()),
  );
  const pipeline = sharp(frames, { join: { animated: true } });
  return pipeline.toFormat(format, { delay: [100, 200, 300], loop: 4 }).toBuffer();
}

function gammaChunk(value: number): Buffer {
  const chunk = Buffer.from('0000000467414d410000000000000000', 'hex');
  chunk.writeUInt32BE(value, 8);
  return chunk;
}

async function pixels(source: Buffer): Promise<string> {
  const { data, info } = await sharp(source, { animated: true, failOn: 'error' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return `${info.width}×${info.height} ${data.toString('base64')}`;
}
