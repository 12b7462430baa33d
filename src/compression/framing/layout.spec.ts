import { type CompressionFields, toCompressionOptions } from '../options.js';
import { layOut } from './layout.js';

const layout = (width: number, height: number, fields: CompressionFields, shown?: object) =>
  layOut({ width, height, ...(shown && { shown: shown as never }) }, toCompressionOptions(fields, 50));

describe('layOut', () => {
  it.each([
    [400, 900, { canvas: '1:1' }, 900, 900, 400, 900],
    [400, 900, { canvas: '1:1', fill: 85 }, 1058, 1058, 400, 900],
    [4000, 900, { canvas: '1:1', max_width: 1600 }, 1600, 1600, 1600, 360],
    [4000, 9000, { canvas: '1:1', max_width: 1600, fill: 85 }, 1600, 1600, 605, 1360],
    [400, 900, { canvas: '1:1', max_width: 1600, fill: 85, enlarge: 'true' }, 1600, 1600, 605, 1360],
    [400, 900, { max_width: 800, max_height: 900, enlarge: 'true' }, 400, 900, 400, 900],
    [400, 400, { max_width: 800, enlarge: 'true' }, 800, 800, 800, 800],
    [400, 400, { enlarge: 'true' }, 400, 400, 400, 400],
    [3000, 3000, { canvas: '1:1.44', max_width: 1801, max_height: 2600 }, 1801, 2593, 1801, 1801],
    [100, 100, { fill: 50 }, 200, 200, 100, 100],
    [1, 1, { canvas: '10:1' }, 10, 1, 1, 1],
    [1000, 1, { canvas: '1:1', max_width: 7 }, 7, 7, 7, 1],
  ] as const)('lays %d×%d with %j', (width, height, fields, wide, high, pictureWidth, pictureHeight) => {
    const { place, ...size } = layout(width, height, fields);

    expect(size).toMatchObject({ width: wide, height: high });
    expect(place).toMatchObject({ width: pictureWidth, height: pictureHeight });
    expect(place.left).toBe(Math.floor((wide - pictureWidth) / 2));
    expect(place.top).toBe(Math.floor((high - pictureHeight) / 2));
  });

  it('knows whether the result is the picture itself', () => {
    expect(layout(300, 300, { canvas: '1:1' }).isResized).toBe(false);
    expect(layout(300, 299, { canvas: '1:1' }).isResized).toBe(true);
    expect(layout(300, 300, { trim: 'true' }).isResized).toBe(false);
    const shown = { left: 1, top: 0, width: 299, height: 300 };
    expect(layout(300, 300, { trim: 'true' }, shown).isResized).toBe(true);
    expect(layout(300, 300, { canvas: '1:1' }, shown).isResized).toBe(false);
  });

  it('makes no canvas of more than 16 million pixels, whatever is asked for', () => {
    for (const fields of [
      { canvas: '1:10', max_width: 16_383, enlarge: 'true' },
      { canvas: '10:1' },
      { fill: 1 },
    ] as const) {
      const { width, height, isReduced } = layout(2000, 3000, fields);

      expect(width * height).toBeLessThanOrEqual(16_000_000);
      expect(isReduced).toBe(true);
    }
  });

  it.each([50, 85, 99, 100])('never fills less than %d %% of a side, nor enlarges', (fill) => {
    for (let side = 3; side < 1200; side += 7) {
      const { width, height, place } = layout(side, side * 2, { canvas: '1:1', fill, max_width: 800 });

      expect(Math.max(width, height)).toBeLessThanOrEqual(800);
      expect(place.height / height).toBeGreaterThanOrEqual(fill / 100);
      expect(place.height).toBeLessThanOrEqual(side * 2);
      expect(place.width).toBeLessThanOrEqual(side);
    }
  });
});
