import { ImageError } from '../../errors/app-error.js';

/** The formats that we compress. Each keeps its own. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';

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

/** The MIME type of a format, such as `image/jpeg`. */
export function contentTypeOf(format: ImageFormat): string {
  return NAMES[format].contentType;
}

/** The file name extension of a format without its dot, such as `jpg`. */
export function extensionOf(format: ImageFormat): string {
  return NAMES[format].extension;
}

/** The MIME type of a file that {@link extensionOf} named, by its name. */
export function contentTypeOfFile(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  const names = Object.values(NAMES).find((format) => format.extension === extension);
  return names?.contentType ?? 'application/octet-stream';
}

// Byte signatures as latin1 text. The order matters where one is the start of another.
const SIGNATURES: [ImageFormat, RegExp][] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['gif', /^GIF8[79]a/],
  ['webp', /^RIFF[^]{4}WEBP/],
  // Classic TIFF and BigTIFF in both byte orders, but not Canon's CR2, whose pixels we can't read.
  ['tiff', /^(?:II[*+]\0|MM\0[*+])(?![^]{4}CR)/],
];

// What else is found behind image links. Named, so that the sender knows what to convert.
const UNSUPPORTED: [string, RegExp][] = [
  ['JPEG 2000', /^(?:\0\0\0\x0cjP {2}|\xffO\xffQ)/],
  ['JPEG XL', /^(?:\xff\n|\0\0\0\x0cJXL )/],
  ['JPEG XR', /^II\xbc\x01/],
  ['BMP', /^BM[^]{4}\0\0\0\0/],
  ['ICO', /^\0\0[\x01\x02]\0[\x01-\x40]\0/],
  ['PDF', /^%PDF-/],
  ['PostScript', /^(?:%!PS|\xc5\xd0\xd3\xc6)/],
  ['Photoshop', /^8BPS/],
  ['Canon raw', /^(?:II\*\0[^]{4}CR|II\x1a\0\0\0HEAPCCDR)/],
  ['MNG', /^\x8a[MJ]NG|^\x8bJNG/],
  ['OpenEXR', /^v\/1\x01/],
  ['Radiance HDR', /^#\?R(?:ADIANCE|GBE)/],
  ['QOI', /^qoif/],
  ['DDS', /^DDS /],
  ['FLIF', /^FLIF/],
  ['Netpbm', /^P[1-7]\s/],
  // Its root element, whatever comes before: a web page may hold drawings too. A comment ends at its first `-->`: with more
  // than one way to read it, 40 comments took for ever.
  ['SVG', /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/i],
];

// Major and compatible brands of the ISO base media file format (ftyp box).
const HEIC_BRAND = /^(?:hei[cmsx]|hev[cmx]|mif[12]|msf1|jpeg|avci|vvic)$/;

/**
 * Tells the format by the first bytes alone, whatever the link or a header claims.
 *
 * @throws ImageError NOT_AN_IMAGE, FORMAT_NOT_SUPPORTED
 */
export function sniffFormat(source: Buffer): ImageFormat {
  const head = source.toString('latin1', 0, 4096).replace(/^\xef\xbb\xbf/, '');
  const found = SIGNATURES.find(([, signature]) => signature.test(head))?.[0] ?? sniffMediaFile(source);
  if (found) return found;

  const named = UNSUPPORTED.find(([, signature]) => signature.test(head))?.[0];
  if (named) throw unsupported(named);
  throw new ImageError('NOT_AN_IMAGE', whatItIsInstead(head));
}

// AVIF, HEIC and videos share one container; the brands in its first box tell them apart.
function sniffMediaFile(source: Buffer): ImageFormat | undefined {
  if (source.length < 16 || source.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const end = Math.min(source.readUInt32BE(0), source.length, 512);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= end; at += 4) {
    if (at !== 12) brands.push(source.toString('latin1', at, at + 4)); // 12: the minor version
  }

  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
  throw unsupported(brands.some((brand) => HEIC_BRAND.test(brand)) ? 'HEIC' : 'Video');
}

function unsupported(name: string): ImageError {
  return new ImageError(
    'FORMAT_NOT_SUPPORTED',
    `${name} files are not supported; use JPEG, PNG, WebP, AVIF, GIF or TIFF.`,
  );
}

function whatItIsInstead(head: string): string {
  if (head === '') return 'The file is empty.';
  if (/^\s*(?:<!doctype html|<html|<head|<body|<script)/i.test(head)) {
    return 'This is a web page, not an image.';
  }
  return 'This is not an image.';
}
