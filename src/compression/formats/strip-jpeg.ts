import { NO_METADATA, type WantedMetadata } from './image-metadata.js';
import { exifBlock, type Orientation } from './image-orientation.js';
import { END_OF_IMAGE, type JpegSegment, jpegSegments, MAX_SEGMENTS, PIXELS } from './jpeg-segments.js';

const START_OF_IMAGE = Buffer.from([0xff, 0xd8]);
const JFIF_BYTES = 18;

/**
 * The same picture, bit for bit, without whatever does not draw it: EXIF, XMP, comments, thumbnails, gain maps,
 * and everything behind the end of the image. The ICC profile stays, an orientation other than 1 as a tag, and the
 * metadata that is wanted.
 *
 * @returns undefined where the file is not built as JPEG files are
 */
export function stripJpeg(
  source: Buffer,
  orientation: Orientation,
  wanted: WantedMetadata = NO_METADATA,
): Buffer | undefined {
  const segments = readSegments(source);
  if (!segments) return undefined;

  const kept = segments.filter((segment) => draws(segment) || describes(segment, wanted));
  const exif = wanted.isAll ? undefined : exifBlock(orientation, wanted.tags);
  const pieces = kept.map(withoutThumbnail);
  if (exif) pieces.splice(isJfif(segments[0]) ? 1 : 0, 0, exifSegment(exif));
  return Buffer.concat([START_OF_IMAGE, ...pieces]);
}

/** All of them, with the end of the image; undefined where they are too many, or the file is cut off. */
function readSegments(source: Buffer): JpegSegment[] | undefined {
  const segments: JpegSegment[] = [];
  for (const segment of jpegSegments(source)) {
    segments.push(segment);
    if (segments.length > MAX_SEGMENTS) return undefined;
  }
  return segments.at(-1)?.marker === END_OF_IMAGE ? segments : undefined;
}

// 0xc0 to 0xdf hold frames, tables and scans. Of the application segments, JFIF and Adobe say how the colours are
// stored, and ICC_PROFILE what they mean.
function draws(segment: JpegSegment): boolean {
  const { marker, bytes } = segment;
  if (marker === PIXELS) return true;
  if (marker >= 0xc0 && marker <= 0xdf) return true;
  if (marker === 0xe0) return isJfif(segment);
  if (marker === 0xe2) return bytes.toString('latin1', 4, 16) === 'ICC_PROFILE\0';
  return marker === 0xee && bytes.toString('latin1', 4, 9) === 'Adobe';
}

// EXIF and XMP. What XMP goes on with in further segments is left out.
function describes({ marker, bytes }: JpegSegment, { isAll, keepsXmp }: WantedMetadata): boolean {
  if (marker !== 0xe1 || !isAll) return false;
  const name = bytes.toString('latin1', 4, 33);
  return name.startsWith('Exif\0\0') || (keepsXmp && name === 'http://ns.adobe.com/xap/1.0/\0');
}

function isJfif(segment: JpegSegment | undefined): boolean {
  return segment?.marker === 0xe0 && segment.bytes.toString('latin1', 4, 9) === 'JFIF\0';
}

function withoutThumbnail(segment: JpegSegment): Buffer {
  if (!isJfif(segment) || segment.bytes.length <= JFIF_BYTES) return segment.bytes;
  const short = Buffer.from(segment.bytes.subarray(0, JFIF_BYTES));
  short.writeUInt16BE(JFIF_BYTES - 2, 2);
  short.writeUInt16BE(0, 16); // a thumbnail of 0 × 0
  return short;
}

function exifSegment(exif: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}
