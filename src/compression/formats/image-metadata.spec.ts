import { longestSlice } from '../../../test/helpers/main-thread.js';
import { type SourceMetadata, wantedMetadata } from './image-metadata.js';

const ARTIST = 0x013b;
const COPYRIGHT = 0x8298;
const LONG = 4_000_000;
const MOST_MS = 100;

describe('author and copyright in EXIF', () => {
  it('are the last of each, and only these are read', () => {
    const tags = Array.from({ length: 30_000 }, (_, index) => (index % 2 === 0 ? ARTIST : COPYRIGHT));
    const exif = exifWith(tags, (index) => `No. ${index} <<<`.padEnd(64));
    const texts = jest.spyOn(exif, 'toString');

    expect(tagsOf({ exif })).toEqual({ artist: 'No. 29998', copyright: 'No. 29999' });
    expect(texts.mock.calls.length).toBeLessThan(10);
  });

  it('may claim the whole block', () => {
    const exif = exifWith([ARTIST], () => 'a'.repeat(LONG));

    expect(tagsOf({ exif })).toEqual({ artist: 'a'.repeat(500) });
  });
});

describe('author and copyright in XMP', () => {
  it.each([
    ['elements', '<dc:creator><rdf:Seq><rdf:li>A. Maker</rdf:li></rdf:Seq></dc:creator>'],
    ['attributes', '<x dc:creator="A. Maker"/>'],
    ['the credit', '<photoshop:Credit>A. Maker</photoshop:Credit>'],
    ['an element that is cut off, and an attribute', '<dc:creator>B <x dc:creator="A. Maker"'],
  ])('are found as %s', (_, artist) => {
    const rights = '<dc:rights>(c) A. Maker</dc:rights>';

    expect(tagsOf({ xmp: artist + rights })).toEqual({ artist: 'A. Maker', copyright: '(c) A. Maker' });
  });

  it.each(['€', '𝄞', 'é'])('are cut off after whole characters: %s', (character) => {
    const text = character.repeat(500 / character.length);

    expect(tagsOf({ xmp: `<dc:creator>${text}${text}</dc:creator>` })).toEqual({ artist: text });
    expect(tagsOf({ xmp: `<dc:creator>${text}${text}` })).toEqual({});
  });

  it('are none where an attribute has no end, so that it is not all of the block', async () => {
    const xmp = `<x dc:creator="${'a '.repeat(LONG / 2)}`;

    expect(tagsOf({ xmp })).toEqual({});
    expect(await timeOf(xmp)).toBeLessThan(MOST_MS);
  });

  it.each(['<', '<dc:creator>', '</dc:creato', '€'])(
    'are looked for among %s in little time',
    async (part) => {
      const rights = part.repeat(LONG / part.length / (part === '€' ? 3 : 1));
      const xmp = `<dc:creator>${rights.slice(0, 1900)}</dc:creator><dc:rights>${rights}`;

      expect(await timeOf(xmp)).toBeLessThan(MOST_MS);
    },
  );
});

const timeOf = (xmp: string): Promise<number> =>
  longestSlice(MOST_MS, () => Promise.resolve(tagsOf({ xmp })));

function tagsOf({ exif, xmp }: { exif?: Buffer; xmp?: string }) {
  const metadata = { format: 'webp', exif, xmp: xmp === undefined ? undefined : Buffer.from(xmp) };
  return wantedMetadata('copyright', metadata as SourceMetadata, Buffer.alloc(0)).tags;
}

function exifWith(tags: number[], textOf: (index: number) => string): Buffer {
  const texts = tags.map((_, index) => Buffer.from(`${textOf(index)}\0`));
  const directory = Buffer.alloc(8 + 2 + 12 * tags.length + 4);
  directory.write('II*\0', 'latin1');
  directory.writeUInt32LE(8, 4);
  directory.writeUInt16LE(tags.length, 8);
  let end = directory.length;
  tags.forEach((tag, index) => {
    const at = 10 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(2, at + 2);
    directory.writeUInt32LE(texts[index].length, at + 4);
    directory.writeUInt32LE(end, at + 8);
    end += texts[index].length;
  });
  return Buffer.concat([directory, ...texts]);
}
