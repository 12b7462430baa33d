import type { Sharp } from 'sharp';
import type { Effort } from '../requests/compression-options.js';
import type { ImageFormat } from './image-format.js';

/** What the choice of settings depends on. */
export interface EncodeOptions {
  format: ImageFormat;
  /** 1 to 100, on the format's own scale. */
  quality: number;
  /** As {@link effortFor} gives it. */
  effort: Effort;
  isGrey: boolean;
  /** 1 bit a pixel, black and white. */
  isBilevel: boolean;
  hasAlpha: boolean;
  isPalette: boolean;
}

// Above it `fast` for all but JPEG: a PNG of 49 million pixels takes 15 s with dithering, 7 s without.
const LARGE_PIXELS = 8_000_000;
// Up to it the slowest settings: those of AVIF take 2 s a million pixels.
const SMALL_PIXELS = 1_000_000;

/**
 * Encodes in the given format with settings that balance bytes and time. Measured on 2 cores, bytes and milliseconds
 * a million pixels at equal similarity, on 20 photos of at most 800 × 800:
 *
 * - JPEG: fixed Huffman codes (`fast`) 100 %, 11 ms; optimised ones 90 %, 14 ms; mozjpeg with the standard tables
 *   (`best`) 81 %, 70 ms. mozjpeg's own tables save bytes by losing similarity, and nothing more.
 * - WebP: effort 2 (`fast`) 76 %, 40 ms; 4 68 %, 80 ms; 6 (`best`) 64 %, 180 ms.
 * - AVIF: effort 0 (`fast`) 78 %, 75 ms; 2 53 %, 300 ms; 4 (`best`) 50 %, 1,900 ms.
 * - PNG: up to 256 colours. Half the dithering of the default: 8 % fewer bytes, and closer to the source.
 * - GIF: its colours are kept; the quality decides how far a pixel may differ from the frame before.
 * - TIFF: fax codes for 1 bit, Deflate where there is alpha or a palette, else JPEG (a 20th of the bytes).
 */
export async function encodeImage(pipeline: Sharp, options: EncodeOptions): Promise<EncodedImage> {
  // libvips would store three equal channels, 3 % more bytes.
  const isGreyOutput = options.isGrey && (options.format === 'jpeg' || options.format === 'tiff');
  const coloured = isGreyOutput ? pipeline.toColourspace('b-w') : pipeline;
  const { data, info } = await ENCODERS[options.format](coloured, options).toBuffer({
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

/** Whether the quality decides how much is lost; otherwise it has no meaning for the format. */
export function hasQuality(options: Pick<EncodeOptions, 'format' | 'hasAlpha' | 'isPalette' | 'isBilevel'>) {
  const { format, hasAlpha, isPalette, isBilevel } = options;
  if (format === 'tiff') return !hasAlpha && !isPalette && !isBilevel;
  return format !== 'gif';
}

/**
 * The effort that is made of the one that is wanted: for large images less, so that none takes more than some seconds.
 */
export function effortFor(format: ImageFormat, wanted: Effort, pixels: number): Effort {
  if (format === 'jpeg') return wanted === 'best' && pixels > LARGE_PIXELS ? 'balanced' : wanted;
  if (pixels > LARGE_PIXELS) return 'fast';
  return wanted === 'best' && pixels > SMALL_PIXELS ? 'balanced' : wanted;
}

/** About how long it takes to encode on one core, in milliseconds, so that what is too slow is not begun. */
export function estimateMs(format: ImageFormat, effort: Effort, pixels: number): number {
  return (MS_PER_MEGAPIXEL[format][effort] * pixels) / 1_000_000;
}

const MS_PER_MEGAPIXEL: Record<ImageFormat, Record<Effort, number>> = {
  jpeg: { fast: 15, balanced: 20, best: 90 },
  webp: { fast: 50, balanced: 90, best: 200 },
  avif: { fast: 90, balanced: 350, best: 2_200 },
  png: { fast: 160, balanced: 350, best: 500 },
  gif: { fast: 200, balanced: 300, best: 300 },
  tiff: { fast: 40, balanced: 40, best: 40 },
};

const WEBP_EFFORT: Record<Effort, number> = { fast: 2, balanced: 4, best: 6 };
const AVIF_EFFORT: Record<Effort, number> = { fast: 0, balanced: 2, best: 4 };

const ENCODERS: Record<ImageFormat, (pipeline: Sharp, options: EncodeOptions) => Sharp> = {
  jpeg: (pipeline, { quality, effort }) => {
    if (effort === 'best') return pipeline.jpeg({ quality, mozjpeg: true, quantisationTable: 0 });
    return pipeline.jpeg({ quality, optimiseCoding: effort === 'balanced' });
  },
  png: (pipeline, { quality, effort }) =>
    effort === 'fast'
      ? pipeline.png({ palette: true, quality, effort: 1, dither: 0, compressionLevel: 6 })
      : pipeline.png({
          ...{ palette: true, quality, dither: 0.5, compressionLevel: 9 },
          effort: effort === 'best' ? 10 : 7,
        }),
  // With transparency, effort 6 took 4 s for 300×300, and saved 3 %.
  webp: (pipeline, { quality, effort, hasAlpha }) =>
    pipeline.webp({ quality, effort: WEBP_EFFORT[hasAlpha && effort === 'best' ? 'balanced' : effort] }),
  // The colours at half the resolution, as JPEG and WebP have them.
  avif: (pipeline, { quality, effort }) =>
    pipeline.avif({ quality, effort: AVIF_EFFORT[effort], chromaSubsampling: '4:2:0' }),
  gif: (pipeline, { quality, effort }) =>
    pipeline.gif({
      interFrameMaxError: Math.round(((100 - quality) / 100) * 16),
      effort: effort === 'fast' ? 3 : 7,
    }),
  tiff: encodeTiff,
};

function encodeTiff(pipeline: Sharp, { quality, isBilevel, hasAlpha, isPalette }: EncodeOptions): Sharp {
  if (isBilevel) return pipeline.tiff({ compression: 'ccittfax4', bitdepth: 1, miniswhite: true });
  if (hasAlpha || isPalette) return pipeline.tiff({ compression: 'deflate', predictor: 'horizontal' });
  return pipeline.tiff({ compression: 'jpeg', quality });
}
