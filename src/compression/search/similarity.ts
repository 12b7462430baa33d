import { type ColourPlanes, colourPlanes } from './colour-planes.js';

/** Decoded pixels: 8 bits a channel, one to four of them (grey, grey and alpha, RGB, RGBA), rows from above. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: number;
}

/** What {@link similarity} compares of an image: made once, compared as often as needed. */
export interface Look {
  onWhite: Scale[];
  /** Where something may be transparent. */
  onBlack?: Scale[];
}

/** All tiles of an image at one size. */
interface Scale {
  width: number;
  height: number;
  tiles: number;
  planes: Plane[];
}

/** The values of one plane, and sums over blocks of 4 × 4 of them. */
interface Plane {
  values: Float32Array;
  sums: Float32Array;
  squares: Float32Array;
}

const BLOCK = 4;
/** Each window has 2 × 2 blocks, and begins in the middle of the one before. */
const WINDOW_VALUES = (2 * BLOCK) ** 2;
const SMALLEST_SIDE = 2 * BLOCK;
const SCALES = 4;
/** As in SSIMULACRA2. */
const C2 = 0.0009;
/** Of the mean structure that is lost and its worst, of contrast that is added, and of contrast that is lost. */
type Weights = readonly number[];

/**
 * Fitted to the scores of SSIMULACRA2 for 1,079 pairs (docs/decisions/0025): a row a scale, in it red against green, brightness, and
 * blue against yellow. What has no weight is not looked at.
 */
const WEIGHTS: readonly (readonly (Weights | undefined)[])[] = [
  [[0, 0, 0, 0, 0, 1920], [0, 272, 0, 0, 0, 8200], undefined],
  [
    [0, 0, 0, 95, 0, 0],
    [4550, 199, 2500, 0, 0, 851],
    [0, 0, 0, 0, 0, 1870],
  ],
  [
    [397, 0, 0, 0, 0, 0],
    [14500, 0, 0, 0, 0, 1580],
    [672, 100, 0, 0, 0, 0],
  ],
  [
    [0, 51.4, 0, 0, 0, 36.2],
    [0, 2110, 0, 1130, 0, 0],
    [448, 1580, 0, 1320, 0, 2890],
  ],
];
/** From the weighted sum to 100 − score, as in SSIMULACRA2. */
const EXPONENT = 0.6276;

/**
 * What is compared of an image: the colours of `colour-planes.ts` in their own size, a half, a quarter and an eighth of it; on
 * white and, where something may be transparent, on black. Takes 4 ms for 400×300 and for anything larger; twice that with
 * transparency.
 */
export function lookOf(pixels: Pixels): Look {
  const mayHide = pixels.channels === 2 || pixels.channels === 4;
  const onWhite = scalesOf(colourPlanes(pixels, 255));
  return mayHide ? { onWhite, onBlack: scalesOf(colourPlanes(pixels, 0)) } : { onWhite };
}

/**
 * How alike two images of the same size look, in colours, brightness and transparency: 1 for the same picture, about
 * 0.986 for photos at JPEG quality 50, below 0.97 where blocks are seen, less than 0.9 for a spoilt picture. Where something may
 * be transparent, it is the smaller one of the values on white and on black.
 *
 * It foretells the score of SSIMULACRA2, 100 for the same picture: `1 - (100 - score)² / 80,000`.
 *
 * @param isOnWhite whether the result is to be seen on white only, because its transparency was laid on it
 */
export function similarity(source: Look, result: Look, { isOnWhite = false } = {}): number {
  const white = error(source.onWhite, result.onWhite);
  const mayHide = !isOnWhite && (source.onBlack ?? result.onBlack) !== undefined;
  const black = mayHide ? error(source.onBlack ?? source.onWhite, result.onBlack ?? result.onWhite) : 0;
  return similarityOf(100 - 100 * Math.max(white, black));
}

/** As it is reported: with four decimals, and 1 only for what is the same. */
export function rounded(similarity: number): number {
  return similarity === 1 ? 1 : Math.min(9_999, Math.round(similarity * 10_000)) / 10_000;
}

/** The similarity of pictures for which SSIMULACRA2 gives this score. */
export function similarityOf(score: number): number {
  return Math.max(0, 1 - ((100 - score) / 100) ** 2 / 8);
}

/** The score of SSIMULACRA2 that this similarity foretells. */
export function scoreOf(similarity: number): number {
  return 100 - 100 * Math.sqrt(8 * (1 - similarity));
}

function scalesOf({ width, height, tiles, planes }: ColourPlanes): Scale[] {
  const scales: Scale[] = [];
  let size = { width, height, tiles };
  let values: Float32Array[] = planes;
  for (;;) {
    const own = size;
    scales.push({ ...own, planes: values.map((each) => planeOf(each, own)) });
    const half = { width: own.width >> 1, height: own.height >> 1, tiles };
    if (scales.length === SCALES || Math.min(half.width, half.height) < SMALLEST_SIDE) return scales;
    values = values.map((each) => halved(each, own, half));
    size = half;
  }
}

type Size = Omit<Scale, 'planes'>;

