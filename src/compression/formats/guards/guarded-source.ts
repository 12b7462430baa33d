import { ImageError } from '../../../errors/app-error.js';
import type { ImageNote } from '../../options.js';

/** A file as libvips may read it. */
export interface GuardedSource {
  /**
   * The same picture, colours and orientation, and the metadata of usual size, without the parts that only cost time or
   * memory. The source itself where nothing is left out.
   */
  source: Buffer;
  /** Whether EXIF or XMP was left out because of its size. */
  isMetadataLeftOut: boolean;
  /** Whether it is a TIFF that has each colour in a plane of its own. */
  isPlanar: boolean;
  /** Pixels of the largest image in an AVIF: it may be a tile, the transparency, or the picture itself. */
  largestPartPixels?: number;
  /** Frames and pages that are not decoded. */
  notes: ImageNote[];
}

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
export function corrupt(): ImageError {
  return new ImageError('IMAGE_CORRUPT', 'The image is damaged or incomplete.');
}

/** For metadata that can't be left out of its file. */
export function metadataTooLarge(): ImageError {
  const text = `The metadata of the image has more than ${MAX_METADATA_BYTES / 1024 / 1024} MiB.`;
  return new ImageError('IMAGE_METADATA_TOO_LARGE', text);
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
