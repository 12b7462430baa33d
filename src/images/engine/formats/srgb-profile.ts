import { isOutOfBounds } from './out-of-bounds.js';

// Where things are in a profile: ICC.1:2022, 7.2 (header), 7.3 (tags), 10.6 (curves), 10.18 (parametric curves), 10.31 (XYZ).
const CLASS = 12;
const COLOURS = 16;
const CONNECTION = 20;
const TAG_COUNT = 128;
const TAG_BYTES = 12;
const MOST_TAGS = 100;

/** The primaries of sRGB as the colours of a profile: adapted to D50, IEC 61966-2-1 and ICC.1, annex E. */
const PRIMARIES = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
};
// Real profiles round to 0.0005. The next space in use, Adobe RGB, is 0.17 away.
const MOST_OFF = 0.002;
const CURVES = ['rTRC', 'gTRC', 'bTRC'];
/** With one of these, software does not go by primaries and curves. */
const TABLES = ['A2B0', 'A2B1', 'D2B0', 'D2B1'];

/** Points at which curves are compared, and by how many of 255 levels they may differ. A gamma of 2.2 is 6 off. */
const POINTS = 64;
const MOST_LEVELS_OFF = 0.75;

/**
 * Whether an ICC profile says no more than that the colours are sRGB: then the numbers of the pixels are what a conversion
 * to sRGB would give, which costs half as much again as decoding and encoding a JPEG. It goes by what the profile does, not
 * by its name.
 *
 * @returns false for everything that is damaged, or no matrix of three primaries with three curves
 */
export function isSrgbProfile(icc: Buffer): boolean {
  try {
    const name = (at: number): string => icc.toString('latin1', at, at + 4);
    const isDisplay = ['mntr', 'scnr', 'spac'].includes(name(CLASS));
    if (!isDisplay || name(COLOURS) !== 'RGB ' || name(CONNECTION) !== 'XYZ ') return false;
    const tags = readTags(icc);
    if (TABLES.some((table) => tags.has(table))) return false;
    return hasPrimaries(tags) && CURVES.every((curve) => isSrgbCurve(tags.get(curve)));
  } catch (error) {
    if (isOutOfBounds(error)) return false;
    throw error;
  }
}

/** From the name of a tag to its element, which reaches to the end of the profile here. */
function readTags(icc: Buffer): Map<string, Buffer> {
  const tags = new Map<string, Buffer>();
  const count = Math.min(icc.readUInt32BE(TAG_COUNT), MOST_TAGS);
  for (let at = TAG_COUNT + 4, left = count; left > 0; left -= 1, at += TAG_BYTES) {
    tags.set(icc.toString('latin1', at, at + 4), icc.subarray(icc.readUInt32BE(at + 4)));
  }
  return tags;
}

function hasPrimaries(tags: Map<string, Buffer>): boolean {
  return Object.entries(PRIMARIES).every(([name, xyz]) => {
    const element = tags.get(name);
    return element && xyz.every((value, i) => Math.abs(fixed(element, 8 + 4 * i) - value) <= MOST_OFF);
  });
}

function isSrgbCurve(element: Buffer | undefined): boolean {
  const curve = element && readCurve(element);
  if (!curve) return false;
  for (let point = 0; point <= POINTS; point += 1) {
    const value = point / POINTS;
    const levelsOff = Math.abs(fromLight(curve(value)) - value) * 255;
    if (!(levelsOff <= MOST_LEVELS_OFF)) return false; // nor where it is not even a number
  }
  return true;
}

/** From the number of a pixel to light, both 0 to 1. */
type Curve = (value: number) => number;

function readCurve(element: Buffer): Curve | undefined {
  const type = element.toString('latin1', 0, 4);
  if (type === 'curv') return tableCurve(element);
  // The form that is sRGB's: a power, and a straight line near black.
  if (type !== 'para' || element.readUInt16BE(8) !== 3) return undefined;
  const [g, a, b, c, d] = [12, 16, 20, 24, 28].map((at) => fixed(element, at));
  return (value) => (value >= d ? (a * value + b) ** g : c * value);
}

/** Points of the curve, between which it is straight; one or none stands for a power, which sRGB is not. */
function tableCurve(element: Buffer): Curve | undefined {
  const count = element.readUInt32BE(8);
  if (count < 2) return undefined;
  const entry = (index: number): number => element.readUInt16BE(12 + 2 * index) / 65_535;
  return (value) => {
    const at = value * (count - 1);
    const below = Math.min(Math.floor(at), count - 2);
    return entry(below) + (at - below) * (entry(below + 1) - entry(below));
  };
}

/** The inverse of sRGB's curve, IEC 61966-2-1. */
function fromLight(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

function fixed(element: Buffer, at: number): number {
  return element.readInt32BE(at) / 65_536;
}
