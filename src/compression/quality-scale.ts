import { type EncodeOptions, isLowEffort, usesMozjpeg } from './encoder-settings.js';

type Scale = [jpeg: number, own: number][];

// All of these are means over 19 photos.
const SIMILARITY: [jpeg: number, similarity: number][] = [
  [10, 0.92],
  [30, 0.973],
  [50, 0.986],
  [70, 0.991],
  [80, 0.996],
];
const MIN_SIMILARITY = 0.9;
const MAX_QUALITY = 90;

// The quality at which an encoder comes out as similar to the source as libjpeg at the quality in front. In between, a
// straight line.
const MOZJPEG: Scale = [
  [1, 1],
  [10, 13],
  [30, 33],
  [50, 57],
  [70, 72],
  [80, 82],
  [90, 91],
  [100, 100],
];
const WEBP: Scale = [
  [1, 1],
  [10, 1],
  [20, 12],
  [30, 19],
  [40, 27],
  [50, 40],
  [60, 54],
  [70, 63],
  [80, 83],
  [90, 95],
  [95, 100],
  [100, 100],
];
const AVIF: Scale = [
  [1, 1],
  [10, 12],
  [20, 27],
  [30, 35],
  [50, 45],
  [60, 52],
  [70, 55],
  [80, 65],
  [90, 82],
  [100, 95],
];
const AVIF_FAST: Scale = [
  [1, 1],
  [10, 20],
  [20, 36],
  [30, 41],
  [50, 54],
  [70, 60],
  [80, 73],
  [90, 86],
  [100, 97],
];

/**
 * The quality to give to an encoder so that the result is about as similar to its source as a JPEG of
 * libjpeg's at `quality` is: the numbers of different encoders mean different things.
 */
export function likeJpegQuality(quality: number, options: EncodeOptions): number {
  const scale = scaleOf(options);
  if (!scale) return quality;
  const above = Math.max(
    1,
    scale.findIndex(([jpeg]) => jpeg >= quality),
  );
  const [from, to] = [scale[above - 1], scale[above]];
  return Math.round(from[1] + ((quality - from[0]) / (to[0] - from[0])) * (to[1] - from[1]));
}

/** About how similar to its source a JPEG of the quality is; a little less rather than more. */
export function similarityOfJpeg(quality: number): number {
  return SIMILARITY.findLast(([jpeg]) => jpeg <= quality)?.[1] ?? MIN_SIMILARITY;
}

/** The quality of a JPEG that is about as similar to its source, or a little more. */
export function jpegQualityOf(similarity: number): number {
  return SIMILARITY.find(([, reached]) => reached >= similarity)?.[0] ?? MAX_QUALITY;
}

function scaleOf(options: EncodeOptions): Scale | undefined {
  if (options.format === 'jpeg') return usesMozjpeg(options) ? MOZJPEG : undefined;
  if (options.format === 'webp') return WEBP;
  if (options.format === 'avif') return isLowEffort(options) ? AVIF_FAST : AVIF;
  return undefined;
}
