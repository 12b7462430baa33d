import sharp from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { gifWith } from '../../../test/helpers/pictures/hostile-parts.js';
import { pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../options.js';

const OPTIONS = { ...toCompressionOptions({ quality: '95' }, 50), maxPixels: 50_000_000 };
const LINEAR = chunkOf('gAMA', [100_000]);
const USUAL = chunkOf('gAMA', [45_455]);
/** White, red, green and blue of Display P3. */
const P3 = chunkOf('cHRM', [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000]);
const P3_POINTS = pngChunk('cICP', Buffer.from([12, 13, 0, 1]));
const SRGB = pngChunk('sRGB', Buffer.from([0]));

describe('what a PNG without a profile says about its colours counts', () => {
  it.each([
    ['a gamma of 1', [LINEAR], [188, 188, 188]],
    ['the usual gamma', [USUAL], [128, 128, 128]],
    ['a gamma of 1 behind sRGB', [SRGB, LINEAR], [128, 128, 128]],
    ['a gamma of 1 behind cICP', [pngChunk('cICP', Buffer.from([1, 13, 0, 1])), LINEAR], [128, 128, 128]],
  ])('%s, for grey of 128', async (_, chunks, expected) => {
    for (const format of ['keep', 'jpeg', 'webp'] as const) {
      expect(await colourOf(chunks, { r: 128, g: 128, b: 128 }, format)).toEqual(near(expected));
    }
  });

  it.each([
    ['primaries', [P3, USUAL]],
    ['code points', [P3_POINTS]],
    ['code points before sRGB', [P3_POINTS, SRGB]],
  ])('%s of P3, for a red that is inside sRGB', async (_, chunks) => {
    // Computed from the matrices of both spaces: 200, 100, 100 of P3.
    expect(await colourOf(chunks, { r: 200, g: 100, b: 100 }, 'webp')).toEqual(near([213, 95, 97]));
    expect(await colourOf([], { r: 200, g: 100, b: 100 }, 'webp')).toEqual(near([200, 100, 100]));
  });

  it.each([
    ['a gamma', LINEAR],
    ['primaries', P3],
    ['code points', P3_POINTS],
    ['transparency', pngChunk('tRNS', Buffer.from([0, 200, 0, 100, 0, 100]))],
  ])('but not %s whose checksum is wrong, of which browsers take no notice', async (_, chunk) => {
    for (const format of ['keep', 'jpeg', 'webp'] as const) {
      expect(await colourOf([broken(chunk)], { r: 200, g: 100, b: 100 }, format)).toEqual(
        near([200, 100, 100]),
      );
    }
  });

  it('but not a profile whose checksum is wrong', async () => {
    const red = sharp({ create: { width: 64, height: 64, channels: 3, background: '#c86464' } });
    const source = await red.clone().png({ compressionLevel: 0 }).withIccProfile('p3').toBuffer();
    const plain = await red.clone().png({ compressionLevel: 0 }).toBuffer();
    const at = source.indexOf('iCCP') - 4;
    const profile = source.subarray(at, at + 12 + source.readUInt32BE(at));
    const withBroken = Buffer.concat([plain.subarray(0, 33), broken(profile), plain.subarray(33)]);
    const withGood = Buffer.concat([plain.subarray(0, 33), profile, plain.subarray(33)]);

    const { data } = await compressImage(withBroken, OPTIONS);

    expect(data).toEqual((await compressImage(plain, OPTIONS)).data);
    expect(data).not.toEqual((await compressImage(withGood, OPTIONS)).data);
  });

  it('a grey PNG with a gamma, and one of 16 bits', async () => {
    for (const bits of [8, 16]) {
      const grey = sharp({ create: { width: 64, height: 64, channels: 3, background: '#808080' } });
      const png = await grey
        .toColourspace(bits === 8 ? 'b-w' : 'grey16')
        .png({ compressionLevel: 0 })
        .toBuffer();
      const source = Buffer.concat([png.subarray(0, 33), LINEAR, png.subarray(33)]);

      const { data } = await compressImage(source, { ...OPTIONS, format: 'jpeg' as const });

      expect((await sharp(data).stats()).channels[0].mean).toBeCloseTo(188, -1);
    }
  });
});

it('a JPEG whose Adobe marker says RGB is RGB, and stays so where its pixels are kept', async () => {
  const source = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c86432' } })
    .jpeg()
    .toBuffer();
  const adobe = Buffer.from('ffee000e41646f626500640000000000', 'hex');
  const marked = Buffer.concat([source.subarray(0, 2), adobe, source.subarray(2)]);

  const small = { ...OPTIONS, quality: null, target: { bytes: 9000 } };
  const { data, outcome } = await compressImage(marked, small);
  const encoded = await compressImage(marked, { ...OPTIONS, format: 'png' });

  expect(outcome).toBe('kept_original');
  expect(data.includes(adobe)).toBe(true);
  const [one, other] = [(await sharp(data).stats()).channels, (await sharp(encoded.data).stats()).channels];
  expect(one.map(({ mean }) => Math.round(mean))).toEqual(near(other.map(({ mean }) => mean)));
});

it('a GIF whose screen has too many pixels is refused', async () => {
  const source = gifWith(16, 1, Buffer.alloc(0));
  source.writeUInt16LE(65_535, 6);
  source.writeUInt16LE(65_535, 8);

  await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code: 'IMAGE_TOO_MANY_PIXELS' });
});

function chunkOf(type: string, numbers: number[]): Buffer {
  const content = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => content.writeUInt32BE(number, 4 * index));
  return pngChunk(type, content);
}

function broken(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy[copy.length - 1] ^= 1;
  return copy;
}

async function colourOf(
  chunks: Buffer[],
  background: { r: number; g: number; b: number },
  format: 'keep' | 'jpeg' | 'webp',
): Promise<number[]> {
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const source = Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
  const { data, report } = await compressImage(source, { ...OPTIONS, format, target: null });
  // As a viewer sees it that knows profiles, and no other chunks.
  const { channels } = await sharp(data).toColourspace('srgb').stats();
  expect(data.includes('gAMA')).toBe(false);
  expect(report.notes.filter((note) => note !== 'size_kept')).toEqual([]);
  return channels.map(({ mean }) => Math.round(mean));
}

function near(expected: number[]): unknown {
  return expected.map((value) => expect.closeTo(value, -0.7));
}
