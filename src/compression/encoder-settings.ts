import type { Sharp } from 'sharp';
import type { ImageFormat } from './formats/image-format.js';
import type { ImageHeader } from './image-header.js';
import type { Effort } from './options.js';

/** What the choice of an encoder's settings depends on. */
export interface EncodeOptions {
  format: ImageFormat;
  /** 1 to 100, on the format's own scale. */
  quality: number;
  effort: Effort;
  /** Width × height × frames. */
  pixels: number;
  /** Width × height. */
  framePixels: number;
  isGrey: boolean;
  /** 1 bit a pixel, black and white. */
  isBilevel: boolean;
  hasAlpha: boolean;
  isPalette: boolean;
  /** Whether a PNG is made without dithering, which suits graphics. */
  isPlain?: boolean;
}

/** The picture that is to be encoded. */
export interface PictureFacts {
  /** Of a frame. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
  isResized: boolean;
}

/** The options of an encoding of the picture; their quality is still 0. */
export function encodeOptions(
  { metadata }: ImageHeader,
  { width, height, frames, hasAlpha, isResized }: PictureFacts,
  { format, effort }: { format: ImageFormat; effort: Effort },
): EncodeOptions {
  return {
    format,
    effort,
    quality: 0,
    hasAlpha,
    isPalette: metadata.isPalette,
    pixels: width * height * frames,
    framePixels: width * height,
    isGrey: metadata.space === 'b-w' || metadata.space === 'grey16',
    // Made smaller, lines of two colours need shades.
    isBilevel: metadata.bitsPerSample === 1 && metadata.channels === 1 && !metadata.isPalette && !isResized,
  };
}

/**
 * Encodes in the given format with settings that balance bytes and time. Measured on 2 cores, bytes and milliseconds
 * a million pixels at equal similarity, on 19 photos of at most 800 × 800:
 *
 * - JPEG: fixed Huffman codes (above 24 million pixels) 100 %, 11 ms, but up to twice the bytes of flat pictures;
 *   optimised ones 90 %, 14 ms; mozjpeg with the standard tables (`best`) 81 %, 70 ms. mozjpeg's own tables save bytes
 *   by losing similarity, and nothing more.
 * - WebP: effort 2 (`fast`) 76 %, 40 ms; 4 68 %, 80 ms; 6 (`best`) 64 %, 180 ms.
 * - AVIF: effort 0 (`fast`) 78 %, 75 ms; 1 52 %, 200 ms; 4 (`best`) 50 %, 1,900 ms.
 * - PNG: up to 256 colours. Half the dithering of the default: 8 % fewer bytes, and closer to the source; and none.
 * - GIF: its colours are kept; the quality decides how far a pixel may differ from the frame before.
 * - TIFF: fax codes for 1 bit, Deflate where there is alpha or a palette, else JPEG (a 20th of the bytes).
 *
 * Noise takes up to thirty times as long as photos. So each setting has a largest size, above which the next faster one
 * is used: none of them takes more than 6 s on one core, whatever the picture.
 */
export async function encodeImage(pipeline: Sharp, options: EncodeOptions): Promise<EncodedImage> {
  // libvips would store three equal channels, 3 % more bytes.
  const isGreyOutput = options.isGrey && (options.format === 'jpeg' || options.format === 'tiff');
  const coloured = isGreyOutput ? pipeline.toColourspace('b-w') : pipeline;
  const { data, info } = await settingOf(options).apply(coloured, options).toBuffer({
    resolveWithObject: true,
  });
  return { data, width: info.width, height: info.pageHeight ?? info.height };
}

/** Bytes, and the dimensions of a frame as they are stored. */
export interface EncodedImage {
  data: Buffer;
  width: number;
  height: number;
}

/** Whether the quality decides how much is lost; otherwise it has no meaning. */
export function hasQuality(options: EncodeOptions): boolean {
  const { format, hasAlpha, isPalette, isBilevel } = options;
  if (format === 'tiff') return !hasAlpha && !isPalette && !isBilevel;
  return format !== 'gif' && !settingOf(options).isLossless;
}

/**
 * How long noise takes to encode on one core in all variants, in milliseconds: at most. Photos take about a third of it.
 */
export function noiseMs(options: EncodeOptions): number {
  return [options, ...pngVariants(options, Infinity)].reduce((ms, variant) => ms + oneNoiseMs(variant), 0);
}

/**
 * Other ways to make a PNG of this quality, where the usual one gave so many bytes; the best one is taken. Without
 * dithering, graphics are up to three times as small and more similar; the setting of `fast` is less often better.
 * Both are tried where even noise takes at most 4 s, the latter for every graphic (under 1 bit a pixel: at most 100 ms a
 * million pixels).
 */
export function pngVariants(options: EncodeOptions, bytes: number): EncodeOptions[] {
  const { format, pixels, effort } = options;
  if (format !== 'png' || effort === 'fast' || settingOf(options).isLossless) return [];
  const plain = { ...options, isPlain: true };
  const quick: EncodeOptions = { ...options, effort: 'fast' };
  if (isSameSetting(options, quick)) return [];
  if (2 * oneNoiseMs(options) + oneNoiseMs(quick) <= MAX_VARIANTS_MS) return [plain, quick];
  return pixels <= MAX_TWO_VARIANTS_PIXELS || 8 * bytes < pixels ? [quick] : [];
}

/** Whether both efforts choose the same setting for this picture. */
export function isSameSetting(one: EncodeOptions, other: EncodeOptions): boolean {
  return settingOf(one) === settingOf(other);
}

/** Whether the result is less similar to the source than that of other settings at the same quality. */
export function isLowEffort(options: EncodeOptions): boolean {
  return settingOf(options).isLowEffort ?? false;
}

/** Whether mozjpeg encodes it, whose quality numbers are a little different. */
export function usesMozjpeg(options: EncodeOptions): boolean {
  return settingOf(options).usesMozjpeg ?? false;
}

/** One way to set an encoder. */
interface Setting {
  efforts: readonly Effort[];
  /** Larger pictures take the next setting. */
  maxPixels: number;
  /** On one core, measured with noise at quality 90. */
  msPerMegapixel: number;
  isLowEffort?: boolean;
  isLossless?: boolean;
  usesMozjpeg?: boolean;
  apply(pipeline: Sharp, options: EncodeOptions): Sharp;
}

const MAX_VARIANTS_MS = 4_000;
const MAX_TWO_VARIANTS_PIXELS = 1_100_000;

const BEST = ['best'] as const;
const NOT_FAST = ['balanced', 'best'] as const;
const ANY = ['fast', 'balanced', 'best'] as const;

const webp =
  (effort: number) =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.webp({ quality, effort });
// The colours at half the resolution, as JPEG and WebP have them.
const avif =
  (effort: number) =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.avif({ quality, effort, chromaSubsampling: '4:2:0' });
const palettePng =
  (effort: number, dither: number) =>
  (pipeline: Sharp, { quality, isPlain }: EncodeOptions) =>
    pipeline.png({
      ...{ palette: true, quality, dither: isPlain ? 0 : dither },
      ...{ effort, compressionLevel: effort === 1 ? 6 : 9 },
    });
const gif =
  (effort: number) =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.gif({ interFrameMaxError: Math.round(((100 - quality) / 100) * 16), effort });

/** From the slowest to the fastest; the first one for the effort and the size is used. */
const SETTINGS: Record<ImageFormat, Setting[]> = {
  jpeg: [
    {
      ...{ efforts: BEST, maxPixels: 6e6, msPerMegapixel: 1_000, usesMozjpeg: true },
      apply: (pipeline, { quality }) => pipeline.jpeg({ quality, mozjpeg: true, quantisationTable: 0 }),
    },
    {
      // Optimised codes hold the whole picture in memory once more, 3 bytes a pixel.
      ...{ efforts: ANY, maxPixels: 24e6, msPerMegapixel: 120 },
      apply: (pipeline, { quality }) => pipeline.jpeg({ quality }),
    },
    {
      ...{ efforts: ANY, maxPixels: Infinity, msPerMegapixel: 40 },
      apply: (pipeline, { quality }) => pipeline.jpeg({ quality, optimiseCoding: false }),
    },
  ],
  png: [
    { efforts: BEST, maxPixels: 0.15e6, msPerMegapixel: 24_000, apply: palettePng(10, 0.5) },
    { efforts: NOT_FAST, maxPixels: 0.6e6, msPerMegapixel: 10_000, apply: palettePng(7, 0.5) },
    { efforts: NOT_FAST, maxPixels: 4e6, msPerMegapixel: 1_500, apply: palettePng(4, 0.5) },
    { efforts: ANY, maxPixels: 10e6, msPerMegapixel: 600, apply: palettePng(1, 0) },
    {
      // Without a palette, which would take half a minute to choose: nothing is lost, and little saved.
      ...{ efforts: ANY, maxPixels: Infinity, msPerMegapixel: 60, isLossless: true },
      apply: (pipeline) => pipeline.png({ compressionLevel: 6 }),
    },
  ],
  webp: [
    { efforts: BEST, maxPixels: 4e6, msPerMegapixel: 1_250, apply: webp(6) },
    { efforts: NOT_FAST, maxPixels: 10e6, msPerMegapixel: 550, apply: webp(4) },
    { efforts: ANY, maxPixels: 16e6, msPerMegapixel: 360, apply: webp(2) },
    { efforts: ANY, maxPixels: Infinity, msPerMegapixel: 100, apply: webp(0) },
  ],
  avif: [
    { efforts: BEST, maxPixels: 0.4e6, msPerMegapixel: 12_000, apply: avif(4) },
    { efforts: NOT_FAST, maxPixels: 4e6, msPerMegapixel: 1_450, apply: avif(1) },
    { efforts: ANY, maxPixels: Infinity, msPerMegapixel: 320, isLowEffort: true, apply: avif(0) },
  ],
  gif: [
    { efforts: NOT_FAST, maxPixels: 10e6, msPerMegapixel: 520, apply: gif(7) },
    { efforts: ANY, maxPixels: Infinity, msPerMegapixel: 440, apply: gif(3) },
  ],
  tiff: [{ efforts: ANY, maxPixels: Infinity, msPerMegapixel: 120, apply: encodeTiff }],
};

function oneNoiseMs(options: EncodeOptions): number {
  return (settingOf(options).msPerMegapixel * options.pixels) / 1_000_000;
}

function settingOf({ format, effort, pixels, framePixels, hasAlpha }: EncodeOptions): Setting {
  // With transparency, the best effort of WebP took 4 s for 300×300, and saved 3 %.
  const used = format === 'webp' && hasAlpha && effort === 'best' ? 'balanced' : effort;
  // Transparency takes 40 bytes a pixel at effort 4, 28 at 2, 20 at 0.
  const size = format === 'webp' && hasAlpha ? Math.max(pixels, 2 * framePixels) : pixels;
  return SETTINGS[format].find(
    ({ efforts, maxPixels }) => efforts.some((one) => one === used) && size <= maxPixels,
  )!;
}

function encodeTiff(pipeline: Sharp, { quality, isBilevel, hasAlpha, isPalette }: EncodeOptions): Sharp {
  if (isBilevel) return pipeline.tiff({ compression: 'ccittfax4', bitdepth: 1, miniswhite: true });
  if (hasAlpha || isPalette) return pipeline.tiff({ compression: 'deflate', predictor: 'horizontal' });
  return pipeline.tiff({ compression: 'jpeg', quality });
}
