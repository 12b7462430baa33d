import sharp from 'sharp';
import { type CompressionFields, toCompressionOptions } from '../options.js';
import { alike, drawing, faint, framed, photo, slope } from '../../../test/helpers/pictures/pictures.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { openSource } from '../compress.js';

const MAX_PIXELS = 50_000_000;
const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50, 'similarity'), maxPixels: MAX_PIXELS });

const FAX = { compression: 'none', bitdepth: 1 } as const;

describe('the options of the engine', () => {
  let jpeg: Buffer;
  let png: Buffer;

  beforeAll(async () => {
    jpeg = await photo(400, 300).jpeg({ quality: 90 }).toBuffer();
    png = await photo(400, 300).ensureAlpha(0.5).png().toBuffer();
  });

  describe('quality', () => {
    it('in percent is relative to the quality of the source', async () => {
      expect((await compress(jpeg, { quality: '50%' })).report.quality).toBe(45);
      expect((await compress(png, { quality: '50%' })).report.quality).toBe(50);
    });

    it('of the best effort is as similar, in fewer bytes', async () => {
      const [balanced, best] = [await compress(jpeg, {}), await compress(jpeg, { effort: 'best' })];

      expect(best.report.quality).toBe(50);
      expect(best.data.length).toBeLessThan(balanced.data.length);
      expect(best.report.similarity).toBeGreaterThan(balanced.report.similarity! - 0.01);
    });
  });

  describe('effort', () => {
    it.each([{ format: 'auto' }, {}, { target: 'ssim:0.98' }] as const)(
      'best gives no more bytes than balanced, with %j',
      async (fields) => {
        const drawn = await drawing(1000, 800).jpeg({ quality: 90 }).toBuffer();
        const frame = await framed(300).png({ compressionLevel: 1 }).toBuffer();
        for (const source of [
          drawn,
          frame,
          jpeg,
          png,
          await faint(120, 90).webp({ quality: 95 }).toBuffer(),
        ]) {
          const balanced = await compress(source, fields);
          const best = await compress(source, { ...fields, effort: 'best' });

          expect(best.data.length).toBeLessThanOrEqual(balanced.data.length);
          const least = 'target' in fields ? 0.98 : balanced.report.similarity! - 0.01;
          expect(best.report.similarity).toBeGreaterThanOrEqual(least);
        }
      },
    );

    it('best is no less similar than balanced at the same size', async () => {
      for (const format of ['keep', 'webp', 'auto'] as const) {
        const fields = { target: 'bytes:6000', format };
        const [balanced, best] = [
          await compress(jpeg, fields),
          await compress(jpeg, { ...fields, effort: 'best' }),
        ];

        expect(best.data.length).toBeLessThanOrEqual(6_000);
        expect(best.report.similarity).toBeGreaterThanOrEqual(balanced.report.similarity!);
      }
    });

    it('of JPEG is the same, fast or balanced', async () => {
      const [fast, balanced] = [await compress(jpeg, { effort: 'fast' }), await compress(jpeg, {})];

      expect(fast.data.equals(balanced.data)).toBe(true);
    });

    it('fast is not better in both than balanced, of graphics as PNG', async () => {
      for (const graphic of [slope(300, 200), slope(1500, 1000), drawing(600, 450)]) {
        const source = await graphic.png({ compressionLevel: 1 }).toBuffer();
        const balanced = await compress(source, {});
        const fast = await compress(source, { effort: 'fast' });

        const isWorse =
          balanced.data.length > fast.data.length &&
          (await alike(source, balanced)) <= (await alike(source, fast));
        expect(isWorse).toBe(false);
      }
    });
  });

  describe('target', () => {
    it.each([
      ['jpeg', 0.95],
      ['jpeg', 0.99],
    ] as const)('ssim gives the smallest %s that is similar enough', async (format, least) => {
      const { data, report } = await compress(jpeg, { target: `ssim:${least}`, format });
      const lower = await compress(jpeg, { quality: String(report.quality! - 1), format });

      expect(report.similarity).toBeGreaterThanOrEqual(least);
      expect(lower.report.similarity).toBeLessThan(least);
      expect(lower.data.length).toBeLessThanOrEqual(data.length);
      expect(report.notes).toEqual([]);
    });

    it('bytes gives the best that is small enough', async () => {
      const { data, report } = await compress(jpeg, { target: 'bytes:12000' });
      const higher = await compress(jpeg, { quality: String(report.quality! + 1) });

      expect(data.length).toBeLessThanOrEqual(12_000);
      expect(higher.data.length).toBeGreaterThan(12_000);
    });

    it('bytes delivers the original where it is small enough', async () => {
      const { outcome, report } = await compress(jpeg, { target: 'bytes:999999999' });

      expect([outcome, report.similarity]).toEqual(['kept_original', 1]);
    });

    it('bytes is reached by a graphic as PNG without dithering', async () => {
      const source = await slope(300, 200).png({ compressionLevel: 1 }).toBuffer();
      const fast = await compress(source, { effort: 'fast' });

      const { data, report } = await compress(source, { target: `bytes:${fast.data.length}` });

      expect(data.length).toBeLessThanOrEqual(fast.data.length);
      expect(report.notes).toEqual([]);
    });

    it('bytes is reached by a large picture, too, in whatever format', async () => {
      const large = await photo(2600, 2000).jpeg({ quality: 90 }).toBuffer();

      for (const format of ['webp', 'auto'] as const) {
        const { data, report } = await compress(large, { target: 'bytes:200000', format });

        expect(data.length).toBeLessThanOrEqual(200_000);
        expect(report.notes).toEqual([]);
      }
    });

    it('bytes gives in auto the most similar of all formats that are small enough', async () => {
      const { report } = await compress(jpeg, { target: 'bytes:5000', format: 'auto' });

      for (const format of ['jpeg', 'webp', 'avif'] as const) {
        const { report: one } = await compress(jpeg, { target: 'bytes:5000', format });
        if (one.notes.length === 0) expect(report.similarity).toBeGreaterThanOrEqual(one.similarity!);
      }
    });

    it('ssim that no encoding reaches is reached by the source itself', async () => {
      const { outcome, report } = await compress(jpeg, { target: 'ssim:1' });

      expect([outcome, report.similarity, report.notes]).toEqual(['kept_original', 1, []]);
    });

    it('ssim that no palette reaches is reached by a PNG without one', async () => {
      const { data, report } = await compress(png, { target: 'ssim:1' });

      const [one, other] = await Promise.all([png, data].map((image) => sharp(image).raw().toBuffer()));
      expect(one.equals(other)).toBe(true);
      expect([report.similarity, report.notes]).toEqual([1, []]);
    });

    it('that can not be reached is reported in a note', async () => {
      const { data, report } = await compress(jpeg, { target: 'bytes:100' });

      expect(report.notes).toEqual(['target_not_reached']);
      expect(data.length).toBeLessThan(jpeg.length / 4);
    });
  });

  describe('max_width and max_height', () => {
    it('make it smaller in proportion, upright, and never larger', async () => {
      const turned = await photo(400, 300).jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toBuffer();

      expect((await compress(turned, { max_width: 150 })).output).toMatchObject({ width: 150, height: 200 });
      expect((await compress(turned, { max_height: 100 })).output).toMatchObject({ width: 75, height: 100 });
      expect((await compress(turned, { max_width: 5000 })).output).toMatchObject({ width: 300, height: 400 });
    });

    it('make all frames smaller', async () => {
      const frames = await Promise.all(
        ['red', 'lime'].map((tint) => photo(64, 40).tint(tint).png().toBuffer()),
      );
      const webp = await sharp(frames, { join: { animated: true } })
        .webp()
        .toBuffer();

      const { data, output } = await compress(webp, { max_width: 32 });

      expect(output).toMatchObject({ width: 32, height: 20 });
      expect(await sharp(data, { animated: true }).metadata()).toMatchObject({ pages: 2, pageHeight: 20 });
    });

    it('leave a drawing of two colours legible', async () => {
      const drawn = await drawing(1200, 1000).toColourspace('b-w').tiff(FAX).toBuffer();

      const { data, report } = await compress(drawn, { max_width: 400 });

      expect(await sharp(data).metadata()).toMatchObject({ width: 400, bitsPerSample: 8 });
      expect(report.similarity).toBeGreaterThan(0.95);
    });

    it.each(['keep', 'jpeg'] as const)(
      'compress what would be more bytes when smaller in its own size, as %s',
      async (format) => {
        const drawn = await drawing(1200, 1000)
          .toColourspace('b-w')
          .tiff({ ...FAX, compression: 'lzw', predictor: 'none' });
        const source = await drawn.toBuffer();

        const { data, report } = await compress(source, { max_width: 900, format });

        expect(report.notes).toEqual(['size_kept']);
        expect(data.length).toBeLessThan(source.length);
        expect(data.equals((await compress(source, {})).data)).toBe(true);
      },
    );

    it('keep the size of an AVIF that would be more bytes when smaller', async () => {
      const source = (await compress(await drawing(600, 500).png().toBuffer(), { format: 'avif' })).data;
      const tiny = (await compress(source, { quality: '1' })).data;

      const { outcome, output, report } = await compress(tiny, { max_width: 590, quality: '100' });

      expect({ outcome, width: output.width }).toEqual({ outcome: 'kept_original', width: 600 });
      expect(report.notes).toEqual(['size_kept']);
    });

    it('are compared with the source at the same size', async () => {
      expect((await compress(jpeg, { max_width: 200 })).report.similarity).toBeGreaterThan(0.9);
    });
  });

  it('weigh as much as they take memory: AVIF four times as much', async () => {
    const image = await openSource(jpeg, MAX_PIXELS);

    expect(image.weight(toCompressionOptions({}, 50))).toBe(120_000);
    expect(image.weight(toCompressionOptions({ format: 'auto' }, 50))).toBe(480_000);
    expect(image.weight(toCompressionOptions({ format: 'avif', max_width: 40 }, 50))).toBe(120_000);
  });

  it('give the same bytes each time', async () => {
    for (const fields of [{}, { format: 'auto' }, { target: 'ssim:0.97' }] as const) {
      const [one, other] = [await compress(jpeg, fields), await compress(jpeg, fields)];
      expect(one.data.equals(other.data)).toBe(true);
    }
  });
});
