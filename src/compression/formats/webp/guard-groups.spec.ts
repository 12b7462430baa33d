import sharp, { type Sharp } from 'sharp';
import { webpChunk } from '../../../../test/helpers/pictures/hostile-parts.js';
import { losslessAnimation, losslessData, webpOf } from '../../../../test/helpers/pictures/lossless-webp.js';
import { photo } from '../../../../test/helpers/pictures/pictures.js';
import { readHeader } from '../../image-header.js';
import { codeGroups } from './code-groups.js';

const MAX_PIXELS = 50_000_000;
const HEAD_BYTES = 20 + 5;
const TOO_MANY = { code: 'FORMAT_NOT_SUPPORTED', message: expect.stringContaining('far too many parts') };

const still = (width: number, height: number, groups: number) =>
  webpOf(webpChunk('VP8L', losslessData(width, height, groups)));

const groupsOf = (file: Buffer, width: number, height: number) =>
  codeGroups(file, { start: HEAD_BYTES, end: file.length, width, height });

describe('a lossless WebP with many groups of prefix codes', () => {
  it.each([1, 2, 300, 4096])('is read by its decoder, and has %d of them', async (groups) => {
    const file = still(256, 256, groups);

    await sharp(file).raw().toBuffer();
    expect(await groupsOf(file, 256, 256)).toBe(groups);
  });

  it('is taken with as many as encoders write, and refused with more', async () => {
    await readHeader(still(256, 256, 4096), MAX_PIXELS);

    await expect(readHeader(still(260, 260, 4225), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    const large = still(1024, 1024, 65_536);
    await expect(readHeader(large.subarray(0, -1000), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    large.writeUInt32LE(20, 16); // the length of its chunk
    await expect(readHeader(large, MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
  });

  it('is refused where its frames have too many together', async () => {
    const data = losslessData(224, 224, 3136);

    await readHeader(losslessAnimation(224, 224, data, 60), MAX_PIXELS);
    await expect(readHeader(losslessAnimation(224, 224, data, 64), MAX_PIXELS)).rejects.toMatchObject(
      TOO_MANY,
    );
  });

  it('is refused where its frames consist of very many parts', async () => {
    const frame = webpChunk('ANMF', Buffer.alloc(16 + 8 * 50_000));

    await expect(readHeader(webpOf(frame, frame, frame), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
  });

  it('is refused as the transparency of another picture', async () => {
    const canvas = Buffer.alloc(10);
    canvas[0] = 16; // transparency
    canvas.writeUIntLE(259, 4, 3);
    canvas.writeUIntLE(259, 7, 3);
    const lossy = await photo(260, 260).webp().toBuffer();
    const withAlpha = (groups: number) =>
      webpOf(
        webpChunk('VP8X', canvas),
        webpChunk('ALPH', Buffer.concat([Buffer.from([1]), losslessData(260, 260, groups).subarray(5)])),
        lossy.subarray(12),
      );

    await readHeader(withAlpha(4000), MAX_PIXELS);
    await expect(readHeader(withAlpha(4225), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
  });

  it('is refused as a tile of a TIFF', async () => {
    const oneTile = { tile: true, tileWidth: 272, tileHeight: 272 };
    const tiff = await photo(260, 260)
      .tiff({ compression: 'webp', ...oneTile })
      .toBuffer();
    const withTile = (tile: Buffer) => {
      const file = Buffer.concat([tiff, tile]);
      const directory = file.readUInt32LE(4);
      for (const [tag, value] of [
        ['4401', tiff.length],
        ['4501', tile.length],
      ] as const)
        file.writeUInt32LE(value, file.indexOf(Buffer.from(tag, 'hex'), directory) + 8);
      return file;
    };

    await readHeader(withTile(still(272, 272, 4000)), MAX_PIXELS);
    await expect(readHeader(withTile(still(272, 272, 4624)), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    const unreadable = still(272, 272, 300);
    unreadable.writeUInt32LE(0x0fffffff, HEAD_BYTES - 4); // it says 16,384 × 16,384
    await expect(readHeader(withTile(unreadable), MAX_PIXELS)).rejects.toMatchObject(TOO_MANY);
    const bare = losslessData(272, 272, 4624);
    await expect(readHeader(withTile(bare), MAX_PIXELS)).rejects.toThrow('bare streams of WebP');
  });
});

describe('the groups of usual pictures', () => {
  it.each([
    ['of few colours', (image: Sharp) => image.png({ palette: true, colours: 12 })],
    ['of many colours', (image: Sharp) => image.png()],
  ])('%s are few, and found behind the transforms of their encoder', async (_, drawn) => {
    const source = await drawn(photo(900, 350).extend({ bottom: 350, background: '#fea' })).toBuffer();
    const file = await sharp(source).webp({ lossless: true }).toBuffer();

    expect(file.toString('latin1', 12, 16)).toBe('VP8L');
    const groups = await groupsOf(file, 900, 700);
    expect(groups).toBeGreaterThan(1);
    expect(groups).toBeLessThan(200);
  });
});
