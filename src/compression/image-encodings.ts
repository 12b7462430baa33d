import type { CompressionOptions, CompressionTarget, Effort } from './options.js';
import {
  encodeImage,
  type EncodeOptions,
  estimateMs,
  estimateOneMs,
  hasQuality,
  isSameSetting,
  msOf,
  otherWays,
} from './encoder-settings.js';
import type { ImageFormat } from './formats/image-format.js';
import type { ImageHeader } from './image-header.js';
import { exifTags, isWanted, type WantedMetadata } from './formats/image-metadata.js';
import { openPicture, type Picture, readLuminance } from './image-picture.js';
import { MOST_TRIALS, searchQuality } from './image-search.js';
import { similarity } from './image-similarity.js';
import { gammaToSrgb, withColourChunks } from './formats/strip-png.js';
import { withTagsOf } from './formats/strip-tiff.js';
import { estimateJpegQuality } from './formats/jpeg-quality.js';
import { jpegQualityOf, likeJpegQuality } from './quality-scale.js';

/** One encoding of the image. */
export interface Encoded {
  format: ImageFormat;
  /** As it is reported: on the scale on which it was asked for. */
  quality: number;
  /** Whether the quality decided how much was lost. */
  hasQuality: boolean;
  data: Buffer;
  /** Undefined where nobody has asked yet. */
  similarity?: number;
  isTargetReached: boolean;
  picture: Picture;
}

/** How to encode it. */
export interface Way {
  format: ImageFormat;
  effort: Effort;
}

const DECODING_MS_PER_MEGAPIXEL = 80;
/** What the quality of a source counts as that does not tell: its pixels may be as they were made. */
const QUALITY_OF_OTHERS = 100;

/** Encodes one image, in any format and effort, and decodes it no more often than that takes. */
export class ImageEncodings {
  /** By all encodings so far, as {@link estimateOneMs} counts. */
  spentMs = 0;
  private readonly pictures = new Map<boolean, Promise<Picture>>();
  private readonly gamma: number;

  constructor(
    private readonly source: Buffer,
    private readonly header: ImageHeader,
    private readonly options: CompressionOptions,
    private readonly wanted: WantedMetadata,
    private readonly maxPixels: number,
  ) {
    this.gamma = header.format === 'png' ? gammaToSrgb(source) : 1;
  }

  /**
   * At the quality or target that was asked for.
   *
   * @param searchMs for all trials of a target together, as {@link estimateOneMs} counts; twice as much for a size that
   *   is still missed
   */
  async encode(way: Way, searchMs: number): Promise<Encoded> {
    const { target, format } = this.options;
    if (target) return this.search(way, searchMs);
    const isScaled = way.format !== this.header.format || format !== 'auto' || way.format === 'jpeg';
    return this.encodeAt(this.quality(), way, { isScaled });
  }

  /** `isScaled`: whether the quality is on the scale of JPEG where formats are compared, or where it becomes a JPEG. */
  async encodeAt(quality: number, way: Way, { isScaled }: { isScaled: boolean }): Promise<Encoded> {
    const settings = await this.settings(way);
    // The numbers of different encoders are compared in `auto` only; but those of libjpeg and mozjpeg mean the same.
    const isForeign = isScaled && (this.options.format === 'auto' || way.format === 'jpeg');
    const own = isForeign ? likeJpegQuality(quality, settings) : quality;
    const usual = { ...settings, quality: own };
    return this.bestWay(usual, (settings) => this.encodeOneWay(settings, quality));
  }

  /** With its similarity, measured once. */
  async compared(encoded: Encoded): Promise<Encoded> {
    if (encoded.similarity !== undefined) return encoded;
    const { picture, data } = encoded;
    const [one, other] = [await picture.luminance(), await readLuminance(data, picture)];
    return { ...encoded, similarity: similarity(one, other) };
  }

  /** Decoded once for all formats; only where they must differ a second time. */
  picture(format: ImageFormat): Promise<Picture> {
    const isAnimated = this.header.frames > 1 && (format === 'gif' || format === 'webp');
    const needsSrgbGamma = this.gamma !== 1 && format !== 'png';
    const isSpecial = isAnimated || needsSrgbGamma;
    const known = this.pictures.get(isSpecial);
    if (known) return known;
    const { maxWidth, maxHeight } = this.options;
    const picture = openPicture(this.source, this.header, {
      maxPixels: this.maxPixels,
      maxWidth,
      maxHeight,
      keepsMetadata: this.wanted.isAll,
      keepsXmp: this.wanted.keepsXmp,
      isReadOnce: isOnePass(this.options),
      isAnimated,
      needsSrgbGamma,
    });
    this.pictures.set(isSpecial, picture);
    return picture;
  }

  /** What the encoder will go by; the quality is still open. */
  async settings({ format, effort }: Way): Promise<EncodeOptions> {
    const picture = await this.picture(format);
    const { metadata } = this.header;
    return {
      format,
      effort,
      quality: 0,
      hasAlpha: picture.hasAlpha,
      isPalette: metadata.isPalette,
      pixels: picture.width * picture.height * picture.frames,
      framePixels: picture.width * picture.height,
      isGrey: metadata.space === 'b-w' || metadata.space === 'grey16',
      // Made smaller, its lines need shades of grey.
      isBilevel:
        metadata.bitsPerSample === 1 && metadata.channels === 1 && !metadata.isPalette && !picture.isResized,
    };
  }

  /** About how long it takes, were the picture noise. */
  async estimate(way: Way): Promise<number> {
    return estimateMs(await this.settings(way));
  }

