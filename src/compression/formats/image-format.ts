/** The formats that we compress. Each keeps its own. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';

/** The formats that we read. HEIC and BMP become others, as browsers do not show them. */
export type SourceFormat = ImageFormat | 'heic' | 'bmp';

interface FormatNames {
  contentType: string;
  extension: string;
}

const NAMES: Record<ImageFormat, FormatNames> = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
  png: { contentType: 'image/png', extension: 'png' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  avif: { contentType: 'image/avif', extension: 'avif' },
  gif: { contentType: 'image/gif', extension: 'gif' },
  tiff: { contentType: 'image/tiff', extension: 'tiff' },
};

export const IMAGE_FORMATS = Object.keys(NAMES) as ImageFormat[];

/** The MIME type of a format, such as `image/jpeg`. */
export function contentTypeOf(format: ImageFormat): string {
  return NAMES[format].contentType;
}

/** The file name extension of a format without its dot, such as `jpg`. */
export function extensionOf(format: ImageFormat): string {
  return NAMES[format].extension;
}
