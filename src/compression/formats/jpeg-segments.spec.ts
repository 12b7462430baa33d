import { photo } from '../../../test/helpers/pictures.js';
import { countSegments, END_OF_IMAGE, jpegSegments, MAX_SEGMENTS } from './jpeg-segments.js';

describe('jpegSegments', () => {
  it('cover the whole file, up to the end of the image', async () => {
    const source = await photo(64, 40).jpeg({ progressive: true }).toBuffer();

    const segments = [...jpegSegments(Buffer.concat([source, Buffer.from('anything')]))];

    expect(Buffer.concat([source.subarray(0, 2), ...segments.map(({ bytes }) => bytes)])).toEqual(source);
    expect(segments.at(-1)!.marker).toBe(END_OF_IMAGE);
  });

  it('of a file that is cut off have no end', async () => {
    const source = await photo(64, 40).jpeg().toBuffer();

    for (let bytes = 0; bytes < source.length; bytes += 1) {
      const segments = [...jpegSegments(source.subarray(0, bytes))];
      expect(segments.some(({ marker }) => marker === END_OF_IMAGE)).toBe(false);
    }
  });
});

describe('countSegments', () => {
  it('counts scans, but not those of a thumbnail', async () => {
    const source = await photo(64, 40).jpeg({ progressive: true }).toBuffer();
    const baseline = await photo(64, 40).jpeg().toBuffer();
    const length = Buffer.from([0xff, 0xe1, (source.length + 2) >> 8, (source.length + 2) & 255]);
    const withThumbnail = Buffer.concat([baseline.subarray(0, 2), length, source, baseline.subarray(2)]);

    expect(countSegments(source).scans).toBeGreaterThan(5);
    expect(countSegments(baseline).scans).toBe(1);
    expect(countSegments(withThumbnail).scans).toBe(1);
    expect(countSegments(source, { isHeadOnly: true }).scans).toBe(0);
  });

  it('stops where there are too many', async () => {
    const source = await photo(64, 40).jpeg().toBuffer();
    const flood = Buffer.concat([source.subarray(0, 2), Buffer.alloc(4_000_000, 'ffe10002', 'hex')]);

    expect(countSegments(flood).segments).toBe(MAX_SEGMENTS + 1);
  });
});
