import { ImageError } from '../../../errors/app-error.js';
import {
  asItIs,
  corrupt,
  type FileFormat,
  type GuardedSource,
  type KeptParts,
  notReadable,
  tooManyParts,
} from '../file-format.js';
import type { WantedMetadata } from '../image-metadata.js';
import { exifBlock } from '../image-orientation.js';
import { readPlainJpeg } from './header.js';
import { mendJpeg, readScanHeads } from './mend.js';
import {
  countSegments,
  END_OF_IMAGE,
  isFrame,
  isProgressiveFrame,
  type JpegSegment,
  jpegSegments,
  MAX_SEGMENTS,
  PIXELS,
  START_OF_SCAN,
} from './segments.js';

const START_OF_IMAGE = Buffer.from([0xff, 0xd8]);
const JFIF_BYTES = 18;
// Every scan of a progressive JPEG is a pass over all pixels: 2,646 scans in 486 kB kept a core busy for 29 s.
// Encoders make about 10.
const MAX_SCANS = 100;
// As many coefficients as 40 million pixels of CMYK have in the usual scans; 43 scans over all of them took 16 s of CPU.
const MAX_SCAN_WORK = 700_000_000;
// A progressive JPEG is held as coefficients, 6 bytes a pixel, besides all the rest: 49 MP took 0.8 GB.
const MAX_PROGRESSIVE_PIXELS = 40_000_000;

/** JPEG, as ITU-T T.81 and JFIF lay it down. */
export const JPEG: FileFormat = {
  name: 'jpeg',
  isAnimation: false,
  recognises: (source) => source.length > 2 && source.readUIntBE(0, 3) === 0xffd8ff,
  guard: guardJpeg,
  maxFramePixels: ({ isProgressive }) => (isProgressive ? MAX_PROGRESSIVE_PIXELS : Infinity),
  strip: stripJpeg,
  // libjpeg complains about the last row of blocks when libvips has stopped to listen.
  isWhole: async (source) => (await mendJpeg(source)) !== undefined,
  mend: mendJpeg,
};

/** Refuses floods of segments and of scans; what libvips holds of each is the same for all. */
function guardJpeg(source: Buffer): GuardedSource {
  const metadata = readPlainJpeg(source);
  if (!metadata) {
    refuseFlood(countSegments(source, { isHeadOnly: true }));
    refuseUnreadable(source);
  }
  if (metadata?.isProgressive ?? hasSeveralScans(source)) {
    refuseFlood(countSegments(source));
    const { isComplete, work } = readScanHeads(source);
    if (work > MAX_SCAN_WORK) throw tooSlow('The scans of the JPEG go over its pixels far too often.');
    if (!isComplete) throw corrupt();
  }
  return { ...asItIs(source), metadata };
}

const tooSlow = (text: string): ImageError => new ImageError('IMAGE_TOO_SLOW', text);

/** Refuses by its name what libjpeg can't decode. Arithmetic codings, 0xc9 and 0xca, it can. */
function refuseUnreadable(source: Buffer): void {
  for (const { marker, bytes } of jpegSegments(source)) {
    if (marker === START_OF_SCAN) return;
    if (!isFrame(marker)) continue;
    if ((marker & 3) === 3) throw notReadable('Lossless JPEG files');
    if (marker & 4) throw notReadable('Hierarchical JPEG files');
    if (bytes[4] !== 8) throw notReadable(`JPEG files of ${bytes[4]} bits a channel`);
    return;
  }
}

/** Of scans, or of segments, which may stand between scans, too. */
function refuseFlood({ segments, scans }: { segments: number; scans: number }): void {
  if (scans > MAX_SCANS) throw tooSlow(`The JPEG has more than ${MAX_SCANS} scans.`);
  if (segments > MAX_SEGMENTS) throw tooManyParts();
}

function hasSeveralScans(source: Buffer): boolean {
  let channels = 0;
  for (const { marker, bytes } of jpegSegments(source)) {
    if (isProgressiveFrame(marker)) return true;
    if (isFrame(marker) && channels === 0) channels = bytes[9] ?? 0;
    if (marker === START_OF_SCAN) return bytes[4] < channels;
  }
  return false;
}

/**
 * The same picture, bit for bit, without whatever does not draw it: EXIF, XMP, comments, thumbnails, gain maps,
 * and everything behind the end of the image. The ICC profile stays, an orientation other than 1 as a tag, and the
 * metadata that is wanted.
 */
function stripJpeg(source: Buffer, { orientation, wanted }: KeptParts): Buffer | undefined {
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