  /** Whether the best effort is another than the usual one in this format. */
  async isDifferentAtBest(format: ImageFormat): Promise<boolean> {
    const settings = await this.settings({ format, effort: 'best' });
    return !isSameSetting(settings, { ...settings, effort: 'balanced' });
  }

  /** On the scale on which it was asked for: that of JPEG in `auto`, else that of the format. */
  quality(): number {
    const { quality } = this.options;
    if (typeof quality === 'number') return quality;
    const isJpeg = this.header.format === 'jpeg';
    const own = (isJpeg ? estimateJpegQuality(this.source) : undefined) ?? QUALITY_OF_OTHERS;
    return Math.max(1, Math.round((own * parseInt(quality ?? '100%')) / 100));
  }

  private async search(way: Way, searchMs: number): Promise<Encoded> {
    const target = this.options.target!;
    const usual = await this.settings(way);
    const ways = 1 + otherWays(usual, 0).length;
    return this.bestWay(usual, (settings) => this.searchOneWay(settings, target, searchMs / ways));
  }

  private async searchOneWay(
    settings: EncodeOptions,
    target: CompressionTarget,
    searchMs: number,
  ): Promise<Encoded> {
    const { isLarge } = await this.picture(settings.format);
    // A large picture is decoded anew each time, and so is the result.
    const decodingMs = isLarge ? (settings.pixels / 1_000_000) * DECODING_MS_PER_MEGAPIXEL : 0;
    const isCutShort = MOST_TRIALS * (msOf(settings) + decodingMs) > searchMs;
    const canVary = hasQuality(settings);
    let spentMs = 0;
    let trialMs = 0;
    const { trial, isReached } = await searchQuality<Encoded>({
      firstGuess: isCutShort && 'ssim' in target ? likeJpegQuality(jpegQualityOf(target.ssim), settings) : 50,
      wanted: 'ssim' in target ? 'lowest' : 'highest',
      hasTime: () => canVary && spentMs + trialMs <= searchMs,
      hasTimeForSize: () => canVary && spentMs + trialMs <= 2 * searchMs,
      tryQuality: async (quality) => {
        const encoded = await this.encodeOneWay({ ...settings, quality }, quality);
        trialMs = estimateOneMs(settings, encoded.data.length) + decodingMs;
        spentMs += trialMs;
        return 'ssim' in target ? this.compared(encoded) : encoded;
      },
      isReached: ({ data, similarity: measured }) =>
        'ssim' in target ? measured! >= target.ssim : data.length <= target.bytes,
    });
    return { ...trial, isTargetReached: isReached };
  }

  /** What is made in the usual way, or in another one where that comes out better. */
  private async bestWay(
    usual: EncodeOptions,
    make: (settings: EncodeOptions) => Promise<Encoded>,
  ): Promise<Encoded> {
    let best = await make(usual);
    const others = otherWays(usual, best.data.length);
    if (others.length > 0) best = await this.compared(best);
    for (const other of others) {
      const encoded = await this.compared(await make(other));
      if (this.isBetterWay(encoded, best)) best = encoded;
    }
    return best;
  }

  /** Of two ways at the same quality. */
  private isBetterWay(one: Encoded, other: Encoded): boolean {
    const isSmaller = one.data.length < other.data.length;
    const isAsSimilar = one.similarity! >= other.similarity!;
    const { target } = this.options;
    return target ? isNearer(target, one, other) : isSmaller && isAsSimilar;
  }

  private async encodeOneWay(settings: EncodeOptions, quality: number): Promise<Encoded> {
    const { format } = settings;
    const picture = await this.picture(format);
    const pipeline = picture.open();
    if (format === 'jpeg' && picture.hasAlpha) pipeline.flatten({ background: '#ffffff' });
    const tags = exifTags(this.wanted);
    if (Object.keys(tags).length > 0 && format !== 'tiff') pipeline.withExif({ IFD0: tags });
    const { data, width, height } = await encodeImage(pipeline, settings);
    this.spentMs += estimateOneMs(settings, data.length);
    if (width !== picture.width || height !== picture.height) {
      throw new Error(`encoded as ${width}×${height}, not ${picture.width}×${picture.height}`);
    }
    const described = this.described(data, format);
    return {
      format,
      quality,
      hasQuality: hasQuality(settings),
      data: described,
      isTargetReached: true,
      picture,
    };
  }

  // What libvips does not write itself.
  private described(data: Buffer, format: ImageFormat): Buffer {
    if (format === 'png') {
      const source = this.header.format === 'png' ? this.source : Buffer.alloc(0);
      const xmp = this.wanted.isAll && this.wanted.keepsXmp ? this.header.metadata.xmp : undefined;
      return withColourChunks(data, source, { keepsMetadata: isWanted(this.wanted), xmp });
    }
    // Only a TIFF becomes a TIFF.
    return format === 'tiff' && isWanted(this.wanted) ? withTagsOf(this.source, data, this.wanted) : data;
  }
}

/**
 * Whether one encoding does better what the target asks: for a similarity the fewest bytes, for a size the most similar;
 * of two that miss it, the nearer one. Both are compared already.
 */
export function isNearer(target: CompressionTarget, one: Encoded, other: Encoded): boolean {
  if (one.isTargetReached !== other.isTargetReached) return one.isTargetReached;
  const isSmaller = one.data.length < other.data.length;
  if ('ssim' in target === one.isTargetReached) return isSmaller;
  return one.similarity! > other.similarity! || (one.similarity === other.similarity && isSmaller);
}

/**
 * Whether the image is encoded only once and compared with nothing, so that its pixels go straight from the decoder to
 * the encoder: in half the time, for a JPEG.
 */
export function isOnePass({ effort, target, format }: CompressionOptions): boolean {
  return effort === 'fast' && !target && format !== 'auto';
}
