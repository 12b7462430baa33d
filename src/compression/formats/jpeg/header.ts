import type { SourceMetadata } from '../image-metadata.js';
import { type JpegSegment, jpegSegments, MAX_SEGMENTS, START_OF_SCAN } from './segments.js';

// ITU-T T.81, table B.1, and what the libraries in use put into application segments.
const BASELINE = 0xc0;
const EXTENDED = 0xc1;
const PROGRESSIVE = 0xc2;
const TABLES = new Set([0xc4, 0xdb, 0xdd]); // Huffman codes, quantisation, restart interval
const COMMENT = 0xfe;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP15 = 0xef;
const ICC_NAME = 'ICC_PROFILE\0';
// Marker, length, name, number and count of the parts.
const ICC_HEAD_BYTES = 18;
const FRAME_BYTES = 10;

/**
 * What libvips would say of a JPEG, where its header is so plain that nothing in it needs to be made out: grey or three
 * colours of 8 bits, no EXIF, no XMP, no profile in parts. In some microseconds; asking libvips costs as much as a tenth
 * of the work on a small photo.
 *
 * @returns undefined for all others, and for what may be no JPEG: those are for libvips to judge
 */
export function readPlainJpeg(source: Buffer): SourceMetadata | undefined {
  let frame: JpegSegment | undefined;
  let icc: Buffer | undefined;
  let end = 2;
  let count = 0;
  for (const segment of jpegSegments(source)) {
    const { marker, at, bytes } = segment;
    if (at !== end || (count += 1) > MAX_SEGMENTS) return undefined;
    end = at + bytes.length;
    if (marker === START_OF_SCAN) return frame && describe(frame, bytes, icc);
    if (isFrame(marker) && !frame) frame = segment;
    else if (marker === APP2 && !icc) {
      icc = wholeProfile(bytes);
      if (!icc) return undefined;
    } else if (!saysNothing(marker)) return undefined;
  }
  return undefined;
}

function isFrame(marker: number): boolean {
  return marker === BASELINE || marker === EXTENDED || marker === PROGRESSIVE;
}

// Nothing about size, colours, orientation or metadata that is kept.
function saysNothing(marker: number): boolean {
  const isApplication = marker >= APP0 && marker <= APP15;
  return TABLES.has(marker) || marker === COMMENT || (isApplication && marker !== APP1 && marker !== APP2);
}

function wholeProfile(bytes: Buffer): Buffer | undefined {
  const isWhole = bytes.length > ICC_HEAD_BYTES && bytes[16] === 1 && bytes[17] === 1;
  return isWhole && bytes.toString('latin1', 4, 16) === ICC_NAME ? bytes.subarray(ICC_HEAD_BYTES) : undefined;
}

function describe({ marker, bytes }: JpegSegment, scan: Buffer, icc?: Buffer): SourceMetadata | undefined {
  if (bytes.length < FRAME_BYTES) return undefined;
  const [bits, height, width, channels] = [bytes[4], bytes.readUInt16BE(5), bytes.readUInt16BE(7), bytes[9]];
  const isWhole = bytes.length === FRAME_BYTES + 3 * channels;
  if (!isWhole || bits !== 8 || width === 0 || height === 0 || (channels !== 1 && channels !== 3)) {
    return undefined;
  }
  return {
    format: 'jpeg',
    width,
    height,
    autoOrient: { width, height },
    space: channels === 1 ? 'b-w' : 'srgb',
    channels,
    depth: 'uchar',
    isPalette: false,
    hasAlpha: false,
    hasProfile: icc !== undefined,
    icc,
    // Also one whose colours come in scans of their own is held as coefficients, and counts as progressive to libvips.
    isProgressive: marker === PROGRESSIVE || scan[4] < channels,
  };
}
