import type { Sharp } from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { photo } from '../../../test/helpers/pictures/pictures.js';
import { type CompressionFields, toCompressionOptions } from '../options.js';

const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50), maxPixels: 50_000_000 });

describe('measure', () => {
  const sources: [name: string, make: () => Sharp][] = [
    ['a JPEG', () => photo(320, 200).jpeg({ quality: 90 })],
    ['a turned JPEG', () => photo(320, 200).jpeg({ quality: 90 }).withMetadata({ orientation: 6 })],
    ['a grey JPEG', () => photo(320, 200).toColourspace('b-w').jpeg({ quality: 90 })],
    ['a CMYK JPEG', () => photo(320, 200).toColourspace('cmyk').jpeg({ quality: 90 })],
    ['a JPEG in Display P3', () => photo(320, 200).withIccProfile('p3').jpeg({ quality: 90 })],
    ['a PNG', () => photo(320, 200).png()],
    [
      'a PNG of 16 bits in Display P3',
      () => photo(320, 200).toColourspace('rgb16').withIccProfile('p3').png(),
    ],
    ['a PNG of 16 bits in grey', () => photo(320, 200).toColourspace('grey16').png()],
    ['a clear PNG', () => photo(320, 200).ensureAlpha(0.5).png()],
    ['an opaque PNG with an alpha channel', () => photo(320, 200).ensureAlpha(1).png()],
    ['a WebP', () => photo(320, 200).webp({ quality: 90 })],
    ['an AVIF', () => photo(320, 200).avif({ quality: 90, effort: 0 })],
    ['a TIFF', () => photo(320, 200).tiff({ compression: 'lzw' })],
    ['a TIFF of 16 bits', () => photo(320, 200).toColourspace('rgb16').tiff({ compression: 'lzw' })],
  ];

  it.each(sources)('changes nothing of the result of %s', async (_, make) => {
    const source = await make().toBuffer();

    const some = [
      {},
      { max_width: 200 },
      { effort: 'fast' },
      { effort: 'best' },
      { metadata: 'all' },
    ] as const;
    const formats = [{ format: 'jpeg' }, { format: 'webp' }, { format: 'avif' }, { format: 'png' }] as const;
    for (const fields of [...some, ...formats]) {
      const unmeasured = await compress(source, { ...fields, measure: 'none' });
      const measured = await compress(source, { ...fields, measure: 'similarity' });

      expect(unmeasured.data.equals(measured.data)).toBe(true);
      const isKept = unmeasured.outcome === 'kept_original';
      expect(unmeasured.report.similarity).toBe(isKept ? 1 : null);
      expect(measured.report.similarity).toBeGreaterThan(0.8);
    }
  });

  it('need not be asked for with a target or auto, whose results depend on it', async () => {
    for (const fields of [{ format: 'auto' }, { target: 'ssim:0.9' }, { target: 'bytes:9000' }] as const) {
      const { report } = await compress(await photo(400, 300).jpeg({ quality: 90 }).toBuffer(), {
        ...fields,
        effort: 'fast',
        measure: 'none',
      });

      expect(report.similarity).toBeGreaterThan(0.8);
    }
  });
});
