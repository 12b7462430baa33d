import sharp from 'sharp';
import { animation, photo, pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { toCompressionOptions } from '../options.js';
import type { ImageFormat } from '../formats/image-format.js';
import { NO_METADATA } from '../formats/image-metadata.js';
import { JPEG } from '../formats/jpeg/jpeg.js';

const OPTIONS = { ...toCompressionOptions({}, 50), maxPixels: 50_000_000 };
// Without a measure, pixels of most formats go straight from the decoder to the encoder; with `fast`, of all.
const IN_ONE_PASS = { ...OPTIONS, effort: 'fast' as const };
const HELD = { ...OPTIONS, measure: 'similarity' as const };
const FORMATS: ImageFormat[] = ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'];

describe('compressImage', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)(
    'makes a %s smaller and keeps its format',
    async (format) => {
      const source = await photo(320, 200).toFormat(format, { quality: 95 }).toBuffer();

      const { data, ...rest } = await compressImage(source, OPTIONS);

      expect(rest).toEqual({
        outcome: 'compressed',
        input: { bytes: source.length, format, width: 320, height: 200 },
        output: { bytes: data.length, format, width: 320, height: 200 },
        contentType: `image/${format}`,
        report: { quality: 50, similarity: null, milliseconds: expect.any(Number), notes: [] },
      });
      expect(data.length).toBeLessThan(source.length * 0.7);
      expect(await difference(data, source)).toBeLessThan(8);
    },
  );

  it('makes fewer bytes of a lower quality', async () => {
    const source = await photo(320, 200).jpeg({ quality: 95 }).toBuffer();

    const low = await compressImage(source, { ...OPTIONS, quality: 20 });
    const high = await compressImage(source, { ...OPTIONS, quality: 80 });

    expect(low.data.length).toBeLessThan(high.data.length * 0.6);
  });

  describe('orientation', () => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is applied, and its tag dropped', async (orientation) => {
      const source = await photo(64, 40).jpeg({ quality: 95 }).withMetadata({ orientation }).toBuffer();

      const size = orientation >= 5 ? { width: 40, height: 64 } : { width: 64, height: 40 };
      for (const options of [HELD, IN_ONE_PASS]) {
        const { data, output } = await compressImage(source, options);

        expect(await sharp(data).metadata()).toMatchObject(size);
        expect((await sharp(data).metadata()).exif).toBeUndefined();
        expect(output).toMatchObject(size);
        expect(await difference(data, source)).toBeLessThan(8);
      }
    });

    it('stays a tag where the original is kept', async () => {
      const photoBytes = await photo(64, 40).jpeg({ quality: 5 }).toBuffer();
      const kept = { orientation: 6, wanted: NO_METADATA, isCutDown: false } as const;
      const source = JPEG.strip(photoBytes, kept)!;

      const { data, outcome, output } = await compressImage(source, OPTIONS);

      expect(outcome).toBe('kept_original');
      expect(output).toMatchObject({ width: 40, height: 64 });
      expect((await sharp(data).metadata()).orientation).toBe(6);
      expect(await difference(data, source)).toBe(0);
    });

    it('of an animation stays a tag', async () => {
      const source = await animation(4).withMetadata({ orientation: 6 }).webp({ quality: 95 }).toBuffer();

      const { data, outcome, output } = await compressImage(source, OPTIONS);

      expect({ outcome, ...output }).toMatchObject({ outcome: 'compressed', width: 40, height: 64 });
      expect(await sharp(data, { animated: true }).metadata()).toMatchObject({ orientation: 6, pages: 4 });
    });
  });

  describe('colours', () => {
    it.each([
      ['a Display P3 JPEG', photo(64, 40).withIccProfile('p3').jpeg({ quality: 95 })],
      ['a 16-bit Display P3 PNG', photo(64, 40).toColourspace('rgb16').withIccProfile('p3').png()],
      ['a CMYK JPEG', photo(64, 40).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95 })],
      ['a CMYK JPEG without a profile', photo(64, 40).toColourspace('cmyk').jpeg({ quality: 95 })],
      ['a 16-bit PNG', photo(64, 40).toColourspace('rgb16').png()],
      ['a grey JPEG', photo(64, 40).toColourspace('b-w').jpeg({ quality: 95 })],
      ['a 16-bit TIFF', photo(64, 40).toColourspace('rgb16').tiff({ compression: 'lzw' })],
    ])('of %s end as sRGB', async (_, pipeline) => {
      const source = await pipeline.toBuffer();

      // By way of a PNG of 8 bits, which applies the profile of the source.
      const expected = await sharp(source).withIccProfile('srgb').png().toBuffer();
      for (const options of [HELD, IN_ONE_PASS]) {
        const { data, outcome } = await compressImage(source, options);

        const { hasProfile, depth } = await sharp(data).metadata();
        expect([outcome, hasProfile, depth]).toEqual(['compressed', false, 'uchar']);
        expect(await difference(data, expected)).toBeLessThan(8);
      }
    });

    it('of a wide profile are converted, not just renamed', async () => {
      const red = { create: { width: 64, height: 64, channels: 3 as const, background: '#e03020' } };
      const sources = [
        await sharp(red).withIccProfile('p3').png().toBuffer(),
        await sharp(red).toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
        await sharp(red).toColourspace('rgb16').png().toBuffer(),
      ];
      const wide = await sharp(sources[0], { ignoreIcc: true }).raw().toBuffer();
      expect(wide[0]).toBeLessThan(0xd8); // the same red has a smaller number in P3

      for (const [source, options] of sources.flatMap(
        (one) =>
          [
            [one, HELD],
            [one, IN_ONE_PASS],
          ] as const,
      )) {
        const { data } = await compressImage(source, options);
        const [r, g, b] = await sharp(data).removeAlpha().raw().toBuffer();
        expect(Math.max(Math.abs(r - 0xe0), Math.abs(g - 0x30), Math.abs(b - 0x20))).toBeLessThanOrEqual(3);
      }
    });

    it.each(['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)(
      'of a %s with a profile of sRGB are those of one without, and the profile goes along if all is wanted',
      async (format) => {
        const plain = await photo(320, 200).toFormat(format, { quality: 95 }).toBuffer();
        const tagged = await sharp(plain).toFormat(format, { quality: 95 }).withIccProfile('srgb').toBuffer();
        const untagged = await sharp(plain).toFormat(format, { quality: 95 }).toBuffer();

        for (const options of [HELD, IN_ONE_PASS]) {
          const { data } = await compressImage(tagged, options);
          expect(data.equals((await compressImage(untagged, options)).data)).toBe(true);
          const { data: described } = await compressImage(tagged, { ...options, metadata: 'all' });
          expect((await sharp(described).metadata()).hasProfile).toBe(true);
          expect(await difference(described, tagged)).toBeLessThan(8);
        }
      },
    );

    it('keep their transparency, grey or not', async () => {
      const grey = await photo(64, 40).toColourspace('b-w').raw().toBuffer();
      const size = { width: 64, height: 40, channels: 1 as const };
      const greyPhoto = sharp(grey, { raw: size }).toColourspace('b-w');
      const sources = [photo(64, 40), greyPhoto].map((pipeline) =>
        pipeline.joinChannel(gradient(64, 40), { raw: size }),
      );

      for (const format of ['png', 'webp', 'avif', 'tiff'] as const) {
        for (const pipeline of sources) {
          const options = { quality: 95, compression: format === 'tiff' ? 'lzw' : undefined };
          const source = await pipeline.clone().toFormat(format, options).toBuffer();
          const { data } = await compressImage(source, OPTIONS);
          expect((await sharp(data).metadata()).hasAlpha).toBe(true);
          expect(await difference(data, source)).toBeLessThan(8);
        }
      }
    });

    it('are those of sRGB where the source has another gamma', async () => {
      const source = await photo(64, 40).png().toBuffer();
      const gamma = pngChunk('gAMA', Buffer.from([0, 1, 0x86, 0xa0])); // 1.0
      const withGamma = Buffer.concat([source.subarray(0, 33), gamma, source.subarray(33)]);

      const { data, outcome } = await compressImage(withGamma, OPTIONS);

      const linear = await sharp(source).gamma(1, 2.2).raw().toBuffer();
      const expected = await sharp(linear, { raw: { width: 64, height: 40, channels: 3 } })
        .png()
        .toBuffer();
      expect(outcome).toBe('compressed');
      expect(data.includes('gAMA')).toBe(false);
      expect(await difference(data, expected)).toBeLessThan(8);
    });
  });

  describe('several images in one file', () => {
    it.each(['gif', 'webp'] as const)('stay an animation in %s', async (format) => {
      const options = { delay: [100, 200, 300, 400], loop: 3, quality: 95 };
      const source = await animation(4).toFormat(format, options).toBuffer();

      const { data, report, output } = await compressImage(source, OPTIONS);

      const { pages, delay, loop } = await sharp(data, { animated: true }).metadata();
      expect({ pages, delay, loop }).toEqual({ pages: 4, delay: [100, 200, 300, 400], loop: 3 });
      expect(output).toMatchObject({ width: 64, height: 40 });
      expect(report.notes).toEqual([]);
    });

    it('become the first frame where all would be too many pixels', async () => {
      const source = await animation(4).webp({ quality: 95 }).toBuffer();

      const { data, report } = await compressImage(source, { ...OPTIONS, maxPixels: 64 * 40 * 3 });

      expect(report.notes).toEqual(['first_frame_only']);
      expect((await sharp(data, { animated: true }).metadata()).pages).toBeUndefined();
    });

    it('become the first frame where there are 10,000', async () => {
      const { data, report } = await compressImage(gifOfFrames(10_000), OPTIONS);

      expect(report.notes).toEqual(['first_frame_only']);
      expect(data.length).toBeLessThan(100);
    });

    it('become the first page of a TIFF', async () => {
      const page = await photo(64, 40).tiff({ compression: 'lzw' }).toBuffer();
      const source = withSecondPage(page);
      expect((await sharp(source).metadata()).pages).toBe(2);

      const { data, report } = await compressImage(source, OPTIONS);

      expect(report.notes).toEqual(['first_page_only']);
      expect((await sharp(data).metadata()).pages).toBe(1);
    });
  });

  describe('never larger', () => {
    it.each(FORMATS)('keeps a %s that is as small as can be', async (format) => {
      const tiny = await photo(24, 16).toFormat(format, { quality: 10, colours: 4 }).toBuffer();
      const source = (await compressImage(tiny, OPTIONS)).data;

      const { data, outcome, output } = await compressImage(source, OPTIONS);

      expect(outcome).toBe('kept_original');
      expect(data.length).toBeLessThanOrEqual(source.length);
      expect(output).toMatchObject({ format, width: 24, height: 16 });
      expect(await difference(data, source)).toBe(0);
    });

    it.each(FORMATS)('delivers nothing of what stands behind the end of a %s', async (format) => {
      const page = Buffer.from('<!doctype html><script>alert(1)</script>');
      const small = await photo(24, 16).toFormat(format, { quality: 10, colours: 4 }).toBuffer();

      const { data } = await compressImage(Buffer.concat([small, page]), OPTIONS);

      expect(data.includes('script')).toBe(false);
      expect(data.length).toBeLessThanOrEqual(small.length);
    });

    it('keeps the profile with the pixels that need it', async () => {
      const source = await photo(320, 200).withIccProfile('p3').jpeg({ quality: 5 }).toBuffer();

      const { data, outcome } = await compressImage(source, { ...OPTIONS, quality: 95 });

      expect(outcome).toBe('kept_original');
      expect((await sharp(data).metadata()).hasProfile).toBe(true);
    });
  });
});

