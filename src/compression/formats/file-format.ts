import { ImageError } from '../../errors/app-error.js';
import type { ImageNote } from '../options.js';
import type { ImageFormat } from './image-format.js';
import type { SourceMetadata, WantedMetadata } from './image-metadata.js';
import type { Orientation } from './image-orientation.js';

/** What is to be known of a file format. All of it works on bytes alone; each walks through a file in one way only. */
export interface FileFormat {
  name: ImageFormat;

  /** Whether a file that begins so is one of this format. */
  recognises(source: Buffer): boolean;

  /**
   * Bounds what a file holds besides its pixels, before libvips sees a byte of it: what is not needed is left out, and what
   * is too much is refused.
   *
   * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE, IMAGE_CORRUPT, IMAGE_TOO_SLOW
   */
  guard(source: Buffer): GuardedSource | Promise<GuardedSource>;

  /** Whether its pages are the frames of an animation, which is delivered as one. */
  isAnimation: boolean;

  /** The most pixels of a frame whose decoder stays within the memory for one image; all, where there is no such number. */
  maxFramePixels?(metadata: SourceMetadata, guarded: GuardedSource): number;

  /** The most of a frame of an animation that is delivered as one. */
  maxAnimatedPixels?: number;

  /**
   * The same picture, bit for bit, without whatever does not draw it: what is hidden in the file, and everything behind the
   * end of the image. What its colours mean stays, so do the orientation and the metadata that is wanted.
   *
   * @returns undefined where the file is not built as files of this format are
   */
  strip(source: Buffer, kept: KeptParts): Buffer | undefined;

  /** Whether every part of the picture is there, where decoders may fail to tell that the last ones are missing. */
  isWhole?(source: Buffer): Promise<boolean>;

  /**
   * What to decode where a decoder complained about the file: the same picture without the fault. Where there is no such
   * thing for a format, whatever a decoder complains about is damage.
   *
   * @returns undefined where parts of the picture are missing or damaged
   */
  mend?(source: Buffer): Promise<Mended | undefined> | Mended | undefined;
}

/** A file without its fault. */
export interface Mended {
  source: Buffer;
  /** Whether a decoder may complain about nothing in it, either. */
  isStrict: boolean;
}

/** What stays beside the picture, where the format has a place for it. */
export interface KeptParts {
  /** As a tag. */
  orientation: Orientation;
  wanted: WantedMetadata;
  /** Whether of an animation the first frame alone is delivered. */
  isCutDown: boolean;
}

/** A file as libvips may read it. */
export interface GuardedSource {
  /**
   * The same picture, colours and orientation, and the metadata of usual size, without the parts that only cost time or
   * memory. The source itself where nothing is left out.
   */
  source: Buffer;
  /** What its own pixels are delivered with, where that differs: a profile that was made for libvips has more bytes. */
  original?: Buffer;
  /** Whether EXIF or XMP was left out because of its size. */
  isMetadataLeftOut: boolean;
  /** Whether it is a TIFF that has each colour in a plane of its own. */
  isPlanar: boolean;
  /** What its header says, where that is so plain that libvips need not be asked. */
  metadata?: SourceMetadata;
  /** Pixels of the largest image in an AVIF: it may be a tile, the transparency, or the picture itself. */
  largestPartPixels?: number;
  /** Pixels that a viewer lays the picture on, where these may be more than its own. */
  screenPixels?: number;
  /** Frames and pages that are not decoded. */
  notes: ImageNote[];
}

/** An animation of more frames is no product picture; 1,000 are 100 s at 10 frames a second. */
export const MAX_FRAMES = 1_000;

/**
 * The most bytes of EXIF, and of XMP, unpacked. Larger blocks are left out: libvips holds a block up to five times, and 48 kB
 * of a PNG unpack to 49 MB. EXIF of cameras has up to 64 kB, XMP of image editors up to some hundred.
 */
export const MAX_METADATA_BYTES = 4 * 1024 * 1024;

/** The most bytes of an ICC profile, unpacked. Those of printers have up to 3 MB. */
export const MAX_PROFILE_BYTES = 4 * 1024 * 1024;

/** The file as it is. */
export function asItIs(source: Buffer): GuardedSource {
  return { source, isMetadataLeftOut: false, isPlanar: false, notes: [] };
}

/** Without a profile the colours would be wrong, so that it can't be left out. */
export function profileTooLarge(): ImageError {
  const text = `The colour profile of the image has more than ${MAX_PROFILE_BYTES / 1024 / 1024} MiB.`;
  return new ImageError('IMAGE_METADATA_TOO_LARGE', text);
}

/** For files whose parts contradict each other. */
export function corrupt(options?: ErrorOptions): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.', options);
}

/** For metadata that can't be left out of its file. */
export function metadataTooLarge(): ImageError {
  const text = `The metadata of the image has more than ${MAX_METADATA_BYTES / 1024 / 1024} MiB.`;
  return new ImageError('IMAGE_METADATA_TOO_LARGE', text);
}

/** For files that no decoder here can read. `what` is their kind, in the plural, such as "BMP files". */
export function notReadable(what: string): ImageError {
  return new ImageError(
    'FORMAT_NOT_SUPPORTED',
    `${what} are not supported; use JPEG, PNG, WebP, AVIF, GIF, TIFF, HEIC or BMP.`,
  );
}

/** For files that cost more to take apart than to decode. */
export function tooManyParts(): ImageError {
  return new ImageError('FORMAT_NOT_SUPPORTED', 'The image file consists of far too many parts.');
}

/** Collects the parts of a file that stay, in their order; neighbours become one piece. */
export class KeptRanges {
  private readonly ranges: [number, number][] = [];

  /** Keeps the bytes from `start` up to `end`, which is not included. Call it in the order of the file. */
  keep(start: number, end: number): void {
    const last = this.ranges.at(-1);
    if (last?.[1] === start) last[1] = end;
    else if (end > start) this.ranges.push([start, end]);
  }

  /** How many bytes stay. */
  get bytes(): number {
    return this.ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** What stays, as a copy; or as a view of the source, where it is one piece. */
  of(source: Buffer): Buffer {
    const pieces = this.ranges.map(([start, end]) => source.subarray(start, end));
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }
}
