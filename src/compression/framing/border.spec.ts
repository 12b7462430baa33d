import { longestSlice } from '../../../test/helpers/main-thread.js';
import { meanOfEdge, withoutBorder } from './border.js';

type Colour = [number, number, number, number?];

/** A box of one colour on another. */
function boxOn(ground: Colour, box: Colour, channels = 3) {
  const [width, height] = [40, 30];
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isInside = x >= 7 && x < 20 && y >= 5 && y < 25;
      data.set((isInside ? box : ground) as number[], (y * width + x) * channels);
    }
  return { data, width, height, channels };
}

const BOX = { left: 7, top: 5, width: 13, height: 20 };
const WHOLE = { left: 0, top: 0, width: 40, height: 30 };

describe('withoutBorder', () => {
  it.each([
    [
      [255, 255, 255],
      [10, 20, 30],
    ],
    [
      [255, 255, 255],
      [244, 244, 244],
    ], // ΔE 3.9
    [
      [0, 0, 0],
      [0, 0, 24],
    ],
    [
      [12, 200, 90],
      [13, 220, 91],
    ],
  ] as [Colour, Colour][])('finds what lies on %j', async (ground, box) => {
    expect(await withoutBorder(boxOn(ground, box))).toEqual(BOX);
  });

  it.each([
    [
      [255, 255, 255],
      [248, 248, 248],
    ], // ΔE 2.5
    [
      [255, 255, 255],
      [255, 255, 254],
    ],
  ] as [Colour, Colour][])(
    'takes on %j what is within ΔE 3 for border, and keeps all of one colour',
    async (ground, box) => {
      expect(await withoutBorder(boxOn(ground, box))).toEqual(WHOLE);
    },
  );

  it('cuts off what is transparent, whatever its colour', async () => {
    expect(await withoutBorder(boxOn([1, 2, 3, 0], [1, 2, 3, 255], 4))).toEqual(BOX);
    expect(await withoutBorder(boxOn([255, 255, 255, 255], [0, 0, 0, 0], 4))).toEqual(WHOLE);
  });

  it('sees a picture that touches the edge', async () => {
    const picture = boxOn([255, 255, 255], [0, 0, 0]);
    picture.data.set([0, 0, 0], 0);

    expect(await withoutBorder(picture)).toEqual({ left: 0, top: 0, width: 20, height: 25 });
  });
});

it('knows the mean of the edge', async () => {
  expect(await meanOfEdge(boxOn([250, 240, 230], [0, 0, 0]))).toEqual([250, 240, 230, 255]);
});

it.each([
  [2000, 2000],
  [4_000_000, 1],
  [1, 4_000_000],
])('holds nobody up for a border of %i × %i pixels', async (width, height) => {
  const pixels = { data: Buffer.alloc(width * height * 3, 200), width, height, channels: 3 };

  const slice = await longestSlice(100, async () => {
    expect(await meanOfEdge(pixels)).toEqual([200, 200, 200, 255]);
    expect(await withoutBorder(pixels)).toEqual({ left: 0, top: 0, width, height });
  });

  expect(slice).toBeLessThan(100);
});
