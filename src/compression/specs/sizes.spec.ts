import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { alike, photo } from '../../../test/helpers/pictures/pictures.js';
import { openSource } from '../compress.js';
import { canonicalOptions, decodedOnce, readCompressionOptions, toCompressionOptions } from '../options.js';

const MAX_PIXELS = 50_000_000;
const WIDTHS = [320, 160, 80];

const sizes = (fields: object = {}) =>
  decodedOnce(WIDTHS.map((max_width) => toCompressionOptions({ max_width, ...fields }, 50)));

describe('sizes of one picture', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)(
    'of a %s look like it, and are the same alone, in any order, and each time',
    async (format) => {
      const source = await photo(640, 480).toFormat(format, { quality: 95 }).toBuffer();
      const image = await openSource(source, MAX_PIXELS);

      const together = [];
      for (const options of sizes({ format: 'jpeg' })) together.push(await image.compress(options));
      const other = await openSource(source, MAX_PIXELS);
      const reversed = [];
      for (const options of sizes({ format: 'jpeg' }).reverse())
        reversed.unshift(await other.compress(options));

      expect(together.map(({ output }) => output.width)).toEqual(WIDTHS);
      for (const [index, { data, output }] of together.entries()) {
        expect(data.equals(reversed[index].data)).toBe(true);
        const [options] = sizes({ format: 'jpeg' }).slice(index);
        const alone = await (await openSource(source, MAX_PIXELS)).compress(options);
        expect(data.equals(alone.data)).toBe(true);
        const resized = await sharp(source).resize(output.width).png().toBuffer();
        expect(await alike(resized, { data })).toBeGreaterThan(0.95);
      }
    },
  );

  it('never enlarge, turn pictures upright, and take those of one channel', async () => {
    const grey = await photo(100, 50).greyscale().jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const image = await openSource(grey, MAX_PIXELS);

    for (const [index, options] of sizes({ quality: '80' }).entries()) {
      const { output, data } = await image.compress(options);

      const width = Math.min(50, WIDTHS[index]);
      expect(output).toMatchObject({ width, height: width * 2 });
      expect(await sharp(data).metadata()).toMatchObject({ width });
    }
  });

  it('are not all held: the largest, and a few that others are made of', async () => {
    const [width, height] = [2000, 1500];
    const image = await openSource(await photo(width, height).jpeg().toBuffer(), MAX_PIXELS);
    const widths = [width, ...Array.from({ length: 20 }, (_, index) => width / 2 - 5 * index)];
    const all = decodedOnce(
      widths.map((max_width) => toCompressionOptions({ max_width, format: 'png' }, 50)),
    );
    const before = await heldBytes();

    for (const options of all) await image.compress(options);

    expect((await heldBytes()) - before).toBeLessThan(2.2 * width * height * 3);
    await image.compress(toCompressionOptions({ canvas: '1:1', max_width: 10 }, 50));
    expect((await heldBytes()) - before).toBeLessThan(1_000_000);
  });

  it('weigh what is held for the others as well', async () => {
    const image = await openSource(await photo(640, 480).png().toBuffer(), MAX_PIXELS);
    const pixels = 640 * 480;
    const weights = (all: ReturnType<typeof sizes>) => all.map((options) => image.weight(options) / pixels);

    expect(
      weights(WIDTHS.map((max_width) => toCompressionOptions({ max_width, format: 'avif' }, 50))),
    ).toEqual([1, 1, 1]);
    // The largest here, what is left of it, and the smaller ones: three times 4 bytes of 10 for a quarter of the pixels.
    const [first, second] = weights(sizes({ format: 'avif' }));
    expect(first).toBeCloseTo(1 + 0.2, 2);
    expect(second).toBe(1);
  });

  it('say so in their options, and others do not', () => {
    const [first] = sizes();
    const { canvas, ...plain } = toCompressionOptions({ max_width: 320 }, 50);

    expect(readCompressionOptions(canonicalOptions(first))).toEqual(first);
    expect(first.decodedFor).toEqual({ maxWidth: 320, maxHeight: null });
    expect(decodedOnce([{ ...plain, canvas }])).toEqual([{ ...plain, canvas }]);
    const square = toCompressionOptions({ canvas: '1:1' }, 50);
    expect(decodedOnce([{ ...plain, canvas }, square])).toEqual([{ ...plain, canvas }, square]);
    const open = toCompressionOptions({ max_height: 10 }, 50);
    expect(decodedOnce([first, open])[0].decodedFor).toEqual({ maxWidth: null, maxHeight: null });
  });
});

/** Bytes outside of the heap of JavaScript that are still in use. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round += 1) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().arrayBuffers;
}
