import type { Sharp } from 'sharp';
import type { ImageHeader } from '../image-header.js';
import { openPixels } from '../libvips.js';
import { MAX_HELD_PIXELS } from '../memory.js';
import type { CompressionOptions } from '../options.js';
import { readPixels } from '../pixels.js';
import type { Pixels } from '../search/similarity.js';
import { type Layout, layOut } from './layout.js';

type Size = Pick<Layout, 'width' | 'height' | 'isResized'>;

/** What was decoded of a file for several sizes, and smaller ones that were made of it, as long as somebody holds its header. */
const knownPixels = new WeakMap<ImageHeader, Map<string, Promise<Pixels>>>();

/**
 * The pixels of which a size of a picture is made: its own, up to half of the largest size, otherwise those of the largest, which
 * are decoded once for all sizes. The same for the same options, whatever was asked before.
 *
 * @param decode gives the picture in the largest size
 * @returns undefined where each size is decoded for itself
 */
export function pixelsForAllSizes(
  header: ImageHeader,
  options: CompressionOptions,
  decode: (largest: Size) => Promise<Pixels>,
): Promise<Pixels> | undefined {
  if (!options.decodedFor) return undefined;
  const largest = layOut(header, { ...options.decodedFor, canvas: null });
  if (largest.width * largest.height > MAX_HELD_PIXELS) return undefined;
  const known = knownPixels.get(header) ?? new Map<string, Promise<Pixels>>();
  knownPixels.set(header, known);
  const ofSize = (size: Size, read: () => Promise<Pixels>): Promise<Pixels> => {
    const id = `${size.width}x${size.height}`;
    const pixels = known.get(id) ?? read();
    known.set(id, pixels);
    return pixels;
  };
  const ofLargest = (): Promise<Pixels> => ofSize(largest, () => decode(largest));
  // By way of twice the size, which often is one of those that are asked for.
  const ofSmall = (size: Size): Promise<Pixels> =>
    ofSize(size, async () => {
      const twice = { width: 2 * size.width, height: 2 * size.height, isResized: true };
      const larger = isHalfOf(twice, largest) ? ofSmall(twice) : ofLargest();
      return readPixels(openResized(await larger, size));
    });
  const own = layOut(header, options);
  return isHalfOf(own, largest) ? ofSmall(own) : ofLargest();
}

/**
 * Makes pixels smaller. They are as sharp as they can be: a longer kernel takes half as long again, and nobody sees it. From half the
 * size on, the shortest one takes in as many of them.
 */
export function openResized(pixels: Pixels, size: Size): Sharp {
  const { data, width, height, channels } = pixels;
  const whole = openPixels(data, { width, height, channels: channels as 3 });
  const kernel = 2 * size.width <= width ? 'linear' : 'cubic';
  return whole.resize(size.width, size.height, { fit: 'fill', kernel });
}

/** Whether it is no larger than half of the other one. */
function isHalfOf(size: Size, other: Size): boolean {
  return 2 * size.width <= other.width && 2 * size.height <= other.height;
}
