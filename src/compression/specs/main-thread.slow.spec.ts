import sharp from 'sharp';
import { longestSlice } from '../../../test/helpers/main-thread.js';
import { openSource } from '../compress.js';
import { type CompressionFields, toCompressionOptions } from '../options.js';
import { readPixels, withoutOpaqueAlpha } from '../pixels.js';

const MAX_PIXELS = 50_000_000;
const MOST_MS = 100;

/** White, with an alpha channel that hides nothing. */
const opaquePng = (side: number): Promise<Buffer> =>
  sharp(Buffer.alloc(side * side * 4, 255), { raw: { width: side, height: side, channels: 4 } })
    .png({ compressionLevel: 1 })
    .toBuffer();

/** An uncompressed TIFF of RGB and two more channels. */
function tiffOfFiveChannels(width: number, height: number): Buffer {
  const channels = 5;
  const bytes = width * height * channels;
  const [bits, extra] = [Array<number>(channels).fill(8), [0, 2]];
  const at = 8 + bytes;
  const entries = [
    ...[
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, channels, at],
      [259, 3, 1, 1],
      [262, 3, 1, 2],
    ],
    ...[
      [273, 4, 1, 8],
      [277, 3, 1, channels],
      [278, 4, 1, height],
      [279, 4, 1, bytes],
      [284, 3, 1, 1],
    ],
    [338, 3, 2, extra[0] + extra[1] * 65_536],
  ];
  const directory = at + 2 * channels;
  const file = Buffer.alloc(directory + 2 + 12 * entries.length + 4);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(directory, 4);
  for (let pixel = 8; pixel < at; pixel += 1) file[pixel] = (pixel * 7) & 255;
  bits.forEach((value, index) => file.writeUInt16LE(value, at + 2 * index));
  file.writeUInt16LE(entries.length, directory);
  entries.forEach(([tag, type, count, value], index) => {
    const entry = directory + 2 + 12 * index;
    file.writeUInt16LE(tag, entry);
    file.writeUInt16LE(type, entry + 2);
    file.writeUInt32LE(count, entry + 4);
    file.writeUInt32LE(value, entry + 8);
  });
  return file;
}

async function longestSliceOf(source: Buffer, fields: CompressionFields): Promise<number> {
  return longestSlice(MOST_MS, async () => {
    const image = await openSource(source, MAX_PIXELS);
    await image.compress(toCompressionOptions(fields, 50));
  });
}

describe('16 million pixels hold nobody else up', () => {
  it('in a picture whose alpha channel hides nothing', async () => {
    expect(await longestSliceOf(await opaquePng(4000), { format: 'jpeg' })).toBeLessThan(MOST_MS);
  });

  it('in a TIFF of five channels', async () => {
    expect(await longestSliceOf(tiffOfFiveChannels(4000, 4000), { format: 'jpeg' })).toBeLessThan(MOST_MS);
  });
});

describe('pixels', () => {
  it('of five channels are the first three, and the last one as their transparency', async () => {
    const source = tiffOfFiveChannels(600, 500);

    const { data, channels } = await readPixels(sharp(source));

    expect(channels).toBe(4);
    const whole = source.subarray(8, 8 + 600 * 500 * 5);
    const expected = Buffer.alloc(600 * 500 * 4);
    for (let i = 0; i < 600 * 500; i += 1)
      for (const [to, from] of [0, 1, 2, 4].entries()) expected[4 * i + to] = whole[5 * i + from];
    expect(data.equals(expected)).toBe(true);
  });

  it.each([2, 4])('of %i channels lose an alpha that hides nothing, and nothing else', async (channels) => {
    const [width, height] = [700, 600];
    const data = Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i * 7) & 255));
    for (let at = channels - 1; at < data.length; at += channels) data[at] = 255;
    const pixels = { data, width, height, channels };

    const opaque = await withoutOpaqueAlpha(pixels);

    expect(opaque).toMatchObject({ width, height, channels: channels - 1 });
    const colours = data.filter((_, i) => i % channels !== channels - 1);
    expect(opaque.data.equals(colours)).toBe(true);
    data[data.length - 1] = 254;
    expect(await withoutOpaqueAlpha(pixels)).toBe(pixels);
  });
});
