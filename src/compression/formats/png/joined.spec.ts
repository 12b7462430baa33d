import sharp from 'sharp';
import { compressImage } from '../../../../test/helpers/pictures/compress.js';
import { mainThreadUse } from '../../../../test/helpers/main-thread.js';
import { photo, pngChunk } from '../../../../test/helpers/pictures/pictures.js';
import { toCompressionOptions } from '../../options.js';
import { CHUNKS_A_TURN, contentOf, readChunks } from './chunks.js';
import { guardPng } from './guard.js';
import { withJoinedPixels } from './joined.js';

const OPTIONS = { ...toCompressionOptions({ effort: 'fast' }, 50), maxPixels: 50_000_000 };

describe('a PNG with a flood of chunks of pixels', () => {
  let plain: Buffer;
  beforeAll(async () => {
    plain = await photo(200, 100).png({ compressionLevel: 0 }).toBuffer();
  });

  it.each([
    ['right', false],
    ['wrong', true],
  ])('of %s checksums has few of them when it is read, and the same pixels', async (_, isWrong) => {
    const { source, original } = await guardPng(inPieces(plain, 10, isWrong));

    expect(readChunks(source)!.length).toBeLessThan(10);
    expect(original).toEqual(source);
    expect((await pixels(source)).equals(await pixels(plain))).toBe(true);
    expect((await compressImage(inPieces(plain, 10, isWrong), OPTIONS)).outcome).toBe('compressed');
  });

  it('is refused where pixels are damaged, or missing', async () => {
    const flood = inPieces(plain, 10, true);
    const damaged = Buffer.from(flood);
    damaged[flood.length >> 1] ^= 0xff; // in the middle of a piece or its frame
    damaged[(flood.length >> 1) + 12] ^= 0xff;

    for (const source of [damaged, flood.subarray(0, flood.length >> 1)])
      await expect(compressImage(source, OPTIONS)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  it('lets others have their turn meanwhile', async () => {
    const flood = inPieces(plain, 2, false);

    const { turns } = await mainThreadUse(() => withJoinedPixels(flood));

    expect(turns).toBeGreaterThanOrEqual(Math.floor(60_000 / 2 / CHUNKS_A_TURN));
  });

  it('joins them to pieces of a megabyte, which every decoder takes, and no others', async () => {
    const large = await photo(1000, 900).png({ compressionLevel: 0 }).toBuffer();

    const joined = await withJoinedPixels(inPieces(large, 400, false));

    const sizes = readChunks(joined)!.flatMap((chunk) =>
      chunk.type === 'IDAT' ? contentOf(chunk).length : [],
    );
    expect(sizes.map((bytes) => Math.round(bytes / 1024 / 1024))).toEqual([1, 1, 1]);
    expect((await guardPng(large)).source.equals(large)).toBe(true);
  });
});

/** With its packed pixels in chunks of so many bytes. */
function inPieces(png: Buffer, bytes: number, isWrong: boolean): Buffer {
  const chunks = readChunks(png)!;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(contentOf));
  const pieces = Array.from({ length: Math.ceil(packed.length / bytes) }, (_, index) => {
    const piece = pngChunk('IDAT', packed.subarray(index * bytes, (index + 1) * bytes));
    if (isWrong) piece[piece.length - 1] ^= 1;
    return piece;
  });
  return Buffer.concat([png.subarray(0, 8), chunks[0].bytes, ...pieces, chunks.at(-1)!.bytes]);
}

function pixels(source: Buffer): Promise<Buffer> {
  return sharp(source, { failOn: 'warning' }).raw().toBuffer();
}