function planeOf(values: Float32Array, size: Size): Plane {
  return { values, sums: sumsOfBlocks(values, size), squares: sumsOfProducts(values, values, size) };
}

function halved(values: Float32Array, from: Size, to: Size): Float32Array {
  const half = new Float32Array(to.width * to.height * to.tiles);
  let at = 0;
  for (let tile = 0; tile < to.tiles; tile += 1) {
    for (let y = 0; y < to.height; y += 1) {
      let i = (tile * from.height + 2 * y) * from.width;
      for (let x = 0; x < to.width; x += 1, at += 1, i += 2) {
        half[at] = (values[i] + values[i + 1] + values[i + from.width] + values[i + from.width + 1]) / 4;
      }
    }
  }
  return half;
}

function sumsOfBlocks(values: Float32Array, { width, height, tiles }: Size): Float32Array {
  const [across, down] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const sums = new Float32Array(across * down * tiles);
  let at = 0;
  for (let tile = 0; tile < tiles; tile += 1) {
    for (let row = 0; row < down; row += 1) {
      let first = (tile * height + row * BLOCK) * width;
      for (let column = 0; column < across; column += 1, at += 1, first += BLOCK) {
        let sum = 0;
        for (let i = first, y = 0; y < BLOCK; y += 1, i += width) {
          sum += values[i] + values[i + 1] + values[i + 2] + values[i + 3];
        }
        sums[at] = sum;
      }
    }
  }
  return sums;
}

function sumsOfProducts(
  one: Float32Array,
  other: Float32Array,
  { width, height, tiles }: Size,
): Float32Array {
  const [across, down] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const sums = new Float32Array(across * down * tiles);
  let at = 0;
  for (let tile = 0; tile < tiles; tile += 1) {
    for (let row = 0; row < down; row += 1) {
      let first = (tile * height + row * BLOCK) * width;
      for (let column = 0; column < across; column += 1, at += 1, first += BLOCK) {
        let sum = 0;
        for (let i = first, y = 0; y < BLOCK; y += 1, i += width) {
          sum += one[i] * other[i] + one[i + 1] * other[i + 1];
          sum += one[i + 2] * other[i + 2] + one[i + 3] * other[i + 3];
        }
        sums[at] = sum;
      }
    }
  }
  return sums;
}

/** 0 for the same pictures; 1 where SSIMULACRA2 gives 0. */
function error(source: Scale[], result: Scale[]): number {
  const { width, height, tiles } = source[0];
  const [other] = result;
  if (width !== other.width || height !== other.height || tiles !== other.tiles) {
    throw new Error('images of different sizes were compared');
  }
  let sum = 0;
  for (let scale = 0; scale < SCALES; scale += 1) {
    // Small images have no smaller scales; their last one stands for those.
    const own = Math.min(scale, source.length - 1);
    for (const [plane, weights] of WEIGHTS[scale].entries()) {
      if (weights)
        sum += weighted(source[own], source[own].planes[plane], result[own].planes[plane], weights);
    }
  }
  return sum ** EXPONENT / 100;
}

/** What the windows of two planes differ by: the mean, and the mean of the fourth powers, in which the worst ones count most. */
function weighted(size: Size, source: Plane, result: Plane, weights: Weights): number {
  const products = sumsOfProducts(source.values, result.values, size);
  const [across, down] = [Math.floor(size.width / BLOCK), Math.floor(size.height / BLOCK)];
  const totals = new Float64Array(6);
  for (let row = 0; row < size.tiles * down; row += 1) {
    if (row % down === down - 1) continue; // no window reaches from one tile into the next
    for (let i = row * across; i < row * across + across - 1; i += 1) {
      const a = sumOfWindow(source.sums, i, across) / WINDOW_VALUES;
      const b = sumOfWindow(result.sums, i, across) / WINDOW_VALUES;
      const varianceA = sumOfWindow(source.squares, i, across) / WINDOW_VALUES - a * a;
      const varianceB = sumOfWindow(result.squares, i, across) / WINDOW_VALUES - b * b;
      const covariance = sumOfWindow(products, i, across) / WINDOW_VALUES - a * b;
      const alike = ((1 - (a - b) * (a - b)) * (2 * covariance + C2)) / (varianceA + varianceB + C2);
      const structure = Math.max(0, 1 - alike);
      totals[0] += structure;
      totals[1] += structure * structure * structure * structure;
      const contrast = Math.sqrt(Math.max(0, varianceB)) - Math.sqrt(Math.max(0, varianceA));
      const kind = contrast > 0 ? 2 : 4;
      totals[kind] += Math.abs(contrast);
      totals[kind + 1] += contrast * contrast * contrast * contrast;
    }
  }
  const windows = size.tiles * (across - 1) * (down - 1);
  return totals.reduce((sum, total, i) => {
    const mean = total / windows;
    return sum + weights[i] * (i % 2 === 0 ? mean : mean ** 0.25);
  }, 0);
}

function sumOfWindow(sums: Float32Array, i: number, across: number): number {
  return sums[i] + sums[i + 1] + sums[i + across] + sums[i + across + 1];
}
