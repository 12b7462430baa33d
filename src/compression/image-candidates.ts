import type { CompressionOptions } from './options.js';
import { type EncodeOptions, estimateMs } from './encoder-settings.js';
import type { ImageFormat } from './formats/image-format.js';
import type { ImageHeader } from './image-header.js';
import { fitInside } from './image-picture.js';
import { fitsIntoMemory } from './memory.js';

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
// Noise takes 5 s.
const MOST_AVIF_PIXELS = 16_000_000;
const AVIF_WEIGHT = 3;
const TRANSPARENT_WEBP_WEIGHT = 4;
const MOST_GIF_PIXELS = 16_000_000;
// Of the time for noise, what a photo takes as AVIF at most.
const CALM = 0.3;
/** All encodings of a picture together; the slowest are left out, where there would not be time for noise. */
export const AUTO_MS = 8_000;
// What one encoder leaves in memory is not free at once for the next.
const MOST_PIXELS_FOR_SEVERAL = 24_000_000;

/** Whether the format can hold the picture in the size that the options ask for, and be made in bounded memory. */
export function canBecome(format: ImageFormat, header: ImageHeader, options: CompressionOptions): boolean {
  const { width, height } = fitInside(header, options);
  if (Math.max(width, height) > (MOST_PIXELS_A_SIDE[format] ?? Infinity)) return false;
  if (format === 'avif' && width * height > MOST_AVIF_PIXELS) return false;
  const { metadata } = header;
  const hasAlpha = metadata.hasAlpha && format !== 'jpeg';
  return fitsIntoMemory({
    source: { format: header.format, metadata, framePixels: header.width * header.height },
    result: { format, framePixels: width * height, hasAlpha },
    isReadAgain: options.metadata === 'all',
  });
}

/** Whether a GIF of so many pixels, all frames together, is left as it is: half a minute, for hardly fewer bytes. */
export function isTooSlow(format: ImageFormat, pixels: number): boolean {
  return format === 'gif' && pixels > MOST_GIF_PIXELS;
}

/**
 * The formats that `auto` tries, one at least: those that can show the picture as it is, and that are known to be the
 * smallest now and then. A photo as PNG never is, so that only a PNG or GIF is tried as one. The source's own comes
 * first, so that the result is not larger than with `keep`; it is missing only where the time is needed for better ones
 * (a PNG of some million pixels).
 */
export function automaticFormats(
  facts: CandidateFacts,
  settings: EncodeOptions,
  isPossible: (format: ImageFormat) => boolean,
): ImageFormat[] {
  const { source, width, height, frames, hasAlpha } = facts;
  const isStill = frames === 1;
  const suited: ImageFormat[] = ['webp'];
  if (isStill && !hasAlpha) suited.unshift('jpeg');
  const last: ImageFormat[] = isStill ? ['avif'] : [];
  if (isStill && (source === 'png' || source === 'gif')) last.push('png');

  const canBe = (format: ImageFormat): boolean => isPossible(format) && !isTooSlow(format, settings.pixels);
  const isSeveral = width * height <= MOST_PIXELS_FOR_SEVERAL;
  const wanted: ImageFormat[] = isSeveral || !isStill ? [...suited, source, ...last] : [...suited, ...last];
  const bearable = [...new Set(wanted)].filter(canBe);
  if (!isSeveral) return [bearable[0] ?? source];
  let ms = 0;
  const affordable = bearable.filter((format) => {
    const isAvif = format === 'avif';
    // It comes last, and how long it will take shows as soon as the picture was encoded as WebP.
    if (isAvif && source !== 'avif') return true;
    const own = (isAvif ? CALM : 1) * estimateMs({ ...settings, format });
    if (ms + own > AUTO_MS) return false;
    ms += own;
    return true;
  });
  if (affordable.length === 0) return [bearable[0] ?? source];
  return affordable.sort((one, other) => Number(other === source) - Number(one === source));
}

/** The memory that compressing takes, counted in pixels of 10 bytes. */
export function weigh(header: ImageHeader, options: CompressionOptions): number {
  const { width, height } = fitInside(header, options);
  const encoded = width * height * header.frames;
  const mayBe = (format: ImageFormat): boolean => {
    const asked = options.format === 'keep' ? header.format : options.format;
    return (asked === 'auto' || asked === format) && canBecome(format, header, options);
  };
  const asAvif = mayBe('avif') ? AVIF_WEIGHT * encoded : 0;
  const asWebp = header.metadata.hasAlpha && mayBe('webp') ? TRANSPARENT_WEBP_WEIGHT * encoded : 0;
  return Math.max(header.pixels, asAvif, asWebp);
}
