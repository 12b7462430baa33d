import { openPixels } from '../libvips.js';
import type { Canvas } from '../options.js';
import type { Pixels } from '../search/similarity.js';
import type { Colour } from './border.js';
import type { Layout } from './layout.js';

const TRANSPARENT: Colour = [255, 255, 255, 0];

/** The colour behind a picture: that of the option, or `edge`, the mean of the picture's own border. */
export function backgroundOf({ background }: Canvas, edge: Colour): Colour {
  if (background === 'transparent') return TRANSPARENT;
  if (background === 'auto') {
    const [red, green, blue, alpha] = edge;
    return alpha < 128 ? TRANSPARENT : [red, green, blue, 255];
  }
  const [red, green, blue] = Buffer.from(background.slice(1), 'hex');
  return [red, green, blue, 255];
}

/** The picture in its place on the canvas; what shows through it lies on the background, too. */
export async function placeOnCanvas(pixels: Pixels, layout: Layout, colour: Colour): Promise<Pixels> {
  const { place, width, height } = layout;
  const [r, g, b, alpha] = colour;
  const background = { r, g, b, alpha: alpha / 255 };
  const isOpaque = alpha === 255;
  const pipeline = openPixels(pixels.data, { ...pixels, channels: pixels.channels as 3 });
  if (isOpaque && pixels.channels === 4) pipeline.flatten({ background });
  const { data, info } = await pipeline
    .extend({
      left: place.left,
      top: place.top,
      right: width - place.left - place.width,
      bottom: height - place.top - place.height,
      background,
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** A part of the pixels, in another size. */
export async function cutOut(pixels: Pixels, { shown, place }: Layout): Promise<Pixels> {
  const pipeline = openPixels(pixels.data, { ...pixels, channels: pixels.channels as 3 }).extract(shown);
  if (place.width !== shown.width || place.height !== shown.height)
    pipeline.resize(place.width, place.height, { fit: 'fill' });
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}
