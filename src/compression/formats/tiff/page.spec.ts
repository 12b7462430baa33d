import sharp from 'sharp';
import { readHeader } from '../../image-header.js';
import { NO_METADATA } from '../image-metadata.js';
import { TiffPage } from './page.js';

const MAX_PIXELS = 50_000_000;
const [SHORT, LONG] = [3, 4];

describe('a TIFF with a strip for each row', () => {
  it('is refused where these are more than any file has', async () => {
    await expect(readHeader(stripped(100_000), MAX_PIXELS)).resolves.toMatchObject({
      height: 100_000,
    });
    await expect(readHeader(stripped(100_001), MAX_PIXELS)).rejects.toMatchObject({
      code: 'FORMAT_NOT_SUPPORTED',
    });
  });

  it.each([
    ['in their order', {}],
    ['in another order', { isReversed: true }],
    ['whose lengths are short numbers', { lengthType: SHORT }],
  ])('is rewritten without growing, as no result may be larger than its source: %s', async (_, kind) => {
    const source = stripped(500, kind);

    const rewritten = new TiffPage(source).rewrite(NO_METADATA);

    expect((await pixels(rewritten)).equals(await pixels(source))).toBe(true);
    expect(rewritten.length).toBe(source.length);
  });
});

/** Two pixels of noise a row, and no tag but those that draw. */
function stripped(rows: number, { isReversed = false, lengthType = LONG } = {}): Buffer {
  const lengthBytes = lengthType === SHORT ? 2 : 4;
  const offsetsAt = 8 + 2 + 9 * 12 + 4;
  const lengthsAt = offsetsAt + rows * 4;
  const pixelsAt = lengthsAt + rows * lengthBytes;
  const file = Buffer.alloc(pixelsAt + 2 * rows);
  file.write('49492a000800000009', 'hex');
  const tags = [[256, LONG, 1, 2], [257, LONG, 1, rows], [258, LONG, 1, 8], [259, LONG, 1, 1], [262, LONG, 1, 1], [273, LONG, rows, offsetsAt], [277, LONG, 1, 1], [278, LONG, 1, 1], [279, lengthType, rows, lengthsAt]]; // prettier-ignore
  tags.forEach(([tag, type, count, value], index) => {
    const at = 10 + index * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  for (let row = 0, seed = 1; row < rows; row += 1) {
    file.writeUInt32LE(pixelsAt + 2 * (isReversed ? rows - 1 - row : row), offsetsAt + 4 * row);
    file.writeUIntLE(2, lengthsAt + lengthBytes * row, lengthBytes);
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    file.writeUInt16LE(seed >> 15, pixelsAt + 2 * row);
  }
  return file;
}

function pixels(source: Buffer): Promise<Buffer> {
  return sharp(source, { failOn: 'warning' }).raw().toBuffer();
}
