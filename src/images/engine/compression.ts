import { ImageError } from '../../errors.js';
import type { CompressionOptions, Effort, ImageNote } from '../../requests/compression-options.js';
import type { CompressedImage } from './compress-image.js';
import { AUTO_MS, automaticFormats, canHold, isTooSlow } from './image-candidates.js';
import {
  encodeImage,
  type EncodeOptions,
  estimateMs,
  hasQuality,
  isSameSetting,
  otherWays,
} from './image-encode.js';
import { contentTypeOf, type ImageFormat } from './image-format.js';
import type { ImageHeader } from './image-header.js';
import {
  exifTags,
  hasMetadata,
  hasMoreTags,
  isWanted,
  type WantedMetadata,
  wantedMetadata,
} from './image-metadata.js';
import { keepOriginal, stripImage } from './image-original.js';
import { decodePicture, fitInside, type Picture, readLuminance } from './image-picture.js';
import { searchQuality } from './image-search.js';
import { similarity } from './image-similarity.js';
import { gammaToSrgb, withColourChunks } from './image-strip-png.js';
import { withTagsOf } from './image-strip-tiff.js';
import { estimateJpegQuality } from './jpeg-quality.js';
import { likeJpegQuality } from './quality-scale.js';

/** One encoding of the image. */
interface Encoded {
  format: ImageFormat;
  /** As it is reported: on the scale on which it was asked for. */
  quality: number;
  data: Buffer;
  /** Undefined where nobody has asked yet. */
  similarity?: number;
  isTargetReached: boolean;
  picture: Picture;
}

interface Way {
  format: ImageFormat;
  effort: Effort;
}

/** Where the looking for the smallest encoding stands. */
interface Choice {
  best: Encoded;
  /** Of the time for all encodings, counted as if the picture were noise. */
  leftMs: number;
  /** For the next search for a target, counted in the same way. */
  searchMs: number;
  /** How much of the time for noise AVIF takes, 0 to 1. */
  busyness: number;
}

/** Everything but the time that it took. */
type Result = Omit<CompressedImage, 'report'> & { report: Omit<CompressedImage['report'], 'milliseconds'> };

const MOST_TRIALS = 7;
// All trials of a search together, were the picture noise; a larger image gets fewer of them.
const SEARCH_MS = 8_000;
const DECODING_MS_PER_MEGAPIXEL = 80;
const MOST_RAISES = 3;
const ABOUT_AS_SIMILAR = 0.01;
/** What the quality of a source counts as that does not tell: its pixels may be as they were made. */
const QUALITY_OF_OTHERS = 100;
/** At about which quality of JPEG a similarity is reached: where a search may not take many trials. */
const QUALITY_OF_SIMILARITY: [similarity: number, quality: number][] = [
  [0.92, 10],
  [0.973, 30],
  [0.986, 50],
  [0.991, 70],
  [0.996, 80],
];

/** The way of one image through the engine. See `compressImage`. */
export class Compression {
  private readonly wanted: WantedMetadata;
  private readonly pictures = new Map<boolean, Promise<Picture>>();
  private readonly gamma: number;
  /** By all encodings so far, counted as if the picture were noise. */
  private spentMs = 0;

  constructor(
    private readonly source: Buffer,
    private readonly header: ImageHeader,
    private readonly options: CompressionOptions,
    private readonly maxPixels: number,
  ) {
    this.wanted = wantedMetadata(options.metadata, header.metadata, source);
    this.gamma = header.format === 'png' ? gammaToSrgb(source) : 1;
  }

  /** @throws ImageError, or what libvips says of damaged files */
  async run(): Promise<Result> {
    // An animation that was cut off is a shorter one to libvips.
    if (this.header.format === 'gif' && !stripImage(this.source, this.header, this.wanted)) throw corrupt();

    const early = await this.originalWithinBytes();
    if (early) return this.kept(early, []);
    const { formats, notes } = await this.formats();
    if (this.isTooSlow(formats[0])) return this.keptUnlessCorrupt(notes);
    return this.choose(await this.smallestOf(formats), notes);
  }

