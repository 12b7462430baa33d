import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pngWith } from '../../../../test/helpers/pictures/hostile-parts.js';
import { photo, pngChunk } from '../../../../test/helpers/pictures/pictures.js';
import { readHeader } from '../../image-header.js';

const MAX_PIXELS = 50_000_000;

describe('a colour profile', () => {
  it('is refused where it is one of multi-process elements', async () => {
    const { icc } = await sharp(await photo(64, 40).withIccProfile('p3').png().toBuffer()).metadata();
    const png = await photo(64, 40).png().toBuffer();
    const withProfile = (profile: Buffer) =>
      readHeader(
        pngWith(png, pngChunk('iCCP', Buffer.concat([Buffer.from('icc\0\0'), deflateSync(profile)]))),
        MAX_PIXELS,
      );
    const elements = Buffer.from(icc!);
    elements.write('mpet', elements.readUInt32BE(128 + 4 + 12 + 4), 'latin1'); // the data of the second tag

    expect((await withProfile(icc!)).metadata.icc).toEqual(icc);
    await expect(withProfile(elements)).rejects.toMatchObject({
      code: 'FORMAT_NOT_SUPPORTED',
      retryable: false,
    });
  });
});
