import {
  asItIs,
  corrupt,
  type GuardedSource,
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  metadataTooLarge,
  profileTooLarge,
  tooManyParts,
} from './guarded-source.js';
import { isOutOfBounds } from '../out-of-bounds.js';
import { asStillImage, type Box, itemExtents, metadataItems, readBoxes } from '../strip-avif.js';

/** By how much the items of a file may be longer than the file: tiles of a grid may share their bytes. */
const MAX_SHARED_BYTES = 1024 * 1024;

/**
 * The AVIF without the frames of a sequence, whose primary image alone is decoded. libheif copies each item, however often
 * two refer to the same bytes: 14 blocks of EXIF in 24 MB took 2.8 GB. Its metadata can't be left out, as the file refers to
 * its parts by position.
 *
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE
 */
export function guardAvif(source: Buffer): GuardedSource {
  const { boxes } = readBoxes(source, 0, source.length);
  let largestPartPixels = 0;
  try {
    for (const meta of boxes.filter(({ type }) => type === 'meta'))
      largestPartPixels = Math.max(largestPartPixels, guardItems(source, meta));
  } catch (error) {
    if (isOutOfBounds(error)) throw corrupt();
    throw error;
  }
  const isSequence = boxes.some(({ type }) => type === 'moov');
  if (!isSequence) return { ...asItIs(source), largestPartPixels };
  return { ...asItIs(withoutSequence(source, boxes)), largestPartPixels, notes: ['first_frame_only'] };
}

/** @returns the pixels of the largest image among the items */
function guardItems(source: Buffer, meta: Box): number {
  const { boxes } = readBoxes(source, meta.content + 4, meta.end);
  const properties = propertiesOf(source, boxes);
  guardProfiles(properties);
  const largest = largestImage(source, properties);
  const locations = boxes.find(({ type }) => type === 'iloc');
  const infos = boxes.find(({ type }) => type === 'iinf');
  if (!locations) return largest;
  const items = infos ? metadataItems(source, infos) : new Set<number>();
  let bytes = 0;
  let metadataBytes = 0;
  for (const [item, start, end] of itemExtents(source, locations, 0)) {
    bytes += end - start;
    if (items.has(item)) metadataBytes += end - start;
  }
  if (metadataBytes > MAX_METADATA_BYTES) throw metadataTooLarge();
  if (bytes > source.length + MAX_SHARED_BYTES) throw tooManyParts();
  return largest;
}

function propertiesOf(source: Buffer, boxes: Box[]): Box[] {
  const inside = (type: string, outer: Box[]): Box[] =>
    outer
      .filter((box) => box.type === type)
      .flatMap(({ content, end }) => readBoxes(source, content, end).boxes);
  return inside('ipco', inside('iprp', boxes));
}

/** ISO/IEC 23008-12, 6.5.3: version and flags, width, height. An image of another size than it says is refused by libheif. */
function largestImage(source: Buffer, properties: Box[]): number {
  const sizes = properties.filter(({ type }) => type === 'ispe');
  const pixels = sizes.map(
    ({ content }) => source.readUInt32BE(content + 4) * source.readUInt32BE(content + 8),
  );
  return pixels.reduce((most, each) => Math.max(most, each), 0);
}

function guardProfiles(properties: Box[]): void {
  const profiles = properties.filter(({ type }) => type === 'colr');
  if (profiles.some(({ content, end }) => end - content > MAX_PROFILE_BYTES)) throw profileTooLarge();
}

function withoutSequence(source: Buffer, boxes: Box[]): Buffer {
  const copy = Buffer.from(source);
  for (const box of boxes) {
    if (box.type === 'moov') copy.write('free', box.start + 4, 'latin1');
    if (box.type === 'ftyp') asStillImage(copy, box);
  }
  return copy;
}
