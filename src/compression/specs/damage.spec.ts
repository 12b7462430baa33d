import sharp, { type Sharp } from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { tiffWith } from '../../../test/helpers/pictures/hostile-parts.js';
import { photo, pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../options.js';

const OPTIONS = { ...toCompressionOptions({}, 50), maxPixels: 50_000_000 };
const END = Buffer.from([0xff, 0xd9]);
const CORRUPT = { code: 'IMAGE_CORRUPT' };

const KINDS: Record<string, (picture: Sharp) => Sharp> = {
  sequential: (picture) => picture.jpeg({ quality: 90 }),
  'with full colours': (picture) => picture.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }),
  grey: (picture) => picture.toColourspace('b-w').jpeg(),
  CMYK: (picture) => picture.toColourspace('cmyk').jpeg(),
  progressive: (picture) => picture.jpeg({ progressive: true }),
  'progressive by mozjpeg': (picture) => picture.jpeg({ mozjpeg: true, quality: 95 }),
};

describe.each(Object.keys(KINDS))('a JPEG, %s,', (kind) => {
  let source: Buffer;
  beforeAll(async () => {
    source = await KINDS[kind](photo(93, 61)).toBuffer();
  });

  it.each([
    ['without its end marker', () => source.subarray(0, -2)],
    ['with stray bytes before a scan', () => inserted(source, source.indexOf(Buffer.from([0xff, 0xda])))],
    ['with stray bytes behind its last block', () => inserted(source, source.length - 2)],
    ['with other bytes behind it', () => Buffer.concat([source, Buffer.alloc(500, 'x')])],
  ])('%s is taken as it would be without', async (_, damaged) => {
    const { data } = await compressImage(damaged(), OPTIONS);

    expect(data).toEqual((await compressImage(source, OPTIONS)).data);
  });

  it('is refused wherever it is cut, also with an end marker behind the cut', async () => {
    const head = source.indexOf(Buffer.from([0xff, 0xda]));
    for (let part = 1; part <= 24; part += 1) {
      const cut = source.subarray(0, head + Math.floor(((source.length - 3 - head) * part) / 24));
      await expect(compressImage(cut, OPTIONS)).rejects.toMatchObject(CORRUPT);
      await expect(compressImage(Buffer.concat([cut, END]), OPTIONS)).rejects.toMatchObject(CORRUPT);
    }
  });
});

describe('a JPEG', () => {
  it('with the wrong parameters of its scan is taken, and has the right ones where its pixels are kept', async () => {
    const source = await photo(93, 61).jpeg({ quality: 5 }).toBuffer();
    const wrong = Buffer.from(source);
    wrong[wrong.indexOf(Buffer.from([0xff, 0xda])) + 12] = 0; // the last coefficient, always 63

    const { data, outcome } = await compressImage(wrong, OPTIONS);

    expect(outcome).toBe('kept_original');
    expect(data.includes(Buffer.from('ffda000c0301000211031100' + '3f00', 'hex'))).toBe(true);
  });

  it('that was closed again between two scans is refused', async () => {
    const source = await photo(93, 61).jpeg({ progressive: true }).toBuffer();
    const lastScan = source.lastIndexOf(Buffer.from([0xff, 0xda]));
    const cut = Buffer.concat([
      source.subarray(0, source.lastIndexOf(Buffer.from([0xff, 0xc4]), lastScan)),
      END,
    ]);

    await expect(compressImage(cut, OPTIONS)).rejects.toMatchObject(CORRUPT);
  });

  it('is not blamed for the damage of another one that is decoded at the same time', async () => {
    const good = await photo(93, 61).jpeg({ quality: 90 }).toBuffer();
    const damaged = Buffer.concat([good.subarray(0, -200), END]);

    const ends = await Promise.allSettled(
      [good, damaged, good, damaged, good, damaged].map((source) => compressImage(source, OPTIONS)),
    );

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected']); // prettier-ignore
  });
});

describe('a PNG', () => {
  it('whose pixels have a wrong checksum is taken as long as they are right', async () => {
    const source = await photo(64, 40).png({ palette: true, colours: 8 }).toBuffer();
    const wrong = Buffer.from(source);
    wrong[wrong.length - 13] ^= 1;
    const damaged = Buffer.from(source);
    const data = source.indexOf('IDAT');
    damaged[data + 200] ^= 0xff;

    expect((await compressImage(wrong, OPTIONS)).data).toEqual((await compressImage(source, OPTIONS)).data);
    await expect(compressImage(damaged, OPTIONS)).rejects.toMatchObject(CORRUPT);
  });

  it('whose pixels are too few is refused, with right checksums as well', async () => {
    const source = await photo(64, 40).png().toBuffer();
    const data = source.indexOf('IDAT') - 4;
    const content = source.subarray(data + 8, data + 8 + Math.floor(source.readUInt32BE(data) / 2));
    const cut = Buffer.concat([source.subarray(0, data), pngChunk('IDAT', content), source.subarray(-12)]);

    await expect(compressImage(cut, OPTIONS)).rejects.toMatchObject(CORRUPT);
  });
});