  /**
   * The smallest encoding that is about as similar as that in the first format, or as a JPEG of the quality is. The best
   * effort is a second round, in which the result of the first one stays where it is better.
   */
  private async smallestOf(formats: ImageFormat[]): Promise<Encoded> {
    const { effort } = this.options;
    const first = firstEffort(this.options);
    const searchMs = SEARCH_MS / formats.length;
    const reference = await this.encodeAs(formats[0], first, searchMs);
    if (formats.length === 1 && effort !== 'best') return reference;

    const choice: Choice = { best: await this.compared(reference), leftMs: AUTO_MS, searchMs, busyness: 1 };
    this.spend(choice, reference, await this.estimate(formats[0], first));
    const least = this.leastSimilarity(choice.best);
    for (const format of formats.slice(1)) await this.consider(choice, { format, effort: first }, least);
    if (effort !== 'best') return choice.best;

    const limit = Math.max(least, this.leastSimilarity(choice.best));
    for (const format of await this.differentAtBest(formats, choice.best.format)) {
      // What the searches of the first round have left.
      choice.searchMs = SEARCH_MS - this.spentMs;
      if (this.options.target) choice.leftMs = choice.searchMs;
      await this.consider(choice, { format, effort }, limit);
    }
    return choice.best;
  }

  /** Takes another way if it comes out smaller and similar enough, and there is time to find out. */
  private async consider(choice: Choice, way: Way, leastSimilarity: number): Promise<void> {
    const noiseMs = await this.estimate(way.format, way.effort);
    const ms = (): number => noiseMs * (way.format === 'avif' ? choice.busyness : 1);
    if (ms() > choice.leftMs) return;
    let encoded = await this.encodeAs(way.format, way.effort, choice.searchMs);
    this.spend(choice, encoded, ms());
    // What is smaller but too different is tried again: a quality does not mean the same for all pictures.
    for (let raises = 0; isSmallerThan(choice.best, encoded); raises += 1) {
      encoded = await this.compared(encoded);
      if (encoded.similarity! >= leastSimilarity) choice.best = encoded;
      if (choice.best === encoded || this.options.target) return;
      if (raises === MOST_RAISES || ms() > choice.leftMs) return;
      const higher = encoded.quality + Math.ceil((100 - encoded.quality) / 5);
      encoded = await this.encode(await this.picture(way.format), way, higher, true);
      this.spend(choice, encoded, ms());
    }
  }

  private spend(choice: Choice, { format, data, picture }: Encoded, ms: number): void {
    choice.leftMs -= ms;
    const bitsPerPixel = (8 * data.length) / (picture.width * picture.height * picture.frames);
    // Noise has 4 bits a pixel as WebP, photos 0.5; AVIF takes 10 times as long for noise as for most of these.
    if (format === 'webp') choice.busyness = Math.min(1, 0.1 + bitsPerPixel / 2);
  }

  /** The formats for which the best effort is another than the usual one; that of the smallest yet first. */
  private async differentAtBest(formats: ImageFormat[], smallest: ImageFormat): Promise<ImageFormat[]> {
    const different: ImageFormat[] = [];
    for (const format of [...new Set([smallest, ...formats])]) {
      const settings = this.settings(await this.picture(format), format, 'best');
      if (!isSameSetting(settings, { ...settings, effort: 'balanced' })) different.push(format);
    }
    return different;
  }

  private async estimate(format: ImageFormat, effort: Effort): Promise<number> {
    return estimateMs(this.settings(await this.picture(format), format, effort));
  }

  /** What counts as about as similar as this one, or as a JPEG of the quality that was asked for. */
  private leastSimilarity({ similarity: measured, isTargetReached }: Encoded): number {
    const { target } = this.options;
    // A similarity that was asked for is enough, and any is better than a size that was missed.
    if (target && ('ssim' in target || !isTargetReached)) return 0;
    return Math.min(measured!, target ? 1 : this.similarityOfJpeg()) - ABOUT_AS_SIMILAR;
  }

