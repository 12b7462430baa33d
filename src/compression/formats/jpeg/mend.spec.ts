import { mainThreadUse } from '../../../../test/helpers/main-thread.js';
import { mendJpeg } from './mend.js';

// Of one bit: 0 stands for no coefficients, so that a block is two zeros.
const CODES = [0x00, 0x10].map((kind) => segment(0xc4, [kind, 1, ...Array<number>(15).fill(0), 0]));

describe('mendJpeg', () => {
  it.each([
    ['of one colour', [0x44], true],
    ['of ten blocks a unit', [0x42, 0x11, 0x11], true],
    ['of five blocks across', [0x51], false],
    ['of fifteen blocks across and down', [0xff, 0x11, 0x11], false],
    ['of no block', [0x10], false],
    ['of eleven blocks a unit', [0x42, 0x21, 0x11], false],
  ])('takes no sampling but that of ITU-T T.81: %s', async (_, sampling, isTaken) => {
    const source = jpeg(64, 40, sampling, Buffer.alloc(1000));

    expect((await mendJpeg(source)) !== undefined).toBe(isTaken);
  });

  it('lets others have their turn after some blocks, however many a unit has', async () => {
    const [side, blocks] = [1600, 10 * (1600 / 32) * (1600 / 16)];
    const source = jpeg(side, side, [0x42, 0x11, 0x11], Buffer.alloc(blocks / 4));

    const { turns } = await mainThreadUse(() => mendJpeg(source));

    expect(turns).toBeGreaterThan(blocks / 4_000);
  });

  it('lets others have their turn in a flood of codes', async () => {
    const empty = Array.from({ length: 3_000 }, () => [0x13, ...Array<number>(16).fill(0)]).flat();
    const flood = Array<Buffer>(30).fill(segment(0xc4, empty));
    const source = jpeg(64, 40, [0x11], Buffer.alloc(1000), flood);

    const { turns } = await mainThreadUse(() => mendJpeg(source));

    expect(turns).toBeGreaterThan(15);
  });
});

/** Whose colours have these sampling factors, across and down. */
function jpeg(
  width: number,
  height: number,
  sampling: number[],
  pixels: Buffer,
  before: Buffer[] = [],
): Buffer {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const colours = sampling.flatMap((factors, index) => [index, factors, 0]);
  const scan = sampling.flatMap((_, index) => [index, 0]);
  return Buffer.concat([
    Buffer.from('ffd8', 'hex'),
    ...before,
    ...CODES,
    segment(0xc0, [8, ...size, sampling.length, ...colours]),
    segment(0xda, [sampling.length, ...scan, 0, 63, 0]),
    pixels,
    Buffer.from('ffd9', 'hex'),
  ]);
}

function segment(marker: number, content: number[]): Buffer {
  const length = content.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...content]);
}
