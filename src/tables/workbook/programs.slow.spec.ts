import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import Papa from 'papaparse';
import { PRODUCTS, PROGRAMS } from '../../../test/helpers/tables/other-workbooks.js';
import {
  convertWithLibreOffice,
  escaped,
  rowOf,
  workbookOf,
} from '../../../test/helpers/tables/workbooks.js';
import { type InputRow, openInputTable, outputWorkbook } from '../tables.js';

const MEGABYTE = 1024 * 1024;
const MAX_MEGABYTES = 300;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'programs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a workbook', () => {
  it.each(Object.entries(PROGRAMS))('of %s is read as what was written', async (_, write) => {
    const { layout, batches } = await openInputTable(await write(folder));
    const read: string[][] = [];
    for await (const { rows, faults } of batches()) {
      expect(faults).toEqual([]);
      for (const { serialNumber, productName, urls, extra } of rows)
        read.push([serialNumber, productName, urls.join(', '), ...extra]);
    }

    expect(layout!.columns.map(({ name }) => name)).toEqual(PRODUCTS[0]);
    const short = (row: string[]) => row.slice(0, Math.max(3, row.findLastIndex((cell) => cell !== '') + 1));
    expect(read).toEqual(PRODUCTS.slice(1).map(short));
  });

  it.each(Object.entries(PROGRAMS))(
    'of %s comes back with results, opens in LibreOffice, and has all other cells as they were',
    async (_, write) => {
      const own = mkdtempSync(path.join(folder, 'output-'));
      const file = await write(own);
      const { layout } = await openInputTable(file);
      const resultOf = (url: string) => url.replaceAll('img.example.com', 'results.example.com');
      const textsOf = (rows: InputRow[]) => Promise.resolve(rows.map(({ urls }) => urls.map(resultOf)));
      const files = [file];
      for (const urls of ['added', 'replaced'] as const) {
        files.push(path.join(own, `${urls}.xlsx`));
        await pipeline(outputWorkbook(file, layout!, urls, textsOf), createWriteStream(files.at(-1)!));
      }

      const read = convertWithLibreOffice(files, 'csv:Text - txt - csv (StarCalc):44,34,76', own).map(
        (csv) => Papa.parse<string[]>(readFileSync(csv, 'utf8').trimEnd()).data,
      );

      const [before, added, replaced] = read;
      const results = ['Output Image Urls', ...PRODUCTS.slice(1).map((row) => row[2].replace(', ', ','))].map(
        resultOf,
      );
      expect(added).toEqual(before.map((row, i) => [...row, results[i]]));
      expect(replaced).toEqual(before.map((row) => row.map(resultOf)));
      const again: string[] = [];
      for await (const { rows } of (await openInputTable(files[2])).batches())
        again.push(...rows.map(({ urls }) => urls.join()));
      expect(again).toEqual(results.slice(1));
    },
  );

  it('is refused where it is one of another kind', async () => {
    const source = await PROGRAMS.LibreOffice(folder);
    for (const format of ['ods', 'xls']) {
      const [file] = convertWithLibreOffice([source], format, folder);
      for await (const { faults } of (await openInputTable(file)).batches())
        expect(faults.map(({ code }) => code)).toEqual(['EXCEL_FILE']);
    }
  });

  it('of 100,000 rows is read and written in little memory', async () => {
    const file = path.join(folder, 'large.xlsx');
    const url = (i: number) => `https://img.example.com/products/${i}/front-view.jpg?width=1200`;
    const rows = Array.from({ length: 100_000 }, (_, i) => {
      const shared = `<c r="C${i + 2}" t="s"><v>${i}</v></c>`;
      return `<row r="${i + 2}"><c r="A${i + 2}"><v>${i}</v></c><c r="B${i + 2}" t="str"><v>Product ${i}</v></c>${shared}</row>`;
    });
    const links = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`rId${i}`, url(i)]));
    const refs = Object.keys(links).map((id, i) => `<hyperlink ref="C${i + 2}" r:id="${id}"/>`);
    const header = rowOf(1, 'S. No.', 'Product Name', 'Input Image Urls');
    writeFileSync(
      file,
      await workbookOf({
        sheets: [
          { rows: header + rows.join(''), behind: `<hyperlinks>${refs.join('')}</hyperlinks>`, links },
        ],
        strings: Array.from({ length: 100_000 }, (_, i) => `<t>${escaped(url(i))}</t>`),
      }),
    );

    const output = path.join(folder, 'large-output.xlsx');
    const words = ['test/helpers/tables/read-table-in-child.mjs', file, output];
    const { products, images, megabytes } = JSON.parse(
      execFileSync(process.execPath, words, { encoding: 'utf8' }),
    );

    expect([products, images]).toEqual([100_000, 100_000]);
    expect(statSync(output).size).toBeGreaterThan(MEGABYTE);
    expect(megabytes).toBeLessThan(MAX_MEGABYTES);
  });
});

/** Python writes what no program for tables does. */
const BOMB = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as good, zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as bad:
    for each in good.infolist():
        if each.filename == sys.argv[3]:
            with bad.open(each.filename, 'w') as part:
                head, tail = good.read(each.filename).split(b'@')
                part.write(head)
                for _ in range(int(sys.argv[4])): part.write(b' ' * 1048576)
                part.write(tail)
        else:
            bad.writestr(each.filename, good.read(each.filename))
`;
/** Makes a ZIP say that its parts become a thousand bytes. */
const LIAR = `
import sys, struct
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.find(b'PK\\x01\\x02')
while at != -1:
    size = struct.unpack_from('<I', data, at + 24)[0]
    if size > 1000000: struct.pack_into('<I', data, at + 24, 1000)
    at = data.find(b'PK\\x01\\x02', at + 4)
open(sys.argv[1], 'wb').write(data)
`;

describe('a bomb', () => {
  const parts = {
    sheets: [
      {
        rows: `${rowOf(1, 'Image URL')}<row r="2"><c r="A2" t="str"><v>https://a.example/1.jpg@</v></c></row>`,
      },
    ],
  };

  it.each([
    ['in a sheet', 'xl/worksheets/sheet1.xml', parts],
    ['in shared texts', 'xl/sharedStrings.xml', { ...parts, strings: ['<t>@</t>'] }],
    [
      'in the list of parts',
      '_rels/.rels',
      { ...parts, parts: { '_rels/.rels': '<Relationships>@</Relationships>' } },
    ],
  ])('%s is refused, and so is one that lies about its size', async (_, part, given) => {
    const [good, bomb] = ['good.xlsx', 'bomb.xlsx'].map((name) => path.join(folder, name));
    writeFileSync(good, await workbookOf(given));
    execFileSync('python3', ['-c', BOMB, good, bomb, part, '300']);

    expect(await refusal(bomb)).toBe('WORKBOOK_TOO_LARGE');
    execFileSync('python3', ['-c', LIAR, bomb]);
    expect(await refusal(bomb)).toBe('WORKBOOK_TOO_LARGE');
  });

  async function refusal(file: string): Promise<string> {
    const before = process.memoryUsage().rss;
    const { batches } = await openInputTable(file);
    const codes: string[] = [];
    for await (const { faults } of batches()) codes.push(...faults.map(({ code }) => code));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MEGABYTE);
    return codes.join();
  }
});
