import { box } from '../../../../test/helpers/pictures/hostile-parts.js';
import { AVIF } from './avif.js';
import { HEIC } from './heic.js';

const TOO_MANY = expect.objectContaining({ code: 'FORMAT_NOT_SUPPORTED' });
const DAMAGED = expect.objectContaining({ code: 'IMAGE_CORRUPT' });
/** Real files take some hundred. */
const MOST_READS = 200_000;

describe.each([
  ['avif', AVIF],
  ['heic', HEIC],
] as const)('the parts of a file: %s', (brand, format) => {
  const fileOf = (...boxes: Buffer[]) =>
    Buffer.concat([box('ftyp', Buffer.from(`${brand}\0\0\0\0`)), ...boxes]);
  const metaOf = (...boxes: Buffer[]) => box('meta', Buffer.alloc(4), ...boxes);
  const flood = (type: string) => box(type, Buffer.alloc(8 * 9_000, box('free')));

  function expectRefusal(source: Buffer, refusal: unknown): void {
    const reads = [jest.spyOn(source, 'readUIntBE'), jest.spyOn(source, 'readUInt32BE')];
    expect(() => format.guard(source)).toThrow(refusal as Error);
    expect(reads.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBeLessThan(MOST_READS);
  }

  it('are refused where there are billions of items, none of which has a piece', () => {
    const items = Buffer.alloc(10_000_000);
    items[0] = 2; // the version
    items.writeUInt32BE(2 ** 32 - 1, 6);

    expectRefusal(fileOf(metaOf(box('iloc', items))), TOO_MANY);
  });

  it('are damaged where there is no room for the items', () => {
    expectRefusal(
      fileOf(metaOf(box('iloc', Buffer.from('0000000000001000', 'hex'))), flood('mdat')),
      DAMAGED,
    );
  });

  it('are refused where boxes have thousands each', () => {
    const properties = Array<Buffer>(100).fill(box('iprp', flood('ipco')));

    expectRefusal(fileOf(metaOf(...properties)), TOO_MANY);
  });

  it('are refused where there are several lists of them', () => {
    expectRefusal(fileOf(...Array<Buffer>(100).fill(flood('meta'))), TOO_MANY);
  });
});

it('an AVIF that says a million times of which kind it is, is refused', () => {
  const brands = box('ftyp', Buffer.alloc(4_000_000, 'avis'));

  expect(() => AVIF.guard(Buffer.concat([brands, box('moov')]))).toThrow(TOO_MANY as Error);
});
