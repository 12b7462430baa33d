/** Decoded pixels: 8 bits a channel, one to four of them (grey, grey and alpha, RGB, RGBA), rows from above. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: number;
}

/** The brightness of some windows of an image: 64 values each, 0 to 255. */
export type Luminance = Float32Array;

/** Windows are 8 × 8 values of the halved image, so 16 × 16 pixels of the whole one. */
const SIDE = 8;
const VALUES = SIDE * SIDE;
/** Spread evenly over the image. Four times as many change the third decimal at most, and block the event loop longer. */
const MAX_WINDOWS = 1024;
/** Compressed blocks begin at multiples of 8; windows that lie across their edges notice visible ones. */
const OFFSET = 4;
// Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity" (2004).
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * What {@link similarity} compares: brightness, on white where it is transparent, halved, in up to 1,024 windows
 * that are spread over the image. Takes 0.4 ms for 600×450 and for anything larger. `isHalved`: these pixels are so already.
 */
export function sampleLuminance(pixels: Pixels, { isHalved = false } = {}): Luminance {
  const across = axis(pixels.width, isHalved);
  const down = axis(pixels.height, isHalved);
  const every = Math.sqrt(Math.max(1, (across.count * down.count) / MAX_WINDOWS));
  const columns = Math.max(1, Math.floor(across.count / every));
  const rows = Math.max(1, Math.floor(Math.min(down.count, MAX_WINDOWS / columns)));
  const values = new Float32Array(columns * rows * VALUES);
  for (let row = 0, at = 0; row < rows; row += 1) {
    const y = down.start + Math.floor((row * down.count) / rows) * down.length;
    for (let column = 0; column < columns; column += 1, at += VALUES) {
      const x = across.start + Math.floor((column * across.count) / columns) * across.length;
      if (across.step === 2 && down.step === 2) readHalved(pixels, x, y, values, at);
      else readSmall(pixels, x, y, values, at);
    }
  }
  return values;
}

/**
 * How alike two images of the same size look: 1 for the same picture, about 0.986 at JPEG quality 50, below 0.97 where
 * blocks are seen in photos, 0 for none in common. The mean structural similarity (SSIM) of the windows, four decimals.
 */
export function similarity(one: Luminance, other: Luminance): number {
  if (one.length !== other.length) throw new Error('images of different sizes were compared');
  let sum = 0;
  for (let at = 0; at < one.length; at += VALUES) sum += windowSimilarity(one, other, at);
  const mean = sum / (one.length / VALUES);
  return Math.min(1, Math.max(0, Math.round(mean * 10_000) / 10_000));
}

// Along one side: windows of 16 pixels, or of 8 where the image is too small to be halved.
function axis(
  length: number,
  isHalved: boolean,
): { start: number; length: number; count: number; step: 1 | 2 } {
  if (isHalved || length < 2 * SIDE + OFFSET) {
    return { start: 0, length: SIDE, count: Math.max(1, Math.floor(length / SIDE)), step: 1 };
  }
  return { start: OFFSET, length: 2 * SIDE, count: Math.floor((length - OFFSET) / (2 * SIDE)), step: 2 };
}

// No destructuring in these loops and that of windowSimilarity: it makes them half as fast.
function readHalved(pixels: Pixels, left: number, top: number, values: Float32Array, to: number): void {
  const { width, channels } = pixels;
  for (let y = 0; y < SIDE; y += 1) {
    const above = ((top + 2 * y) * width + left) * channels;
    const below = above + width * channels;
    if (channels === 3) readColours(pixels.data, above, below, values, to + y * SIDE);
    else
      for (let x = 0; x < SIDE; x += 1) {
        const i = 2 * x * channels;
        values[to + y * SIDE + x] = meanOf(pixels, above + i, below + i);
      }
  }
}

// Of two rows of RGB, as nearly all images have.
function readColours(data: Buffer, above: number, below: number, values: Float32Array, to: number): void {
  for (let at = to, a = above, b = below; at < to + SIDE; at += 1, a += 6, b += 6) {
    const red = data[a] + data[a + 3] + data[b] + data[b + 3];
    const green = data[a + 1] + data[a + 4] + data[b + 1] + data[b + 4];
    const blue = data[a + 2] + data[a + 5] + data[b + 2] + data[b + 5];
    values[at] = (0.299 * red + 0.587 * green + 0.114 * blue) / 4;
  }
}

function meanOf({ data, channels }: Pixels, above: number, below: number): number {
  const upper = brightness(data, above, channels) + brightness(data, above + channels, channels);
  const lower = brightness(data, below, channels) + brightness(data, below + channels, channels);
  return (upper + lower) / 4;
}

// An image that ends within the window: its last row and column go on.
function readSmall(pixels: Pixels, left: number, top: number, values: Float32Array, to: number): void {
  const { width, height, channels, data } = pixels;
  for (let y = 0, at = to; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1, at += 1) {
      const pixel = Math.min(top + y, height - 1) * width + Math.min(left + x, width - 1);
      values[at] = brightness(data, pixel * channels, channels);
    }
  }
}

// On white where it is transparent.
function brightness(data: Buffer, i: number, channels: number): number {
  const isColour = channels >= 3;
  const own = isColour ? 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2] : data[i];
  if (channels === 1 || channels === 3) return own;
  const alpha = data[i + channels - 1] / 255;
  return own * alpha + 255 * (1 - alpha);
}

function windowSimilarity(one: Luminance, other: Luminance, from: number): number {
  let a = 0;
  let b = 0;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let i = from; i < from + VALUES; i += 1) {
    const x = one[i];
    const y = other[i];
    a += x;
    b += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  a /= VALUES;
  b /= VALUES;
  const variances = Math.max(0, aa / VALUES - a * a) + Math.max(0, bb / VALUES - b * b);
  const covariance = ab / VALUES - a * b;
  return ((2 * a * b + C1) * (2 * covariance + C2)) / ((a * a + b * b + C1) * (variances + C2));
}
