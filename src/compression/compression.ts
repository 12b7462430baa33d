import { ImageError } from '../errors/app-error.js';
import type { CompressionOptions, ImageNote } from './options.js';
import { automaticFormats, canBecome, isTooSlow } from './image-candidates.js';
import { type Encoded, ImageEncodings, isOnePass } from './image-encodings.js';
import { contentTypeOf, type ImageFormat } from './formats/image-format.js';
import type { ImageHeader } from './image-header.js';
import {
  hasMetadata,
  hasMoreTags,
  isWanted,
  type WantedMetadata,
  wantedMetadata,
} from './formats/image-metadata.js';
import { keepOriginal, stripImage } from './image-original.js';
import { fitInside } from './image-picture.js';
import { isBigTiff } from './formats/strip-tiff.js';
import { findSmallest, firstEffort } from './smallest-encoding.js';

/** What a viewer sees: width and height are upright ones, with the orientation applied. */
export interface ImageFacts {
  bytes: number;
  format: ImageFormat;
  width: number;
  height: number;
}

/** How the output was made. */
export interface CompressionReport {
  /** Encoder quality used, 1 to 100; null where the format has none, or nothing was encoded. */
  quality: number | null;
  /** To the source, 0 to 1; null where it was not measured. */
  similarity: number | null;
  milliseconds: number;
  /** What was left out or could not be done, as stable codes. */
  notes: readonly ImageNote[];
}

/** The bytes to deliver, and how they came about. */
export interface CompressedImage {
  data: Buffer;
  /** `kept_original`: encoding again saves nothing, so these are the source's own pixels, taken out of their file. */
  outcome: 'compressed' | 'kept_original';
  input: ImageFacts;
  output: ImageFacts;
  /** MIME type of `data`. */
  contentType: string;
  report: CompressionReport;
}

/** Everything but the time that it took. */
type Result = Omit<CompressedImage, 'report'> & { report: Omit<CompressedImage['report'], 'milliseconds'> };

/** The way of one image through the engine. See `compressImage`. */
export class Compression {
  private readonly wanted: WantedMetadata;
  private readonly encodings: ImageEncodings;
  private readonly source: Buffer;

  /** @param inputBytes of the file as it came, which the result is not to exceed */
  constructor(
    private readonly inputBytes: number,
    private readonly header: ImageHeader,
    private readonly options: CompressionOptions,
    private readonly maxPixels: number,
  ) {
    this.source = header.source;
    this.wanted = wantedMetadata(options.metadata, header.metadata, this.source);
    this.encodings = new ImageEncodings(this.source, header, options, this.wanted, maxPixels);
  }

  /** @throws ImageError, or what libvips says of damaged files */
  async run(): Promise<Result> {
    // An animation that was cut off is a shorter one to libvips.
    if (this.header.format === 'gif' && !stripImage(this.source, this.header, this.wanted)) throw corrupt();

    const early = await this.originalWithinBytes();
    if (early) return this.kept(early, []);
    const { formats, notes } = await this.formats();
    if (this.isLeftAsItIs(formats[0])) return this.keptUnlessCorrupt(notes);
    return this.choose(await findSmallest(this.encodings, formats, this.options), notes);
  }

  /** The encoding, or the original where that does with as many bytes. */
  private async choose(best: Encoded, notes: ImageNote[]): Promise<Result> {
    const mostBytes = this.mostBytesOfOriginal(best);
    const original = mostBytes > 0 ? await this.original(mostBytes) : undefined;
    if (original) return this.kept(original, notes);
    if (best.data.length < this.inputBytes) return this.compressed(best, notes);
    // For an AVIF of its whole size, less memory was set aside than it would take.
    const isTriedWhole = best.picture.isResized && this.header.format !== 'avif';
    return isTriedWhole ? this.wholeSize(notes) : this.keptUnlessCorrupt(notes);
  }

  /** Where making it smaller makes more bytes, as with a drawing whose lines become shades: compressed as it is. */
  private async wholeSize(notes: ImageNote[]): Promise<Result> {
    const options = { ...this.options, format: 'keep' as const, maxWidth: null, maxHeight: null };
    const { report, ...result } = await new Compression(
      this.inputBytes,
      this.header,
      options,
      this.maxPixels,
    ).run();
    const all = new Set<ImageNote>([...report.notes, ...notes, 'size_kept']);
    return { ...result, report: { ...report, notes: [...all] } };
  }

  private async keptUnlessCorrupt(notes: ImageNote[]): Promise<Result> {
    const original = await this.original(this.inputBytes);
    if (!original) throw isBigTiff(this.source) ? bigTiff() : corrupt();
    const { isResized } = fitInside(this.header, this.options);
    return this.kept(original, isResized ? [...notes, 'size_kept'] : notes);
  }

