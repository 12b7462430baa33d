import { inParts } from '../pixels.js';
import type { Pixels } from '../search/similarity.js';
import type { Box } from './layout.js';

/** A colour, and how much it hides of what is behind it: 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** What differs less from the border, by CIE76, belongs to it. */
const MAX_DIFFERENCE = 3;
/** What is less opaque belongs to a border that is transparent. */
const MAX_ALPHA = 7;
/** Numbers that differ by more are never within {@link MAX_DIFFERENCE}, and by less always. */
const FAR = 24;
const NEAR = 1;

/**
 * The part of a picture that its border surrounds: the lines at its edges are left out of which every pixel is within ΔE 3 of
 * the colour that most of the edge has, or is transparent as most of it is. The whole picture where there is no border, or nothing
 * else.
 *
 * @param pixels of three or four channels
 */
export async function withoutBorder(pixels: Pixels): Promise<Box> {
  const { width, height } = pixels;
  const isBorder = await borderTest(pixels);
  const count = width * height;
  let [first, last] = [0, count - 1];
  const isEmpty = await inParts(count, (from, to) => {
    for (first = from; first < to; first += 1) if (!isBorder(first)) return false;
    return true;
  });
  if (isEmpty) return { left: 0, top: 0, width, height };
  await inParts(count, (from, to) => {
    for (last = count - 1 - from; last >= count - to; last -= 1) if (!isBorder(last)) return false;
    return true;
  });
  const [top, bottom] = [Math.floor(first / width), Math.floor(last / width)];
  let [left, right] = [width, -1];
  const begin = top * width;
  await inParts((bottom - top + 1) * width, (from, to) => {
    for (let at = begin + from; at < begin + to; at += 1) {
      const x = at % width;
      if (x >= left && x <= right) at += right - x;
      else if (!isBorder(at)) [left, right] = [Math.min(left, x), Math.max(right, x)];
    }
    return true;
  });
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The mean of the outermost pixels. */
export async function meanOfEdge(pixels: Pixels): Promise<Colour> {
  const sums = [0, 0, 0, 0];
  await overEdge(pixels, (value, channel) => (sums[channel] += value));
  const [red, green, blue, alpha] = sums.map((sum) => Math.round(sum / edgeLength(pixels)));
  return [red, green, blue, alpha];
}

async function borderTest(pixels: Pixels): Promise<(at: number) => boolean> {
  const border = await medianOfEdge(pixels);
  const { data, channels } = pixels;
  if (border[3] < 128) return (at) => data[at * channels + 3] <= MAX_ALPHA;
  const isNear = nearTest(border);
  const onBorder = (from: number, channel: number, alpha: number): number =>
    Math.round((data[from + channel] * alpha + border[channel] * (255 - alpha)) / 255);
  return (at) => {
    const from = at * channels;
    const alpha = channels === 4 ? data[from + 3] : 255;
    return alpha === 255
      ? isNear(data[from], data[from + 1], data[from + 2])
      : isNear(onBorder(from, 0, alpha), onBorder(from, 1, alpha), onBorder(from, 2, alpha));
  };
}

/** Remembers what it has computed: a picture may be one border, with some hundred thousand colours at most. */
function nearTest([red, green, blue]: Colour): (r: number, g: number, b: number) => boolean {
  const own = labOf(red, green, blue);
  const side = 2 * FAR + 1;
  const known = new Uint8Array(side ** 3);
  return (r, g, b) => {
    const dr = r - red;
    const dg = g - green;
    const db = b - blue;
    if (isWithin(dr, NEAR) && isWithin(dg, NEAR) && isWithin(db, NEAR)) return true;
    if (!isWithin(dr, FAR) || !isWithin(dg, FAR) || !isWithin(db, FAR)) return false;
    const at = ((dr + FAR) * side + dg + FAR) * side + db + FAR;
    if (known[at] === 0) known[at] = differenceOf(labOf(r, g, b), own) <= MAX_DIFFERENCE ? 1 : 2;
    return known[at] === 1;
  };
}

function isWithin(difference: number, most: number): boolean {
  return difference <= most && difference >= -most;
}

/** CIE76: how far two colours are from each other in L*a*b*. */
function differenceOf(one: number[], other: number[]): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

async function medianOfEdge(pixels: Pixels): Promise<Colour> {
  const counts = Array.from({ length: 4 }, () => new Uint32Array(256));
  await overEdge(pixels, (value, channel) => (counts[channel][value] += 1));
  const count = edgeLength(pixels);
  const medianOf = (channel: number): number => {
    let value = 0;
    for (let below = counts[channel][0]; below * 2 < count; below += counts[channel][value]) value += 1;
    return value;
  };
  return [medianOf(0), medianOf(1), medianOf(2), medianOf(3)];
}

/** Of a picture one pixel high, all of its millions are its edge. */
async function overEdge(pixels: Pixels, work: (value: number, channel: number) => void): Promise<void> {
  const { data, channels } = pixels;
  await inParts(edgeLength(pixels), (from, to) => {
    for (let index = from; index < to; index += 1) {
      const at = edgeAt(pixels, index) * channels;
      for (let channel = 0; channel < channels; channel += 1) work(data[at + channel], channel);
      if (channels === 3) work(255, 3);
    }
    return true;
  });
}

function edgeLength({ width, height }: Pixels): number {
  return Math.min(width, height) === 1 ? width * height : 2 * (width + height) - 4;
}

/** The first row, the last one, and the two ends of each row between. */
function edgeAt({ width, height }: Pixels, index: number): number {
  if (index < width || width === 1) return index;
  if (index < 2 * width) return (height - 2) * width + index;
  const side = index - 2 * width;
  return (1 + (side >> 1)) * width + (side % 2) * (width - 1);
}

/** CIE L*a*b*, of the white of sRGB (IEC 61966-2-1, CIE 15). */
function labOf(...colour: [number, number, number]): number[] {
  const [r, g, b] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
  ].map((part) => (part > 216 / 24_389 ? Math.cbrt(part) : (24_389 / 27 / 116) * part + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
