import sharp from 'sharp';
import { type CompressionFields, toCompressionOptions } from '../options.js';
import { drawing, faint, photo, ripples, slope } from '../../../test/helpers/pictures/pictures.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';

const MAX_PIXELS = 50_000_000;
const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50, 'similarity'), maxPixels: MAX_PIXELS });

const FAX = { compression: 'none', bitdepth: 1 } as const;

describe('the options of the engine', () => {
  let jpeg: Buffer;

  beforeAll(async () => {
    jpeg = await photo(400, 300).jpeg({ quality: 90 }).toBuffer();
  });

  describe('format', () => {
    it.each(['jpeg', 'webp', 'avif', 'png'] as const)('makes a %s of it', async (format) => {
      const source = await photo(400, 300).tiff({ compression: 'none' }).toBuffer();

      const { data, output, contentType } = await compress(source, { format });

      const { format: found } = await sharp(data).metadata();
      expect(found).toBe(format === 'avif' ? 'heif' : format);
      expect(output).toMatchObject({ format, width: 400, height: 300 });
      expect(contentType).toBe(`image/${format}`);
    });

    it('flattens transparency onto white in a JPEG, with a note', async () => {
      const clear = await sharp({
        create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
      })
        .png({ compressionLevel: 0 })
        .toBuffer();

      const { data, report } = await compress(clear, { format: 'jpeg' });

      const [red, green] = await sharp(data).raw().toBuffer();
      expect(report.notes).toEqual(['alpha_flattened']);
      expect(Math.abs(red - 255) + Math.abs(green - 128)).toBeLessThan(8);
    });

    it('adds no note for an alpha channel that is opaque', async () => {
      const opaque = await photo(200, 100).ensureAlpha(1).png().toBuffer();

      expect((await compress(opaque, { format: 'jpeg' })).report.notes).toEqual([]);
    });

    it('auto is smaller than each of its formats would be at the same similarity', async () => {
      const { data, report, output } = await compress(jpeg, { format: 'auto' });
      const own = await compress(jpeg, {});

      expect(data.length).toBeLessThan(own.data.length);
      expect(report.similarity).toBeGreaterThan(own.report.similarity! - 0.015);
      expect(['webp', 'avif']).toContain(output.format);
    });

    it.each([
      ['a drawing as TIFF', () => drawing(3000, 2700).toColourspace('b-w').tiff(FAX)],
      ['a drawing as PNG', () => drawing(600, 450).png({ compressionLevel: 1 })],
      ['a faint picture', () => faint(120, 90).png({ compressionLevel: 1 })],
      ['a faint JPEG', () => ripples(300, 200).jpeg({ quality: 95 })],
      ['a clear photo', () => photo(200, 150).ensureAlpha(0.5).png()],
      // Where formats are compared, the quality is JPEG's: WebP has 54 for 50.
      ['a WebP', () => photo(200, 150).webp({ quality: 95 }), '54'],
    ])(
      'auto makes of %s nothing larger than keep, and nothing less similar',
      async (_, make, quality = '50') => {
        const source = await make().toBuffer();

        const keep = await compress(source, { quality });
        const auto = await compress(source, { format: 'auto' });

        expect(auto.data.length).toBeLessThanOrEqual(keep.data.length);
        // About as similar as the own format, or as a JPEG of quality 50 is.
        expect(auto.report.similarity).toBeGreaterThanOrEqual(
          Math.min(keep.report.similarity!, 0.986) - 0.01,
        );
      },
    );

    it('auto tries AVIF for a large picture, too', async () => {
      const source = await slope(1800, 1800).ensureAlpha(1).png({ compressionLevel: 1 }).toBuffer();

      const { output } = await compress(source, { format: 'auto' });

      expect(output.format).toBe('avif');
      expect(output.bytes).toBeLessThan((await compress(source, { format: 'webp' })).output.bytes);
    });

    it('takes the first frame of an animation where the format has none', async () => {
      const frames = await Promise.all(
        ['red', 'lime'].map((tint) => photo(64, 40).tint(tint).png().toBuffer()),
      );
      const gif = await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer();

      expect((await compress(gif, { format: 'jpeg' })).report.notes).toEqual(['first_frame_only']);
      expect((await compress(gif, { format: 'webp' })).report.notes).toEqual([]);
    });

    it('stays that of the source where the wanted one would be larger', async () => {
      const small = (await compress(jpeg, { quality: '5' })).data;

      const { outcome, output } = await compress(small, { format: 'png' });

      expect([outcome, output.format]).toEqual(['kept_original', 'jpeg']);
    });

    it.each([
      [64, 64],
      [4000, 3100], // more than is held as pixels
    ])('carries a gamma over into formats that have none, %d×%d', async (width, height) => {
      const plain = await sharp({ create: { width, height, channels: 3, background: '#808080' } })
        .png({ compressionLevel: width === 64 ? 0 : 1 })
        .toBuffer();
      const linear = Buffer.from('0000000467414d41000186a031e8965f', 'hex'); // gamma 1.0
      const source = Buffer.concat([plain.subarray(0, 33), linear, plain.subarray(33)]);

      for (const effort of ['fast', 'balanced'] as const) {
        const { data } = await compress(source, { format: 'webp', effort });

        const [red] = await sharp(data).raw().toBuffer();
        expect(Math.abs(red - 186)).toBeLessThan(4); // 255 × 0.5 ^ (1 / 2.2)
      }
    });
  });
});
