import type { Sharp } from 'sharp';
import type { ImageHeader } from '../image-header.js';
import { openPixels } from '../libvips.js';
import { MAX_HELD_PIXELS } from '../memory.js';
import type { CompressionOptions } from '../options.js';
import { readPixels } from '../pixels.js';
import type { Pixels } from '../search/similarity.js';
import { type Layout, layOut, type Shown } from './layout.js';

type Size = Pick<Layout, 'width' | 'height' | 'isResized'>;

/** Half of the largest size, half of that and so on have a third of its pixels. All of twenty sizes took 300 MB. */
const MAX_SMALLER_PIXELS = MAX_HELD_PIXELS / 3;

/** What was decoded of a file for several sizes, and the last smaller ones that were made of it, as long as somebody holds its header. */
const knownPixels = new WeakMap<ImageHeader, KnownPixels>();

class KnownPixels {
  private largest?: Promise<Pixels>;
  private readonly smaller = new Map<string, { count: number; pixels: Promise<Pixels> }>();

  constructor(readonly size: Size) {}

  ofLargest(decode: (largest: Size) => Promise<Pixels>): Promise<Pixels> {
    return (this.largest ??= decode(this.size));
  }

  ofSmaller(size: Size, read: () => Promise<Pixels>): Promise<Pixels> {
    const id = `${size.width}x${size.height}`;
    const pixels = this.smaller.get(id)?.pixels ?? read();
    this.smaller.delete(id); // it becomes the last one
    this.smaller.set(id, { count: size.width * size.height, pixels });
    this.dropOldest();
    return pixels;
  }

  private dropOldest(): void {
    let count = [...this.smaller.values()].reduce((sum, each) => sum + each.count, 0);
    for (const [id, each] of this.smaller) {
      if (count <= mostSmallerPixels(this.size)) return;
      this.smaller.delete(id);
      count -= each.count;
    }
  }
}

/** Pixels that are held for other sizes at most: those of the largest, where it is another one, and some that were made of them. */
export function pixelsForOtherSizes(header: Shown, options: CompressionOptions): number {
  const largest = options.decodedFor && largestOf(header, options.decodedFor);
  if (!largest) return 0;
  const isOther = options.canvas !== null || !isSame(largest, layOut(header, options));
  return (isOther ? largest.width * largest.height : 0) + mostSmallerPixels(largest);
}

/** Pixels of the size before at most, which are there until the collector of garbage has been. */
export function pixelsOfSizeBefore(header: Shown, { decodedFor }: CompressionOptions): number {
  const largest = decodedFor && largestOf(header, decodedFor);
  return largest ? largest.width * largest.height : 0;
}

/** Before another picture of the file is decoded, which may take all the memory that there is. */
export function forgetSizes(header: ImageHeader): void {
  knownPixels.delete(header);
}

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
  const largest = options.decodedFor && largestOf(header, options.decodedFor);
  if (!largest) return undefined;
  const before = knownPixels.get(header);
  const known = before && isSame(before.size, largest) ? before : new KnownPixels(largest);
  knownPixels.set(header, known);
  // By way of twice the size, which often is one of those that are asked for.
  const ofSmall = (size: Size): Promise<Pixels> =>
    known.ofSmaller(size, async () => {
      const twice = { width: 2 * size.width, height: 2 * size.height, isResized: true };
      const larger = isHalfOf(twice, largest) ? ofSmall(twice) : known.ofLargest(decode);
      return readPixels(openResized(await larger, size));
    });
  const own = layOut(header, options);
  return isHalfOf(own, largest) ? ofSmall(own) : known.ofLargest(decode);
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

/** Undefined where it has more pixels than are held. */
function largestOf(header: Shown, limits: NonNullable<CompressionOptions['decodedFor']>): Size | undefined {
  const largest = layOut(header, { ...limits, canvas: null });
  return largest.width * largest.height <= MAX_HELD_PIXELS ? largest : undefined;
}

function mostSmallerPixels({ width, height }: Size): number {
  return Math.min(width * height, MAX_SMALLER_PIXELS);
}

function isSame(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Whether it is no larger than half of the other one. */
function isHalfOf(size: Size, other: Size): boolean {
  return 2 * size.width <= other.width && 2 * size.height <= other.height;
}
