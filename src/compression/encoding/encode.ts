import { type CompressionOptions, reportsSimilarity } from '../options.js';
import { encodeImage, type EncodeOptions, encodeOptions, hasQuality } from './encoder-settings.js';
import { qualityOfWhite } from './exact-white.js';
import type { ImageFormat } from '../formats/image-format.js';
import { exifTags, isWanted } from '../formats/image-metadata.js';
import { gammaToSrgb, withColourChunks } from '../formats/png/colours.js';
import { withTagsOf } from '../formats/tiff/tiff.js';
import { type Job, openPicture, type Picture, readLookOf } from '../picture.js';
import type { Candidate, Setup } from '../plan.js';
import { similarity } from '../search/similarity.js';

/** One encoding of an image. */
export interface Encoding {
  format: ImageFormat;
  /** As it is reported: on the scale on which it was asked for. */
  quality: number;
  /** Whether the quality decided how much was lost. */
  hasQuality: boolean;
  data: Buffer;
  /** To the source, 0 to 1; undefined until it is measured. */
  similarity?: number;
  picture: Picture;
}

/** Encodes one image, in any format and effort, and decodes it as rarely as possible. */
export class Encoder {
  private readonly pictures = new Map<boolean, Promise<Picture>>();
  private readonly gamma: number;

  constructor(private readonly job: Job) {
    this.gamma = job.header.format === 'png' ? gammaToSrgb(job.source) : 1;
  }

  /** The candidates without JPEG where `auto` would lose transparency by it: whether it hides anything, only the pixels tell. */
  async suitable(candidates: Candidate[]): Promise<Candidate[]> {
    const { header, options } = this.job;
    const mayBeJpeg = candidates.length > 1 && candidates.some(({ format }) => format === 'jpeg');
    if (options.format !== 'auto' || !mayBeJpeg || !header.metadata.hasAlpha) return candidates;
    if (!(await this.picture('jpeg')).hasAlpha) return candidates;
    return candidates.filter(({ format }) => format !== 'jpeg');
  }

  /** What the settings of the encoder depend on; the quality is still open. */
  async settings(setup: Setup): Promise<EncodeOptions> {
    return encodeOptions(this.job.header, await this.picture(setup.format), setup);
  }

  /** Encodes once. `askedQuality` is the one to report, that in the settings the encoder's own; both are raised where white would be none. */
  async encode(asked: EncodeOptions, askedQuality: number): Promise<Encoding> {
    const { format } = asked;
    const picture = await this.picture(format);
    const ownQuality = format === 'jpeg' && picture.isOnWhite ? await qualityOfWhite(asked) : asked.quality;
    const settings = { ...asked, quality: ownQuality };
    const quality = Math.min(100, askedQuality + ownQuality - asked.quality);
    const pipeline = picture.open();
    if (format === 'jpeg' && picture.hasAlpha) pipeline.flatten({ background: '#ffffff' });
    const tags = exifTags(this.job.wanted);
    if (Object.keys(tags).length > 0 && format !== 'tiff') pipeline.withExif({ IFD0: tags });
    const { data, width, height } = await encodeImage(pipeline, settings);
    if (width !== picture.width || height !== picture.height) {
      throw new Error(`encoded as ${width}×${height}, not ${picture.width}×${picture.height}`);
    }
    return { format, quality, hasQuality: hasQuality(settings), data: this.described(data, format), picture };
  }

  /** With its similarity, measured once. */
  async measured<T extends Encoding>(encoding: T): Promise<T & { similarity: number }> {
    if (encoding.similarity !== undefined) return encoding as T & { similarity: number };
    const { picture, data } = encoding;
    const [one, other] = [await picture.look(), await readLookOf(data, picture)];
    const isOnWhite = encoding.format === 'jpeg';
    return { ...encoding, similarity: similarity(one, other, { isOnWhite }) };
  }

  /** Decoded once for all formats; only where they must differ a second time. */
  private picture(format: ImageFormat): Promise<Picture> {
    const { header, options } = this.job;
    const isAnimated = header.frames > 1 && (format === 'gif' || format === 'webp');
    const needsSrgbGamma = this.gamma !== 1 && format !== 'png';
    const isSpecial = isAnimated || needsSrgbGamma;
    const known = this.pictures.get(isSpecial);
    if (known) return known;
    const picture = openPicture(this.job, {
      isReadOnce: isOnePass(options, format),
      isAnimated,
      needsSrgbGamma,
    });
    this.pictures.set(isSpecial, picture);
    return picture;
  }

  // What libvips does not write itself.
  private described(data: Buffer, format: ImageFormat): Buffer {
    const { header, source, wanted } = this.job;
    if (format === 'png') {
      const own = header.format === 'png' ? source : Buffer.alloc(0);
      const xmp = wanted.isAll && wanted.keepsXmp ? header.metadata.xmp : undefined;
      return withColourChunks(data, own, { keepsMetadata: isWanted(wanted), xmp });
    }
    // Only a TIFF becomes a TIFF.
    return format === 'tiff' && isWanted(wanted) ? withTagsOf(source, data, wanted) : data;
  }
}

/**
 * Whether the image is encoded only once and compared with nothing, so that its pixels go straight from the decoder to
 * the encoder: in half the time, for a JPEG.
 */
function isOnePass(options: CompressionOptions, format: ImageFormat): boolean {
  // Several settings are tried with `best`, and for a PNG.
  return options.effort !== 'best' && format !== 'png' && !reportsSimilarity(options);
}
