import {
  MAX_METADATA_BYTES,
  MAX_PROFILE_BYTES,
  metadataTooLarge,
  profileTooLarge,
  tooManyParts,
} from '../file-format.js';
import { type Box, type BoxCount, isMetadata, itemExtents, itemTypes, readBoxes } from './boxes.js';
import { guardWork, type Items } from './decoding-work.js';

/** By how much the items of a file may be longer than the file: tiles of a grid may share their bytes. */
const MAX_SHARED_BYTES = 1024 * 1024;

/**
 * Bounds the metadata, profiles and pieces of the images in a file, and what decoding them costs.
 *
 * @param count of the boxes around these
 * @returns the pixels of the largest image, as its properties say
 * @throws ImageError FORMAT_NOT_SUPPORTED, IMAGE_METADATA_TOO_LARGE; RangeError where the file is damaged
 */
export function guardItems(source: Buffer, meta: Box, count: BoxCount): number {
  const items = readItems(source, meta, count);
  guardProfiles(items.properties);
  guardBytes(source, items);
  const largest = largestImage(source, items.properties);
  guardWork(source, items, largest);
  return largest;
}

function readItems(source: Buffer, meta: Box, count: BoxCount): Items {
  const { boxes } = readBoxes(source, meta.content + 4, meta.end, count);
  const ofType = (type: string, among = boxes): Box[] => among.filter((box) => box.type === type);
  const inside = ({ content, end }: Box): Box[] => readBoxes(source, content, end, count).boxes;
  const described = ofType('iprp').flatMap(inside);
  const [locations] = ofType('iloc');
  const [infos] = ofType('iinf');
  const [data] = ofType('idat');
  return {
    types: infos ? itemTypes(source, infos, count) : new Map(),
    extents: locations ? itemExtents(source, locations, data?.content ?? 0) : [],
    properties: ofType('ipco', described).flatMap(inside),
    associations: ofType('ipma', described),
    references: ofType('iref').flatMap((box) => {
      const bytes = source[box.content] === 0 ? 2 : 4;
      return readBoxes(source, box.content + 4, box.end, count).boxes.map((each) => ({ box: each, bytes }));
    }),
  };
}

function guardBytes(source: Buffer, { types, extents }: Items): void {
  let bytes = 0;
  let metadataBytes = 0;
  for (const [item, start, end] of extents) {
    bytes += end - start;
    if (isMetadata(types.get(item) ?? '')) metadataBytes += end - start;
  }
  if (metadataBytes > MAX_METADATA_BYTES) throw metadataTooLarge();
  if (bytes > source.length + MAX_SHARED_BYTES) throw tooManyParts();
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
