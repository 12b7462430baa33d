import { type DecodedSamples, decoderThread } from './decoding/decoder-thread.js';
import { asTiff } from './decoding/raw-tiff.js';
import { MAX_JPEG_SIDE } from './encoding/encoder-settings.js';
import { type ForeignFacts, type ForeignFormat, kindNotReadable } from './formats/foreign-format.js';
import { type CopyrightTags, wantedMetadata } from './formats/image-metadata.js';
import { makeRgbProfile, spaceOfCodePoints } from './formats/shared/rgb-profile.js';
import { type ImageHeader, readHeader, tooManyPixels } from './image-header.js';
import type { CompressionOptions, ImageNote } from './options.js';

/** A picture in a format that is read, but not written; nothing is decoded yet. */
export interface ForeignPicture extends ForeignFacts {
  source: Buffer;
  format: ForeignFormat;
}

/** Of 8 bits; such a picture takes 900 MB, and is decoded alone. */
const MAX_PIXELS = 36_000_000;
/** In pixels of 10 bytes. Decoding takes 13 bytes a pixel, and encoding an AVIF 30. */
const WEIGHT = 1.3;
const AVIF_WEIGHT = 3;
/** The largest size, a third of its pixels for smaller ones, and what the size before has left. */
const OTHER_SIZES_WEIGHT = 1;
/** Nothing else is decoded at the same time as a larger one. */
const MAX_PIXELS_TOGETHER = 16_000_000;

/**
 * Looks at the file, and refuses what must not be decoded.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_CORRUPT, IMAGE_METADATA_TOO_LARGE, IMAGE_TOO_MANY_PIXELS
 */
export function readForeign(source: Buffer, format: ForeignFormat, maxPixels: number): ForeignPicture {
  const facts = format.guard(source);
  const limit = Math.min(maxPixels, MAX_PIXELS);
  if (facts.pixels > limit) throw tooManyPixels(facts.pixels, limit);
  return { ...facts, source, format };
}

/** The memory that it takes, in pixels of 10 bytes. */
export function weighForeign({ pixels }: ForeignPicture, options: CompressionOptions): number {
  if (pixels > MAX_PIXELS_TOGETHER) return Infinity;
  const { format, decodedFor } = options;
  const others = decodedFor ? OTHER_SIZES_WEIGHT : 0;
  return pixels * (others + (format === 'avif' || format === 'auto' ? AVIF_WEIGHT : WEIGHT));
}

/**
 * Decodes it on another thread, into a file that libvips reads. Its header says that it is a JPEG, or where something is
 * transparent, or a side too long for that, a PNG, as that is what it becomes where it would keep its format.
 *
 * @throws ImageError IMAGE_CORRUPT, FORMAT_NOT_SUPPORTED, IMAGE_TOO_SLOW
 */
export async function decodeForeign(
  { source, format, pixels, isAnimated, icc, endsAt }: ForeignPicture,
  { metadata }: CompressionOptions,
): Promise<ImageHeader> {
  const decoded = await decoderThread.decode({
    ...{ kind: format.name, bytes: source, maxPixels: pixels },
    ...{ extraBytes: icc?.length ?? 0, endsAt },
  });
  const tags = tagsOf(decoded);
  const header = await readHeader(asTiff(decoded, { icc: icc ?? profileOf(decoded), tags }), pixels);
  const notes: ImageNote[] = [
    ...(isAnimated ? (['first_frame_only'] as const) : []),
    ...(metadata === 'all' && decoded.exif ? (['metadata_dropped'] as const) : []),
  ];
  const isJpeg = decoded.channels !== 4 && Math.max(header.width, header.height) <= MAX_JPEG_SIDE;
  return { ...header, format: isJpeg ? 'jpeg' : 'png', inputFormat: format.name, notes };
}

function profileOf({ icc, nclx }: DecodedSamples): Buffer | undefined {
  if (icc) return Buffer.from(icc.buffer, icc.byteOffset, icc.byteLength);
  const space = nclx && spaceOfCodePoints(nclx[0], nclx[1]);
  if (space === 'hdr') throw kindNotReadable('HEIC files with HDR colours');
  return space && makeRgbProfile(space);
}

/** An EXIF item begins with the distance to its TIFF structure: ISO/IEC 23008-12, annex A. */
function tagsOf({ exif }: DecodedSamples): CopyrightTags {
  if (!exif || exif.length < 4) return {};
  const block = Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength);
  const facts = { format: 'heif', exif: block.subarray(4 + block.readUInt32BE(0)) } as never;
  return wantedMetadata('copyright', facts, block).tags;
}
