import type { Sharp } from 'sharp';
import type { ImageFormat } from '../formats/image-format.js';
import type { ImageHeader } from '../image-header.js';
import type { Effort } from '../options.js';
import { withFewerBits } from './palette-bits.js';

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
  /** Whether a side is longer than that of any JPEG. */
  isTooLongForJpeg: boolean;
  hasAlpha: boolean;
  isPalette: boolean;
  /** Of a PNG with a palette: 0, which suits graphics, to 1; 0 unless given. */
  dither?: number;
  /** Whether a PNG is made without a palette, so that nothing is lost. */
  isExact?: boolean;
  /** Whether it is made to be looked at only, so that a PNG need not be as small as can be. */
  isTrial?: boolean;
  /** Of mozjpeg, as libvips numbers them. */
  quantisationTable?: number;
}

/** The picture that is to be encoded. */
export interface PictureFacts {
  /** Of a frame. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
  isResized: boolean;
  /** Whether it has colours that its source does not have. */
  isColoured?: boolean;
}

/** The longest side of a JPEG, as libjpeg says, also where a TIFF holds it. */
export const MAX_JPEG_SIDE = 65_500;

/** The options of an encoding of the picture; their quality is still 0. */
export function encodeOptions(
  { metadata }: ImageHeader,
  { width, height, frames, hasAlpha, isResized, isColoured = false }: PictureFacts,
  { format, effort, quantisationTable }: Pick<EncodeOptions, 'format' | 'effort' | 'quantisationTable'>,
): EncodeOptions {
  return {
    format,
    effort,
    quality: 0,
    quantisationTable,
    hasAlpha,
    isPalette: metadata.isPalette,
    pixels: width * height * frames,
    framePixels: width * height,
    isGrey: !isColoured && (metadata.space === 'b-w' || metadata.space === 'grey16'),
    // Made smaller, lines of two colours need shades.
    isBilevel: metadata.bitsPerSample === 1 && metadata.channels === 1 && !metadata.isPalette && !isResized,
    isTooLongForJpeg: Math.max(width, height) > MAX_JPEG_SIDE,
  };
}

/**
 * Encodes in the given format with settings that balance bytes and time. Bytes at the SSIMULACRA2 score of libjpeg with its
 * standard tables at quality 50, on 16 photos of at most 512 × 512, and milliseconds a million pixels:
 *
 * - JPEG: table 2 in place of the standard ones 91 %, in the same time (8 ms); mozjpeg with its own tables (`best`) 87 %, 60 ms.
 *   By butteraugli 97 % and 93 %. mozjpeg with the standard tables has 95 % and 106 %. Above 24 million pixels
 *   fixed Huffman codes, 10 % larger, and up to twice as large for flat pictures.
 * - WebP: effort 4 84 %, 80 ms; effort 2 (`fast`) 40 ms; 6 (`best`) 180 ms.
 * - AVIF: effort 0 (`fast`) 72 %, 75 ms; 1 68 %, 200 ms; 4 (`best`) 1,900 ms. With all colours at full resolution, which
 *   costs 1 % on photos and saves coloured drawings.
 * - PNG: up to 256 colours, with and without dithering, or no palette: `png-search.ts` chooses.
 * - GIF: its colours are kept; the quality decides how far a pixel may differ from the frame before.
 * - TIFF: fax codes for 1 bit, Deflate where there is alpha or a palette, or a side that JPEG can't have, else JPEG (a 20th of
 *   the bytes).
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
  const bytes = hasPalette(options) && !options.isTrial ? await withFewerBits(data) : data;
  return { data: bytes, width: info.width, height: info.pageHeight ?? info.height };
}

/** Bytes, and the dimensions of a frame as they are stored. */
export interface EncodedImage {
  data: Buffer;
  width: number;
  height: number;
}

