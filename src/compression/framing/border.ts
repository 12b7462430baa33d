import { setImmediate } from 'node:timers/promises';
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
const ROWS_AT_ONCE = 100;

/**
 * The part of a picture that its border surrounds: the lines at its edges are left out of which every pixel is within ΔE 3 of
 * the colour that most of the edge has, or is transparent as most of it is. The whole picture where there is no border, or nothing
 * else.
 *
 * @param pixels of three or four channels
 */
export async function withoutBorder(pixels: Pixels): Promise<Box> {
  const { width, height } = pixels;
  const isBorder = borderTest(pixels);
  // A picture that is nothing but border takes a fifth of a second.
  const letOthersWork = async (y: number): Promise<void> => {
    if (y % ROWS_AT_ONCE === 0) await setImmediate();
  };
  const isEmpty = (y: number): boolean => {
    for (let x = 0; x < width; x += 1) if (!isBorder(y * width + x)) return false;
    return true;
  };
  let [top, bottom] = [0, height - 1];
  for (; top <= bottom && isEmpty(top); top += 1) await letOthersWork(top);
  if (top > bottom) return { left: 0, top: 0, width, height };
  for (; isEmpty(bottom); bottom -= 1) await letOthersWork(bottom);
  let [left, right] = [width, -1];
  for (let y = top; y <= bottom; y += 1) {
    await letOthersWork(y);
    for (let x = 0; x < left; x += 1) if (!isBorder(y * width + x)) left = x;
    for (let x = width - 1; x > right; x -= 1) if (!isBorder(y * width + x)) right = x;
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The mean of the outermost pixels. */
export function meanOfEdge(pixels: Pixels): Colour {
  const sums = [0, 0, 0, 0];
  let count = 0;
  for (const at of edgeOf(pixels)) {
    colourAt(pixels, at).forEach((value, channel) => (sums[channel] += value));
    count += 1;
  }
  const [red, green, blue, alpha] = sums.map((sum) => Math.round(sum / count));
  return [red, green, blue, alpha];
}

function borderTest(pixels: Pixels): (at: number) => boolean {
  const border = medianOfEdge(pixels);
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
    const [dr, dg, db] = [r - red, g - green, b - blue];
    const most = Math.max(Math.abs(dr), Math.abs(dg), Math.abs(db));
    if (most <= NEAR) return true;
    if (most > FAR) return false;
    const at = ((dr + FAR) * side + dg + FAR) * side + db + FAR;
    if (known[at] === 0) known[at] = differenceOf(labOf(r, g, b), own) <= MAX_DIFFERENCE ? 1 : 2;
    return known[at] === 1;
  };
}

/** CIE76: how far two colours are from each other in L*a*b*. */
function differenceOf(one: number[], other: number[]): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

function medianOfEdge(pixels: Pixels): Colour {
  const counts = Array.from({ length: 4 }, () => new Uint32Array(256));
  let count = 0;
  for (const at of edgeOf(pixels)) {
    colourAt(pixels, at).forEach((value, channel) => (counts[channel][value] += 1));
    count += 1;
  }
  const medianOf = (channel: number): number => {
    let value = 0;
    for (let below = counts[channel][0]; below * 2 < count; below += counts[channel][value]) value += 1;
    return value;
  };
  return [medianOf(0), medianOf(1), medianOf(2), medianOf(3)];
}

function* edgeOf({ width, height }: Pixels): Generator<number> {
  for (let x = 0; x < width; x += 1) {
    yield x;
    if (height > 1) yield (height - 1) * width + x;
  }
  for (let y = 1; y < height - 1; y += 1) {
    yield y * width;
    if (width > 1) yield y * width + width - 1;
  }
}

function colourAt({ data, channels }: Pixels, at: number): Colour {
  const from = at * channels;
  return [data[from], data[from + 1], data[from + 2], channels === 4 ? data[from + 3] : 255];
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
