import type { Sharp } from 'sharp';
import { openImage } from '../libvips.js';

/** Where the header of a PNG says how many bits a sample has. */
const BITS_AT = 24;

const FEW_COLOURS = 16;
const MOST_COLOURS = 256;

/** Whether {@link withFewerBits} may make it smaller. */
export function hasFewColours(png: Buffer): boolean {
  const colours = coloursOf(png);
  return png[BITS_AT] === 8 && colours > 0 && colours <= FEW_COLOURS;
}

/** Whether its palette has as many colours as any can. */
export function hasMostColours(png: Buffer): boolean {
  return coloursOf(png) === MOST_COLOURS;
}

/**
 * A PNG with a palette of at most 16 colours, with 1, 2 or 4 bits a pixel in place of 8: half the bytes and less for drawings. libvips
 * writes fewer bits only where it is told before how many colours there will be. The PNG itself where that saves
 * nothing, or would change a pixel.
 */
export async function withFewerBits(png: Buffer): Promise<Buffer> {
  if (!hasFewColours(png)) return png;
  const colours = coloursOf(png);
  const palette = { palette: true, colours: colours <= 2 ? 2 : colours <= 4 ? 4 : 16 };
  const packed = await open(png)
    .png({ ...palette, quality: 100, dither: 0, effort: 10, compressionLevel: 9 })
    .toBuffer();
  if (packed.length >= png.length) return png;
  const [one, other] = await Promise.all(
    [png, packed].map((each) => open(each).ensureAlpha().raw().toBuffer()),
  );
  return one.equals(other) ? packed : png;
}

function open(png: Buffer): Sharp {
  return openImage(png, { maxPixels: Number.MAX_SAFE_INTEGER, isAnimated: false });
}

/** In the palette, 1 to 256; 0 where there is none. */
function coloursOf(png: Buffer): number {
  const at = png.indexOf('PLTE', 0, 'latin1');
  return at < 0 ? 0 : png.readUInt32BE(at - 4) / 3;
}