/** Whether the quality decides how much is lost; otherwise it has no meaning. */
export function hasQuality(options: EncodeOptions): boolean {
  const { format, isBilevel } = options;
  if (format === 'tiff') return !isBilevel && !needsDeflate(options);
  return format !== 'gif' && !settingOf(options).isLossless;
}

/**
 * How long noise takes to encode on one core at one quality, in milliseconds: at most. Photos take about a third of it.
 *
 * @param isSearched whether the quality is searched, where a PNG is made with and without dithering at each
 */
export function noiseMs(options: EncodeOptions, { isSearched }: { isSearched: boolean }): number {
  if (!hasPalette(options)) return oneNoiseMs(options);
  if (isSearched) return 2 * oneNoiseMs(options);
  const quick = oneNoiseMs({ ...options, effort: 'fast' });
  const own = oneNoiseMs(options);
  const exact = oneNoiseMs({ ...options, isExact: true });
  return own + furtherPalettes(options) * quick + (own > quick ? own : 0) + exact;
}

/** Whether it is a PNG that gets a palette, whose quality decides how many colours it has. */
export function hasPalette(options: EncodeOptions): boolean {
  return options.format === 'png' && !settingOf(options).isLossless;
}

/** How many palettes are tried for a PNG, in the quickest setting, if the first one is not good enough: 1 to 3. */
export function furtherPalettes(options: EncodeOptions): number {
  const ms = oneNoiseMs({ ...options, effort: 'fast' });
  return Math.min(MAX_FURTHER_PALETTES, Math.max(1, Math.floor(MAX_PALETTES_MS / ms)));
}

