/** A point of the CIE 1931 diagram. */
export type Chromaticity = readonly [x: number, y: number];

/** What the numbers of pixels mean: the light of which colours, and how much of it. */
export interface RgbSpace {
  white: Chromaticity;
  /** Red, green, blue. */
  primaries: readonly [Chromaticity, Chromaticity, Chromaticity];
  /** The exponent from a number to light, or sRGB's own curve. */
  curve: number | 'srgb';
}

const D65: Chromaticity = [0.3127, 0.329];
export const SRGB: RgbSpace = { white: D65, primaries: [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]], curve: 'srgb' }; // prettier-ignore

/** Primaries other than sRGB's, by their number in ITU-T H.273, table 2: BT.2020, and P3 with the white of displays. */
const PRIMARIES = new Map<number, RgbSpace['primaries']>([
  [9, [[0.708, 0.292], [0.17, 0.797], [0.131, 0.046]]], // prettier-ignore
  [12, [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06]]], // prettier-ignore
]);
/** Perceptual quantiser and hybrid log-gamma: more light than any of our formats can say. */
const HDR_TRANSFERS = new Set([16, 18]);

/** The space that the code points of H.273 name; 'hdr' for those of brighter screens, undefined for what counts as sRGB. */
export function spaceOfCodePoints(primaries: number, transfer: number): RgbSpace | 'hdr' | undefined {
  if (HDR_TRANSFERS.has(transfer)) return 'hdr';
  const own = PRIMARIES.get(primaries);
  const curve = transfer === 8 ? 1 : transfer === 4 ? 2.2 : transfer === 5 ? 2.8 : 'srgb';
  if (!own && curve === 'srgb') return undefined;
  return { white: D65, primaries: own ?? SRGB.primaries, curve };
}

type Vector = [number, number, number];
type Matrix = [Vector, Vector, Vector];

/** Cone responses, and their inverse: Lindbloom, "Chromatic Adaptation". */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];
const D50: Vector = [0.96422, 1, 0.82521];

/**
 * An ICC profile that says so, version 4, about 500 bytes: ICC.1:2022, 8.3.
 *
 * @returns undefined for points that span no space
 */
export function makeRgbProfile({ white, primaries, curve }: RgbSpace): Buffer | undefined {
  const columns = columnsOf(white, primaries);
  if (!columns) return undefined;
  return assembleProfile('RGB ', [
    ['desc', text('RGB')],
    ['cprt', text('CC0')],
    ['wtpt', xyz(D50)],
    ['rXYZ', xyz(columns[0])],
    ['gXYZ', xyz(columns[1])],
    ['bXYZ', xyz(columns[2])],
    ['rTRC', curveOf(curve)],
    ['gTRC', curveOf(curve)],
    ['bTRC', curveOf(curve)],
  ]);
}

function assembleProfile(colours: 'RGB ' | 'GRAY', tags: [string, Buffer][]): Buffer {
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length, 0);
  let at = 128 + table.length;
  tags.forEach(([name, content], index) => {
    table.write(name, 4 + 12 * index, 'latin1');
    table.writeUInt32BE(at, 8 + 12 * index);
    table.writeUInt32BE(content.length, 12 + 12 * index);
    at += content.length;
  });
  const head = Buffer.alloc(128);
  head.writeUInt32BE(at, 0);
  head.write(`\x04\x40\0\0mntr${colours}XYZ `, 8, 'latin1');
  head.write('acsp', 36, 'latin1');
  xyz(D50).copy(head, 68, 8);
  return Buffer.concat([head, table, ...tags.map(([, content]) => content)]);
}

/** A profile of grey with this curve. */
export function makeGreyProfile(curve: RgbSpace['curve']): Buffer {
  return assembleProfile('GRAY', [
    ['desc', text('Grey')],
    ['cprt', text('CC0')],
    ['wtpt', xyz(D50)],
    ['kTRC', curveOf(curve)],
  ]);
}

/** The primaries in XYZ, so bright that together they are the white, under D50. */
function columnsOf(white: Chromaticity, primaries: RgbSpace['primaries']): Vector[] | undefined {
  const points = [white, ...primaries];
  if (points.some(([x, y]) => !(y > 0) || !(x >= 0) || x > 1 || y > 1)) return undefined;
  const [whiteXyz, ...colours] = points.map(([x, y]): Vector => [x / y, 1, (1 - x - y) / y]);
  const inverse = inverted(transposed(colours as Matrix));
  if (!inverse) return undefined;
  const brightness = times(inverse, whiteXyz);
  const [from, to] = [times(BRADFORD, whiteXyz), times(BRADFORD, D50)];
  const back = inverted(BRADFORD)!;
  return colours.map((colour, index) => {
    const cones = times(BRADFORD, colour).map((value, i) => (value * brightness[index] * to[i]) / from[i]);
    return times(back, cones as Vector);
  });
}

function times(matrix: Matrix, vector: Vector): Vector {
  return matrix.map((row) => row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2]) as Vector;
}

function transposed([a, b, c]: Matrix): Matrix {
  return [0, 1, 2].map((i) => [a[i], b[i], c[i]]) as Matrix;
}

function inverted(matrix: Matrix): Matrix | undefined {
  const [[a, b, c], [d, e, f], [g, h, i]] = matrix;
  const [x, y, z] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const determinant = a * x + b * y + c * z;
  if (Math.abs(determinant) < 1e-9) return undefined;
  const adjugate: Matrix = [
    [x, c * h - b * i, b * f - c * e],
    [y, a * i - c * g, c * d - a * f],
    [z, b * g - a * h, a * e - b * d],
  ];
  return adjugate.map((row) => row.map((value) => value / determinant)) as Matrix;
}

function curveOf(curve: RgbSpace['curve']): Buffer {
  const [form, numbers] =
    curve === 'srgb' ? [3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]] : [0, [curve]];
  const content = Buffer.alloc(12 + 4 * numbers.length);
  content.write('para', 0, 'latin1');
  content.writeUInt16BE(form, 8);
  numbers.forEach((number, index) => writeFixed(content, number, 12 + 4 * index));
  return content;
}

function xyz(values: Vector): Buffer {
  const content = Buffer.alloc(20);
  content.write('XYZ ', 0, 'latin1');
  values.forEach((value, index) => writeFixed(content, value, 8 + 4 * index));
  return content;
}

function text(ascii: string): Buffer {
  const content = Buffer.alloc(28 + 2 * ascii.length + (ascii.length % 2 === 0 ? 0 : 2));
  content.write('mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS', 0, 'latin1');
  content.writeUInt32BE(2 * ascii.length, 20);
  content.writeUInt32BE(28, 24);
  for (let i = 0; i < ascii.length; i += 1) content.writeUInt16BE(ascii.charCodeAt(i), 28 + 2 * i);
  return content;
}

function writeFixed(target: Buffer, value: number, at: number): void {
  target.writeInt32BE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value * 65_536))), at);
}