  /** The encoding, or the original where that does with as many bytes. */
  private async choose(best: Encoded, notes: ImageNote[]): Promise<Result> {
    const { source } = this;
    // Half the bytes are a gain whatever the rest was. Looking no further saves 1 % of the time.
    if (this.isOriginalWanted(best) && best.data.length > source.length / 2) {
      const original = await this.original(best.data.length);
      if (original) return this.kept(original, notes);
    }
    if (best.data.length < source.length) return this.compressed(best, notes);
    return this.keptUnlessCorrupt(notes);
  }

  private async keptUnlessCorrupt(notes: ImageNote[]): Promise<Result> {
    const original = await this.original(this.source.length);
    if (!original) throw corrupt();
    const { isResized } = fitInside(this.header, this.options);
    return this.kept(original, isResized ? [...notes, 'size_kept'] : notes);
  }

  private isTooSlow(format: ImageFormat): boolean {
    const { width, height } = fitInside(this.header, this.options);
    return isTooSlow(format, width * height * this.header.frames);
  }

  /** Where it is small enough as it is, there is nothing to be lost for. */
  private async originalWithinBytes(): Promise<Buffer | undefined> {
    const { target, format } = this.options;
    const isOwn = format === 'keep' || format === this.header.format;
    if (!target || !('bytes' in target) || !isOwn || fitInside(this.header, this.options).isResized) {
      return undefined;
    }
    return this.original(target.bytes);
  }

  private isOriginalWanted({ format, picture, isTargetReached }: Encoded): boolean {
    const { format: source } = this.header;
    if (picture.isResized || !isTargetReached) return false;
    return format === source || (this.options.format === 'auto' && source !== 'tiff');
  }

  private original(mostBytes: number): Promise<Buffer | undefined> {
    return keepOriginal(this.source, this.header, this.wanted, { mostBytes, maxPixels: this.maxPixels });
  }

  private async formats(): Promise<{ formats: ImageFormat[]; notes: ImageNote[] }> {
    const { format } = this.options;
    const { header } = this;
    if (format === 'keep' || format === header.format) return { formats: [header.format], notes: [] };
    if (format === 'auto') {
      const picture = await this.picture('webp');
      const facts = { source: header.format, ...picture };
      return {
        formats: automaticFormats(facts, this.settings(picture, 'webp', firstEffort(this.options))),
        notes: [],
      };
    }
    if (canHold(format, fitInside(header, this.options))) return { formats: [format], notes: [] };
    return { formats: [header.format], notes: ['format_not_possible'] };
  }

  /** Decoded once for all formats; only where they must differ a second time. */
  private picture(format: ImageFormat): Promise<Picture> {
    const isAnimated = this.header.frames > 1 && (format === 'gif' || format === 'webp');
    const needsSrgbGamma = this.gamma !== 1 && format !== 'png';
    const isSpecial = isAnimated || needsSrgbGamma;
    const known = this.pictures.get(isSpecial);
    if (known) return known;
    const { maxWidth, maxHeight } = this.options;
    const picture = decodePicture(this.source, this.header, {
      ...{ maxPixels: this.maxPixels, maxWidth, maxHeight },
      ...{ keepsMetadata: this.wanted.isAll, keepsXmp: this.wanted.keepsXmp, isAnimated, needsSrgbGamma },
    });
    this.pictures.set(isSpecial, picture);
    return picture;
  }

  private async encodeAs(format: ImageFormat, effort: Effort, searchMs: number): Promise<Encoded> {
    const picture = await this.picture(format);
    const { target } = this.options;
    if (!target) {
      const isScaled = format !== this.header.format || this.options.format !== 'auto' || format === 'jpeg';
      return this.encode(picture, { format, effort }, this.quality(), isScaled);
    }

    const settings = this.settings(picture, format, effort);
    // A large picture is decoded anew each time, and so is the result.
    const decodingMs = picture.isLarge ? (settings.pixels / 1_000_000) * DECODING_MS_PER_MEGAPIXEL : 0;
    const affordable = Math.floor(searchMs / (estimateMs(settings) + decodingMs));
    const mostTrials = hasQuality(settings) ? Math.max(1, Math.min(MOST_TRIALS, affordable)) : 1;
    const { trial, isReached } = await searchQuality<Encoded>({
      mostTrials,
      firstGuess: mostTrials < MOST_TRIALS && 'ssim' in target ? this.guess(target.ssim, settings) : 50,
      wanted: 'ssim' in target ? 'lowest' : 'highest',
      tryQuality: async (quality) => {
        const encoded = await this.encode(picture, { format, effort }, quality, false);
        return 'ssim' in target ? this.compared(encoded) : encoded;
      },
      isReached: (encoded) => this.isReached(encoded),
    });
    return { ...trial, isTargetReached: isReached };
  }

