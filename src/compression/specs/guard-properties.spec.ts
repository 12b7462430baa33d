import fc from 'fast-check';
import {
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
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { photo, pngChunk } from '../../../test/helpers/pictures/pictures.js';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { ImageError } from '../../errors/app-error.js';
import { toCompressionOptions } from '../options.js';

const MEGABYTE = 1_000_000;
const OPTIONS = { ...toCompressionOptions({ effort: 'fast' }, 50), maxPixels: 50_000_000 };

describe('any list of the parts of a file ends in a result or a code', () => {
  let png: Buffer;
  let webp: Buffer;
  let avif: Buffer;
  beforeAll(async () => {
    png = await photo(64, 40).png().toBuffer();
    webp = await photo(64, 40).webp().toBuffer();
    avif = await photo(64, 40).avif({ effort: 0 }).toBuffer();
  });

  const content = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const run = <Part>(parts: fc.Arbitrary<Part>, fileOf: (parts: Part[]) => Buffer) =>
    fc.assert(
      fc.asyncProperty(fc.array(parts, { maxLength: 12 }), fc.nat(2000), async (list, cut) => {
        const file = fileOf(list);
        for (const source of [file, file.subarray(0, file.length - cut)]) {
          await compressImage(source, OPTIONS).catch((error: unknown) => {
            if (!(error instanceof ImageError)) throw error;
          });
        }
      }),
      { numRuns: propertyRuns(60) },
    );

  it('PNG', async () => {
    const types = [
      'zTXt',
      'iTXt',
      'tEXt',
      'iCCP',
      'eXIf',
      'sPLT',
      'gAMA',
      'cHRM',
      'sRGB',
      'PLTE',
      'tRNS',
      'IDAT',
    ];
    const keyword = fc.constantFrom('', 'XML:com.adobe.xmp', 'Raw profile type exif', 'icc');
    const random = fc
      .tuple(fc.constantFrom(...types, 'acTL', 'fdAT', 'IEND', 'abCd'), keyword, content)
      .map(([type, name, bytes]) => pngChunk(type, Buffer.concat([Buffer.from(`${name}\0`), bytes])));
    const packed = fc
      .tuple(fc.constantFrom('zTXt' as const, 'iTXt' as const), keyword, fc.nat(6 * MEGABYTE))
      .map(([type, name, bytes]) => packedText(type, name, bytes));
    await run(fc.oneof({ weight: 5, arbitrary: random }, packed), (chunks) => pngWith(png, ...chunks));
  });

  it('WebP', async () => {
    const types = ['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L', 'EXIF', 'XMP ', 'ABCD'];
    const chunk = fc.tuple(fc.constantFrom(...types), content).map(([type, bytes]) => webpChunk(type, bytes));
    const part = fc.tuple(chunk, fc.boolean(), fc.nat(255));
    await run(part, (parts) =>
      webpWith(webp, {
        flags: parts[0]?.[2],
        before: parts.filter(([, isBefore]) => isBefore).map(([bytes]) => bytes),
        behind: parts.filter(([, isBefore]) => !isBefore).map(([bytes]) => bytes),
      }),
    );
  });

  it('GIF', async () => {
    const extension = fc
      .tuple(fc.constantFrom(0xf9, 0xfe, 0xff, 0x01, 0x7f), content)
      .map(([label, bytes]) =>
        Buffer.concat([Buffer.from([0x21, label, bytes.length]), bytes, Buffer.alloc(1)]),
      );
    const part = fc.oneof({ weight: 5, arbitrary: extension }, content);
    await run(part, (parts) => gifWith(16, 3, Buffer.concat(parts)));
  });

  it('TIFF', async () => {
    const known = [
      256, 259, 270, 273, 279, 284, 317, 320, 322, 325, 330, 338, 347, 700, 34_675, 34_665, 40_000,
    ];
    const counts = fc.oneof(fc.nat(100), fc.constantFrom(2_000_000, 2 ** 31, 2 ** 32 - 1));
    const part = fc
      .record({ tag: fc.constantFrom(...known), type: fc.nat(20), count: counts })
      .chain((entry) =>
        fc.oneof(fc.constant('shared' as const), fc.nat(5000)).map((value): TiffTag => ({ ...entry, value })),
      );
    await run(part, (tags) =>
      tiffWith({ tags, shared: Buffer.alloc(2 * MEGABYTE, 'a'), pages: tags.length }),
    );
  });

  it('AVIF', async () => {
    const extent = fc.tuple(fc.nat(3000), fc.oneof(fc.nat(3000), fc.constantFrom(0, 2 * MEGABYTE, 2 ** 31)));
    const part = fc.record({
      type: fc.constantFrom('Exif', 'mime', 'uri ', 'av01', 'grid', 'iden', 'iovl', 'abcd'),
      extents: fc.array(extent, { maxLength: 4 }),
      bytes: content,
    });
    await run(part, (items) =>
      avifWith(avif, {
        items,
        properties: items.map(({ type, bytes }) => box(type === 'Exif' ? 'colr' : 'ispe', bytes)),
        data: Buffer.alloc(2000),
        isSequence: items.length % 3 === 2,
      }),
    );
  });
});
