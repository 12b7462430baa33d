import { type AvifItem, avifWith, box } from '../../../../test/helpers/pictures/hostile-parts.js';
import { longestSlice } from '../../../../test/helpers/main-thread.js';
import { photo } from '../../../../test/helpers/pictures/pictures.js';
import { NO_METADATA } from '../image-metadata.js';
import { AVIF } from './avif.js';

const MEGABYTE = 1_000_000;
const MOST_MS = 100;

describe('stripping an AVIF takes little time', () => {
  let plain: Buffer;
  let pictureBytes: number;
  beforeAll(async () => {
    plain = await photo(64, 40).avif({ effort: 0 }).toBuffer();
    pictureBytes = plain.readUInt32BE(plain.indexOf('mdat') - 4) - 8;
  });

  /** Items of many pieces that go to the end. */
  const items = (type: string, pieces: number, at: number): AvifItem[] =>
    Array.from({ length: pieces / 100 }, () => ({
      type,
      extents: Array<[number, number]>(100).fill([at, 0]),
    }));

  it('where thousands of pieces of metadata end at one of thousands of other pieces', async () => {
    const data = Buffer.from('Secret Camera, picture');
    const others = items('abcd', 4_900, pictureBytes + 'Secret Camera'.length);
    const source = avifWith(plain, { items: [...items('Exif', 4_900, pictureBytes), ...others], data });

    const stripped = await strip(source);

    expect(stripped.includes('Secret Camera')).toBe(false);
    expect(stripped.includes('picture')).toBe(true);
  });

  it('where thousands of pieces of metadata overlap', async () => {
    const data = Buffer.alloc(20 * MEGABYTE, 'a');
    const source = avifWith(plain, { items: items('Exif', 2_000, pictureBytes), data });

    expect((await strip(source)).includes('aaaa')).toBe(false);
  });

  it('where thousands of pieces of metadata lie behind thousands of boxes', async () => {
    const free = Buffer.alloc(8 * 9_000, box('free'));
    const data = Buffer.concat([Buffer.from('a'), free, box('mdat', Buffer.from('Secret Camera'))]);
    const at = pictureBytes + data.indexOf('Secret');
    const source = avifWith(plain, { items: items('Exif', 9_000, at), data });
    const mdat = source.indexOf('mdat') - 4;
    source.writeUInt32BE(8 + pictureBytes + 1, mdat); // what comes behind are boxes now

    expect((await strip(source)).includes('Secret Camera')).toBe(false);
  });

  async function strip(source: Buffer): Promise<Buffer> {
    let stripped = source;
    const slice = await longestSlice(MOST_MS, () => {
      stripped = AVIF.strip(source, { orientation: 1, wanted: NO_METADATA, isCutDown: false })!;
      return Promise.resolve();
    });
    expect(slice).toBeLessThan(MOST_MS);
    return stripped;
  }
});