  private isReached({ data, similarity: measured }: Encoded): boolean {
    const { target } = this.options;
    if (!target) return true;
    return 'ssim' in target ? measured! >= target.ssim : data.length <= target.bytes;
  }

  /** On the scale on which it was asked for: that of JPEG in `auto`, else that of the format. */
  private quality(): number {
    const { quality } = this.options;
    if (typeof quality === 'number') return quality;
    const isJpeg = this.header.format === 'jpeg';
    const own = (isJpeg ? estimateJpegQuality(this.source) : undefined) ?? QUALITY_OF_OTHERS;
    return Math.max(1, Math.round((own * parseInt(quality ?? '100%')) / 100));
  }

  private similarityOfJpeg(): number {
    const quality = this.quality();
    return QUALITY_OF_SIMILARITY.findLast(([, reached]) => reached <= quality)?.[0] ?? 0.9;
  }

  private guess(wanted: number, settings: EncodeOptions): number {
    const quality = QUALITY_OF_SIMILARITY.find(([reached]) => reached >= wanted)?.[1] ?? 90;
    return likeJpegQuality(quality, settings);
  }

  private async encode(
    picture: Picture,
    { format, effort }: Way,
    quality: number,
    isScaled: boolean,
  ): Promise<Encoded> {
    const settings = this.settings(picture, format, effort);
    // The numbers of different encoders are compared in `auto` only; but those of libjpeg and mozjpeg mean the same.
    const isForeign = isScaled && (this.options.format === 'auto' || format === 'jpeg');
    const own = isForeign ? likeJpegQuality(quality, settings) : quality;
    const usual = { ...settings, quality: own };
    this.spentMs += estimateMs(usual);
    let best = await this.encodeOneWay(picture, usual, quality);
    const others = otherWays(usual, best.data.length);
    if (others.length > 0) best = await this.compared(best);
    for (const way of others) {
      const other = await this.compared(await this.encodeOneWay(picture, way, quality));
      if (this.isBetterWay(other, best)) best = other;
    }
    return best;
  }

  /** Of two ways at the same quality. */
  private isBetterWay(one: Encoded, other: Encoded): boolean {
    const isSmaller = one.data.length < other.data.length;
    const isAsSimilar = one.similarity! >= other.similarity!;
    const { target } = this.options;
    if (!target) return isSmaller && isAsSimilar;
    if (this.isReached(one) !== this.isReached(other)) return this.isReached(one);
    // Of a similarity, the fewest bytes; of a size, the most similar; of what is missed, what is nearer.
    return 'ssim' in target === this.isReached(one) ? isSmaller : one.similarity! > other.similarity!;
  }

  private async encodeOneWay(picture: Picture, way: EncodeOptions, quality: number): Promise<Encoded> {
    const { format } = way;
    const pipeline = picture.open();
    if (format === 'jpeg' && picture.hasAlpha) pipeline.flatten({ background: '#ffffff' });
    const tags = exifTags(this.wanted);
    if (Object.keys(tags).length > 0 && format !== 'tiff') pipeline.withExif({ IFD0: tags });
    const { data, width, height } = await encodeImage(pipeline, way);
    if (width !== picture.width || height !== picture.height) {
      throw new Error(`encoded as ${width}×${height}, not ${picture.width}×${picture.height}`);
    }
    return { ...{ format, quality, picture, isTargetReached: true }, data: this.described(data, format) };
  }

