import { type EncodeOptions, isLowEffort, usesMozjpeg } from '../encoding/encoder-settings.js';

type Scale = readonly (readonly [jpeg: number, own: number])[];

// Means over 16 photos of 320 to 512 pixels, by SSIMULACRA2 (`npm run bench -- quality`). In between, a straight line.
const SCORES: Scale = [
  [1, -100],
  [5, -57],
  [10, 1],
  [20, 38],
  [35, 56],
  [50, 64],
  [65, 70],
  [80, 78],
  [90, 86],
  [95, 91],
  [100, 96],
];

// The quality at which an encoder gives pictures of the same score as libjpeg at the quality in front.
const MOZJPEG: Scale = [
  [1, 1],
  [5, 7],
  [10, 13],
  [20, 24],
  [35, 42],
  [50, 57],
  [65, 70],
  [80, 83],
  [90, 92],
  [100, 100],
];
const MOZJPEG_TABLE_2: Scale = [
  [1, 1],
  [10, 12],
  [20, 22],
  [35, 40],
  [50, 54],
  [65, 69],
  [80, 83],
  [90, 92],
  [100, 100],
];
const WEBP: Scale = [
  [1, 1],
  [10, 2],
  [20, 16],
  [35, 38],
  [50, 54],
  [65, 70],
  [80, 85],
  [90, 92],
  [95, 97],
  [100, 100],
];
const AVIF: Scale = [
  [1, 4],
  [10, 14],
  [20, 30],
  [35, 40],
  [50, 48],
  [65, 54],
  [80, 65],
  [90, 75],
  [95, 82],
  [100, 94],
];
const AVIF_FAST: Scale = [
  [1, 5],
  [10, 15],
  [20, 31],
  [35, 41],
  [50, 49],
  [65, 55],
  [80, 66],
  [90, 76],
  [95, 83],
  [100, 95],
];

/**
 * The quality to give to an encoder so that the result is about as similar to its source as a JPEG of
 * libjpeg's at `quality` is: the numbers of different encoders mean different things.
 */
export function likeJpegQuality(quality: number, options: EncodeOptions): number {
  const scale = scaleOf(options);
  return scale ? Math.round(interpolated(scale, quality, 0, 1)) : quality;
}

/** What SSIMULACRA2 gives for JPEGs of the quality, in the mean over photos. */
export function scoreOfJpeg(quality: number): number {
  return interpolated(SCORES, quality, 0, 1);
}

/** The quality of JPEGs to which SSIMULACRA2 gives the score, in the mean over photos; 1 to 100. */
export function jpegQualityOf(score: number): number {
  return Math.min(100, Math.max(1, Math.round(interpolated(SCORES, score, 1, 0))));
}

/** On the straight line between the two entries around the number, or beyond the first or last ones. */
function interpolated(scale: Scale, number: number, from: 0 | 1, to: 0 | 1): number {
  const found = scale.findIndex((entry) => entry[from] >= number);
  const above = found < 0 ? scale.length - 1 : Math.max(1, found);
  const [one, other] = [scale[above - 1], scale[above]];
  return one[to] + ((number - one[from]) / (other[from] - one[from])) * (other[to] - one[to]);
}

function mozjpegScale({ quantisationTable }: EncodeOptions): Scale {
  return quantisationTable === 2 ? MOZJPEG_TABLE_2 : MOZJPEG;
}

function scaleOf(options: EncodeOptions): Scale | undefined {
  if (options.format === 'jpeg') return usesMozjpeg(options) ? mozjpegScale(options) : undefined;
  if (options.format === 'webp') return WEBP;
  if (options.format === 'avif') return isLowEffort(options) ? AVIF_FAST : AVIF;
  return undefined;
}
