import { isOutOfBounds } from './out-of-bounds.js';

// Where things are in a profile: ICC.1:2022, 7.2 (header), 7.3 (tags), 10.6 (curves), 10.18 (parametric curves), 10.31 (XYZ).
const CLASS = 12;
const COLOURS = 16;
const CONNECTION = 20;
const TAG_COUNT = 128;
const TAG_BYTES = 12;
const MAX_TAGS = 100;

const PRIMARIES = ['rXYZ', 'gXYZ', 'bXYZ'];
const CURVES = ['rTRC', 'gTRC', 'bTRC'];
/** With one of these, software does not go by primaries and curves. */
const TABLES = ['A2B0', 'A2B1', 'D2B0', 'D2B1'];

/** From XYZ under D50 to the light of sRGB's primaries: Lindbloom, "RGB/XYZ Matrices", adapted by Bradford's method. */
const FROM_XYZ = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
];

/**
 * By how many of 255 levels a conversion may change anything: real profiles round their numbers, which is one level
 * somewhere, two at the worst. A gamma of 2.2 is 6 off.
 */
const MAX_LEVELS_OFF = 2;

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
    return hasSrgbPrimaries(tags) && curvesOf(tags).every(isSrgbCurve);
  } catch (error) {
    if (isOutOfBounds(error)) return false;
    throw error;
  }
}

/** From the name of a tag to its element, which reaches to the end of the profile here. */
function readTags(icc: Buffer): Map<string, Buffer> {
  const tags = new Map<string, Buffer>();
  const count = Math.min(icc.readUInt32BE(TAG_COUNT), MAX_TAGS);
  for (let at = TAG_COUNT + 4, left = count; left > 0; left -= 1, at += TAG_BYTES) {
    tags.set(icc.toString('latin1', at, at + 4), icc.subarray(icc.readUInt32BE(at + 4)));
  }
  return tags;
}

/** Whether the eight colours of full and no light stay what they are: where the primaries differ, these do it most. */
function hasSrgbPrimaries(tags: Map<string, Buffer>): boolean {
  const primaries = PRIMARIES.map((name) => tags.get(name));
  if (!primaries.every((element) => element !== undefined)) return false;
  const xyz = primaries.map((element) => [8, 12, 16].map((at) => fixed(element, at)));
  return Array.from({ length: 8 }, (_, corner) => [corner & 1, (corner >> 1) & 1, corner >> 2]).every((rgb) =>
    FROM_XYZ.every((row, channel) => {
      const light = sum(rgb.map((on, primary) => on * sum(row.map((factor, i) => factor * xyz[primary][i]))));
      return isNear(fromLight(light), rgb[channel]); // what is out of range counts, too: that is another space
    }),
  );
}

/** One where all three colours have the same, as they do. */
function curvesOf(tags: Map<string, Buffer>): (Buffer | undefined)[] {
  const curves = CURVES.map((name) => tags.get(name));
  return curves.filter((curve, i) => i === 0 || curve?.byteOffset !== curves[i - 1]?.byteOffset);
}

function isSrgbCurve(element: Buffer | undefined): boolean {
  const curve = element && readCurve(element);
  if (!curve) return false;
  for (let level = 0; level <= 255; level += 1) {
    if (!isNear(fromLight(curve(level / 255)), level / 255)) return false;
  }
  return true;
}

// Not the other way round: what is not even a number is not near.
function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) * 255 <= MAX_LEVELS_OFF;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** From the number of a pixel to light, both 0 to 1. */
type Curve = (value: number) => number;

function readCurve(element: Buffer): Curve | undefined {
  const type = element.toString('latin1', 0, 4);
  if (type === 'curv') return tableCurve(element);
  // The forms that can be sRGB's: a power, and a straight line near black.
  const form = element.readUInt16BE(8);
  if (type !== 'para' || (form !== 3 && form !== 4)) return undefined;
  const [g, a, b, c, d] = [12, 16, 20, 24, 28].map((at) => fixed(element, at));
  const [e, f] = form === 4 ? [fixed(element, 32), fixed(element, 36)] : [0, 0];
  return (value) => (value >= d ? (a * value + b) ** g + e : c * value + f);
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
