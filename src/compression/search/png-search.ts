import type { Encoder } from '../encoding/encode.js';
import {
  type EncodeOptions,
  furtherPalettes,
  isPaletteSlow,
  isSameSetting,
} from '../encoding/encoder-settings.js';
import { hasFewColours, hasMostColours } from '../encoding/palette-bits.js';
import { scoreOfJpeg } from './quality-scale.js';
import type { Encoded } from './search.js';
import { scoreOf } from './similarity.js';

type Measured = Encoded & { similarity: number };

/** A PNG shows flat colours, in which less is forgiven than in a photo: so much better than a JPEG of the quality. */
const MORE_THAN_JPEG = 10;
const MAX_WANTED = 90;
/** What is still taken of the best palette, as nothing else but pixels without loss is left, many times as large. */
const LESS_THAN_WANTED = 15;
/** How much worse than the palette of the quickest setting that of a slower one may be, for being smaller. */
const LESS_THAN_QUICK = 1;

/**
 * The PNG with the fewest colours that shows no steps: a palette whose score is that of a JPEG of the quality, and 10 more. For most
 * pictures the first palette is, without dithering, which makes graphics up to three times as small. Else others are tried
 * in the quickest setting: more colours, and 256 with dithering; and the one that is found is made in the setting of the
 * effort. If none is good enough, the pixels are stored as they are.
 */
export async function bestPng(encoder: Encoder, settings: EncodeOptions, quality: number): Promise<Measured> {
  const make = async (options: EncodeOptions): Promise<Measured> =>
    encoder.measured({ ...(await encoder.encode(options, quality)), isTargetReached: true });
  const wanted = Math.min(MAX_WANTED, scoreOfJpeg(quality) + MORE_THAN_JPEG);

  const first = await make({ ...settings, quality });
  if (scoreOf(first.similarity) >= wanted) return first;
  if (canHardlyGain(first, settings) && scoreOf(first.similarity) >= wanted - LESS_THAN_WANTED) return first;
  const found = await bestPalette(make, { ...settings, effort: 'fast', isTrial: true }, quality, wanted);
  if (!found) return make({ ...settings, isExact: true });
  const asFound = { ...found.options, isTrial: false };
  const quick = hasFewColours(found.png.data) ? () => make(asFound) : () => Promise.resolve(found.png);
  if (isSameSetting(asFound, { ...asFound, effort: settings.effort })) return quick();
  const own = await make({ ...asFound, effort: settings.effort });
  const least = Math.min(wanted, scoreOf(found.png.similarity)) - LESS_THAN_QUICK;
  const isBetter = scoreOf(own.similarity) >= least && own.data.length <= found.png.data.length;
  return isBetter ? own : quick();
}

/**
 * Whether a further palette would have no more colours, and takes seconds: dithering alone gives little. At a usual
 * quality the first palette of a photo has fewer than 256 colours; that of noise has them all.
 */
function canHardlyGain(png: Measured, settings: EncodeOptions): boolean {
  return isPaletteSlow(settings) && hasMostColours(png.data);
}

/** The first of the further palettes that is good enough, or else the best one, if that is not much worse. */
async function bestPalette(
  make: (options: EncodeOptions) => Promise<Measured>,
  settings: EncodeOptions,
  quality: number,
  wanted: number,
): Promise<{ png: Measured; options: EncodeOptions } | undefined> {
  const dithered = { ...settings, quality: 100, dither: 1 };
  const plain = [Math.ceil((quality + 100) / 2), 100].map((more) => ({ ...settings, quality: more }));
  // Where there is time for fewer, the last one is the most useful.
  const tried = [...plain.slice(0, furtherPalettes(settings) - 1), dithered];
  let best: { png: Measured; options: EncodeOptions } | undefined;
  for (const options of tried) {
    const png = await make(options);
    if (scoreOf(png.similarity) >= wanted) return { png, options };
    if (!best || png.similarity > best.png.similarity) best = { png, options };
  }
  return scoreOf(best!.png.similarity) >= wanted - LESS_THAN_WANTED ? best : undefined;
}
