import sharp from 'sharp';
import {
  avifGrid,
  avifWith,
  box,
  gifWith,
  packedText,
  pngWith,
  type TiffTag,
  tiffWith,
  webpChunk,
  webpWith,
} from '../../../test/helpers/pictures/hostile-parts.js';
import { photo, pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { toCompressionOptions } from '../options.js';
import { readHeader } from '../image-header.js';
import { guardTiff } from './tiff/guard.js';

const MEGABYTE = 1_000_000;
const MAX_PIXELS = 50_000_000;
const OPTIONS = { ...toCompressionOptions({ effort: 'fast' }, 50), maxPixels: MAX_PIXELS };
const XMP = '<x:xmpmeta><dc:creator>A. Maker</dc:creator></x:xmpmeta>';

describe('what a file holds besides its picture', () => {
  let png: Buffer;
  let webp: Buffer;
  let avif: Buffer;
  beforeAll(async () => {
    png = await photo(64, 40).png().toBuffer();
    webp = await photo(64, 40).webp().toBuffer();
    avif = await photo(64, 40).avif({ effort: 0 }).toBuffer();
  });

  async function guarded(source: Buffer): Promise<Buffer> {
    const header = await readHeader(source, MAX_PIXELS);
    expect(await pixels(header.source)).toEqual(await pixels(source));
    return header.source;
  }

  describe('PNG', () => {
    it.each(['zTXt', 'iTXt'] as const)(
      'leaves out %s chunks, however small, before they are unpacked',
      async (type) => {
        const source = pngWith(png, ...Array<Buffer>(100).fill(packedText(type, 'Comment', 7 * MEGABYTE)));

        const header = await readHeader(source, MAX_PIXELS);

        expect(header.source.equals(png)).toBe(true);
        expect(header.isMetadataLeftOut).toBe(false);
      },
    );

    it('keeps XMP of usual size, and leaves out what unpacks to more', async () => {
      const usual = pngWith(png, packedText('iTXt', 'XML:com.adobe.xmp', MEGABYTE));
      const large = pngWith(png, packedText('iTXt', 'XML:com.adobe.xmp', 49 * MEGABYTE));

      expect(await guarded(usual)).toEqual(usual);
      expect(await readHeader(large, MAX_PIXELS)).toMatchObject({ source: png, isMetadataLeftOut: true });
      const { report } = await compressImage(large, { ...OPTIONS, metadata: 'all' });
      expect(report.notes).toContain('metadata_dropped');
    });

    it('keeps one profile, and refuses one that unpacks to more than 4 MiB', async () => {
      const source = await photo(64, 40).withIccProfile('p3').png().toBuffer();
      const start = source.indexOf('iCCP') - 4;
      const profile = source.subarray(start, start + 12 + source.readUInt32BE(start));
      const large = pngChunk('iCCP', packedText('zTXt', 'icc', 49 * MEGABYTE).subarray(8, -4));

      expect(await guarded(pngWith(source, ...Array<Buffer>(1000).fill(profile)))).toHaveLength(
        source.length,
      );
      await expect(readHeader(pngWith(png, large), MAX_PIXELS)).rejects.toMatchObject(TOO_LARGE);
    });

    it('leaves out palettes, unknown chunks and pixels of no length', async () => {
      const parts = [
        pngChunk('sPLT', Buffer.alloc(MEGABYTE)),
        ...Array<Buffer>(1000).fill(pngChunk('abCd', Buffer.alloc(0))),
      ];
      const data = png.indexOf('IDAT') - 4;
      const empty = Buffer.alloc(12 * 1000, pngChunk('IDAT', Buffer.alloc(0)));
      const source = Buffer.concat([png.subarray(0, data), empty, png.subarray(data)]);

      expect(await guarded(pngWith(source, ...parts))).toEqual(png);
    });

    it('refuses a flood of chunks', async () => {
      const flood = Buffer.alloc(12 * 200_000, pngChunk('abCd', Buffer.alloc(0)));

      await expect(readHeader(pngWith(png, flood), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });
  });

  describe('WebP', () => {
    it('leaves out unknown and repeated chunks, and XMP above 4 MiB with its flag', async () => {
      const xmp = webpChunk('XMP ', Buffer.from(XMP));
      const source = webpWith(webp, {
        flags: 4,
        behind: [xmp, xmp, webpChunk('ABCD', Buffer.alloc(MEGABYTE))],
      });
      const large = webpWith(webp, { flags: 4, behind: [webpChunk('XMP ', Buffer.alloc(5 * MEGABYTE))] });

      expect(await guarded(source)).toEqual(webpWith(webp, { flags: 4, behind: [xmp] }));
      expect(await guarded(large)).toEqual(webpWith(webp, { flags: 0 }));
      expect(await readHeader(large, MAX_PIXELS)).toMatchObject({ isMetadataLeftOut: true });
    });

    it('refuses a profile above 4 MiB', async () => {
      const source = webpWith(webp, { flags: 32, before: [webpChunk('ICCP', Buffer.alloc(5 * MEGABYTE))] });

      await expect(readHeader(source, MAX_PIXELS)).rejects.toMatchObject(TOO_LARGE);
    });
  });

  describe('GIF', () => {
    it('keeps of comments and graphic controls one for each frame', async () => {
      const control = Buffer.from('21f9040001000000', 'hex');
      const comment = Buffer.from('21fe024142' + '00', 'hex');
      const flood = gifWith(
        16,
        3,
        Buffer.concat([Buffer.alloc(80_000, control), Buffer.alloc(60_000, comment)]),
      );

      expect(await guarded(flood)).toEqual(gifWith(16, 3, control));
    });

    it('is refused where its frames are far larger than its screen', async () => {
      const source = gifWith(16, 2, Buffer.alloc(0));
      const frame = source.lastIndexOf(Buffer.from('2c00000000', 'hex'));
      source.writeUInt16LE(1000, frame + 5);
      source.writeUInt16LE(1000, frame + 7);

      await readHeader(source, MAX_PIXELS);
      source.writeUInt16LE(65_535, frame + 5);
      source.writeUInt16LE(65_535, frame + 7);
      await expect(readHeader(source, MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('leaves out frames beyond those that are decoded, and says so', async () => {
      const header = await readHeader(gifWith(16, 5000, Buffer.alloc(0)), MAX_PIXELS);

      expect(header).toMatchObject({ frames: 1, notes: ['first_frame_only'] });
      expect(header.source.equals(gifWith(16, 1001, Buffer.alloc(0)))).toBe(true);
    });
  });

  describe('TIFF', () => {
    it('leaves out the pages behind the first one, and says so', async () => {
      const header = await readHeader(tiffWith({ pages: 5000 }), MAX_PIXELS);

      expect(header.notes).toEqual(['first_page_only']);
      expect((await sharp(header.source).metadata()).pages ?? 1).toBe(1);
    });

    it('leaves out tags that are too large together, since they share their bytes', async () => {
      const tags = Array.from({ length: 1000 }, (_, i) => tag(40_000 + i, 1, 2 * MEGABYTE));
      const source = tiffWith({
        tags: [...tags, tag(700, 1, 1000)],
        shared: Buffer.alloc(2 * MEGABYTE, 'a'),
      });

      const header = await readHeader(source, MAX_PIXELS);

      expect(header.isMetadataLeftOut).toBe(true);
      expect(header.metadata.xmp).toHaveLength(1000);
      expect(await pixels(header.source)).toEqual(await pixels(tiffWith({})));
    });

    it('is left out although the file ends before the address of the next page', async () => {
      const tags = Array.from({ length: 20 }, (_, index) => tag(50_000 + index, 7, 2 * MEGABYTE));
      const source = tiffWith({ tags, shared: Buffer.alloc(2 * MEGABYTE, 'a') }).subarray(0, -4);

      const { source: kept } = await guardTiff(source);

      expect(kept.readUInt16LE(kept.readUInt32LE(4))).toBeLessThan(15);
    });

    it('refuses a profile above 4 MiB', async () => {
      const source = tiffWith({ tags: [tag(34_675, 7, 5 * MEGABYTE)], shared: Buffer.alloc(5 * MEGABYTE) });

      await expect(readHeader(source, MAX_PIXELS)).rejects.toMatchObject(TOO_LARGE);
    });
  });

  describe('TIFF with strips or planes', () => {
    it('is refused where the strips share far more bytes than there are', async () => {
      const source = await photo(640, 640).tiff({ compression: 'none' }).toBuffer();
      const entry = source.indexOf(Buffer.from('17010400', 'hex'), source.readUInt32LE(4)); // tag 279, of 32 bits
      const [count, at] = [source.readUInt32LE(entry + 4), source.readUInt32LE(entry + 8)];

      expect(await guarded(source)).toEqual(source);
      for (let index = 0; index < count; index += 1) source.writeUInt32LE(10 * MEGABYTE, at + 4 * index);
      await expect(guardTiff(source)).rejects.toEqual(expect.objectContaining(TOO_MANY));
    });

    it.each([
      ['two bytes', '00030000000100020000'],
      ['four bytes', '00040000000100000002'],
    ])('is known as planar where a tag of %s says so', async (_, entry) => {
      const directory = `0001011c${entry}00000000`;

      expect((await guardTiff(Buffer.from(`4d4d002a00000008${directory}`, 'hex'))).isPlanar).toBe(true);
    });
  });

  describe('TIFF with JPEG inside', () => {
    const tiled = () =>
      photo(3200, 64).tiff({ compression: 'jpeg', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer();
    const striped = () => photo(640, 640).tiff({ compression: 'jpeg' }).toBuffer();

    it('is taken in tiles and in strips', async () => {
      for (const source of [await tiled(), await striped()]) expect(await guarded(source)).toEqual(source);
    });

    it('is refused where its tiles are far larger than the picture', async () => {
      const source = await tiled();
      const height = source.indexOf(Buffer.from('4301', 'hex'), source.readUInt32LE(4)); // tag 323
      source.writeUInt16LE(3, height + 2);
      source.writeUInt16LE(65_520, height + 8);

      expect((await guardTiff(await tiled())).source).toHaveLength(source.length);
      await expect(guardTiff(source)).rejects.toEqual(expect.objectContaining(TOO_MANY));
    });

    it.each([
      ['of several scans', 'ffc0', 'ffc2', 0],
      ['with a scan for each colour', 'ffda000c03', 'ffda000801', 0],
      ['in the last strip alone', 'ffc0', 'ffc2', -1],
    ])('is refused where it is one %s', async (_, plain, other, place) => {
      const source = await striped();
      const [from, to] = [Buffer.from(plain, 'hex'), Buffer.from(other, 'hex')];
      to.copy(source, place < 0 ? source.lastIndexOf(from) : source.indexOf(from));

      await expect(guardTiff(source)).rejects.toThrow('TIFF files with progressive JPEG are not supported');
    });
  });

  describe('AVIF', () => {
    const data = Buffer.alloc(3 * MEGABYTE);

    it('reads what the helper makes, with and without metadata', async () => {
      const items = [{ type: 'mime', extents: [[0, 100]] as [number, number][] }];

      expect(await pixels(avifWith(avif, {}))).toEqual(await pixels(avif));
      expect((await readHeader(avifWith(avif, { items }), MAX_PIXELS)).metadata.xmp).toHaveLength(100);
    });

    it.each(['Exif', 'mime'])('refuses %s that is more than 4 MiB together', async (type) => {
      const items = Array.from({ length: 3 }, () => ({
        type,
        extents: [[0, 2 * MEGABYTE]] as [number, number][],
      }));

      await expect(readHeader(avifWith(avif, { items, data }), MAX_PIXELS)).rejects.toMatchObject(TOO_LARGE);
    });

    it('refuses pictures whose pieces share their bytes', async () => {
      const extents = Array<[number, number]>(30).fill([0, 2 * MEGABYTE]);

      await expect(readHeader(avifWith(avif, { extents, data }), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('refuses a profile above 4 MiB, and a flood of boxes', async () => {
      const profile = box('colr', Buffer.from('prof'), Buffer.alloc(5 * MEGABYTE));
      const flood = Buffer.alloc(8 * 20_000, box('free'));

      await expect(readHeader(avifWith(avif, { properties: [profile] }), MAX_PIXELS)).rejects.toMatchObject(
        TOO_LARGE,
      );
      await expect(readHeader(Buffer.concat([avif, flood]), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('is refused where an image in it is much larger than the picture', async () => {
      const size = box('ispe', Buffer.from('00000000' + '00002af8' + '00002af8', 'hex')); // 11,000 × 11,000

      await expect(readHeader(avifWith(avif, { properties: [size] }), MAX_PIXELS)).rejects.toMatchObject(
        TOO_MANY,
      );
    });

    it('may have layers, and is refused where it has more frames than these', async () => {
      const length = avif.length - avif.indexOf('mdat') - 4;
      const ofFrames = (count: number) =>
        avifWith(avif, { extents: Array<[number, number]>(count).fill([0, length]) });

      expect((await readHeader(ofFrames(4), MAX_PIXELS)).metadata.width).toBe(64);
      await expect(readHeader(ofFrames(5), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('may be a grid, and is refused where its tiles are decoded far too often', async () => {
      const [tile, large] = await Promise.all(
        [64, 1000].map((side) => photo(side, side).avif({ effort: 0 }).toBuffer()),
      );
      const whole = avifGrid(tile, { rows: 2, columns: 3, width: 192, height: 128 });
      const often = avifGrid(large, { rows: 11, columns: 10, width: 1000, height: 1000 });

      expect((await readHeader(whole, MAX_PIXELS)).metadata).toMatchObject({ width: 192, height: 128 });
      await expect(readHeader(often, MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('may be turned once, and not again and again', async () => {
      const properties = [box('irot', Buffer.from([1]))];

      const header = await readHeader(avifWith(avif, { properties, associated: [1, 2, 3, 4] }), MAX_PIXELS);
      expect(header).toMatchObject({ width: 40, height: 64 });
      const often = avifWith(avif, { properties, associated: [1, 2, 3, 4, 4] });
      await expect(readHeader(often, MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    });

    it('is refused where frames stand in the settings of its decoder', async () => {
      const picture = avif.subarray(avif.indexOf('mdat') + 4);
      const settings = (...content: Buffer[]) => [box('av1C', Buffer.from('81000c00', 'hex'), ...content)];

      expect(await pixels(avifWith(avif, { properties: settings() }))).toEqual(await pixels(avif));
      await expect(
        readHeader(avifWith(avif, { properties: settings(picture) }), MAX_PIXELS),
      ).rejects.toMatchObject(TOO_MANY);
    });

    it('takes the frames out of a sequence, and says so', async () => {
      const header = await readHeader(avifWith(avif, { isSequence: true }), MAX_PIXELS);

      expect(header.notes).toEqual(['first_frame_only']);
      expect(header.source.includes('moov')).toBe(false);
      expect(await pixels(header.source)).toEqual(await pixels(avif));
    });
  });
});

const TOO_LARGE = { code: 'IMAGE_METADATA_TOO_LARGE', retryable: false };
const TOO_MANY = { code: 'FORMAT_NOT_SUPPORTED', retryable: false };

/** A tag whose values are the shared bytes. */
function tag(number: number, type: number, count: number): TiffTag {
  return { tag: number, type, count, value: 'shared' };
}

async function pixels(source: Buffer): Promise<string> {
  const options = { animated: true, failOn: 'error' } as const;
  const { data, info } = await sharp(source, options).raw().toBuffer({ resolveWithObject: true });
  return `${info.width}×${info.height} ${data.toString('base64')}`;
}
