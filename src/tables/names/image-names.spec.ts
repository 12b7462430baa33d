import fc from 'fast-check';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { csvFault, DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import { readHeader } from '../header/csv-header.js';
import { ImageNames } from './image-names.js';
import { readNameTemplate } from './name-template.js';

const HEADER = 'SKU,Product Name,Colour,Input Image Urls';
const SHOPIFY = 'Handle,Title,Variant SKU,Image Src,Image Position,Variant Image';
const URL = 'https://a.example/p/IMG_0042.JPG?w=100#x';

function namesOf(template: string, header: string, rows: string[][], urls = [URL]): string[][] {
  const encoding = { encoding: 'utf-8', bom: false, isDamaged: false, binary: null } as const;
  const head = { text: `${header}\n${rows[0].join(',')}\n`, firstLine: 1, isWhole: true };
  const { table, faults } = readHeader(head, encoding as never, DEFAULT_CSV_LIMITS, { imageName: template });
  expect(faults).toEqual([]);
  const names = new ImageNames(template, table!);
  const { serial, product } = table!.places;
  return rows.map((cells, index) => {
    const serialNumber = serial === -1 ? String(index + 1) : (cells[serial] ?? '');
    return names.next({ serialNumber, productName: cells[product] ?? '', urls }, cells);
  });
}

const nameOf = (template: string, product = 'Blue Mug', sku = 'AB 12') =>
  namesOf(template, HEADER, [[sku, product, 'Sky', URL]])[0][0];

describe('the name of a result', () => {
  it.each([
    ['{sku}-{n}', 'ab-12-1'],
    ['{product}', 'blue-mug'],
    ['{original}', 'img_0042'],
    ['{serial}_{column: colour }', '1_sky'],
    ['{product}-{hash}', 'blue-mug-{hash}'],
    ['Shop / {product}!', 'shop-blue-mug'],
    ['{product}_thumb', 'blue-mug-thumb'],
    ['photo', 'photo'],
  ])('by %s is %s', (template, name) => {
    expect(nameOf(template)).toBe(name);
  });

  it.each([
    ['Tür & Größe', 'tuer-groesse'],
    ['Tu\u0308r', 'tuer'],
    ['Crème brûlée №5', 'creme-brulee-no5'],
    ['ŁÓDŹ', 'lodz'],
    ['A, B; C?', 'a-b-c'],
    ['../..\\x', 'x'],
    ['chair_small', 'chair-small'],
    ['茶碗 🍵', 'chawan-tea'],
    ['Чашка голубая', 'chashka-golubaya'],
    ['Κύπελλο', 'kypello'],
    ['„—“', 'image'],
    ['', 'image'],
    ['İstanbul', 'istanbul'],
  ])('of %j is made safe: %s', (product, name) => {
    expect(nameOf('{product}', product)).toBe(name);
  });

  it('is shortened where texts of the file are long, never its number or digest', () => {
    const name = nameOf('{product}-{sku}-{n}-{hash}', 'x'.repeat(500), 'y'.repeat(500));

    expect(name).toMatch(/^x{31}-y{31}-1-\{hash\}$/);
  });

  it('counts through the rows of one product, and takes from above what they leave empty', () => {
    const rows = [
      ['sock', 'Sock', 'SOCK-S', URL],
      ['sock', '', '', URL],
      ['sock', '', 'SOCK-L', URL],
      ['lamp', 'Lamp', '', URL],
      ['', '', 'X', URL],
      ['', '', '', URL],
    ];

    expect(namesOf('{column:handle}-{product}-{sku}-{n}', SHOPIFY, rows, [URL, URL])).toEqual([
      ['sock-sock-sock-s-1', 'sock-sock-sock-s-2'],
      ['sock-sock-sock-s-3', 'sock-sock-sock-s-4'],
      ['sock-sock-sock-l-5', 'sock-sock-sock-l-6'],
      ['lamp-lamp-1', 'lamp-lamp-2'],
      ['x-1', 'x-2'],
      ['1', '2'],
    ]);
  });

  it('has characters that every channel takes, whatever the file says', () => {
    const text = fc.string({ unit: 'binary', maxLength: 120 });
    const template = fc.constantFrom(
      '{sku}-{n}',
      '{product}',
      '{original}{hash}',
      '{column:colour}_{n}_{hash}',
    );
    fc.assert(
      fc.property(template, text, text, text, text, (template, sku, product, colour, file) => {
        const row = { serialNumber: sku, productName: product, urls: [`https://a.example/${file}`] };
        const names = new ImageNames(template, tableOf());
        const [name] = names
          .next(row, [sku, product, colour, ''])
          .map((each) => each.replace('{hash}', '0123abcd'));

        expect(name).toMatch(/^[a-z0-9][a-z0-9_-]{0,79}$/);
        expect(name).not.toMatch(/_(small|medium|thumb)$/);
      }),
      { numRuns: propertyRuns(500) },
    );
  });

  const tableOf = () => {
    const head = { text: `${HEADER}\n`, firstLine: 1, isWhole: true };
    return readHeader(head, { encoding: 'utf-8', bom: false } as never, DEFAULT_CSV_LIMITS).table!;
  };

  it.each([
    ['{sku', /brace/],
    ['sku}', /brace/],
    ['{price}', /no placeholder \{price\}; there are \{sku\}/],
    ['{}', /no placeholder \{\}/],
    ['{column:}', /no placeholder/],
    ['{{sku}}', /brace/],
    ['x'.repeat(65), /16 of 80 characters/],
    ['{hash}'.repeat(9), /16 of 80 characters/],
    ['x'.repeat(201), /at most 200/],
    ['a\nb', /at most 200/],
  ])('is refused by the template %j', (template, message) => {
    expect(() => readNameTemplate(template)).toThrow(message);
  });

  it.each([
    ['{column:Price}', '{column:Price}'],
    ['{sku}', '{sku}'],
    ['{product}', '{product}'],
  ])('by %s needs its column', (template, column) => {
    const head = { text: `Input Image Urls\n${URL}\n`, firstLine: 1, isWhole: true };
    const wanted = { imageName: template };

    const { faults } = readHeader(head, { encoding: 'utf-8' } as never, DEFAULT_CSV_LIMITS, wanted);

    expect(faults).toEqual([
      csvFault(
        'COLUMN_UNKNOWN',
        { line: 1, column, value: 'Input Image Urls', hint: faults[0].hint },
        DEFAULT_CSV_LIMITS,
      ),
    ]);
    expect(faults[0].hint).toContain(`no column for ${column}`);
  });
});