  private isLeftAsItIs(format: ImageFormat): boolean {
    const { width, height } = fitInside(this.header, this.options);
    return (
      isTooSlow(format, width * height * this.header.frames) || !canBecome(format, this.header, this.options)
    );
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

  /** With how many bytes the original is better than the encoding; 0 for none. */
  private mostBytesOfOriginal({ format, picture, isTargetReached, data }: Encoded): number {
    const { header, inputBytes, options } = this;
    const isSuited = format === header.format || (options.format === 'auto' && header.format !== 'tiff');
    if (picture.isResized || !isSuited) return 0;
    // Nothing is more similar to the source than itself.
    if (!isTargetReached) return 'ssim' in options.target! ? inputBytes : 0;
    // Half the bytes are a gain whatever the rest was. Looking no further saves 1 % of the time.
    return data.length > inputBytes / 2 ? data.length : 0;
  }

  private original(mostBytes: number): Promise<Buffer | undefined> {
    return keepOriginal(this.source, this.header, this.wanted, {
      mostBytes: Math.min(mostBytes, this.inputBytes),
      maxPixels: this.maxPixels,
    });
  }

  private async formats(): Promise<{ formats: ImageFormat[]; notes: ImageNote[] }> {
    const { format } = this.options;
    const { header } = this;
    if (format === 'keep' || format === header.format) return { formats: [header.format], notes: [] };
    if (format === 'auto') return { formats: await this.automaticFormats(), notes: [] };
    if (canBecome(format, header, this.options)) return { formats: [format], notes: [] };
    return { formats: [header.format], notes: ['format_not_possible'] };
  }

  private async automaticFormats(): Promise<ImageFormat[]> {
    const facts = { source: this.header.format, ...(await this.encodings.picture('webp')) };
    const effort = firstEffort(this.options);
    const settings = await this.encodings.settings({ format: 'webp', effort });
    return automaticFormats(facts, settings, (format) => canBecome(format, this.header, this.options));
  }

  private async compressed(best: Encoded, notes: ImageNote[]): Promise<Result> {
    const measured = isOnePass(this.options) ? best : await this.encodings.compared(best);
    const { format, picture, data } = best;
    const all: ImageNote[] = [...this.header.notes, ...notes];
    if (this.header.frames > picture.frames) all.push('first_frame_only');
    if (format === 'jpeg' && picture.hasAlpha) all.push('alpha_flattened');
    if (format === 'gif' && this.mayLoseMetadata()) all.push('metadata_dropped');
    if (this.losesTagsOfTiff(format)) all.push('metadata_dropped');
    if (this.wanted.isAll && !picture.isDescribed && this.mayLoseMetadata()) all.push('metadata_dropped');
    if (this.hasLostMetadata()) all.push('metadata_dropped');
    if (!best.isTargetReached) all.push('target_not_reached');
    const isTurned = picture.frames > 1 && this.header.orientation >= 5;
    const [width, height] = isTurned ? [picture.height, picture.width] : [picture.width, picture.height];
    return {
      ...this.delivered(data, format, width, height),
      outcome: 'compressed',
      report: {
        quality: best.hasQuality ? best.quality : null,
        similarity: measured.similarity ?? null,
        notes: [...new Set(all)],
      },
    };
  }

  private kept(original: Buffer, notes: ImageNote[]): Result {
    const { format, width, height } = this.header;
    const all: ImageNote[] = [...this.header.notes, ...notes];
    const losesTags = format === 'gif' || (format === 'avif' && !this.wanted.isAll);
    if (losesTags && this.mayLoseMetadata()) all.push('metadata_dropped');
    if (this.losesTagsOfTiff(format) || this.hasLostMetadata()) all.push('metadata_dropped');
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

  /** What was left out of the file because of its size. */
  private hasLostMetadata(): boolean {
    return this.header.isMetadataLeftOut && this.options.metadata !== 'none';
  }

  private mayLoseMetadata(): boolean {
    return isWanted(this.wanted) && hasMetadata(this.header.metadata);
  }

  private delivered(data: Buffer, format: ImageFormat, width: number, height: number) {
    const { header, inputBytes } = this;
    return {
      data,
      input: { bytes: inputBytes, format: header.format, width: header.width, height: header.height },
      output: { bytes: data.length, format, width, height },
      contentType: contentTypeOf(format),
    };
  }
}

function bigTiff(): ImageError {
  const text = 'A BigTIFF file that can not be made smaller is not supported; use TIFF.';
  return new ImageError('FORMAT_NOT_SUPPORTED', text);
}

function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}
