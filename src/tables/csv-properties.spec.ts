import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Papa from 'papaparse';
import type { ColumnRole } from './header/columns.js';
import type { CsvLayout } from './csv-layout.js';
import { outputCsvHeader, outputCsvRows } from './output/output-csv.js';
import type { CsvFault } from './csv-faults.js';
import type { InputRow } from './rows/csv-batch.js';
import { openInputTable } from './input-table.js';
import { propertyRuns } from '../../test/helpers/property-runs.js';

/** Files that each property tries; a hundred thousand take some minutes. */
const RUNS = propertyRuns(300);
const HEADER = 'S. No.,Product Name,Input Image Urls\n';

/** Its second row has an address for a serial number and another for a name: written out, a line of URLs only. */
const URL_FOR_SERIAL = `${HEADER}1,Chair,https://a.example/1\n"https://a.example/2",https://a.example/3,http://b.example/1,2\n`;

/** Its second line is one of URLs only, though one of them has a separator before it. */
const SEPARATOR_BEFORE_URL = `${HEADER}1,Chair,https://a.example/1,\rhttps://a.example/2,,|https://a.example/3\n`;

/** Its second row has an address for a serial number, and nothing but a separator for images: written out, it is one of URLs only. */
const SEPARATOR_FOR_IMAGES = [',,|', ',;,|'].map(
  (end) => `${HEADER}1,Chair,https://a.example/1\n"https://a.example/2"${end}\n`,
);

/** Written out, the character before the second scheme is encoded, and ends with a letter. */
const CHARACTER_BEFORE_SCHEME = `${HEADER}1,Chair,https://a.example/1,2\uFFFDhttps://a.example/2\n`;

/** Written out, without the quote, the first address is one that another scheme follows. */
const QUOTE_BEFORE_TWO = `${HEADER}1,Chair,https://a.example/1,'https://a.example/2https://"\n`;

/** Behind a row that can't be read, and is left out, comes a line of URLs only. */
const URLS_BEHIND_BROKEN = `${HEADER}1,Chair,https://a.example/1\n1,Chair,https://a.example/2,"\rhttp://b.example/1,2,\n`;

/** Its second row would be a blank line. */
const SEPARATOR_ALONE = `${HEADER}1,Chair,https://a.example/1\n,,|\n`;

interface Reading {
  layout: CsvLayout | null;
  rows: InputRow[];
  faults: CsvFault[];
}

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'input-csv-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** A file of its own: an example that the time of a property interrupts goes on beside the first one of the next property. */
async function newFile(content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, `input-${++files}.csv`);
  await writeFile(file, content);
  return file;
}

async function read(content: string | Uint8Array): Promise<Reading> {
  const file = await newFile(content);
  const csv = await openInputTable(file);
  const reading: Reading = { layout: csv.layout, rows: [], faults: [] };
  for await (const { rows, faults } of csv.batches()) {
    reading.rows.push(...rows);
    reading.faults.push(...faults);
  }
  await rm(file);
  return reading;
}

/** All of a row but its line, and empty cells that a short row may lack. */
const contents = (rows: InputRow[]) =>
  rows.map((row) => ({
    ...row,
    line: 0,
    columns: [],
    extra: row.extra.slice(0, row.extra.findLastIndex((cell) => cell !== '') + 1),
  }));

