import {
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  metadataTooLarge,
  profileTooLarge,
  tooManyParts,
} from '../file-format.js';
import { type Box, type BoxCount, itemExtents, metadataItems, readBoxes } from './boxes.js';

/** By how much the items of a file may be longer than the file: tiles of a grid may share their bytes. */
const MAX_SHARED_BYTES = 1024 * 1024;

/**
 * Bounds the metadata, profiles and pieces of the images in a file.
 *
 * @param count of the boxes around these
 * @returns the pixels of the largest image, as its properties say
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE; RangeError where the file is damaged
 */
export function guardItems(source: Buffer, meta: Box, count: BoxCount): number {
  const { boxes } = readBoxes(source, meta.content + 4, meta.end, count);
  const properties = propertiesOf(source, boxes, count);
  guardProfiles(properties);
  const largest = largestImage(source, properties);
  const locations = boxes.find(({ type }) => type === 'iloc');
  const infos = boxes.find(({ type }) => type === 'iinf');
  if (!locations) return largest;
  const items = infos ? metadataItems(source, infos, count) : new Set<number>();
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

function propertiesOf(source: Buffer, boxes: Box[], count: BoxCount): Box[] {
  const inside = (type: string, outer: Box[]): Box[] =>
    outer
      .filter((box) => box.type === type)
      .flatMap(({ content, end }) => readBoxes(source, content, end, count).boxes);
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
