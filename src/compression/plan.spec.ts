import type { ImageFormat } from './formats/image-format.js';
import type { ImageHeader } from './image-header.js';
import { type CompressionFields, toCompressionOptions } from './options.js';
import { planEncodings } from './plan.js';

const SIZES = [0.5, 1, 2, 4, 10, 20, 49];

const plan = (format: ImageFormat, megapixels: number, fields: CompressionFields) =>
  planEncodings(header(format, megapixels), toCompressionOptions(fields, 50));

describe('planEncodings', () => {
  it.each([
    ['jpeg', 'keep', [7, 7, 7, 7, 7, 3, 2]],
    ['webp', 'keep', [7, 7, 7, 5, 2, 3, undefined]],
    ['jpeg', 'webp', [7, 7, 7, 5, 2, 3, 1]],
    ['avif', 'keep', [7, 6, 3, 2, 3, undefined, undefined]],
    ['png', 'keep', [7, 7, 5, 2, 1, 4, 1]],
    ['jpeg', 'auto', [7, 4, 2, 1, 1, 1, 2]],
  ] as const)('allows a %s as %s so many trials of each encoder, by its size', (source, format, trials) => {
    const found = SIZES.map(
      (size) => plan(source, size, { format, target: 'ssim:0.98' }).candidates[0]?.maxTrials,
    );

    expect(found).toEqual(trials);
  });

  it('tries the own format first in auto, and each other one that there is time for', () => {
    const formats = (format: ImageFormat, megapixels: number) =>
      plan(format, megapixels, { format: 'auto' }).candidates.map((one) => one.format);

    expect(formats('webp', 1)).toEqual(['webp', 'jpeg', 'avif']);
    expect(formats('png', 2)).toEqual(['png', 'jpeg', 'webp', 'avif']);
    expect(formats('png', 3.8)).toEqual(['png', 'jpeg', 'webp']);
    expect(formats('jpeg', 49)).toEqual(['jpeg']);
  });

  it('adds the settings of best to those of balanced, where there is time for them', () => {
    const efforts = (megapixels: number) =>
      plan('jpeg', megapixels, { effort: 'best' }).candidates.map(({ effort }) => effort);

    expect(efforts(1)).toEqual(['balanced', 'best', 'best']); // with two quantisation tables
    expect(efforts(8)).toEqual(['balanced']);
  });

  it('leaves an image as it is that its own format can not be made of in bounded time and memory', () => {
    expect(plan('gif', 20, {}).candidates).toEqual([]);
    expect(plan('avif', 19, {}).candidates).toEqual([]);
    expect(plan('avif', 20, { format: 'webp' })).toEqual({ candidates: [], notes: ['format_not_possible'] });
  });
});

/** Of a still picture of 8 bits without transparency. */
function header(format: ImageFormat, megapixels: number): ImageHeader {
  const side = Math.round(Math.sqrt(megapixels * 1_000_000));
  const metadata = {
    space: 'srgb',
    depth: 'uchar',
    channels: 3,
    hasAlpha: false,
    isProgressive: false,
    isPalette: false,
  };
  return {
    format,
    width: side,
    height: side,
    frames: 1,
    pixels: side * side,
    metadata,
  } as unknown as ImageHeader;
}
