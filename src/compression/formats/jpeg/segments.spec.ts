import { photo } from '../../../../test/helpers/pictures/pictures.js';
import { countSegments, END_OF_IMAGE, jpegSegments, MAX_SEGMENTS } from './segments.js';

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

describe('the end of a scan', () => {
  it.each(['ff00', 'ff0001', `ff00${'01'.repeat(70)}`, '01', 'ffff', 'ffd301'])(
    'is found behind any number of %s',
    async (pattern) => {
      const source = await photo(64, 40).jpeg().toBuffer();
      const pixels = Buffer.alloc(5000, Buffer.from(pattern, 'hex'));
      const file = Buffer.concat([source.subarray(0, -2), pixels, source.subarray(-2)]);

      const [end, scan] = [...jpegSegments(file)].reverse();

      expect(end.marker).toBe(END_OF_IMAGE);
      expect(scan.bytes.subarray(-4900).equals(pixels.subarray(-4900))).toBe(true);
    },
  );
});

it('segments of a file are walked through once, however many ask', async () => {
  const source = await photo(64, 40).jpeg({ progressive: true }).toBuffer();
  const search = jest.spyOn(source, 'indexOf');

  const all = [...jpegSegments(source)];
  const searches = search.mock.calls.length;

  expect([...jpegSegments(source)]).toEqual(all);
  expect(search).toHaveBeenCalledTimes(searches);
});
