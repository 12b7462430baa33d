import sharp from 'sharp';
import { ImageError } from '../../errors/app-error.js';
import { recogniseForeign, recogniseFormat } from './registry.js';

const canvas = { create: { width: 8, height: 8, channels: 3 as const, background: 'tomato' } };

describe('recogniseFormat', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const)(
    'knows %s by its bytes',
    async (format) => {
      const image = await sharp(canvas).toFormat(format).toBuffer();

      expect(recogniseFormat(image).name).toBe(format);
    },
  );

  it.each([
    ['BigTIFF, little endian', 'II+\0\b\0\0\0'],
    ['TIFF, big endian', 'MM\0*\0\0\0\b'],
  ])('knows %s', (_, head) => {
    expect(recogniseFormat(Buffer.from(head, 'latin1')).name).toBe('tiff');
  });

  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['SVG', '\ufeff<?xml version="1.0"?>\n<!-- drawn by hand --><svg width="1">'],
    ['Video', ftyp('isom', 'iso2', 'mp41')],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
    ['JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n'],
    ['JPEG XL', '\xff\n\x00'],
    ['ICO', '\0\0\x01\0\x01\0\x10\x10'],
    ['PDF', '%PDF-1.7\n'],
    ['Photoshop', '8BPS\0\x01'],
    ['Canon raw', 'II*\0\x10\0\0\0CR\x02\0'],
  ])('refuses %s by its name', (name, head) => {
    expect(() => recogniseFormat(Buffer.from(head, name === 'SVG' ? 'utf8' : 'latin1'))).toThrow(
      expect.objectContaining({
        code: 'FORMAT_NOT_SUPPORTED',
        message: `${name} files are not supported; use JPEG, PNG, WebP, AVIF, GIF, TIFF, HEIC or BMP.`,
        retryable: false,
      }),
    );
  });

  it.each([
    ['heic', ftyp('heic', 'mif1', 'heic')],
    ['heic', ftyp('mif1', 'mif1', 'heic')],
    ['bmp', 'BM\x36\0\x0c\0\0\0\0\0\x36\0\0\0\x28\0\0\0'],
    [undefined, ftyp('mif1', 'mif1', 'avif')],
    [undefined, 'BMW and other cars, and more of them'],
  ])('knows that %s is only read', (name, head) => {
    expect(recogniseForeign(Buffer.from(head, 'latin1'))?.name).toBe(name);
  });

  it('takes an AVIF for one although its first brand is that of HEIC', () => {
    expect(recogniseFormat(Buffer.from(ftyp('mif1', 'mif1', 'avif', 'miaf'), 'latin1')).name).toBe('avif');
  });

  it.each([
    ['nothing', '', 'The file is empty.'],
    ['a web page', '\n<!DOCTYPE html><html><svg></svg></html>', 'This is a web page, not an image.'],
    ['a web page', '<html lang="en">', 'This is a web page, not an image.'],
    ['text', 'BMW and other cars', 'This is not an image.'],
    ['JSON', '{"error":"not found"}', 'This is not an image.'],
    ['XML', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'This is not an image.'],
    ['a PNG cut off in its signature', '\x89PNG', 'This is not an image.'],
  ])('refuses %s', (_, content, message) => {
    expect(() => recogniseFormat(Buffer.from(content, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'NOT_AN_IMAGE', message, retryable: false }),
    );
  });

  it.each(['<!-- -->', '<!-- --> ', '<!--<!-- -->', '<!DOCTYPE svg>', ' '])(
    'reads many of "%s" in one pass',
    (part) => {
      const source = Buffer.from(part.repeat(Math.floor(4096 / part.length)));

      expect(() => recogniseFormat(source)).toThrow('not an image');
      expect(() => recogniseFormat(Buffer.concat([source.subarray(0, 2000), Buffer.from('<svg>')]))).toThrow(
        ImageError,
      );
    },
  );
});

function ftyp(major: string, ...compatible: string[]): string {
  return `\0\0\0${String.fromCharCode(16 + compatible.length * 4)}ftyp${major}\0\0\0\0${compatible.join('')}`;
}
