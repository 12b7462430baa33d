import sharp from 'sharp';
import { isSrgbProfile } from './srgb-profile.js';

const SRGB = { r: [0.4361, 0.2225, 0.0139], g: [0.3851, 0.7169, 0.0971], b: [0.1431, 0.0606, 0.7141] };
/** Those of a screen that is nearly sRGB: cyan would get 13 levels of red. */
const SCREEN = { r: [0.4345, 0.2218, 0.014], g: [0.3863, 0.7182, 0.0978], b: [0.1434, 0.06, 0.7131] };
/** The numbers of sRGB's curve. */
const FORMULA = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];
const ADOBE_RGB = { r: [0.6097, 0.3111, 0.0195], g: [0.2053, 0.6257, 0.0609], b: [0.1492, 0.0632, 0.7446] };

describe('isSrgbProfile', () => {
  it('knows the profiles of sRGB, with a formula or with tables', async () => {
    expect(isSrgbProfile(await profileOf('srgb'))).toBe(true);
    expect(isSrgbProfile(profile({ primaries: SRGB, curve: table(1024, toLight) }))).toBe(true);
    expect(isSrgbProfile(profile({ primaries: SRGB, curve: table(64, toLight) }))).toBe(true);
    expect(isSrgbProfile(profile({ curve: parametric([...FORMULA, 0, 0], 4) }))).toBe(true);
  });

  it.each([
    ['Display P3', () => profileOf('p3')],
    ['print', () => profileOf('cmyk')],
    ['Adobe RGB', () => profile({ primaries: ADOBE_RGB, curve: power(563 / 256) })],
    ['the primaries of Adobe RGB with the curve of sRGB', () => profile({ primaries: ADOBE_RGB })],
    ['a screen that is nearly sRGB', () => profile({ primaries: SCREEN })],
    [
      'a curve with a spike',
      () => profile({ curve: table(256, (value) => (value === 1 / 255 ? 0.5 : toLight(value))) }),
    ],
    ['a curve that is raised', () => profile({ curve: parametric([...FORMULA, 0.01, 0], 4) })],
    ['a gamma of 2.2', () => profile({ curve: power(2.2) })],
    ['a gamma of 2.2 in a table', () => profile({ curve: table(1024, (value) => value ** 2.2) })],
    ['light', () => profile({ curve: table(0, toLight) })],
    ['few points', () => profile({ curve: table(5, toLight) })],
    ['red and blue exchanged', () => profile({ primaries: { ...SRGB, r: SRGB.b, b: SRGB.r } })],
    ['another table besides', () => profile({ more: { A2B0: Buffer.alloc(32) } })],
    ['grey', () => profile({ space: 'GRAY' })],
    ['a printer', () => profile({ kind: 'prtr' })],
    ['no numbers', () => profile({ curve: parametric([0.5, -1, 0, 1, 0]) })],
    ['nothing', () => Buffer.alloc(0)],
  ])('does not take that of %s for one', async (_, make) => {
    expect(isSrgbProfile(await make())).toBe(false);
  });

  it('survives any byte being another, and any length', () => {
    const source = profile({ curve: table(64, toLight) });

    for (let at = 0; at < source.length; at += 1) {
      const broken = Buffer.from(source);
      broken[at] ^= 0xff;
      expect(() => isSrgbProfile(broken)).not.toThrow();
      expect(() => isSrgbProfile(source.subarray(0, at))).not.toThrow();
    }
  });

  it('is right where conversion would change nothing', async () => {
    const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 37) % 256));
    const image = sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } });
    const source = await image.withIccProfile('srgb').png().toBuffer();

    const converted = await sharp(source).raw().toBuffer();

    expect(converted.equals(pixels)).toBe(true);
  });
});

async function profileOf(name: string): Promise<Buffer> {
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'tomato' } });
  const coloured = name === 'cmyk' ? picture.toColourspace('cmyk') : picture;
  const encoded = await coloured.withIccProfile(name).jpeg().toBuffer();
  return (await sharp(encoded).metadata()).icc!;
}

function toLight(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** A profile of three primaries, and a curve that they share. */
function profile({
  primaries = SRGB,
  curve = parametric(FORMULA),
  more = {},
  space = 'RGB ',
  kind = 'mntr',
}: {
  primaries?: Record<'r' | 'g' | 'b', number[]>;
  curve?: Buffer;
  more?: Record<string, Buffer>;
  space?: string;
  kind?: string;
}): Buffer {
  const elements = {
    ...Object.fromEntries(Object.entries(primaries).map(([name, xyz]) => [`${name}XYZ`, xyzOf(xyz)])),
    ...{ rTRC: curve, gTRC: curve, bTRC: curve },
    ...more,
  };
  const names = Object.keys(elements) as (keyof typeof elements)[];
  const head = Buffer.alloc(132 + 12 * names.length);
  head.write(`${kind}${space}XYZ `, 12, 'latin1');
  head.writeUInt32BE(names.length, 128);
  const parts: Buffer[] = [head];
  let end = head.length;
  names.forEach((name, index) => {
    const at = 132 + 12 * index;
    head.write(name, at, 'latin1');
    head.writeUInt32BE(end, at + 4);
    head.writeUInt32BE(elements[name].length, at + 8);
    parts.push(elements[name]);
    end += elements[name].length;
  });
  return Buffer.concat(parts);
}

function xyzOf(xyz: number[]): Buffer {
  return Buffer.concat([Buffer.from('XYZ \0\0\0\0', 'latin1'), ...xyz.map(fixed)]);
}

function parametric(values: number[], form = 3): Buffer {
  return Buffer.concat([
    Buffer.from('para\0\0\0\0\0', 'latin1'),
    Buffer.from([form, 0, 0]),
    ...values.map(fixed),
  ]);
}

function table(points: number, curve: (value: number) => number): Buffer {
  const values = Array.from({ length: points }, (_, i) => Math.round(65_535 * curve(i / (points - 1))));
  return curveOf(values);
}

function power(gamma: number): Buffer {
  return curveOf([Math.round(gamma * 256)]);
}

function curveOf(values: number[]): Buffer {
  const element = Buffer.alloc(12 + 2 * values.length);
  element.write('curv', 'latin1');
  element.writeUInt32BE(values.length, 8);
  values.forEach((value, i) => element.writeUInt16BE(value, 12 + 2 * i));
  return element;
}

function fixed(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65_536));
  return bytes;
}
