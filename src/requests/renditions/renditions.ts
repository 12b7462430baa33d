import {
  canonicalOptions,
  type CompressionOptions,
  decodedOnce,
  type MeasureChoice,
  readCompressionOptions,
  toCompressionOptions,
} from '../../compression/options.js';
import { type PictureFields, withChannel } from '../channels/channel-fields.js';
import type { ChannelName } from '../channels/channel-list.js';

/** A form of each image besides the one that every image has. */
export interface Rendition {
  name: string;
  /** That it is made for and judged by. */
  channel: ChannelName | null;
  options: CompressionOptions;
  /** As the upload asked for it. */
  wanted: WantedRendition;
}

/** A rendition that an upload asks for. */
export interface WantedRendition {
  name: string;
  /** What is different from the options of the upload. */
  fields: PictureFields;
  /** Whether it is one of `sizes`. */
  isSize: boolean;
}

/** Settings that stand in for what an upload does not say. */
interface Defaults {
  quality: number | null;
  measure?: MeasureChoice;
}

/** All forms in which the images of a request are made. */
export interface Forms {
  options: CompressionOptions;
  renditions: Rendition[];
}

/**
 * The options of an upload, and of its renditions: each has the options of the upload but for its own; one for a channel of its own has
 * those of that channel. Where there are sizes, the image itself is no wider than the widest, unless the upload says how wide.
 * @throws AppError `INVALID_PARAMETER` where a channel takes no such images
 */
export function formsOf(given: PictureFields, wanted: WantedRendition[], defaults: Defaults): Forms {
  const toOptions = (fields: PictureFields) =>
    toCompressionOptions(withChannel(fields), defaults.quality, defaults.measure);
  const own = withChannel(given);
  const sizes = wanted.filter(({ isSize }) => isSize).map(({ fields }) => fields.max_width!);
  const isOpen = sizes.length > 0 && own.max_width === undefined && own.max_height === undefined;
  const main = isOpen ? { ...own, max_width: Math.max(...sizes) } : own;
  const [options, ...others] = decodedOnce([
    toOptions(main),
    ...wanted.map(({ fields }) => toOptions(fields.for ? fields : mergedFields(own, fields))),
  ]);
  const renditions = wanted.map((each, index) => ({
    ...{ name: each.name, channel: each.fields.for ?? null, options: others[index], wanted: each },
  }));
  return { options, renditions };
}

/** Options with others in their place. Quality and target exclude each other: one that is given takes the other's place. */
export function mergedFields(own: PictureFields, fields: PictureFields): PictureFields {
  const { quality, target, ...others } = own;
  const goal = fields.quality === undefined && fields.target === undefined ? { quality, target } : {};
  return { ...others, ...goal, ...fields };
}

/** Renditions as text, fit to be stored; null where there are none. */
export function storedRenditions(renditions: Rendition[]): string | null {
  if (renditions.length === 0) return null;
  return JSON.stringify(renditions.map((each) => ({ ...each, options: canonicalOptions(each.options) })));
}

const known = new WeakMap<{ renditions: string | null }, Rendition[]>();

/** The renditions of a request, read once for each row of it that is in memory. */
export function renditionsOf(request: { renditions: string | null }): Rendition[] {
  const found = known.get(request) ?? readRenditions(request.renditions);
  known.set(request, found);
  return found;
}

/** What {@link storedRenditions} wrote. */
export function readRenditions(text: string | null): Rendition[] {
  if (text === null) return [];
  const stored = JSON.parse(text) as (Omit<Rendition, 'options'> & { options: string })[];
  return stored.map((each) => ({ ...each, options: readCompressionOptions(each.options) }));
}
