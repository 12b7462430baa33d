import { readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { photoBytes } from '../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../options.js';
import { openSource } from '../compress.js';

const MAX_PIXELS = 50_000_000;
const OPTIONS = { ...toCompressionOptions({}, 50), maxPixels: MAX_PIXELS };
/** Red, green and blue of the picture in all of them. */
const MEAN = [182, 162, 147];

describe('HEIC', () => {
  it.each([
    ['p3.heic', 'jpeg'],
    ['deep.heic', 'jpeg'],
    ['alpha.heic', 'png'],
  ])('%s becomes a %s in true colours', async (name, format) => {
    const { input, output, data, report } = await compressImage(fixture(name), OPTIONS);

    expect(input).toMatchObject({ format: 'heic', width: 96, height: 64 });
    expect(output).toMatchObject({ format, width: 96, height: 64 });
    expect(report.notes).toEqual([]);
    await expectMean(data, MEAN);
  });

  it('that is cut off is refused', async () => {
    const source = fixture('p3.heic');

    for (const part of [0.1, 0.5, 0.9]) {
      const cut = source.subarray(0, source.length * part);
      await expect(compressImage(cut, OPTIONS)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    }
    await expect(compressImage(source, OPTIONS)).resolves.toMatchObject({ output: { format: 'jpeg' } });
  });

  it('whose size is a lie ends in a code', async () => {
    for (const [width, height] of [
      [60_000, 60_000],
      [6_000, 6_000],
      [3, 2],
    ]) {
      const source = Buffer.from(fixture('p3.heic'));
      for (let at = source.indexOf('ispe'); at >= 0; at = source.indexOf('ispe', at + 1)) {
        source.writeUInt32BE(width, at + 8);
        source.writeUInt32BE(height, at + 12);
      }
      const code = width * height > 36_000_000 ? 'IMAGE_TOO_MANY_PIXELS' : 'IMAGE_CORRUPT';
      await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code });
    }
  });

  it('survives any byte being another', async () => {
    const source = fixture('alpha.heic');
    for (let at = 0; at < source.length; at += Math.ceil(source.length / 60)) {
      const broken = Buffer.from(source);
      broken[at] ^= 0xff;
      const end = await compressImage(broken, OPTIONS).catch((error: { code: string }) => error);
      expect(end).toMatchObject(
        'code' in end ? { code: expect.stringMatching(/IMAGE|FORMAT/) } : { outcome: 'compressed' },
      );
    }
  });

  it('weighs 13 bytes a pixel, and everything there is above 16 million', async () => {
    const small = await openSource(fixture('p3.heic'), MAX_PIXELS);
    const large = await openSource(bmp({ width: 6000, height: 5900, bits: 1 }), MAX_PIXELS);

    expect(small.weight(OPTIONS)).toBeCloseTo(1.3 * 96 * 64);
    expect(large.weight(OPTIONS)).toBe(Infinity);
  });
});

