import type { IMAGE_NOTES } from '../errors/image-codes.js';

/** What `format` may be: `keep` leaves each image in its own, `auto` delivers the smallest of the four. */
export const FORMAT_CHOICES = ['keep', 'jpeg', 'webp', 'avif', 'png', 'auto'] as const;
export type FormatChoice = (typeof FORMAT_CHOICES)[number];

/** How much time may be spent to save bytes at the same similarity. */
export const EFFORTS = ['fast', 'balanced', 'best'] as const;
export type Effort = (typeof EFFORTS)[number];

/** Which metadata (EXIF, XMP, ICC profile) is delivered. */
export const METADATA_CHOICES = ['none', 'copyright', 'all'] as const;
export type MetadataChoice = (typeof METADATA_CHOICES)[number];

/** What is measured of each result; its bytes do not depend on it. */
export const MEASURE_CHOICES = ['none', 'similarity'] as const;
export type MeasureChoice = (typeof MEASURE_CHOICES)[number];

/** A stable code for something that was left out of an image or could not be done as asked. */
export type ImageNote = keyof typeof IMAGE_NOTES;

/** `1` to `100`, or `1%` to `100%`. */
export const QUALITY_PATTERN = /^(?:[1-9]\d?|100)%?$/;

/** `ssim:0.1` to `ssim:1` with up to four decimals, or `bytes:1` to `bytes:999999999`. */
export const TARGET_PATTERN = /^(?:ssim:(?:0\.[1-9]\d{0,3}|1(?:\.0{1,4})?)|bytes:[1-9]\d{0,8})$/;

/** `none`, or width and height of a shape such as `1:1` or `1:1.44`. */
export const CANVAS_PATTERN = /^(?:none|[1-9]\d{0,2}(?:\.\d{1,3})?:[1-9]\d{0,2}(?:\.\d{1,3})?)$/;

/** A colour such as `#ffffff`; `auto`: the mean of the picture's own border. */
export const BACKGROUND_PATTERN = /^(?:#?[0-9a-fA-F]{6}|transparent|auto)$/;

/** Behind a picture, unless another colour is given. */
export const WHITE = '#ffffff';

/** A form has words only. */
export const YES_OR_NO = ['true', 'false'] as const;
export type YesOrNo = (typeof YES_OR_NO)[number];

/** The goal of the result, in place of a quality. */
export type CompressionTarget = { ssim: number } | { bytes: number };

/** How large a result may be, and which quality it must have all the same. */
export interface ByteLimit {
  bytes: number;
  /** 1 to 100. */
  minQuality: number;
}

/** The surface on which a picture is delivered, in place of its own. */
export interface Canvas {
  /** Width and height of its shape; null for that of the picture. */
  ratio: readonly [width: number, height: number] | null;
  /** Of what the picture does not cover: `#rrggbb`, `transparent`, or `auto` for the mean of the picture's own border. */
  background: string;
  /** Whether the picture's own border is cut off first. */
  trims: boolean;
  /** How much of the canvas the picture takes, on the side that it fills first, in percent. */
  fill: number;
  /** Whether a picture smaller than the greatest width and height is made as large as they allow. */
  enlarges: boolean;
}

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
  /** `similarity`: how similar the result is to the source is reported, at the price of decoding it. */
  measure: MeasureChoice;
  /** Null: the picture as it is. With one, the result is as asked for, also where it has more bytes than its source. */
  canvas: Canvas | null;
  /**
   * The greatest width and height for which the picture is decoded, where it is delivered in several sizes: smaller ones are made of
   * those pixels. Null: each is decoded for itself.
   */
  decodedFor: { maxWidth: number | null; maxHeight: number | null } | null;
  /** Whether nothing is encoded: the picture is taken out of its file as it is, whatever else is asked for. */
  isOriginal: boolean;
  /** Null: a result may have any size. A larger one is made again at the highest quality that fits, where that is high enough. */
  limit: ByteLimit | null;
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
  measure?: MeasureChoice;
  canvas?: string;
  background?: string;
  trim?: YesOrNo;
  fill?: number;
  enlarge?: YesOrNo;
}

/** With what a channel adds to the fields of a form. */
export interface LimitedFields extends CompressionFields {
  limit?: ByteLimit;
}

/**
 * The options that valid fields ask for. `defaultQuality` is used where they name neither quality nor target,
 * `defaultMeasure` where they do not say what is measured.
 */
