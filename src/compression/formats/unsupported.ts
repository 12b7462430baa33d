import { ImageError } from '../../errors/app-error.js';
import { notReadable } from './file-format.js';

// Byte signatures as latin1 text of what else is found behind image links. Named, so that the sender knows what to convert.
const SIGNATURES: [string, RegExp][] = [
  ['JPEG 2000', /^(?:\0\0\0\x0cjP {2}|\xffO\xffQ)/],
  ['JPEG XL', /^(?:\xff\n|\0\0\0\x0cJXL )/],
  ['JPEG XR', /^II\xbc\x01/],
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

// Brands of still pictures that are coded in other ways than HEVC and AV1.
const STILL_BRAND = /^(?:jpeg|avci|vvic|j2ki)$/;

/**
 * The error for a file of none of our formats, by its first bytes.
 *
 * @param brands those of the ISO base media file format, empty for all others
 * @returns ImageError FORMAT_NOT_SUPPORTED, NOT_AN_IMAGE
 */
export function refusal(source: Buffer, brands: string[]): ImageError {
  const head = source.toString('latin1', 0, 4096).replace(/^\xef\xbb\xbf/, '');
  if (brands.length > 0)
    return notReadable(
      brands.some((brand) => STILL_BRAND.test(brand)) ? 'HEIF files without HEVC' : 'Video files',
    );
  const named = SIGNATURES.find(([, signature]) => signature.test(head))?.[0];
  return named ? notReadable(`${named} files`) : new ImageError('NOT_AN_IMAGE', whatItIsInstead(head));
}

function whatItIsInstead(head: string): string {
  if (head === '') return 'The file is empty.';
  if (/^\s*(?:<!doctype html|<html|<head|<body|<script)/i.test(head)) {
    return 'This is a web page, not an image.';
  }
  return 'This is not an image.';
}
