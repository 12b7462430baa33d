import type { Sharp } from 'sharp';
import type { Pixels } from './search/similarity.js';

/** Runs a pipeline, and gives its pixels. */
export async function readPixels(pipeline: Sharp): Promise<Pixels> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return withoutExtraChannels({ data, width: info.width, height: info.height, channels: info.channels });
}

// A TIFF may have several channels beside its colours; the last one is its transparency to libvips.
function withoutExtraChannels(pixels: Pixels): Pixels {
  const { data, channels } = pixels;
  if (channels <= 4) return pixels;
  const kept = Buffer.allocUnsafe((data.length / channels) * 4);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 4) {
    data.copy(kept, to, from, from + 3);
    kept[to + 3] = data[from + channels - 1];
  }
  return { ...pixels, data: kept, channels: 4 };
}
