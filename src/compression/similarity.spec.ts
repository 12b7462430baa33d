import sharp from 'sharp';
import { type Pixels, sampleLuminance, similarity } from './similarity.js';

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
        expect(similarity(sampleLuminance(pixels), sampleLuminance(pixels))).toBe(1);
      }
    }
  });

  it('falls with the quality of a JPEG, and is near 0 for another picture', async () => {
    const source = await picture(400, 300);
    const at = async (quality: number) =>
      similarity(sampleLuminance(source), sampleLuminance(await jpeg(source, quality)));

    const [low, middle, high] = [await at(5), await at(50), await at(95)];
    const other = { ...source, data: pattern(source.data.length) };

    expect(low).toBeLessThan(middle);
    expect(middle).toBeLessThan(high);
    expect(high).toBeGreaterThan(0.98);
    expect(similarity(sampleLuminance(source), sampleLuminance(other))).toBeLessThan(0.3);
  });

  it('sees what is transparent as white', () => {
    const clear = { data: Buffer.alloc(64 * 64 * 4), width: 64, height: 64, channels: 4 };
    const white = { data: Buffer.alloc(64 * 64, 255), width: 64, height: 64, channels: 1 };

    expect(similarity(sampleLuminance(clear), sampleLuminance(white))).toBe(1);
  });

  it('looks at no more windows of a large image, and refuses images of two sizes', () => {
    const large = { data: Buffer.alloc(5000 * 4000), width: 5000, height: 4000, channels: 1 };
    const small = { data: Buffer.alloc(64 * 64), width: 64, height: 64, channels: 1 };

    expect(sampleLuminance(large).length).toBeLessThanOrEqual(4096 * 64);
    expect(() => similarity(sampleLuminance(large), sampleLuminance(small))).toThrow('different sizes');
  });
});

// Shapes under some grain.
async function picture(width: number, height: number): Promise<Pixels> {
  const grain = pattern(width * height * 3);
  const data = Buffer.from(grain.map((value, i) => 100 + 80 * Math.sin((i % (width * 3)) / 60) + value / 12));
  return { data, width, height, channels: 3 };
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