describe('BMP', () => {
  it.each([24, 32])('of %i bits becomes a JPEG, upright and in true colours', async (bits) => {
    const pixels = photoBytes(96, 64, 0);
    const source = bmp({ width: 96, height: 64, bits, pixels });

    const { input, output, data } = await compressImage(source, OPTIONS);

    expect(input).toMatchObject({ format: 'bmp', width: 96, height: 64, bytes: source.length });
    expect(output.format).toBe('jpeg');
    const expected = await sharp(pixels, { raw: { width: 96, height: 64, channels: 3 } }).stats();
    await expectMean(
      data,
      expected.channels.map(({ mean }) => mean),
    );
  });

  it.each([
    ['the end of the picture', [0, 1]],
    ['the end of its last row', [0, 0]],
    ['both', [0, 0, 0, 1]],
  ])('with run-length codes may end with %s', async (_, ending) => {
    for (const bits of [8, 4] as const) {
      const { data } = await compressImage(runsOf(64, 48, bits, ending), { ...OPTIONS, format: 'png' });

      const { info, data: samples } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([64, 48]);
      for (const y of [0, 23, 47])
        expect([...samples.subarray(y * 64 * 3, y * 64 * 3 + 3)]).toEqual([200, 30, 40]);
    }
  });

  it('with run-length codes that lack rows is refused', async () => {
    const source = runsOf(64, 48, 8, [0, 0]).subarray(0, -2);

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  it('with transparency becomes a PNG', async () => {
    const source = bmp({ width: 96, height: 64, bits: 32, pixels: photoBytes(96, 64, 0), alpha: 100 });

    const { output, data } = await compressImage(source, OPTIONS);

    expect(output.format).toBe('png');
    expect((await sharp(data).stats()).channels[3].mean).toBeCloseTo(100, 0);
  });

  it('of one pixel is delivered although it becomes larger, and says so', async () => {
    const { data, report } = await compressImage(bmp({ width: 1, height: 1, bits: 24 }), OPTIONS);

    expect(data.length).toBeGreaterThan(58);
    expect(report.notes).toEqual(['larger_than_source']);
  });

  it.each([
    [
      'a file of 1 kB that says 30,000 × 30,000',
      { width: 30_000, height: 30_000, compression: 1 },
      'IMAGE_CORRUPT',
    ],
    ['one with too many pixels', { width: 7000, height: 7000, bits: 1 }, 'IMAGE_TOO_MANY_PIXELS'],
    ['one without width', { width: 0, height: 8 }, 'IMAGE_CORRUPT'],
    ['one with a JPEG inside', { width: 8, height: 8, compression: 4 }, 'FORMAT_NOT_SUPPORTED'],
    ['one of 7 bits', { width: 8, height: 8, bits: 7 }, 'FORMAT_NOT_SUPPORTED'],
  ])('%s is refused', async (_, facts, code) => {
    await expect(compressImage(bmp({ bits: 24, ...facts }), OPTIONS)).rejects.toMatchObject({ code });
  });

  it('that was cut off is refused', async () => {
    const source = bmp({ width: 96, height: 64, bits: 24 });

    await expect(compressImage(source.subarray(0, -1), OPTIONS)).rejects.toMatchObject({
      code: 'IMAGE_CORRUPT',
    });
  });
});

function fixture(name: string): Buffer {
  return readFileSync(path.join(__dirname, '../../../test/fixtures/images', name));
}

async function expectMean(data: Buffer, mean: number[]): Promise<void> {
  const { channels } = await sharp(data).toColourspace('srgb').stats();
  for (const [index, expected] of mean.entries())
    expect(Math.abs(channels[index].mean - expected)).toBeLessThan(4);
}

/** One colour, each row one run; `ending` stands behind the last. */
function runsOf(width: number, height: number, bits: 8 | 4, ending: number[]): Buffer {
  const rows = Array.from({ length: height }, (_, y) => [width, 0, ...(y < height - 1 ? [0, 0] : ending)]);
  const head = bmp({ width, height, bits, compression: bits === 8 ? 1 : 2 }).subarray(0, 54);
  const palette = Buffer.alloc(4 * 2 ** bits);
  palette.set([40, 30, 200]);
  head.writeUInt32LE(head.length + palette.length, 10);
  return Buffer.concat([head, palette, Buffer.from(rows.flat())]);
}

interface BmpFacts {
  width: number;
  height: number;
  bits: number;
  compression?: number;
  /** Red, green and blue, from the top. */
  pixels?: Buffer;
  alpha?: number;
}

/** As Windows writes it: rows from the bottom, blue first. */
function bmp({ width, height, bits, compression = 0, pixels, alpha }: BmpFacts): Buffer {
  const hasAlpha = alpha !== undefined;
  const start = hasAlpha ? 122 : 54;
  const head = Buffer.alloc(start);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const body = Buffer.alloc(compression === 1 ? 900 : rowBytes * height);
  head.write('BM', 'latin1');
  head.writeUInt32LE(start + body.length, 2);
  head.writeUInt32LE(start, 10);
  head.writeUInt32LE(start - 14, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(hasAlpha ? 3 : compression, 30);
  if (hasAlpha)
    [0xff0000, 0xff00, 0xff, 0xff000000].forEach((mask, i) => head.writeUInt32LE(mask, 54 + 4 * i));
  for (let y = 0; pixels && y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 3 * (y * width + x);
      const to = (height - 1 - y) * rowBytes + (x * bits) / 8;
      body.set([pixels[from + 2], pixels[from + 1], pixels[from], ...(bits === 32 ? [alpha ?? 0] : [])], to);
    }
  }
  return Buffer.concat([head, body]);
}