export function toCompressionOptions(
  fields: LimitedFields,
  defaultQuality: number | null,
  defaultMeasure: MeasureChoice = 'none',
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
    measure: fields.measure ?? defaultMeasure,
    canvas: toCanvas(fields),
    decodedFor: null,
    isOriginal: false,
    limit: fields.limit ?? null,
  };
}

/** The options of a picture that is delivered as its source has it, with no more than the wanted metadata. */
export function originalOptions({ metadata, measure }: CompressionOptions): CompressionOptions {
  return { ...toCompressionOptions({ metadata, measure }, null), isOriginal: true };
}

/** The options as text that is the same for the same options, fit to be stored and to be part of a cache's key. */
export function canonicalOptions(options: CompressionOptions): string {
  const { quality, target, format, maxWidth, maxHeight, effort, metadata, measure } = options;
  const { canvas, decodedFor, isOriginal, limit } = options;
  const usual = { quality, target, format, maxWidth, maxHeight, effort, metadata, measure };
  // Without these, as before there was a choice.
  return JSON.stringify({
    ...usual,
    ...(canvas && { canvas }),
    ...(decodedFor && { decodedFor }),
    ...(isOriginal && { isOriginal }),
    ...(limit && { limit }),
  });
}

/** The options that {@link canonicalOptions} wrote, also before there was a choice of what is measured, of a canvas, of several sizes, of the original and of a limit. */
export function readCompressionOptions(text: string): CompressionOptions {
  const stored = JSON.parse(text) as Omit<
    CompressionOptions,
    'measure' | 'canvas' | 'decodedFor' | 'isOriginal' | 'limit'
  >;
  return { measure: 'none', canvas: null, decodedFor: null, isOriginal: false, limit: null, ...stored };
}

/** The options of several renditions of one picture, so that it is decoded once for all that are nothing but sizes of it. */
export function decodedOnce(all: CompressionOptions[]): CompressionOptions[] {
  const sizes = all.filter(({ canvas }) => canvas === null);
  if (sizes.length < 2) return all;
  const most = (sides: (number | null)[]): number | null =>
    sides.some((side) => side === null) ? null : Math.max(...(sides as number[]));
  const decodedFor = {
    maxWidth: most(sizes.map(({ maxWidth }) => maxWidth)),
    maxHeight: most(sizes.map(({ maxHeight }) => maxHeight)),
  };
  return all.map((options) => (options.canvas ? options : { ...options, decodedFor }));
}

/** Whether the similarity of the result is reported: because it was asked for, or because the result depends on it. */
export function reportsSimilarity({ measure, target, format }: CompressionOptions): boolean {
  return measure === 'similarity' || target !== null || format === 'auto';
}

/** A target as its field writes it, such as `ssim:0.98`. */
export function targetAsField(target: CompressionTarget | null): string | null {
  if (!target) return null;
  return 'ssim' in target ? `ssim:${target.ssim}` : `bytes:${target.bytes}`;
}

/** The canvas as its fields write it; those that say nothing else than the default are left out. */
export function canvasAsFields(canvas: Canvas | null): CompressionFields {
  if (!canvas) return {};
  const { ratio, background, trims, fill, enlarges } = canvas;
  return {
    ...(ratio && { canvas: ratio.join(':') }),
    background,
    ...(trims && { trim: 'true' as const }),
    ...(fill < 100 && { fill }),
    ...(enlarges && { enlarge: 'true' as const }),
  };
}

function toCanvas({ canvas, background, trim, fill, enlarge }: CompressionFields): Canvas | null {
  const ratio = canvas && canvas !== 'none' ? toRatio(canvas) : null;
  const [trims, enlarges] = [trim === 'true', enlarge === 'true'];
  if (!ratio && background === undefined && !trims && fill === undefined && !enlarges) return null;
  return { ratio, background: toBackground(background ?? WHITE), trims, fill: fill ?? 100, enlarges };
}

function toRatio(canvas: string): [number, number] {
  const [width, height] = canvas.split(':').map(Number);
  return [width, height];
}

function toBackground(field: string): string {
  return /^[0-9a-fA-F]{6}$/.test(field) ? `#${field.toLowerCase()}` : field.toLowerCase();
}

function toQuality(field: string): number | `${number}%` {
  return field.endsWith('%') ? `${Number(field.slice(0, -1))}%` : Number(field);
}

function toTarget(field: string): CompressionTarget {
  const [kind, value] = field.split(':');
  return kind === 'ssim' ? { ssim: Number(value) } : { bytes: Number(value) };
}
