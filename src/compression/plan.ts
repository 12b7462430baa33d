import {
  type EncodeOptions,
  encodeOptions,
  isSameSetting,
  MAX_FULL_COLOUR_PIXELS,
  MAX_JPEG_SIDE,
  noiseMs,
} from './encoding/encoder-settings.js';
import { IMAGE_FORMATS, type ImageFormat } from './formats/image-format.js';
import { pixelsForOtherSizes, pixelsOfSizeBefore } from './framing/sizes.js';
import type { ImageHeader } from './image-header.js';
import {
  decodingBytes,
  fitsIntoMemory,
  HELD_BYTES,
  MAX_HELD_PIXELS,
  type PeakFacts,
  peakBytes,
} from './memory.js';
import type { CompressionOptions, Effort, ImageNote } from './options.js';
import { layOut, mostPixels } from './framing/layout.js';
import { MAX_TRIALS } from './search/quality-search.js';

/** A format, and the effort with which it is made. */
export interface Setup {
  format: ImageFormat;
  effort: Effort;
  /** Of mozjpeg, where it is not to take its own. */
  quantisationTable?: number;
}

/** What is tried, and how often at most: at several qualities, where one does not do. */
export interface Candidate extends Setup {
  maxTrials: number;
}

/** What is tried for an image. */
export interface Plan {
  /** In this order. The first one is what `keep` or the named format asks for. Empty where the image is left as it is. */
  candidates: Candidate[];
  notes: ImageNote[];
}

/** The longest side that a format can hold. */
const MAX_SIDE: Partial<Record<ImageFormat, number>> = { jpeg: MAX_JPEG_SIDE, webp: 16_383, avif: 16_384 };
// Noise takes 5 s.
const MAX_AVIF_PIXELS = 16_000_000;
// Half a minute, for hardly fewer bytes.
const MAX_GIF_PIXELS = 16_000_000;
// What one encoder leaves in memory is not free at once for the next.
const MAX_PIXELS_FOR_SEVERAL = 24_000_000;
/** For all encodings of an image together, on one core and if it is noise, which takes longest. */
const MAX_NOISE_MS = 12_000;
// Above the size that is held, each trial decodes the image and the result.
const DECODING_MS_PER_MEGAPIXEL = 80;
const MAX_SLOW_SEARCH_PIXELS = 200_000;
const AVIF_WEIGHT = 3;
const FULL_COLOUR_AVIF_WEIGHT = 4;
const TRANSPARENT_WEBP_WEIGHT = 4;
const WEIGHED_BYTES = 10;

/** Decides from the header alone what is tried, so that the time is bounded before anything is decoded. */
export function planEncodings(header: ImageHeader, options: CompressionOptions): Plan {
  const { formats, notes } = formatsFor(header, options);
  if (!canBecome(formats[0], header, options)) return { candidates: [], notes };

  const effort = usualEffort(options);
  const usual = formats.map((format) => ({ format, effort: searchEffort(format, effort, header, options) }));
  const usualMs = totalMs(usual, header, options);
  const maxTrials = Math.max(1, trialsWithin(MAX_NOISE_MS, usualMs));
  const candidates: Candidate[] = usual.map((setup) => ({ ...setup, maxTrials }));
  if (options.effort === 'best') {
    const leftMs = MAX_NOISE_MS - usualMs * (options.target ? maxTrials : 1);
    candidates.push(...bestCandidates(formats, leftMs, header, options));
  }
  return { candidates, notes };
}

/**
 * The slower settings of `best` are tried besides the usual ones, so that the result is never larger than with `balanced`: in
 * the time that those leave, and not at all where they leave too little.
 */
