import sharp from 'sharp';
import { alike, photo, tiffWithAuthor } from '../../../test/helpers/pictures/pictures.js';
import { type CompressionFields, toCompressionOptions } from '../options.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';

const compress = (source: Buffer, fields: CompressionFields) =>
  compressImage(source, { ...toCompressionOptions(fields, 50), maxPixels: 50_000_000 });

describe('metadata', () => {
  const exif = { IFD0: { Artist: 'A. Maker', Copyright: '(c) A. Maker', Make: 'Secret Camera' } };
  const tagged = (quality: number) =>
    photo(320, 200)
      .withIccProfile('p3')
      .withExif(exif)
      .withMetadata({ orientation: 6, icc: 'p3' })
      .jpeg({ quality });

  it.each([
    ['none', [false, false, false]],
    ['copyright', [true, true, false]],
    ['all', [true, true, true]],
  ] as const)('%s keeps what it says, encoded again or not', async (metadata, expected) => {
    for (const [source, outcome] of [
      [await tagged(95).toBuffer(), 'compressed'],
      [await tagged(5).toBuffer(), 'kept_original'],
    ] as const) {
      const result = await compress(source, { metadata });

      const text = (await sharp(result.data).metadata()).exif?.toString('latin1') ?? '';
      expect(result.outcome).toBe(outcome);
      const { orientation = 1 } = await sharp(result.data).metadata();
      expect(orientation).toBe(outcome === 'compressed' ? 1 : 6);
      expect(['A. Maker', '(c) A. Maker', 'Secret Camera'].map((word) => text.includes(word))).toEqual(
        expected,
      );
      expect(result.report.notes).toEqual([]);
    }
  });

  it.each(['png', 'webp', 'avif'] as const)('goes along into a %s', async (format) => {
    const source = await tagged(95).toBuffer();

    for (const metadata of ['copyright', 'all'] as const) {
      const { data, outcome } = await compress(source, { metadata, format });
      const { exif: written, orientation } = await sharp(data).metadata();
      expect(written?.toString('latin1')).toContain('A. Maker');
      // A PNG of a photo is larger: then the JPEG is kept, as it is turned.
      expect(orientation ?? 1).toBe(outcome === 'compressed' ? 1 : 6);
    }
  });
});

describe('metadata of', () => {
  it('a TIFF keeps an author of whom only XMP tells', async () => {
    const xmp =
      '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><dc:creator>A. Maker</dc:creator></rdf:RDF></x:xmpmeta>';
    const source = await photo(64, 40).withXmp(xmp).tiff({ compression: 'none' }).toBuffer();

    const { data } = await compress(source, { metadata: 'copyright' });

    expect(data.includes('A. Maker')).toBe(true);
    expect(data.includes('xmpmeta')).toBe(false);
  });

  it('unusual TIFF never changes the picture', async () => {
    const sources = [
      await photo(64, 40).toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer(),
      await photo(64, 40).toColourspace('lab').tiff({ compression: 'none' }).toBuffer(),
    ];
    for (const source of sources) {
      for (const format of ['keep', 'jpeg', 'webp'] as const) {
        const { data: plain } = await compress(source, { format });
        for (const fields of [{ metadata: 'all' }, { effort: 'fast' }] as const) {
          const { data } = await compress(source, { ...fields, format });
          expect(await alike(plain, { data })).toBeGreaterThan(0.95);
        }
      }
    }
  });

  it('a PNG keeps XMP; none gets EXIF that had none', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>A. Maker</rdf:RDF></x:xmpmeta>';
    for (const format of ['keep', 'png', 'webp'] as const) {
      const source = await photo(64, 40).withXmp(xmp).jpeg({ quality: 5 }).toBuffer();
      const plain = await photo(320, 200).withXmp(xmp).png({ compressionLevel: 0 }).toBuffer();
      for (const input of [source, plain]) {
        const { data } = await compress(input, { metadata: 'all', format });
        const { xmp: kept, exif } = await sharp(data).metadata();
        expect(kept?.toString()).toBe(xmp);
        expect(exif).toBeUndefined();
      }
    }
  });

  const GAIN_MAP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF hdrgm:Version="1.0"/></x:xmpmeta>';

  it.each([
    [95, 'compressed'],
    [5, 'kept_original'],
  ] as const)(
    'a photo with a gain map does not point to the map, at quality %d',
    async (quality, outcome) => {
      const plain = await photo(320, 200)
        .withExif({ IFD0: { Make: 'Known Camera' } })
        .jpeg({ quality })
        .toBuffer();
      const xmp = Buffer.from(`http://ns.adobe.com/xap/1.0/\0${GAIN_MAP}`, 'latin1');
      const head = Buffer.from([0xff, 0xe1, (xmp.length + 2) >> 8, (xmp.length + 2) & 255]);
      const source = Buffer.concat([plain.subarray(0, 2), head, xmp, plain.subarray(2)]);

      const result = await compress(source, { metadata: 'all' });

      expect(result.outcome).toBe(outcome);
      expect(result.data.includes('hdrgm')).toBe(false);
      expect(result.data.includes('Known Camera')).toBe(true);
      expect(result.report.notes).toEqual(['gain_map_dropped']);
    },
  );

  it.each(['keep', 'jpeg', 'png', 'webp', 'avif'] as const)('a TIFF: author for %s', async (format) => {
    const source = tiffWithAuthor(await photo(320, 200).tiff({ compression: 'none' }).toBuffer());

    for (const metadata of ['copyright', 'all'] as const) {
      const { data, outcome, report } = await compress(source, { metadata, format });

      expect(outcome).toBe('compressed');
      expect(data.includes('A. Maker')).toBe(true);
      expect(data.includes('(c) 2026 A. Maker')).toBe(true);
      expect((await sharp(data).metadata()).width).toBe(320);
      expect(report.notes).toEqual([]);
    }
    expect((await compress(source, { format })).data.includes('Maker')).toBe(false);
  });
});
