import sharp from 'sharp';
import { animation, judged, packshot, photo } from '../../../test/helpers/pictures/pictures.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { type CompressionFields, toCompressionOptions } from '../options.js';

const WHITE = [255, 255, 255, 255];
const SQUARE: CompressionFields = { canvas: '1:1', trim: 'true', fill: 85, format: 'jpeg' };

const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50), maxPixels: 50_000_000 });

/** A red disc of 240 pixels on nothing. */
function disc(width: number, height: number) {
  const data = Buffer.alloc(width * height * 4);
  for (let at = 0; at < width * height; at += 1) {
    const [x, y] = [(at % width) - width / 2 + 0.5, Math.floor(at / width) - height / 2 + 0.5];
    if (Math.hypot(x, y) < 120.5) data.set([192, 32, 32, 255], at * 4);
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}

describe('a canvas', () => {
  it.each(['jpeg', 'png', 'webp', 'tiff'] as const)(
    'is a white square of a %s packshot, of which the product fills 85 %%, not enlarged',
    async (format) => {
      const source = await packshot(200, 450, 80).toFormat(format, { quality: 95 }).toBuffer();

      const { data, output, outcome, report } = await compress(source, SQUARE);

      const seen = await judged(data);
      expect(outcome).toBe('compressed');
      expect(output).toEqual({ bytes: data.length, format: 'jpeg', width: seen.width, height: seen.height });
      expect(seen.corners).toEqual([WHITE, WHITE, WHITE, WHITE]);
      expect(seen.width).toBe(seen.height);
      expect(seen.product.height / seen.height).toBeGreaterThanOrEqual(0.85);
      expect(Math.abs(seen.product.height - 450)).toBeLessThanOrEqual(2);
      expect(report.notes).toEqual([]);
    },
  );

  it.each([
    ['1:1', 1, 300, 300],
    ['1:1.44', 1.44, 208, 300],
    ['2:1', 0.5, 300, 150],
  ])('has the shape %s, and not more pixels than asked for', async (canvas, _, width, height) => {
    const source = await packshot(600, 700, 20).jpeg({ quality: 95 }).toBuffer();

    const { output } = await compress(source, { canvas, max_width: 300, max_height: 300 });

    expect(output).toMatchObject({ width, height });
  });

  it('stays exactly white at every quality, of each encoder', async () => {
    const source = await packshot(120, 60, 10).jpeg({ quality: 95 }).toBuffer();

    for (let quality = 1; quality <= 100; quality += 3) {
      const effort = quality % 4 === 0 ? 'best' : 'fast';
      const { data } = await compress(source, { ...SQUARE, quality: String(quality), effort });

      const { corners } = await judged(data);
      expect({ quality, corners }).toEqual({ quality, corners: [WHITE, WHITE, WHITE, WHITE] });
    }
  });

  it.each(['png', 'webp', 'avif'] as const)('is exactly white as %s, too', async (format) => {
    const source = await packshot(120, 60, 10).jpeg({ quality: 95 }).toBuffer();

    const { data } = await compress(source, { ...SQUARE, format });

    expect((await judged(data)).corners).toEqual([WHITE, WHITE, WHITE, WHITE]);
  });

  it('shows its background through what is transparent', async () => {
    const source = await disc(400, 300).png().toBuffer();

    const white = await compress(source, SQUARE);
    const blue = await compress(source, { ...SQUARE, format: 'png', background: '#0000FF' });
    const clear = await compress(source, { ...SQUARE, format: 'png', background: 'transparent' });
    const flattened = await compress(source, { ...SQUARE, background: 'transparent' });

    expect((await judged(white.data)).corners).toEqual([WHITE, WHITE, WHITE, WHITE]);
    expect((await judged(blue.data)).corners[0]).toEqual([0, 0, 255, 255]);
    expect((await judged(clear.data)).corners[0][3]).toBe(0);
    expect((await judged(flattened.data)).corners[0]).toEqual(WHITE);
    expect([white, blue, clear, flattened].map(({ output }) => output.width)).toEqual([282, 282, 282, 282]);
    expect(flattened.report.notes).toContain('alpha_flattened');
    expect(white.report.notes).not.toContain('alpha_flattened');
  });

  it('takes the colour of the border for its own', async () => {
    const source = await photo(60, 30)
      .extend({ top: 9, bottom: 9, left: 9, right: 9, background: '#203040' })
      .png()
      .toBuffer();

    const { data } = await compress(source, {
      canvas: '1:1',
      background: 'auto',
      trim: 'true',
      fill: 60,
      format: 'png',
    });

    expect((await judged(data)).corners[0]).toEqual([0x20, 0x30, 0x40, 255]);
  });

  it('has its colour behind a grey picture', async () => {
    const source = await photo(60, 30).greyscale().jpeg().toBuffer();

    const { data } = await compress(source, { canvas: '1:1', background: '#ff0000', quality: '95' });

    const [red, green, blue] = (await judged(data)).corners[0];
    expect(red).toBeGreaterThan(240);
    expect(Math.max(green, blue)).toBeLessThan(15);
  });

  it('takes colours for print, and turned pictures, as they are seen', async () => {
    const upright = packshot(50, 120, 20);
    const cmyk = await upright.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    const turned = await upright.clone().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer();

    for (const [source, width, height] of [
      [cmyk, 50, 120],
      [turned, 120, 50],
    ] as const) {
      const { data } = await compress(source, SQUARE);

      const { data: pixels, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
      const seen = await judged(data);
      expect({ channels: info.channels, bytes: pixels.length }).toEqual({
        channels: 3,
        bytes: seen.width * seen.height * 3,
      });
      expect(seen.corners).toEqual([WHITE, WHITE, WHITE, WHITE]);
      // A JPEG has a little of a product in the blocks beside it.
      expect(seen.width).toBeLessThanOrEqual(Math.floor(136 / 0.85));
      expect(Math.abs(seen.product.width - width)).toBeLessThanOrEqual(2);
      expect(Math.abs(seen.product.height - height)).toBeLessThanOrEqual(2);
    }
  });

  it('enlarges where that is asked for, and only there', async () => {
    const source = await packshot(100, 100, 0).jpeg({ quality: 95 }).toBuffer();

    const [own, large] = await Promise.all(
      ([{}, { enlarge: 'true' }] as const).map((more) =>
        compress(source, { canvas: '1:1', max_width: 500, ...more }),
      ),
    );

    expect(own.output).toMatchObject({ width: 100, height: 100 });
    expect(large.output).toMatchObject({ width: 500, height: 500 });
  });

  it('shows the first frame of an animation', async () => {
    const source = await animation(3).gif().toBuffer();

    const { data, report } = await compress(source, { canvas: '1:1' });

    expect(await sharp(data).metadata()).toMatchObject({ format: 'gif', width: 64, height: 64 });
    expect(report.notes).toContain('first_frame_only');
  });

  it('leaves a file that is as asked for', async () => {
    const source = await photo(80, 80).jpeg({ quality: 5 }).toBuffer();

    const { outcome, data } = await compress(source, { canvas: '1:1', quality: '90' });

    expect(outcome).toBe('kept_original');
    expect(data.length).toBeLessThanOrEqual(source.length);
  });

  it('has more bytes than its source where it must, and says so', async () => {
    const source = await photo(80, 79).jpeg({ quality: 5 }).toBuffer();

    const { outcome, data, report, input } = await compress(source, { canvas: '1:1', quality: '95' });

    expect(outcome).toBe('compressed');
    expect(data.length).toBeGreaterThan(source.length);
    expect(input.bytes).toBe(source.length);
    expect(report.notes).toEqual(['larger_than_source']);
  });

  it('cuts the border off a picture too large to be held, to a few pixels', async () => {
    const source = await packshot(200, 210, 15).resize(4600, 4800, { kernel: 'nearest' }).jpeg().toBuffer();

    const { output, report } = await compress(source, { trim: 'true', effort: 'fast' });

    expect(output.width * output.height).toBeLessThanOrEqual(16_000_000);
    expect(output.width / output.height).toBeCloseTo(4000 / 4200, 2);
    expect(report.notes).toContain('canvas_reduced');
  });

  it('leaves what is too large for one as it is, with all of its frames, and says no more than that', async () => {
    const source = await animation(3).ensureAlpha(0.5).webp().toBuffer();

    const { outcome, output, report } = await compress(source, {
      canvas: '10:1',
      enlarge: 'true',
      max_width: 16383,
    });

    expect(outcome).toBe('kept_original');
    expect(output).toMatchObject({ format: 'webp', width: 64, height: 40 });
    expect(report.notes).toEqual(['canvas_not_possible']);
  });

  it('is the same each time, and whatever was asked for before', async () => {
    const source = await packshot(300, 200, 40).png().toBuffer();

    const one = await compress(source, SQUARE);
    const other = await compress(source, SQUARE);

    expect(one.data.equals(other.data)).toBe(true);
  });
});
