import type { CompressionOptions } from '../../requests/compression-options.js';
import { type EncodeOptions, estimateMs } from './image-encode.js';
import type { ImageFormat } from './image-format.js';
import type { ImageHeader } from './image-header.js';
import { fitInside } from './image-picture.js';

/** What the choice of formats depends on. */
export interface CandidateFacts {
  source: ImageFormat;
  /** Of a frame of the result, as stored. */
  width: number;
  height: number;
  frames: number;
  hasAlpha: boolean;
}

/** The longest side that a format can hold. */
const MOST_PIXELS_A_SIDE: Partial<Record<ImageFormat, number>> = { jpeg: 65_500, webp: 16_383, avif: 16_384 };
// libaom takes about 30 bytes a pixel, three times as much as the others: 0.6 GB for this many.
const MOST_AVIF_PIXELS = 16_000_000;
const AVIF_WEIGHT = 3;
// All formats of `auto` together, were the picture noise; the slowest are left out.
const AUTO_MS = 8_000;
// What one encoder leaves in memory is not free at once for the next.
const MOST_PIXELS_FOR_SEVERAL = 24_000_000;

/** Whether the format can hold a picture of this size, and be encoded with bounded memory. */
export function canHold(format: ImageFormat, { width, height }: { width: number; height: number }): boolean {
  if (Math.max(width, height) > (MOST_PIXELS_A_SIDE[format] ?? Infinity)) return false;
  return format !== 'avif' || width * height <= MOST_AVIF_PIXELS;
}

/**
 * The formats that `auto` tries, one at least: those that can show the picture as it is, and that are known to be the
 * smallest now and then. A photo as PNG never is.
 */
export function automaticFormats(facts: CandidateFacts, settings: EncodeOptions): ImageFormat[] {
  const isGraphic = facts.source === 'png' || facts.source === 'gif';
  const suited: ImageFormat[] = facts.frames > 1 ? ['webp', facts.source] : ['webp', 'avif'];
  if (facts.frames === 1 && !facts.hasAlpha) suited.push('jpeg');
  if (facts.frames === 1 && isGraphic) suited.push('png');

  const msOf = (format: ImageFormat): number => estimateMs({ ...settings, format });
  const possible = [...new Set(suited)]
    .filter((format) => canHold(format, facts))
    .sort((one, other) => msOf(one) - msOf(other));
  if (facts.width * facts.height > MOST_PIXELS_FOR_SEVERAL) return [possible[0] ?? facts.source];
  let ms = 0;
  const affordable = possible.filter((format) => (ms += msOf(format)) <= AUTO_MS);
  return affordable.length > 0 ? affordable : [possible[0] ?? facts.source];
}

/** The memory that compressing takes, counted in pixels of 10 bytes. */
export function weigh(header: ImageHeader, options: CompressionOptions): number {
  const { width, height } = fitInside(header, options);
  const encoded = width * height * header.frames;
  const mayBeAvif =
    options.format === 'avif' ||
    options.format === 'auto' ||
    (options.format === 'keep' && header.format === 'avif');
  return Math.max(header.pixels, mayBeAvif && canHold('avif', { width, height }) ? AVIF_WEIGHT * encoded : 0);
}
