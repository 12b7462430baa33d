import { ImageError } from '../../errors/app-error.js';

/** Formats that are read, but not written: browsers do not show them. */
export type ForeignName = 'heic' | 'bmp';

/** What is to be known of such a format; bytes alone, without decoding. */
export interface ForeignFormat {
  name: ForeignName;

  /** Whether a file that begins so is one of this format. */
  recognises(source: Buffer): boolean;

  /**
   * Bounds what the file makes its decoder do.
   *
   * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE
   */
  guard(source: Buffer): ForeignFacts;
}

/** What is known before decoding. */
export interface ForeignFacts {
  /** Those of the picture, or of the largest one in the file. */
  pixels: number;
  /** Whether it has frames that are not decoded. */
  isAnimated: boolean;
  /** A profile that its decoder does not hand out. */
  icc?: Buffer;
  /** Where a BMP with run-length codes is to say 1, the end of the picture: its decoder refuses the end of the last row. */
  endsAt?: number;
}

/** For a kind of file of the format that its decoder can't read. */
export function kindNotReadable(what: string): ImageError {
  return new ImageError('FORMAT_NOT_SUPPORTED', `${what} are not supported; use JPEG, PNG or WebP.`);
}
