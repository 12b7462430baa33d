import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Papa from 'papaparse';
import type { CsvLayout } from './csv-layout.js';
import type { CsvFault, CsvLimits, CsvRepair, CsvWarning } from './csv-faults.js';
import type { InputRow } from './rows/csv-batch.js';
import { openInputTable } from './input-table.js';

const FIXTURES = path.join(process.cwd(), 'test/fixtures/csv');
const HEADER = 'S. No.,Product Name,Input Image Urls\n';

/** What the file beside a fixture says that comes out. */
interface Expected {
  layout: (Omit<CsvLayout, 'columns' | 'source'> & { columns: string[] }) | null;
  rows: [line: number, serialNumber: string, productName: string, urls: string[], extra: string[]][];
  faults: [line: number, code: string, column: string | null, value: string][];
  repairs: [line: number, code: string, column: string | null][];
}

interface Reading {
  layout: CsvLayout | null;
  rows: InputRow[];
  faults: CsvFault[];
  repairs: CsvRepair[];
}

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'input-csv-'));
  file = path.join(folder, 'input.csv');
});

afterAll(() => rm(folder, { recursive: true }));

async function readFileAt(place: string, limits: Partial<CsvLimits> = {}): Promise<Reading> {
  const csv = await openInputTable(place, { limits });
  const reading: Reading = { layout: csv.layout, rows: [], faults: [], repairs: [] };
  for await (const { rows, faults, repairs } of csv.batches()) {
    reading.rows.push(...rows);
    reading.faults.push(...faults);
    reading.repairs.push(...repairs);
  }
  return reading;
}

async function read(content: string | Uint8Array, limits: Partial<CsvLimits> = {}): Promise<Reading> {
  await writeFile(file, content);
  return readFileAt(file, limits);
}

async function warningsOf(place: string): Promise<CsvWarning[]> {
  const warnings: CsvWarning[] = [];
  for await (const batch of (await openInputTable(place)).batches()) warnings.push(...batch.warnings);
  return warnings;
}

const codes = (notes: { code: string }[]) => notes.map(({ code }) => code);

describe('a file as people send it', () => {
  it.each(readFixtureNames())('%s', async (name) => {
    const expected = JSON.parse(await readFile(path.join(FIXTURES, `${name}.json`), 'utf8')) as Expected;

    const { layout, rows, faults, repairs } = await readFileAt(path.join(FIXTURES, `${name}.csv`));

    const columns = layout?.columns.map((column) => `${column.role}: ${column.name}`);
    expect({
      layout: layout && { ...layout, source: undefined, columns },
      rows: rows.map((row) => [row.line, row.serialNumber, row.productName, row.urls, row.extra]),
      faults: faults.map((fault) => [fault.line, fault.code, fault.column, fault.value]),
      repairs: repairs.map((repair) => [repair.line, repair.code, repair.column]),
    }).toEqual(expected);
    for (const { hint } of faults) expect(hint).toMatch(/^[A-Z].*\.$/);
  });
});

describe('the header', () => {
  it.each([
    ['S. No.', 'Product Name', 'Input Image Urls'],
    ['S.No.', 'product_name', 'Input Image URLs'],
    ['S No', 'ProductName', 'inputImageUrls'],
    ['Sno.', 'PRODUCT NAME', 'input_images'],
    ['S_No', 'Name', 'Image URLs'],
    ['Sr. No', 'product', 'images'],
    ['Serial Number', 'Product-Name', 'Input Image Urls (comma separated)'],
    ['serialNumber', 'SKU', 'image_url'],
    ['#', 'title', 'url'],
    ['ID', 'Headline', 'Photo'],
    ['Nr', 'Artikelbezeichnung', 'Bild-URL'],
    ['No', 'Name', 'URL de l’image'],
    ['No', 'Name', 'URL de la imagen 1'],
    ['No', 'Name', 'Afbeelding link'],
    ['Nr.', 'Überschrift', 'Image URL'],
    ['Nr', 'Artikelbezeichnung', 'Images'],
    ['№', 'Product\nName', 'Input\nImage Urls'],
  ])('knows %j, %j and %j', async (...names) => {
    const { layout, rows } = await read(Papa.unparse([names, ['1', 'Chair', 'https://example.com/a.jpg']]));

    expect(layout?.columns).toEqual([
      { name: names[0], role: 'serial' },
      { name: names[1], role: 'product' },
      { name: names[2], role: 'input' },
    ]);
    expect(rows).toMatchObject([
      { serialNumber: '1', productName: 'Chair', urls: ['https://example.com/a.jpg'] },
    ]);
  });

  it('takes the surest of several columns and keeps the others', async () => {
    const header = 'id,sku,url,Product Name,S. No.,Image URL\n';

    const { layout, rows } = await read(
      `${header}7,A-1,https://shop.example.com/,Chair,1,https://example.com/a.jpg\n`,
    );

    expect(layout?.columns.map(({ role }) => role)).toEqual([
      'extra',
      'extra',
      'extra',
      'product',
      'serial',
      'input',
    ]);
    expect(rows[0]).toMatchObject({ serialNumber: '1', extra: ['7', 'A-1', 'https://shop.example.com/'] });
  });

  it.each(['\n', '\r\n', '\r', ' \r\n'])(
    'is found below many blank lines that end with %j',
    async (newline) => {
      const blank = newline.repeat(65_537);

      const { rows } = await read(`${blank}Url${newline}https://example.com/a.jpg${newline}`);

      expect(rows).toMatchObject([{ line: 65_539, serialNumber: '1' }]);
    },
  );

  it('says in which column each URL stands', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `https://example.com/${name}.jpg`);
    const { rows } = await read(`Name,Image 2,Image 1\nMug,"${a},${b}",${c}\n${d}\nLamp,,${a}`);

    expect(rows.map(({ urls, columns }) => [urls, columns])).toEqual([
      [
        [a, b, c, d],
        [2, 2, 3, 2],
      ],
      [[a], [3]],
    ]);
  });

  it('numbers the rows where the file does not, faulty ones included', async () => {
    const { rows } = await read(
      'Product Name,Images\nA,https://a.example/1\nB,\n"C,x\nD,https://a.example/2\n',
    );

    expect(rows.map((row) => [row.serialNumber, row.productName])).toEqual([
      ['1', 'A'],
      ['2', 'B'],
      ['4', 'D'],
    ]);
  });
});

