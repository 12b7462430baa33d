import { fitsIntoMemory, type PeakFacts } from './memory.js';

const facts = (
  [source, sourceMegapixels, metadata]: [PeakFacts['source']['format'], number, object],
  [result, resultMegapixels, hasAlpha]: [PeakFacts['result']['format'], number, boolean],
  isReadAgain = false,
  frames = 1,
): PeakFacts => ({
  source: {
    format: source,
    framePixels: sourceMegapixels * 1e6,
    metadata: { depth: 'uchar', space: 'srgb', isProgressive: false, ...metadata } as never,
  },
  result: { format: result, framePixels: resultMegapixels * 1e6, frames, hasAlpha },
  isReadAgain,
});

describe('fitsIntoMemory', () => {
  it.each([
    ['a JPEG of 49 million pixels', facts(['jpeg', 49, {}], ['jpeg', 49, false])],
    ['a progressive JPEG of 39', facts(['jpeg', 39, { isProgressive: true }], ['jpeg', 39, false])],
    ['a JPEG of 16 as AVIF', facts(['jpeg', 16, {}], ['avif', 16, false])],
    [
      'a progressive JPEG of 39 as AVIF of 15, which is encoded when its decoder has ended',
      facts(['jpeg', 39, { isProgressive: true }], ['avif', 15, false]),
    ],
    ['a transparent AVIF of 12', facts(['avif', 12, {}], ['avif', 12, true])],
    ['an interlaced PNG of 49', facts(['png', 49, { isProgressive: true }], ['png', 49, true])],
  ])('takes %s', (_, peak) => {
    expect(fitsIntoMemory(peak)).toBe(true);
  });

  it.each([
    ['a transparent AVIF of 16', facts(['avif', 16, {}], ['avif', 16, true])],
    ['an AVIF of 24, which took 893 MB', facts(['avif', 24, {}], ['avif', 24, false])],
    ['a transparent WebP of 39, which took 1053 MB', facts(['webp', 39, {}], ['webp', 39, true])],
    ['a transparent PNG of 36 as WebP, which took 790 MB', facts(['png', 36, {}], ['webp', 36, true])],
    [
      'a progressive JPEG of 39 as AVIF of 15 that keeps its metadata, since it is decoded while it is encoded',
      facts(['jpeg', 39, { isProgressive: true }], ['avif', 15, false], true),
    ],
  ])('refuses %s', (_, peak) => {
    expect(fitsIntoMemory(peak)).toBe(false);
  });

  it.each([
    [
      'four frames of 12 million transparent pixels',
      facts(['webp', 12, {}], ['webp', 12, true], false, 4),
      false,
    ],
    ['forty frames of a small one', facts(['webp', 0.4, {}], ['webp', 0.4, true], false, 40), true],
    ['four opaque frames of 8 million pixels', facts(['webp', 8, {}], ['webp', 8, false], false, 4), true],
  ])('judges an animation by all of its frames: %s', (_case, peak, fits) => {
    expect(fitsIntoMemory(peak)).toBe(fits);
  });
});