/** Whether one further palette of noise takes longer than all of them may. */
export function isPaletteSlow(options: EncodeOptions): boolean {
  return oneNoiseMs({ ...options, effort: 'fast' }) > MAX_PALETTES_MS;
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

/** Up to this size AVIF has its colours at full resolution: 33 bytes of memory a pixel in place of 21. */
export const MAX_FULL_COLOUR_PIXELS = 3e6;

/** Filters make photos a third smaller, and noise take half as long again. */
const MAX_FILTERED_PIXELS = 10e6;
const MAX_FURTHER_PALETTES = 3;
const MAX_PALETTES_MS = 3_500;

const BEST = ['best'] as const;
const NOT_FAST = ['balanced', 'best'] as const;
const ANY = ['fast', 'balanced', 'best'] as const;

const webp =
  (effort: number) =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.webp({ quality, effort });
const avif =
  (effort: number, chromaSubsampling: '4:4:4' | '4:2:0') =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.avif({ quality, effort, chromaSubsampling });
// Tuned for the structural similarity of photos; the standard ones spend bytes on what nobody sees.
const QUANTISATION_TABLE = 2;
const palettePng =
  (effort: number) =>
  (pipeline: Sharp, { quality, dither = 0 }: EncodeOptions) =>
    pipeline.png({ palette: true, quality, dither, effort, compressionLevel: 9 });
const gif =
  (effort: number) =>
  (pipeline: Sharp, { quality }: EncodeOptions) =>
    pipeline.gif({ interFrameMaxError: Math.round(((100 - quality) / 100) * 16), effort });

/** From the slowest to the fastest; the first one for the effort and the size is used. */
const SETTINGS: Record<ImageFormat, Setting[]> = {
  jpeg: [
    {
      ...{ efforts: BEST, maxPixels: 6e6, msPerMegapixel: 1_000, usesMozjpeg: true },
      apply: (pipeline, { quality, quantisationTable }) =>
        pipeline.jpeg({ quality, mozjpeg: true, quantisationTable }),
    },
    {
      // Optimised codes hold the whole picture in memory once more, 3 bytes a pixel.
      ...{ efforts: ANY, maxPixels: 24e6, msPerMegapixel: 120 },
      apply: (pipeline, { quality }) => pipeline.jpeg({ quality, quantisationTable: QUANTISATION_TABLE }),
    },
    {
      ...{ efforts: ANY, maxPixels: Infinity, msPerMegapixel: 40 },
      apply: (pipeline, { quality }) =>
        pipeline.jpeg({ quality, quantisationTable: QUANTISATION_TABLE, optimiseCoding: false }),
    },
  ],
  png: [
    { efforts: BEST, maxPixels: 0.15e6, msPerMegapixel: 24_000, apply: palettePng(10) },
    { efforts: NOT_FAST, maxPixels: 0.45e6, msPerMegapixel: 10_000, apply: palettePng(7) },
    { efforts: NOT_FAST, maxPixels: 1.5e6, msPerMegapixel: 1_500, apply: palettePng(4) },
    { efforts: ANY, maxPixels: 10e6, msPerMegapixel: 600, apply: palettePng(1) },
    {
      // Without a palette, which would take half a minute to choose: nothing is lost, and little saved.
      ...{ efforts: ANY, maxPixels: Infinity, msPerMegapixel: 60, isLossless: true },
      apply: (pipeline, { pixels }) =>
        pipeline.png({ compressionLevel: 6, adaptiveFiltering: pixels <= MAX_FILTERED_PIXELS }),
    },
  ],
  webp: [
    { efforts: BEST, maxPixels: 4e6, msPerMegapixel: 1_250, apply: webp(6) },
    { efforts: NOT_FAST, maxPixels: 10e6, msPerMegapixel: 550, apply: webp(4) },
    { efforts: ANY, maxPixels: 16e6, msPerMegapixel: 360, apply: webp(2) },
    { efforts: ANY, maxPixels: Infinity, msPerMegapixel: 100, apply: webp(0) },
  ],
  avif: [
    { efforts: BEST, maxPixels: 0.38e6, msPerMegapixel: 15_600, apply: avif(4, '4:4:4') },
    { efforts: NOT_FAST, maxPixels: MAX_FULL_COLOUR_PIXELS, msPerMegapixel: 1_900, apply: avif(1, '4:4:4') },
    { efforts: NOT_FAST, maxPixels: 4e6, msPerMegapixel: 1_450, apply: avif(1, '4:2:0') },
    {
      ...{ efforts: ANY, maxPixels: MAX_FULL_COLOUR_PIXELS, msPerMegapixel: 490, isLowEffort: true },
      apply: avif(0, '4:4:4'),
    },
    // The colours at half the resolution, in two thirds of the memory.
    { efforts: ANY, maxPixels: Infinity, msPerMegapixel: 320, isLowEffort: true, apply: avif(0, '4:2:0') },
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

function settingOf({ format, effort, pixels, framePixels, hasAlpha, isExact }: EncodeOptions): Setting {
  if (isExact) return SETTINGS.png.at(-1)!;
  // With transparency, the best effort of WebP took 4 s for 300×300, and saved 3 %.
  const used = format === 'webp' && hasAlpha && effort === 'best' ? 'balanced' : effort;
  // Transparency takes 40 bytes a pixel at effort 4, 28 at 2, 20 at 0.
  const size = format === 'webp' && hasAlpha ? Math.max(pixels, 2 * framePixels) : pixels;
  return SETTINGS[format].find(
    ({ efforts, maxPixels }) => efforts.some((one) => one === used) && size <= maxPixels,
  )!;
}

function encodeTiff(pipeline: Sharp, options: EncodeOptions): Sharp {
  if (options.isBilevel) return pipeline.tiff({ compression: 'ccittfax4', bitdepth: 1, miniswhite: true });
  if (needsDeflate(options)) return pipeline.tiff({ compression: 'deflate', predictor: 'horizontal' });
  return pipeline.tiff({ compression: 'jpeg', quality: options.quality });
}

/** Of a TIFF that is no fax: whether JPEG, which is a part of the TIFF then, can't hold the picture, or would spoil it. */
function needsDeflate({ hasAlpha, isPalette, isTooLongForJpeg }: EncodeOptions): boolean {
  return hasAlpha || isPalette || isTooLongForJpeg;
}
