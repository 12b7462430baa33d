import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { drawing, framed, photo, slope } from '../../../test/helpers/pictures/pictures.js';
import { type CompressionFields, toCompressionOptions } from '../options.js';
import { Encoder } from '../encoding/encode.js';
import { withFewerBits } from '../encoding/palette-bits.js';
import { scoreOfJpeg } from './quality-scale.js';
import { scoreOf } from './similarity.js';

const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50, 'similarity'), maxPixels: 50_000_000 });

const uncompressed = (picture: Sharp) => picture.png({ compressionLevel: 1 }).toBuffer();

describe('a PNG', () => {
  it.each([
    ['a slope of colours', () => slope(200, 150)],
    ['a soft frame in greys', () => framed(160)],
    ['a fade to transparent', () => fade(200, 80)],
    ['a photo', () => photo(200, 150)],
    ['a drawing', () => drawing(300, 200)],
  ])('of %s shows no steps, whatever the effort', async (_, make) => {
    const source = await uncompressed(make());

    for (const effort of ['fast', 'balanced', 'best'] as const) {
      const { report, data } = await compress(source, { effort });

      expect(scoreOf(report.similarity!)).toBeGreaterThan(scoreOfJpeg(50) - 6);
      expect(data.length).toBeLessThan(source.length);
    }
  });

  it('has fewer bytes at a lower quality, and loses less at a higher one', async () => {
    const source = await uncompressed(slope(200, 150));

    const [low, high] = [
      await compress(source, { quality: '20' }),
      await compress(source, { quality: '95' }),
    ];

    expect(low.data.length).toBeLessThan(high.data.length);
    expect(low.report.similarity).toBeLessThan(high.report.similarity!);
  });

  it('of large noise is made once, as another palette would take seconds for no more colours', async () => {
    const encode = jest.spyOn(Encoder.prototype, 'encode');
    const noise = sharp(randomBytes(2500 * 2400 * 3), { raw: { width: 2500, height: 2400, channels: 3 } });
    const source = await noise.jpeg({ quality: 60 }).toBuffer();

    const { report } = await compress(source, { format: 'png' });

    expect(encode).toHaveBeenCalledTimes(1);
    expect(scoreOf(report.similarity!)).toBeGreaterThan(scoreOfJpeg(50));
    encode.mockRestore();
  });

  it('of few colours has few bits a pixel, and the same pixels', async () => {
    for (const [levels, bits] of [
      [2, 1],
      [4, 2],
      [9, 4],
      [40, 8],
    ]) {
      const source = await uncompressed(speckles(64, 48, levels));

      const { data } = await compress(source, { quality: '100' });

      expect(data[24]).toBe(bits);
      const [one, other] = await Promise.all([source, data].map((png) => sharp(png).raw().toBuffer()));
      expect(one.equals(other)).toBe(true);
    }
  });

  it('of few colours keeps its transparency with fewer bits', async () => {
    const clear = speckles(64, 48, 3).ensureAlpha(0.5);
    const wide = await clear.png({ palette: true, quality: 100, dither: 0 }).toBuffer();

    const packed = await withFewerBits(wide);

    expect([wide[24], packed[24]]).toEqual([8, 2]);
    const [one, other] = await Promise.all([wide, packed].map((png) => sharp(png).raw().toBuffer()));
    expect(one.equals(other)).toBe(true);
  });
});

/** Pixels of so many colours, without order. */
function speckles(width: number, height: number, colours: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0, seed = 1; i < width * height; i += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const colour = (seed >> 16) % colours;
    data.set([(colour * 67) % 256, (colour * 131) % 256, (colour * 29) % 256], i * 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function fade(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i += 1) {
    data.set([220, 60, 40, Math.floor(((i % width) * 255) / width)], i * 4);
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}