function bestCandidates(
  formats: ImageFormat[],
  leftMs: number,
  header: ImageHeader,
  options: CompressionOptions,
): Candidate[] {
  const setups = formats
    .flatMap((format): Setup[] => {
      const setup: Setup = { format, effort: 'best' };
      // Neither of both tables is the better one for all pictures.
      return format === 'jpeg' ? [setup, { ...setup, quantisationTable: 2 }] : [setup];
    })
    .filter((setup) => {
      const settings = expectedOptions(setup, header, options);
      return !isSameSetting(settings, { ...settings, effort: 'balanced' });
    });
  const maxTrials = trialsWithin(leftMs, totalMs(setups, header, options));
  return maxTrials > 0 ? setups.map((setup) => ({ ...setup, maxTrials })) : [];
}

/** How often all of them can be encoded in the time, 0 to {@link MAX_TRIALS}. */
function trialsWithin(ms: number, msOfAll: number): number {
  return Math.min(MAX_TRIALS, Math.max(0, Math.floor(ms / msOfAll)));
}

function totalMs(setups: Setup[], header: ImageHeader, options: CompressionOptions): number {
  const isSearched = options.target !== null;
  return setups.reduce(
    (ms, setup) => ms + encodingMs(expectedOptions(setup, header, options), isSearched),
    0,
  );
}

function encodingMs(settings: EncodeOptions, isSearched: boolean): number {
  const isLarge = settings.framePixels > MAX_HELD_PIXELS;
  return (
    noiseMs(settings, { isSearched }) +
    (isLarge ? (settings.framePixels / 1_000_000) * DECODING_MS_PER_MEGAPIXEL : 0)
  );
}

function expectedOptions(setup: Setup, header: ImageHeader, options: CompressionOptions): EncodeOptions {
  const frames = framesOf(setup.format, header);
  const { hasAlpha } = header.metadata;
  return encodeOptions(header, { ...layOut(header, options), frames, hasAlpha }, setup);
}

/** `best` adds its own settings to those of `balanced`. */
function usualEffort({ effort }: CompressionOptions): Effort {
  return effort === 'best' ? 'balanced' : effort;
}

/** A PNG above some size is searched in the quickest setting: more trials are better than a slower one. */
function searchEffort(
  format: ImageFormat,
  effort: Effort,
  header: ImageHeader,
  options: CompressionOptions,
): Effort {
  const { width, height } = layOut(header, options);
  return format === 'png' && options.target && width * height > MAX_SLOW_SEARCH_PIXELS ? 'fast' : effort;
}

/** At least one format. */
function formatsFor(
  header: ImageHeader,
  options: CompressionOptions,
): { formats: ImageFormat[]; notes: ImageNote[] } {
  const { format } = options;
  if (format === 'auto') return { formats: automaticFormats(header, options), notes: [] };
  if (format === 'keep' || format === header.format) return { formats: [header.format], notes: [] };
  if (canBecome(format, header, options)) return { formats: [format], notes: [] };
  // The original is no answer to who asks for a canvas.
  const other =
    options.canvas && ([header.format, 'jpeg'] as const).find((one) => canBecome(one, header, options));
  if (other) return { formats: [other], notes: ['format_not_possible'] };
  return { formats: [header.format], notes: ['format_not_possible'] };
}

/**
 * The formats that `auto` tries: those that can show the picture, and that are known to be the smallest now and then. A photo
 * is never the smallest as PNG, so that only a PNG or GIF is tried as one. The source's own comes first, so that the
 * result is not larger than with `keep`. A format is left out where there is no time for it (as AVIF or PNG above some
 * million pixels).
 */
function automaticFormats(header: ImageHeader, options: CompressionOptions): ImageFormat[] {
  const { format: source, frames, metadata } = header;
  const { width, height } = layOut(header, options);
  const isStill = frames === 1;
  const isSeveral = width * height <= MAX_PIXELS_FOR_SEVERAL;
  // Whether an alpha channel hides anything shows when the pixels are held.
  const mayBeJpeg = isStill && (!metadata.hasAlpha || width * height <= MAX_HELD_PIXELS);
  const mayBePng = isStill && (source === 'png' || source === 'gif');
  const wanted: ImageFormat[] = [
    ...(isSeveral || !isStill ? [source] : []),
    ...(mayBeJpeg ? (['jpeg'] as const) : []),
    'webp',
    ...(isStill ? (['avif'] as const) : []),
    ...(mayBePng ? (['png'] as const) : []),
  ];
  const possible = [...new Set(wanted)].filter((format) => canBecome(format, header, options));
  if (possible.length === 0) return [source];
  return isSeveral ? affordable(possible, header, options) : [possible[0]];
}