  // What libvips does not write itself.
  private described(data: Buffer, format: ImageFormat): Buffer {
    if (format === 'png') return this.withColours(data);
    // Only a TIFF becomes a TIFF.
    return format === 'tiff' && isWanted(this.wanted) ? withTagsOf(this.source, data, this.wanted) : data;
  }

  private withColours(png: Buffer): Buffer {
    return withColourChunks(
      png,
      this.header.format === 'png' ? this.source : Buffer.alloc(0),
      isWanted(this.wanted),
    );
  }

  private settings(picture: Picture, format: ImageFormat, effort = this.options.effort): EncodeOptions {
    const { metadata } = this.header;
    return {
      ...{ format, quality: 0, hasAlpha: picture.hasAlpha, isPalette: metadata.isPalette },
      effort,
      pixels: picture.width * picture.height * picture.frames,
      isGrey: metadata.space === 'b-w' || metadata.space === 'grey16',
      isBilevel: metadata.bitsPerSample === 1 && metadata.channels === 1 && !metadata.isPalette,
    };
  }

  /** With its similarity, measured once. */
  private async compared(encoded: Encoded): Promise<Encoded> {
    if (encoded.similarity !== undefined) return encoded;
    const { picture, data } = encoded;
    return { ...encoded, similarity: similarity(picture.luminance, await readLuminance(data, picture)) };
  }

  private async compressed(best: Encoded, notes: ImageNote[]): Promise<Result> {
    const { similarity: measured = null } = await this.compared(best);
    const { format, picture, data } = best;
    const all: ImageNote[] = [...this.header.notes, ...notes];
    if (this.header.frames > picture.frames) all.push('first_frame_only');
    if (format === 'jpeg' && picture.hasAlpha) all.push('alpha_flattened');
    if (format === 'gif' && this.mayLoseMetadata()) all.push('metadata_dropped');
    if (this.losesTagsOfTiff(format)) all.push('metadata_dropped');
    if (!best.isTargetReached) all.push('target_not_reached');
    const isTurned = picture.frames > 1 && this.header.orientation >= 5;
    const [width, height] = isTurned ? [picture.height, picture.width] : [picture.width, picture.height];
    const quality = hasQuality(this.settings(picture, format)) ? best.quality : null;
    return {
      ...this.delivered(data, format, width, height),
      outcome: 'compressed',
      report: { quality, similarity: measured, notes: [...new Set(all)] },
    };
  }

  private kept(original: Buffer, notes: ImageNote[]): Result {
    const { format, width, height } = this.header;
    const all: ImageNote[] = [...this.header.notes, ...notes];
    const losesTags = format === 'gif' || (format === 'avif' && !this.wanted.isAll);
    if (losesTags && this.mayLoseMetadata()) all.push('metadata_dropped');
    if (this.losesTagsOfTiff(format)) all.push('metadata_dropped');
    const { target } = this.options;
    if (target && 'bytes' in target && original.length > target.bytes) all.push('target_not_reached');
    return {
      ...this.delivered(original, format, width, height),
      outcome: 'kept_original',
      report: { quality: null, similarity: 1, notes: [...new Set(all)] },
    };
  }

  private losesTagsOfTiff(output: ImageFormat): boolean {
    return this.header.format === 'tiff' && this.wanted.isAll && hasMoreTags(this.source, output);
  }

  private mayLoseMetadata(): boolean {
    return isWanted(this.wanted) && hasMetadata(this.header.metadata);
  }

  private delivered(data: Buffer, format: ImageFormat, width: number, height: number) {
    const { header, source } = this;
    return {
      data,
      input: { bytes: source.length, format: header.format, width: header.width, height: header.height },
      output: { bytes: data.length, format, width, height },
      contentType: contentTypeOf(format),
    };
  }
}

/** One that reaches the target is better than one that does not; then the fewer bytes. */
function isSmallerThan(best: Encoded, encoded: Encoded): boolean {
  if (encoded.isTargetReached !== best.isTargetReached) return encoded.isTargetReached;
  return encoded.data.length < best.data.length;
}

/** The best effort goes on from where the usual one ends. */
function firstEffort({ effort }: CompressionOptions): Effort {
  return effort === 'best' ? 'balanced' : effort;
}

function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}
