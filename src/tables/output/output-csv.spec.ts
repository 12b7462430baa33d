import type { CsvLayout } from '../csv-layout.js';
import { outputCsvHeader, outputCsvRows, type OutputRow } from './output-csv.js';

const LAYOUT: CsvLayout = {
  columns: [
    { name: 'S. No.', role: 'serial' },
    { name: 'Product Name', role: 'product' },
    { name: 'Input Image Urls', role: 'input' },
  ],
  delimiter: ',',
  newline: '\n',
  bom: false,
  encoding: 'utf-8',
};

function row(values: Partial<OutputRow> = {}): OutputRow {
  const inputUrls = ['https://a.example/1.jpg'];
  return {
    serialNumber: '1',
    productName: 'Chair',
    inputUrls,
    outputUrls: ['https://us.example/1'],
    extra: [],
    ...values,
  };
}

describe('the output CSV', () => {
  it('has the four columns of the contract', () => {
    expect(outputCsvHeader(LAYOUT)).toBe('S. No.,Product Name,Input Image Urls,Output Image Urls\n');
    expect(outputCsvRows(LAYOUT, [row(), row({ serialNumber: '2' })])).toBe(
      '1,Chair,https://a.example/1.jpg,https://us.example/1\n2,Chair,https://a.example/1.jpg,https://us.example/1\n',
    );
  });

  it('answers input N with output N, and leaves the place of a failed image empty', () => {
    const inputUrls = ['https://a.example/1', 'https://a.example/2', 'https://a.example/3'];

    const cells = (outputUrls: (string | null)[]) =>
      outputCsvRows(LAYOUT, [row({ inputUrls, outputUrls })]).split('"')[3];

    expect(cells(['x', null, 'z'])).toBe('x,,z');
    expect(cells([null, null, 'z'])).toBe(',,z');
    expect(cells(['x', null, null])).toBe('x,,');
    expect(outputCsvRows(LAYOUT, [row({ outputUrls: [null] })])).toBe('1,Chair,https://a.example/1.jpg,\n');
  });

  it("keeps the user's columns, delimiter, line ends and byte order mark", () => {
    const layout: CsvLayout = {
      ...LAYOUT,
      columns: [
        { name: 'Colour', role: 'extra' },
        ...LAYOUT.columns.toReversed(),
        { name: '', role: 'extra' },
      ],
      delimiter: ';',
      newline: '\r\n',
      bom: true,
    };

    expect(outputCsvHeader(layout)).toBe(
      '\uFEFFColour;Input Image Urls;Product Name;S. No.;;Output Image Urls\r\n',
    );
    expect(outputCsvRows(layout, [row({ extra: ['red', '1,5'] })])).toBe(
      'red;https://a.example/1.jpg;Chair;1;1,5;https://us.example/1\r\n',
    );
  });

  it('puts the outputs into an output column that is there already', () => {
    const [serial, product, input] = LAYOUT.columns;
    const layout: CsvLayout = {
      ...LAYOUT,
      columns: [serial, { name: 'output_urls', role: 'output' }, input, product],
    };

    expect(outputCsvHeader(layout)).toBe('S. No.,output_urls,Input Image Urls,Product Name\n');
    expect(outputCsvRows(layout, [row()])).toBe('1,https://us.example/1,https://a.example/1.jpg,Chair\n');
  });

  it('writes all input URLs into the first of several columns', () => {
    const layout: CsvLayout = { ...LAYOUT, columns: [...LAYOUT.columns, { name: 'Image 2', role: 'input' }] };

    const text = outputCsvRows(layout, [row({ inputUrls: ['https://a.example/1', 'https://a.example/2'] })]);

    expect(text).toBe('1,Chair,"https://a.example/1,https://a.example/2",,https://us.example/1\n');
  });

  it.each([
    ['a,b', '"a,b"'],
    ['a "b"', '"a ""b"""'],
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
    [' a', '" a"'],
    ['a;b\tc', 'a;b\tc'],
    ["'a'", "'a'"],
  ])('writes %j as %j', (productName, cell) => {
    expect(outputCsvRows(LAYOUT, [row({ productName, inputUrls: ['u'], outputUrls: ['v'] })])).toBe(
      `1,${cell},u,v\n`,
    );
  });

  it.each([
    ...['=1+1', '+1', '-1', '@a', '\ta', '\ra'],
    ...['\uff1d1', '\uff0b1', '\uff0d1', '\uff20a'],
    ...[
      '  =1',
      '\n=1',
      '\u00a0=1',
      '\u3000=1',
      '\u0001=1',
      '\ufeff=1',
      '\u200b\u2060 =1',
      '\u00ad\u3164\uff1d1',
    ],
  ])('makes %j harmless for spreadsheets only if asked', (productName) => {
    const columns: CsvLayout['columns'] = [...LAYOUT.columns, { name: productName, role: 'extra' }];
    const layout = { ...LAYOUT, columns };
    const rows = [row({ serialNumber: productName, productName, extra: [productName] })];
    const marks = (text: string) => text.split(`'${productName}`).length - 1;

    expect(marks(outputCsvHeader(layout)) + marks(outputCsvRows(layout, rows))).toBe(0);
    expect(marks(outputCsvHeader(layout, { safe: true }))).toBe(1);
    expect(marks(outputCsvRows(layout, rows, { safe: true }))).toBe(3);
  });

  it.each(['1-1', 'a=b', '  a', '\u200bChair', '\uff11'])(
    'leaves %j as it is for spreadsheets',
    (productName) => {
      expect(outputCsvRows(LAYOUT, [row({ productName })], { safe: true })).not.toContain("'");
    },
  );
});