describe('what is no CSV', () => {
  it.each([
    ['EXCEL_FILE', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
    ['EXCEL_FILE', '<?xml version="1.0"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'],
    ['HTML_FILE', '\n <html lang="en">'],
    ['HTML_FILE', '<table><tr><td>S. No.</td></tr></table>'],
    ['JSON_FILE', '{"products": []}'],
    ['JSON_FILE', '[]'],
    ['NOT_A_CSV', Buffer.from('%PDF-1.7\n%\xe2\xe3', 'latin1')],
  ])('is %s', async (code, content) => {
    const { layout, faults } = await read(content);

    expect(layout).toBeNull();
    expect(codes(faults)).toEqual([code]);
  });
});

describe('a header that names no images', () => {
  it('is a fault that lists its columns and the names that are taken', async () => {
    const { faults } = await read('Handle,Title,Variant Price\nmug,Mug,5\n');

    expect(faults).toMatchObject([{ line: 1, code: 'COLUMN_MISSING' }]);
    expect(faults[0].hint).toContain('"Handle", "Title", "Variant Price"');
    expect(faults[0].hint).toContain('"Input Image Urls"');
    expect(faults[0].hint).toContain('"Image URL"');
  });

  it('lists no more of a wide one than can be read', async () => {
    const { faults } = await read(
      `${Array.from({ length: 300 }, (_, i) => `Colour ${i} ${'x'.repeat(30)}`).join()}\n`,
    );

    expect(faults[0]).toMatchObject({ code: 'HEADER_MISSING' });
    expect(faults[0].hint).toContain('and 280 more');
    expect(faults[0].hint.length).toBeLessThan(1_500);
  });

  it('is no data row that has such a word', async () => {
    const { faults } = await read('Name,Colour\nImages,red\nPhoto,blue\n');

    expect(faults).toMatchObject([{ line: 1, code: 'COLUMN_MISSING' }]);
  });

  it('may stand above ten lines only', async () => {
    const lines = (count: number) => `${'A title\n'.repeat(count)}Url\nhttps://a.example/1.jpg\n`;

    expect((await read(lines(9))).rows).toMatchObject([{ line: 11 }]);
    expect(codes((await read(lines(10))).faults)).toEqual(['HEADER_MISSING']);
  });
});

describe('a row that is left out', () => {
  it.each([
    ['2,Mug,none', '2', 'Mug'],
    ['2,Mug,https://a.example/1.jpg,red,blue', '2', 'Mug'],
    ['2,Mug,"https://a.example/1.jpg', '2', 'Mug'],
    ['2,https://a.example/1.jpg', '2', 'https://a.example/1.jpg'],
  ])('is named: %s', async (line, serialNumber, productName) => {
    const { faults } = await read(`${HEADER}${line}\n3,Pot,https://a.example/2.jpg\n`);

    expect(faults).toMatchObject([{ line: 2, row: { serialNumber, productName } }]);
  });
});

describe('bytes that are no UTF-8', () => {
  const lines = (odd: string) =>
    Buffer.concat([
      Buffer.from(`${HEADER}1,Stühle,https://a.example/1.jpg\n2,`),
      Buffer.from(odd, 'latin1'),
      Buffer.from(',https://a.example/2.jpg\n3,Größe,https://a.example/3.jpg\n'),
    ]);

  it('are replaced where the others are', async () => {
    const { layout, rows, repairs } = await read(lines('Gr\xf6\xe4'));

    expect(layout?.encoding).toBe('utf-8');
    expect(rows.map(({ productName }) => productName)).toEqual(['Stühle', 'Gr\ufffd\ufffd', 'Größe']);
    expect(codes(repairs)).toContain('BYTES_REPLACED');
  });

  it('make a file Windows-1252 where they are more', async () => {
    const { layout } = await read(lines('\xf6 \xe4 \xfc \xdf'));

    expect(layout?.encoding).toBe('windows-1252');
  });

  it('are warned of where they are hardly those of Windows-1252', async () => {
    await writeFile(file, lines('\xd7\xe0\xf8\xea\xe0')); // Чашка in Windows-1251

    const warnings = await warningsOf(file);

    expect(warnings).toEqual([expect.objectContaining({ line: 1, code: 'ENCODING_UNSURE' })]);
  });
});

describe('a long file', () => {
  const text = Array.from(
    { length: 4_000 },
    (_, i) => `${i},Stühle €${'–'.repeat(i % 5)},https://example.com/${i}.jpg\n`,
  );
  const windows = (line: string) => line.replaceAll('€', '\x80').replaceAll('–', '\x96');

  it.each([
    ['utf-8', Buffer.from(HEADER + text.join(''))],
    ['utf-16le', Buffer.from(`\uFEFF${HEADER}${text.join('')}`, 'utf16le')],
    ['utf-16be', Buffer.from(`\uFEFF${HEADER}${text.join('')}`, 'utf16le').swap16()],
    ['windows-1252', Buffer.from(windows(HEADER + text.join('')), 'latin1')],
    ['utf-8', Buffer.from((HEADER + text.join('')).replaceAll('\n', '\r\n'))],
  ])('in %s is read piece by piece', async (encoding, bytes) => {
    const { layout, rows, faults } = await read(bytes);

    expect(faults).toEqual([]);
    expect(layout?.encoding).toBe(encoding);
    expect(rows.map((row) => [row.line - 2, row.productName])).toEqual(
      text.map((line, i) => [i, line.split(',')[1]]),
    );
  });

  it('keeps a row whole that no piece holds', async () => {
    const urls = Array.from({ length: 1_000 }, (_, i) => `https://example.com/${'a'.repeat(300)}/${i}.jpg`);

    const { rows } = await read(`${HEADER}1,Chair,"${urls.join(',\n')}"\n2,Table,${urls[0]}\n`);

    expect(rows.map((row) => [row.line, row.urls.length])).toEqual([
      [2, 1_000],
      [1_002, 1],
    ]);
  });
});

describe('limits', () => {
  const url = 'https://example.com/a.jpg';

  it.each([
    ['CELL_TOO_LONG', { nameLength: 20 }, `1,${'a'.repeat(21)},${url}\n`],
    ['CELL_TOO_LONG', { extraBytes: 24 }, `1,Chair,${url},${'a'.repeat(21)}\n`],
    ['TOO_MANY_URLS', { urlsPerRow: 1 }, `1,Chair,"${url},${url}"\n`],
    ['ROW_TOO_LONG', { rowLength: 100 }, `1,${'a'.repeat(70_000)},${url}\n`],
    ['ROW_TOO_LONG', { rowLength: 100 }, `1,Chair,${url}\n${`${url}\n`.repeat(20)}`],
    ['QUOTE_NOT_CLOSED', { rowLength: 100 }, `1,"${'a\n'.repeat(40_000)}`],
  ])('answer %s', async (code, limits, row) => {
    const header = HEADER.replace('\n', ',Colour\n');

    const { rows, faults } = await read(`${header}${row}2,Table,${url}\n`, limits);

    expect(codes(faults)).toContain(code);
    expect(faults[0]).toMatchObject({ line: 2, code });
    expect(faults[0].value.length).toBeLessThanOrEqual(80);
    expect(rows.at(-1)?.productName).toBe('Table');
  });

  it('keep the columns of a header few and short', async () => {
    const wide = await read(`${'a,'.repeat(1_001)}url\n`);
    const long = await read(`${'a'.repeat(1_001)},url\n`);

    expect([...codes(wide.faults), ...codes(long.faults)]).toEqual(['TOO_MANY_COLUMNS', 'CELL_TOO_LONG']);
  });
});

function readFixtureNames(): string[] {
  return readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => path.basename(name, '.csv'));
}