describe('any file', () => {
  const urlArbitrary = fc.oneof(
    fc.webUrl().filter((url) => !/[\s|;,'"()[\]]/.test(url)),
    fc.constantFrom(
      'https://res.example.com/w_1,h_2/a.jpg',
      'http://example.com/1.png',
      'https://example.com/?a=1;2',
    ),
  );
  const cellArbitrary = fc.string({ unit: fc.constantFrom(...'",;\t\n\r =|[\'aé😀', '\r\n') });
  const nameArbitrary = cellArbitrary.map((text) => text.trim());
  /** A row of empty cells is none: spreadsheets write them behind the last one. */
  const rowArbitrary = fc
    .record({
      line: fc.constant(0),
      serialNumber: nameArbitrary,
      productName: nameArbitrary,
      urls: fc.array(urlArbitrary, { maxLength: 4 }),
      columns: fc.constant<number[]>([]),
      extra: fc.tuple(cellArbitrary, cellArbitrary),
    })
    .filter(({ serialNumber, productName, urls, extra }) =>
      [serialNumber, productName, ...urls, ...extra].some((cell) => cell.trim() !== ''),
    );
  const roles: ColumnRole[] = ['serial', 'product', 'input', 'extra', 'extra'];
  const names = {
    serial: 'S. No.',
    product: 'Product Name',
    input: 'Input Image Urls',
    output: '',
    extra: 'Colour; "size"',
  };
  const tableArbitrary = fc.record({
    rows: fc.array(rowArbitrary, { minLength: 1, maxLength: 8 }),
    roles: fc.shuffledSubarray(roles, { minLength: roles.length }),
    delimiter: fc.constantFrom(',', ';', '\t'),
    newline: fc.constantFrom('\n', '\r\n'),
    quotes: fc.boolean(),
    mark: fc.constantFrom('', '\uFEFF'),
    end: fc.boolean(),
  });

  it('that a CSV writer wrote is read back the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        tableArbitrary,
        async ({ rows, roles: order, delimiter, newline, quotes, mark, end }) => {
          const cells = rows.map((row) => {
            const extra = [...row.extra];
            const own = {
              serial: row.serialNumber,
              product: row.productName,
              input: row.urls.join(','),
              output: '',
            };
            return order.map((role) => (role === 'extra' ? extra.shift()! : own[role]));
          });
          const table = [order.map((role) => names[role]), ...cells];
          const text = Papa.unparse(table, { delimiter, newline, quotes }) + (end ? newline : '');

          const reading = await read(mark + text);

          const hasNoUrl = rows.every(({ urls }) => urls.length === 0);
          expect(reading.faults.map(({ code }) => code)).toEqual(hasNoUrl ? ['NO_URL'] : []);
          expect(contents(reading.rows)).toEqual(contents(rows));
          expect(reading.layout).toMatchObject({ delimiter, newline, bom: mark !== '' });
        },
      ),
      { numRuns: RUNS },
    );
  });

  const pieces = [...'",\n\r;\t |[]\'\0\u00a01a\ud800', '""', '"\n"', '://', 'http:', 'https://'];
  const urls = ['https://example.com/a.jpg', 'http://b.example/1,2', 'https://c.example/d.png,'];
  const messArbitrary = fc.string({ unit: fc.constantFrom(...pieces, ...urls), maxLength: 60 });
  const headers = [
    HEADER,
    '',
    'url\n',
    'Url,Colour\n',
    'S. No.;Product Name;Url;Note;\r\n',
    'Page,Name,Image 1,Image 2\n',
  ];
  const fileArbitrary = fc.oneof(
    fc.tuple(fc.constantFrom(...headers), messArbitrary).map(([header, mess]) => Buffer.from(header + mess)),
    fc
      .tuple(fc.constantFrom(...headers), messArbitrary)
      .map(([header, mess]) => Buffer.from(header + mess, 'utf16le')),
    fc
      .tuple(fc.constantFrom(...headers), fc.uint8Array())
      .map(([header, mess]) => Buffer.concat([Buffer.from(header), mess])),
    fc.uint8Array(),
  );

  it('gives rows or faults, never an error, and the same each time', async () => {
    await fc.assert(
      fc.asyncProperty(fileArbitrary, async (bytes) => {
        const file = await newFile(bytes);
        const csv = await openInputTable(file);
        const passes = [];
        for (let pass = 0; pass < 2; pass++) {
          const batches = [];
          for await (const batch of csv.batches()) batches.push(batch);
          passes.push(batches);
        }
        await rm(file);

        expect(passes[0]).toEqual(passes[1]);
        const rows = passes[0].flatMap((batch) => batch.rows);
        const faults = passes[0].flatMap((batch) => batch.faults);
        expect(rows.length + faults.length).toBeGreaterThan(0);
        if (!csv.layout) expect(rows).toEqual([]);
        rows.forEach((row, i) => expect(row.line).toBeGreaterThan(i === 0 ? 0 : rows[i - 1].line));
        for (const url of rows.flatMap((row) => row.urls)) {
          expect(new URL(url)).toMatchObject({
            protocol: expect.stringMatching(/^https?:$/),
            username: '',
            password: '',
          });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('comes back the same after our writer', async () => {
    const outputArbitrary = fc.oneof(
      fileArbitrary,
      fc
        .tuple(fc.constantFrom(...headers), fc.array(messArbitrary))
        .map(([header, mess]) =>
          Buffer.from(header + mess.map((text) => `1,Chair,https://example.com/a.jpg,${text}\n`).join('')),
        ),
    );
    await fc.assert(
      fc.asyncProperty(outputArbitrary, async (bytes) => {
        const first = await read(bytes);
        if (!first.layout || !first.rows.some(({ urls }) => urls.length > 0)) return;
        const rows = first.rows.map((row) => ({
          ...row,
          inputUrls: row.urls,
          outputUrls: row.urls.map(() => null),
        }));
        const output = outputCsvHeader(first.layout) + outputCsvRows(first.layout, rows);

        const second = await read(output);

        expect(second.faults).toEqual([]);
        expect(contents(second.rows)).toEqual(contents(first.rows));
      }),
      {
        numRuns: RUNS,
        examples: [
          [Buffer.from(URL_FOR_SERIAL)],
          [Buffer.from(SEPARATOR_BEFORE_URL)],
          [Buffer.from(SEPARATOR_ALONE)],
          [Buffer.from(CHARACTER_BEFORE_SCHEME)],
          [Buffer.from(QUOTE_BEFORE_TWO)],
          [Buffer.from(URLS_BEHIND_BROKEN)],
          [Buffer.from(SEPARATOR_FOR_IMAGES[0])],
          [Buffer.from(SEPARATOR_FOR_IMAGES[1])],
        ],
      },
    );
  });
});
