import type { IMAGE_NOTES } from '../errors/image-codes.js';

/** What `format` may be: `keep` leaves each image in its own, `auto` delivers the smallest of the four. */
export const FORMAT_CHOICES = ['keep', 'jpeg', 'webp', 'avif', 'png', 'auto'] as const;
export type FormatChoice = (typeof FORMAT_CHOICES)[number];

/**
 * How much time may be spent to save bytes at the same similarity. `fast` does not measure the similarity, unless a target
 * or `auto` needs it.
 */
export const EFFORTS = ['fast', 'balanced', 'best'] as const;
export type Effort = (typeof EFFORTS)[number];

/** Which metadata (EXIF, XMP, ICC profile) is delivered. */
export const METADATA_CHOICES = ['none', 'copyright', 'all'] as const;
export type MetadataChoice = (typeof METADATA_CHOICES)[number];

/** A stable code for something that was left out of an image or could not be done as asked. */
export type ImageNote = keyof typeof IMAGE_NOTES;

/** `1` to `100`, or `1%` to `100%`. */
export const QUALITY_PATTERN = /^(?:[1-9]\d?|100)%?$/;

/** `ssim:0.1` to `ssim:1` with up to four decimals, or `bytes:1` to `bytes:999999999`. */
export const TARGET_PATTERN = /^(?:ssim:(?:0\.[1-9]\d{0,3}|1(?:\.0{1,4})?)|bytes:[1-9]\d{0,8})$/;

/** The goal of the result, in place of a quality. */
export type CompressionTarget = { ssim: number } | { bytes: number };

/**
 * How images are compressed. Every field is decided, none means "the default", so that equal options are equal as text
 * ({@link canonicalOptions}).
 */
export interface CompressionOptions {
  /**
   * Encoder quality 1 to 100, or as text such as `50%` a part of the source's own; null where a target is given. The
   * scale is that of the format delivered; in `auto` JPEG's, and other formats are set so that they come out about as
   * similar to the source.
   */
  quality: number | `${number}%` | null;
  /** `ssim`: the smallest file at least that similar to the source (0 to 1). `bytes`: a file of at most so many. */
  target: CompressionTarget | null;
  format: FormatChoice;
  /** Upright, in pixels: wider images are made smaller, none is made larger. */
  maxWidth: number | null;
  /** Upright, in pixels. */
  maxHeight: number | null;
  effort: Effort;
  metadata: MetadataChoice;
}

/** The options as fields of an upload's form; what was left out is undefined. */
export interface CompressionFields {
  quality?: string;
  target?: string;
  format?: FormatChoice;
  max_width?: number;
  max_height?: number;
  effort?: Effort;
  metadata?: MetadataChoice;
}

/** The options that valid fields ask for. `defaultQuality` is used where they name neither quality nor target. */
export function toCompressionOptions(
  fields: CompressionFields,
  defaultQuality: number | null,
): CompressionOptions {
  const target = fields.target ? toTarget(fields.target) : null;
  return {
    quality: target ? null : fields.quality ? toQuality(fields.quality) : defaultQuality,
    target,
    format: fields.format ?? 'keep',
    maxWidth: fields.max_width ?? null,
    maxHeight: fields.max_height ?? null,
    effort: fields.effort ?? 'balanced',
    metadata: fields.metadata ?? 'none',
  };
}

/** The options as text that is the same for the same options, fit to be stored and to be part of a cache's key. */
export function canonicalOptions(options: CompressionOptions): string {
  const { quality, target, format, maxWidth, maxHeight, effort, metadata } = options;
  return JSON.stringify({ quality, target, format, maxWidth, maxHeight, effort, metadata });
}

/** The options that {@link canonicalOptions} wrote. */
export function readCompressionOptions(text: string): CompressionOptions {
  return JSON.parse(text) as CompressionOptions;
}

/** A target as its field writes it, such as `ssim:0.98`. */
export function targetAsField(target: CompressionTarget | null): string | null {
  if (!target) return null;
  return 'ssim' in target ? `ssim:${target.ssim}` : `bytes:${target.bytes}`;
}

function toQuality(field: string): number | `${number}%` {
  return field.endsWith('%') ? `${Number(field.slice(0, -1))}%` : Number(field);
}

function toTarget(field: string): CompressionTarget {
  const [kind, value] = field.split(':');
  return kind === 'ssim' ? { ssim: Number(value) } : { bytes: Number(value) };
}
