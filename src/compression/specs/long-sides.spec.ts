import sharp, { type Sharp } from 'sharp';
import { compressImage } from '../../../test/helpers/pictures/compress.js';
import { openSource } from '../compress.js';
import { toCompressionOptions } from '../options.js';

const MAX_PIXELS = 50_000_000;
const LONG = 65_501;

const compress = (source: Buffer, fields: object) =>
  compressImage(source, { ...toCompressionOptions(fields, 50), maxPixels: MAX_PIXELS });

it.each([
  ['wide', 100_001, 2],
  ['tall', 2, 100_001],
])('a picture that is %s beyond bounds is refused, whatever it has of pixels', async (_, width, height) => {
  const source = await stored(stripes(width, height), 'png');

  await expect(compress(source, {})).rejects.toMatchObject({
    code: 'IMAGE_TOO_MANY_PIXELS',
    message: 'A side of the image has 100,001 pixels; at most 100,000 are taken.',
  });
});

it('a wide picture weighs what its rows take, not only its pixels', async () => {
  const source = await stored(stripes(100_000, 2), 'png');

  expect((await openSource(source, MAX_PIXELS)).weight(toCompressionOptions({}, 50))).toBe(13_000_000);
});

describe.each([
  ['tall', 4, LONG],
  ['wide', LONG, 4],
])('a picture too %s for a JPEG', (_, width, height) => {
  it.each([
    ['tiff', 'keep', []],
    ['tiff', 'auto', []],
    ['tiff', 'jpeg', ['format_not_possible']],
    ['tiff', 'webp', ['format_not_possible']],
    ['png', 'keep', []],
    ['png', 'jpeg', ['format_not_possible']],
    ['png', 'webp', ['format_not_possible']],
  ] as const)('keeps its format: %s as %s', async (own, format, notes) => {
    const source = await stored(stripes(width, height), own);

    const { data, outcome, output, report } = await compress(source, { format });

    expect(output).toMatchObject({ format: own, width, height });
    expect({ outcome, notes: report.notes }).toEqual({ outcome: 'compressed', notes });
    if (own === 'tiff') expect((await pixels(data)).equals(await pixels(source))).toBe(true); // without loss
  });

  it('becomes a PNG in place of a JPEG where its format is only read', async () => {
    const { output, report } = await compress(bmp(width, height), {});

    expect(output).toMatchObject({ format: 'png', width, height });
    expect(report.notes).toEqual([]);
  });
});

it('a picture that is just short enough stays a TIFF of JPEG', async () => {
  const source = await stored(stripes(LONG - 1, 4), 'tiff');

  expect((await compress(source, {})).report.quality).toBe(50);
});

/** In colours of which there are more than a palette has. */
function stripes(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i += 1) data[i] = (i >> 8) + (i % 3) * (i >> 12);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function stored(picture: Sharp, format: 'tiff' | 'png'): Promise<Buffer> {
  const stores =
    format === 'tiff' ? picture.tiff({ compression: 'none' }) : picture.png({ compressionLevel: 0 });
  return stores.toBuffer();
}

function bmp(width: number, height: number): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const head = Buffer.alloc(54);
  head.write('BM', 'latin1');
  const numbers = [[2, 54 + rowBytes * height], [10, 54], [14, 40], [18, width], [22, height], [26, 1 + (24 << 16)]]; // prettier-ignore
  for (const [at, value] of numbers) head.writeUInt32LE(value, at);
  return Buffer.concat([head, Buffer.alloc(rowBytes * height, 'abcabd')]);
}

function pixels(source: Buffer): Promise<Buffer> {
  return sharp(source, { failOn: 'warning' }).raw().toBuffer();
}