/** Those that can be encoded within the time, one after the other; the first one in any case. */
function affordable(formats: ImageFormat[], header: ImageHeader, options: CompressionOptions): ImageFormat[] {
  const effort = usualEffort(options);
  let leftMs = MAX_NOISE_MS;
  return formats.filter((format, index) => {
    const ms = encodingMs(expectedOptions({ format, effort }, header, options), options.target !== null);
    if (index > 0 && ms > leftMs) return false;
    leftMs -= ms;
    return true;
  });
}

/** Frames that a result in this format has. */
function framesOf(format: ImageFormat, { frames }: ImageHeader): number {
  return format === 'gif' || format === 'webp' ? frames : 1;
}

/** Whether the format can hold the picture in the size that the options ask for, in bounded time and memory. */
function canBecome(format: ImageFormat, header: ImageHeader, options: CompressionOptions): boolean {
  const { width, height } = layOut(header, options);
  if (Math.max(width, height) > (MAX_SIDE[format] ?? Infinity)) return false;
  if (format === 'avif' && width * height > MAX_AVIF_PIXELS) return false;
  if (format === 'gif' && width * height * header.frames > MAX_GIF_PIXELS) return false;
  return fitsIntoMemory(peakOf(format, header, options));
}

function peakOf(format: ImageFormat, header: ImageHeader, options: CompressionOptions): PeakFacts {
  const { width, height } = layOut(header, options);
  const { metadata } = header;
  return {
    source: { format: header.format, metadata, framePixels: header.width * header.height },
    result: {
      format,
      framePixels: width * height,
      frames: framesOf(format, header),
      hasAlpha: metadata.hasAlpha && format !== 'jpeg',
    },
    isReadAgain: options.metadata === 'all',
    otherPixels: pixelsForOtherSizes(header, options),
  };
}

/** What libvips holds for each pixel of a row when it makes a picture smaller: 1.3 kB, measured with rows of 160,000 to 1,000,000. */
const ROW_WEIGHT = 130;

/** The memory that compressing takes, in pixels of 10 bytes. That of the other sizes which are held meanwhile is part of it. */
export function weigh(header: ImageHeader, options: CompressionOptions): number {
  const { width, height } = layOut(header, options);
  const encoded = mostPixels(header, options) * (options.canvas ? 1 : header.frames);
  const mayBe = (format: ImageFormat): boolean => {
    const asked = options.format === 'keep' ? header.format : options.format;
    return (asked === 'auto' || asked === format) && canBecome(format, header, options);
  };
  // A canvas is held beside what lies on it.
  const onCanvas = options.canvas ? encoded : 0;
  const avifWeight = width * height <= MAX_FULL_COLOUR_PIXELS ? FULL_COLOUR_AVIF_WEIGHT : AVIF_WEIGHT;
  const left = HELD_BYTES * pixelsOfSizeBefore(header, options);
  const others = (left + HELD_BYTES * pixelsForOtherSizes(header, options)) / WEIGHED_BYTES;
  const asAvif = mayBe('avif') ? avifWeight * encoded + others : 0;
  const asWebp = header.metadata.hasAlpha && mayBe('webp') ? TRANSPARENT_WEBP_WEIGHT * encoded + others : 0;
  const decoding = decodingBytes(header.format, header.metadata) * header.width * header.height;
  const peaks = IMAGE_FORMATS.filter(mayBe).map(
    (format) => peakBytes(peakOf(format, header, options)) + left,
  );
  const most = Math.ceil(Math.max(decoding, ...peaks) / WEIGHED_BYTES);
  return Math.max(header.pixels, most, asAvif, asWebp, ROW_WEIGHT * header.width) + onCanvas;
}