function gradient(width: number, height: number): Buffer {
  return Buffer.from(Array.from({ length: width * height }, (_, i) => ((i % width) * 255) / width));
}

function gifOfFrames(count: number): Buffer {
  const header = Buffer.from('GIF89a' + '\x10\0\x10\0\x80\0\0' + '\0\0\0\xff\xff\xff', 'latin1');
  const frame = Buffer.from('21f904000100000' + '02c00000000010001000002024c0100', 'hex');
  return Buffer.concat([header, ...Array<Buffer>(count).fill(frame), Buffer.from(';')]);
}

// The same directory once more behind the file, with the same pixels.
function withSecondPage(page: Buffer): Buffer {
  const first = page.readUInt32LE(4);
  const next = first + 2 + page.readUInt16LE(first) * 12;
  const source = Buffer.concat([page, Buffer.alloc(page.length % 2), page.subarray(first, next + 4)]);
  source.writeUInt32LE(page.length + (page.length % 2), next);
  source.writeUInt32LE(0, source.length - 4);
  return source;
}

// Mean difference of the channels, 0 to 255, as a viewer sees the first frames on grey.
async function difference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = await Promise.all([one, other].map(seen));
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

function seen(image: Buffer): Promise<Buffer> {
  return sharp(image).autoOrient().flatten({ background: '#808080' }).toColourspace('srgb').raw().toBuffer();
}