describe('a TIFF', () => {
  const tiled = { tile: true, tileWidth: 64, tileHeight: 64 } as const;

  it.each(['lzw', 'deflate', 'none'] as const)(
    'with a tile that is missing is refused, not delivered with a hole (%s)',
    async (compression) => {
      const source = await photo(200, 140)
        .tiff({ ...tiled, compression })
        .toBuffer();

      await expect(compressImage(withoutTile(source, 5), OPTIONS)).rejects.toMatchObject(CORRUPT);
      expect((await compressImage(source, OPTIONS)).outcome).toBe('compressed');
    },
  );

  it('with a private tag that its library complains about is taken', async () => {
    const text = { tag: 40_000, type: 2, count: 20, value: 'shared' } as const; // a text without its end
    const odd = tiffWith({ tags: [text], shared: Buffer.alloc(20, 'x') });

    const { data } = await compressImage(odd, OPTIONS);

    expect((await sharp(data).metadata()).format).toBe('tiff');
  });
});

describe('a GIF', () => {
  it('whose pixels end early is refused', async () => {
    const source = await photo(200, 140).gif().toBuffer();
    const cut = Buffer.from(source);
    cut.fill(0, Math.floor(source.length / 2));

    await expect(compressImage(cut, OPTIONS)).rejects.toMatchObject(CORRUPT);
  });
});

describe('what no decoder here can read is told by its name', () => {
  it.each([
    [259, 50_000, 'TIFF files with Zstandard'],
    [259, 6, 'TIFF files with old-style JPEG'],
    [259, 34_661, 'TIFF files with JBIG'],
    [259, 55_555, 'TIFF files with compression 55555'],
    [258, 12, 'TIFF files with 12 bits a channel'],
    [262, 6, 'TIFF files with YCbCr colours and without JPEG'],
    [262, 8, 'TIFF files with Lab colours of 8 bits'],
    [262, 32_803, 'TIFF files with the data of a camera sensor'],
  ])('TIFF, tag %i: %i', async (tag, value, name) => {
    for (const tile of [false, true]) {
      const source = await photo(200, 140)
        .tiff({ tile, tileWidth: 64, tileHeight: 64, compression: 'lzw' })
        .toBuffer();

      await expect(compressImage(withTag(source, tag, value), OPTIONS)).rejects.toMatchObject({
        code: 'FORMAT_NOT_SUPPORTED',
        message: expect.stringContaining(name),
      });
    }
  });

  it.each([
    [0xc1, 12, 'JPEG files of 12 bits a channel'],
    [0xc3, 8, 'Lossless JPEG files'],
    [0xc5, 8, 'Hierarchical JPEG files'],
  ])('JPEG, frame %i of %i bits', async (marker, bits, name) => {
    const source = await photo(64, 40).jpeg().toBuffer();
    const frame = source.indexOf(Buffer.from([0xff, 0xc0]));
    source[frame + 1] = marker;
    source[frame + 4] = bits;

    await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({
      code: 'FORMAT_NOT_SUPPORTED',
      message: expect.stringContaining(name),
    });
  });
});

/** Where the tag stands in the first directory of a little-endian TIFF. */
function tagAt(source: Buffer, tag: number): number {
  const directory = source.readUInt32LE(4);
  let at = directory + 2;
  while (source.readUInt16LE(at) !== tag) at += 12;
  return at;
}

/** The tag's first value becomes this one, a number of 16 bits. */
function withTag(source: Buffer, tag: number, value: number): Buffer {
  const changed = Buffer.from(source);
  const at = tagAt(changed, tag);
  const isInside = changed.readUInt32LE(at + 4) <= 2;
  changed.writeUInt16LE(value, isInside ? at + 8 : changed.readUInt32LE(at + 8));
  return changed;
}

function inserted(source: Buffer, at: number): Buffer {
  return Buffer.concat([source.subarray(0, at), Buffer.from('00112233445566', 'hex'), source.subarray(at)]);
}

/** The length of one tile becomes 0. */
function withoutTile(source: Buffer, tile: number): Buffer {
  const cut = Buffer.from(source);
  const at = tagAt(cut, 325);
  const bytes = cut.readUInt16LE(at + 2) === 3 ? 2 : 4;
  const lengths = cut.readUInt32LE(at + 8);
  cut.fill(0, lengths + bytes * tile, lengths + bytes * (tile + 1));
  return cut;
}
