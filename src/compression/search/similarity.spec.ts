import sharp from 'sharp';
import { type Pixels, lookOf, similarity } from './similarity.js';

describe('similarity', () => {
  it('is 1 for the same pixels, whatever their size and channels', () => {
    for (const [width, height] of [
      [1, 1],
      [3, 200],
      [19, 21],
      [600, 450],
      [3000, 2000],
    ]) {
      for (const channels of [1, 2, 3, 4]) {
        const pixels = { data: pattern(width * height * channels), width, height, channels };
        expect(similarity(lookOf(pixels), lookOf(pixels))).toBe(1);
      }
    }
  });

  it('falls with the quality of a JPEG, and is near 0 for another picture', async () => {
    const source = await picture(400, 300);
    const at = async (quality: number) => similarity(lookOf(source), lookOf(await jpeg(source, quality)));

    const [low, middle, high] = [await at(5), await at(50), await at(95)];
    const other = { ...source, data: pattern(source.data.length) };

    expect(low).toBeLessThan(middle);
    expect(middle).toBeLessThan(high);
    expect(high).toBeGreaterThan(0.98);
    expect(similarity(lookOf(source), lookOf(other))).toBeLessThan(0.3);
  });

  it('sees what is transparent on white and on black, unless it was laid on white', () => {
    const clear = lookOf({ data: Buffer.alloc(64 * 64 * 4), width: 64, height: 64, channels: 4 });
    const white = lookOf({ data: Buffer.alloc(64 * 64, 255), width: 64, height: 64, channels: 1 });

    expect(similarity(clear, white)).toBeLessThan(0.9);
    expect(similarity(clear, white, { isOnWhite: true })).toBe(1);
  });

  it('sees the steps of a fade to transparent', () => {
    const fade = (levels: number) =>
      lookOf(drawn(256, 64, 4, (x) => [220, 60, 40, (Math.round((x / 255) * levels) * 255) / levels]));

    const [few, some, many] = [8, 30, 120].map((levels) => similarity(fade(255), fade(levels)));

    expect(few).toBeLessThan(some);
    expect(some).toBeLessThan(many);
    expect(few).toBeLessThan(0.97);
    expect(many).toBeLessThan(1);
  });

  it('sees colours that change at the same brightness', async () => {
    const { data, ...size } = await picture(200, 150);
    const coloured = Buffer.from(data.map((value, i) => (i % 3 === 2 ? 255 - value : value)));
    const { data: turned } = await sharp(coloured, { raw: { ...size, channels: 3 } })
      .modulate({ hue: 50 })
      .raw()
      .toBuffer({ resolveWithObject: true });

    const alike = similarity(lookOf({ ...size, data: coloured }), lookOf({ ...size, data: turned }));

    expect(alike).toBeLessThan(0.97);
  });

  it('looks at no more of a large image, and refuses images of two sizes', () => {
    const large = lookOf({ data: Buffer.alloc(5000 * 4000), width: 5000, height: 4000, channels: 1 });
    const small = lookOf({ data: Buffer.alloc(64 * 64), width: 64, height: 64, channels: 1 });

    expect(large.onWhite[0].planes[1].values.length).toBeLessThanOrEqual(32 * 64 * 64);
    expect(() => similarity(large, small)).toThrow('different sizes');
  });
});

// Shapes under some grain.
async function picture(width: number, height: number): Promise<Pixels> {
  const grain = pattern(width * height * 3);
  const data = Buffer.from(grain.map((value, i) => 100 + 80 * Math.sin((i % (width * 3)) / 60) + value / 12));
  return { data, width, height, channels: 3 };
}

function drawn(
  width: number,
  height: number,
  channels: number,
  colourAt: (x: number, y: number) => number[],
): Pixels {
  const data = Buffer.alloc(width * height * channels);
  for (let i = 0; i < width * height; i += 1) {
    data.set(colourAt(i % width, Math.floor(i / width)).map(Math.round), i * channels);
  }
  return { data, width, height, channels };
}

async function jpeg({ data, width, height }: Pixels, quality: number): Promise<Pixels> {
  const encoded = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return { data: await sharp(encoded).raw().toBuffer(), width, height, channels: 3 };
}

// The same in each run.
function pattern(bytes: number): Buffer {
  let seed = 7;
  const next = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => next() >> 16));
}
