import { corrupt, tooManyParts } from '../file-format.js';
import type { ForeignFacts, ForeignFormat } from '../foreign-format.js';
import { isOutOfBounds } from '../shared/out-of-bounds.js';
import { readBoxes, readBrands } from './boxes.js';
import { guardItems } from './items.js';

/** Of still pictures that are coded as HEVC is; `mif1` and `msf1` say only how the file is built. */
const HEIC_BRAND = /^(?:hei[cmsx]|hev[cmsx]|mif[12]|msf1)$/;

/** HEIC and HEIF, the photos of phones: ISO/IEC 23008-12. */
export const HEIC: ForeignFormat = {
  name: 'heic',
  recognises: (source) => {
    const brands = readBrands(source);
    return brands.some((brand) => HEIC_BRAND.test(brand)) && !brands.some((brand) => /^avi[fs]$/.test(brand));
  },
  guard: guardHeic,
};

function guardHeic(source: Buffer): ForeignFacts {
  const count = { boxes: 0 };
  const { boxes } = readBoxes(source, 0, source.length, count);
  const metas = boxes.filter(({ type }) => type === 'meta');
  if (metas.length === 0) throw corrupt();
  if (metas.length > 1) throw tooManyParts();
  try {
    const pixels = guardItems(source, metas[0], count);
    if (pixels === 0) throw corrupt();
    return { pixels, isAnimated: boxes.some(({ type }) => type === 'moov') };
  } catch (error) {
    if (isOutOfBounds(error)) throw corrupt();
    throw error;
  }
}
