import type { Pixels } from './similarity.js';

/** Brightness and two differences of colours, in tiles: one behind the other, rows from above. */
export interface ColourPlanes {
  /** Of a tile, 8 at least. */
  width: number;
  height: number;
  tiles: number;
  /** Red against green, brightness, blue against yellow: 0 to 1, with equal steps where the eye sees equal ones. */
  planes: [Float32Array, Float32Array, Float32Array];
}

const TILE = 64;
/** Spread evenly over the image. */
const MAX_TILES = 32;
/** The smallest that is compared: of smaller images, the last row and column go on. */
const MIN_SIDE = 8;

/** The light of each value in sRGB, 0 to 1. */
const LIGHT = Float32Array.from({ length: 256 }, (_, i) =>
  i <= 10 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4,
);
// What the cells of the eye answer to light, a cube root, in steps that are fine enough for the darkest colours.
const STEPS = 16_384;
const BIAS = 0.0037930734;
const ANSWER = Float32Array.from(
  { length: STEPS + 2 },
  (_, i) => Math.cbrt(i / STEPS + BIAS) - Math.cbrt(BIAS),
);

/**
 * The colours of up to 32 tiles of 64 × 64 pixels that are spread over the image, and cover it up to 130,000 pixels, in the space
 * XYB of JPEG XL and SSIMULACRA2. What is transparent lies on the background, 0 (black) to 255 (white).
 */
export function colourPlanes(pixels: Pixels, background: number): ColourPlanes {
  const { columns, rows } = tileCounts(pixels);
  const lefts = starts(pixels.width, columns);
  const tops = starts(pixels.height, rows);
  const width = Math.max(MIN_SIDE, Math.min(TILE, pixels.width));
  const height = Math.max(MIN_SIDE, Math.min(TILE, pixels.height));
  const size = columns * rows * width * height;
  const planes: ColourPlanes['planes'] = [
    new Float32Array(size),
    new Float32Array(size),
    new Float32Array(size),
  ];
  let at = 0;
  for (const top of tops) {
    for (const left of lefts) {
      for (let y = 0; y < height; y += 1, at += width) {
        readRow(pixels, left, Math.min(pixels.height - 1, top + y), background, planes, at, at + width);
      }
    }
  }
  return { width, height, tiles: columns * rows, planes };
}

function tileCounts({ width, height }: Pixels): { columns: number; rows: number } {
  const [across, down] = [Math.ceil(width / TILE), Math.ceil(height / TILE)];
  const every = Math.sqrt(Math.max(1, (across * down) / MAX_TILES));
  const columns = Math.min(MAX_TILES, Math.max(1, Math.floor(across / every)));
  return { columns, rows: Math.max(1, Math.min(down, Math.floor(MAX_TILES / columns))) };
}

/** Where tiles begin along one side: the first at the edge, the last one ends at the other. */
function starts(length: number, count: number): number[] {
  const last = Math.max(0, length - TILE);
  return Array.from({ length: count }, (_, i) =>
    Math.round(count === 1 ? last / 2 : (i * last) / (count - 1)),
  );
}

// Indices in place of destructuring, and one function for all kinds of pixels: it runs for each of them.
function readRow(
  pixels: Pixels,
  left: number,
  row: number,
  background: number,
  planes: ColourPlanes['planes'],
  from: number,
  to: number,
): void {
  const { data, width, channels } = pixels;
  const [redGreen, light, blueYellow] = planes;
  const isColour = channels >= 3;
  const mayHide = channels === 2 || channels === 4;
  for (let at = from; at < to; at += 1) {
    const i = (row * width + Math.min(width - 1, left + at - from)) * channels;
    let red = data[i];
    let green = isColour ? data[i + 1] : red;
    let blue = isColour ? data[i + 2] : red;
    if (mayHide && data[i + channels - 1] !== 255) {
      const share = data[i + channels - 1] / 255;
      const rest = background * (1 - share) + 0.5;
      red = (red * share + rest) | 0;
      green = (green * share + rest) | 0;
      blue = (blue * share + rest) | 0;
    }
    const r = LIGHT[red];
    const g = LIGHT[green];
    const b = LIGHT[blue];
    const long = ANSWER[((0.3 * r + 0.622 * g + 0.078 * b) * STEPS + 0.5) | 0];
    const medium = ANSWER[((0.23 * r + 0.692 * g + 0.078 * b) * STEPS + 0.5) | 0];
    const short = ANSWER[((0.2434227 * r + 0.2047674 * g + 0.5518099 * b) * STEPS + 0.5) | 0];
    const brightness = (long + medium) / 2;
    redGreen[at] = (long - medium) * 7 + 0.42;
    light[at] = brightness + 0.01;
    blueYellow[at] = short - brightness + 0.55;
  }
}
