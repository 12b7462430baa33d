import { openImage, openPixels } from '../libvips.js';
import { encodeImage, type EncodeOptions } from './encoder-settings.js';

/** Some blocks, with colours at half the resolution as well. */
const SIDE = 48;

const known = new Map<string, Promise<number>>();

/**
 * The lowest quality, from that of the options on, at which the encoder leaves white exactly white: at some others it becomes
 * 254, which marketplaces refuse. At 100 it always is.
 */
export function qualityOfWhite(options: EncodeOptions): Promise<number> {
  const { quality, effort, quantisationTable, pixels, isGrey } = options;
  const id = JSON.stringify([quality, effort, quantisationTable, pixels, isGrey]);
  const found = known.get(id) ?? lookFor(options);
  if (known.size > 1_000) known.clear();
  known.set(id, found);
  return found;
}

async function lookFor(options: EncodeOptions): Promise<number> {
  for (let { quality } = options; quality < 100; quality += 1)
    if (await isExact({ ...options, quality })) return quality;
  return 100;
}

async function isExact(options: EncodeOptions): Promise<boolean> {
  const white = Buffer.alloc(SIDE * SIDE * 3, 255);
  const pipeline = openPixels(white, { width: SIDE, height: SIDE, channels: 3 });
  const { data } = await encodeImage(pipeline, options);
  const read = { maxPixels: SIDE * SIDE, isAnimated: false };
  const decoded = await openImage(data, read).raw().toBuffer();
  return decoded.every((value) => value === 255);
}
