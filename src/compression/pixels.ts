import { setImmediate } from 'node:timers/promises';
import type { Sharp } from 'sharp';
import { openPixels } from './libvips.js';
import type { Pixels } from './search/similarity.js';

/** A few milliseconds of one core. */
const PIXELS_AT_ONCE = 50_000;

/** Runs a pipeline, and gives its pixels. */
export async function readPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return withoutExtraChannels({ data, width: info.width, height: info.height, channels: info.channels });
}

/**
 * Goes over so many pixels in parts, and lets others work in between: 16 million in one go take a quarter of a second. Ends where a
 * part gives false.
 */
export async function inParts(pixels: number, part: (from: number, to: number) => boolean): Promise<boolean> {
  for (let from = 0; from < pixels; from += PIXELS_AT_ONCE) {
    if (from > 0) await setImmediate();
    if (!part(from, Math.min(pixels, from + PIXELS_AT_ONCE))) return false;
  }
  return true;
}

/** Whether they may be transparent. */
export function hasAlpha({ channels }: Pixels): boolean {
  return channels === 2 || channels === 4;
}

/** An alpha channel that hides nothing is a fifth of the bytes of some formats, and in the way of JPEG. */
export async function withoutOpaqueAlpha(pixels: Pixels): Promise<Pixels> {
  if (!hasAlpha(pixels) || !(await isOpaque(pixels))) return pixels;
  const { data, width, height, channels } = pixels;
  const pipeline = openPixels(data, { width, height, channels: channels as 4 });
  // Grey would become three equal channels.
  return readPixels(channels === 2 ? pipeline.extractChannel(0) : pipeline.removeAlpha());
}

function isOpaque({ data, width, height, channels }: Pixels): Promise<boolean> {
  return inParts(width * height, (from, to) => {
    const end = to * channels;
    for (let at = (from + 1) * channels - 1; at < end; at += channels) if (data[at] !== 255) return false;
    return true;
  });
}

// A TIFF may have several channels beside its colours; the last one is its transparency to libvips. In place: nobody else has them.
async function withoutExtraChannels(pixels: Pixels): Promise<Pixels> {
  const { data, width, height, channels } = pixels;
  if (channels <= 4) return pixels;
  await inParts(width * height, (first, end) => {
    for (let from = first * channels, to = first * 4; to < end * 4; from += channels, to += 4) {
      data[to] = data[from];
      data[to + 1] = data[from + 1];
      data[to + 2] = data[from + 2];
      data[to + 3] = data[from + channels - 1];
    }
    return true;
  });
  return { ...pixels, data: data.subarray(0, width * height * 4), channels: 4 };
}
