import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { propertyRuns } from '../../../../test/helpers/property-runs.js';
import { partsOf } from '../../../../test/helpers/tables/read-workbook.js';
import {
  rowOf,
  textCell,
  type WorkbookParts,
  workbookOf,
} from '../../../../test/helpers/tables/workbooks.js';
import { openInputTable } from '../../input-table.js';
import type { InputRow } from '../../rows/csv-batch.js';
import { outputSheetCsv, outputWorkbook, type UrlsWritten } from './output-workbook.js';

const HEADER = ['S. No.', 'Product Name', 'Input Image Urls'];
const A = 'https://img.example.com/a.jpg';
const B = 'https://img.example.com/b.jpg?w=1&h=2';
const SHEET = 'xl/worksheets/sheet1.xml';
const LINKS = 'xl/worksheets/_rels/sheet1.xml.rels';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'output-workbook-'));
});
afterAll(() => rm(folder, { recursive: true }));

const resultOf = (url: string): string | null =>
  url.includes('failed') ? null : `https://ours.example/images/${Buffer.from(url).toString('hex')}/image.jpg`;

async function read(file: string) {
  const table = await openInputTable(file);
  const rows: InputRow[] = [];
  for await (const batch of table.batches()) rows.push(...batch.rows);
  return { layout: table.layout!, rows };
}

const textsOf = (rows: InputRow[]) => Promise.resolve(rows.map(({ urls }) => urls.map(resultOf)));

/** The workbook, and what became of it. */
async function written(parts: WorkbookParts, urls: UrlsWritten, by = textsOf) {
  const [file, output] = ['input', 'output'].map((name) => path.join(folder, `${name}-${++count}.xlsx`));
  await writeFile(file, await workbookOf(parts));
  const { layout, rows } = await read(file);
  const pieces: Buffer[] = [];
  for await (const piece of outputWorkbook(file, layout, urls, by)) pieces.push(piece);
  await writeFile(output, Buffer.concat(pieces));
  return { file, output, layout, rows, parts: await partsOf(output), before: await partsOf(file) };
}

/** The row 2 of a workbook, before and after. */
async function rowWritten(cells: string, urls: UrlsWritten, others: Partial<WorkbookParts> = {}) {
  const rows = `${rowOf(1, ...HEADER)}<row r="2" spans="1:3" ht="20">${cells}</row>`;
  const result = await written({ sheets: [{ rows }], ...others }, urls);
  return { ...result, row: /<row r="2".*?<\/row>/s.exec(result.parts[SHEET])![0] };
}

describe('a workbook with other URLs', () => {
  const [a, b] = [A, B].map((url) => resultOf(url)!);

  it.each<[string, string, string, Partial<WorkbookParts>]>([
    [
      'a shared text',
      '<c r="C2" s="1" t="s"><v>0</v></c>',
      `<c r="C2" s="1" t="inlineStr"><is><t xml:space="preserve">${a}</t></is></c>`,
      { strings: [`<t>${A}</t>`], formats: ['@'] },
    ],
    ['a list', textCell('C2', `${A} | ${B}`), textCell('C2', `${a} | ${b}`), {}],
    [
      'a formula with an address',
      `<c r="C2" t="e" vm="1"><f>_xlfn.IMAGE("${A}","cup",1)</f><v>#VALUE!</v></c>`,
      `<c r="C2" vm="1" t="e"><f>_xlfn.IMAGE(&quot;${a}&quot;,&quot;cup&quot;,1)</f><v>#VALUE!</v></c>`,
      {},
    ],
    [
      'a formula that has its address for a result',
      `<c r="C2" t="str"><f>HYPERLINK("${A}")</f><v>${A}</v></c>`,
      `<c r="C2" t="str"><f>HYPERLINK(&quot;${a}&quot;)</f><v>${a}</v></c>`,
      {},
    ],
    [
      'a formula that makes an address',
      `<c r="C2" t="str"><f>"https://img.example.com/"&amp;"a.jpg"</f><v>${A}</v></c>`,
      `<c r="C2" t="str"><f>&quot;${a}&quot;</f><v>${a}</v></c>`,
      {},
    ],
    [
      'names with a prefix',
      `<x:c xmlns:x="urn:x" r="C2" t="str"><x:v>${A}</x:v></x:c>`,
      `<x:c r="C2" t="inlineStr"><x:is><x:t xml:space="preserve">${a}</x:t></x:is></x:c>`,
      {},
    ],
  ])('keeps what it can of %s', async (_, cell, expected, others) => {
    const first = textCell('B2', 'Mug');
    const { row } = await rowWritten(first + cell, 'replaced', others);

    expect(row).toBe(`<row r="2" spans="1:3" ht="20">${first}${expected}</row>`);
  });

  it('has other addresses behind the texts of links, and only there', async () => {
    const links = { rId1: A, rId2: 'https://shop.example.com', rId3: B };
    const behind =
      '<hyperlinks><hyperlink ref="C2" r:id="rId1"/><hyperlink ref="B2" r:id="rId2"/><hyperlink ref="C3" r:id="rId3"/></hyperlinks>';
    const rows = rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', 'Front') + rowOf(3, '2', 'Pot', B);
    const { parts, before } = await written({ sheets: [{ rows, behind, links }] }, 'replaced');

    expect(parts[SHEET]).toBe(before[SHEET].replace(textCell('C3', B), textCell('C3', b)));
    const escapedB = B.replace('&', '&amp;');
    expect(parts[LINKS]).toBe(before[LINKS].replace(A, a).replace(escapedB, b));
  });

  it('leaves no formula that refers to one that is no more', async () => {
    const shared = (cell: string, formula: string, value: string, rest = ' t="str"') =>
      `<c r="${cell}"${rest}>${formula}<v>${value}</v></c>`;
    const rows =
      rowOf(1, ...HEADER, 'Price') +
      `<row r="2">${shared('C2', '<f t="shared" ref="C2:D4" si="0">B2&amp;"x"</f>', A)}</row>` +
      `<row r="3">${shared('C3', '<f t="shared" si="0"/>', 'https://img.example.com/failed.jpg')}${shared('D3', '<f t="shared" si="0"/>', '7', '')}</row>` +
      `<row r="4">${shared('C4', '<f t="shared" si="1" ref="C4">"a"</f>', `${A}?2`)}</row>`;
    const { parts } = await written({ sheets: [{ rows }] }, 'replaced');

    expect(parts[SHEET]).toContain(
      '<c r="C3" t="str"><f>&quot;https://img.example.com/failed.jpg&quot;</f><v>https://img.example.com/failed.jpg</v></c><c r="D3" t="n"><f>7</f><v>7</v></c>',
    );
    expect(parts[SHEET]).not.toContain('shared');
  });

  it('keeps or empties the cells of images that failed', async () => {
    const failed = 'https://img.example.com/failed.jpg';
    const rows = rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', failed) + rowOf(3, '2', 'Pot', `${failed},${A}`);
    const kept = await written({ sheets: [{ rows }] }, 'replaced');
    const emptied = await written({ sheets: [{ rows }] }, 'replaced', async (read) =>
      (await textsOf(read)).map((texts) => texts.map((text) => text ?? '')),
    );

    expect(kept.parts[SHEET]).toBe(kept.before[SHEET].replace(`${failed},${A}`, `${failed},${a}`));
    expect(emptied.parts[SHEET]).toContain(`<c r="C2"/></row>`);
    expect(emptied.parts[SHEET]).toContain(textCell('C3', `,${a}`));
  });

  it('as CSV is the sheet with its results', async () => {
    const rows = rowOf(1, 'My "products"') + rowOf(3, ...HEADER) + rowOf(4, '1', 'Mug', `${A},${B}`);
    const { file, layout } = await written({ sheets: [{ rows }] }, 'replaced');
    let text = '';
    for await (const piece of outputSheetCsv(file, layout, textsOf)) text += piece;

    expect(text).toBe(`\ufeff"My ""products"""\r\n${HEADER.join(',')}\r\n1,Mug,"${a},${b}"\r\n`);
  });
});

describe('a workbook with results', () => {
  it('has them in a column behind all others, with the style of the header', async () => {
    const header = [1, 2, 3].map((i) => `<c r="${'ABC'[i - 1]}1" s="1" t="str"><v>${HEADER[i - 1]}</v></c>`);
    const rows =
      `<row r="1" spans="1:3">${header.join('')}</row>` +
      rowOf(2, '1', 'Mug', `${A},https://img.example.com/failed.jpg`) +
      `<row r="3">${textCell('C3', B)}${textCell('E3', 'checked')}<c r="H3" s="1"/></row>` +
      '<row r="4" ht="9"/>';
    const { parts, before, output } = await written({ sheets: [{ rows }], formats: ['@'] }, 'added');

    const [a, b] = [A, B].map((url) => resultOf(url)!);
    expect(parts[SHEET]).toBe(
      before[SHEET].replace('ref="A1:C9"', 'ref="A1:F9"')
        .replace(' spans="1:3"', '')
        .replace(
          `${header[2]}</row>`,
          `${header[2]}${textCell('F1', 'Output Image Urls').replace('"F1"', '"F1" s="1"')}</row>`,
        )
        .replace('failed.jpg</t></is></c>', `failed.jpg</t></is></c>${textCell('F2', `${a},`)}`)
        .replace('<c r="H3"', `${textCell('F3', b)}<c r="H3"`),
    );
    const again = await read(output);
    expect(again.layout.columns.at(-1)).toEqual({ name: 'Output Image Urls', role: 'output' });
  });

  it('has them in the column that is there for them', async () => {
    const rows =
      rowOf(1, 'Output Image Urls', ...HEADER) +
      rowOf(2, 'old', '1', 'Mug', A) +
      rowOf(3, 'old', '2', 'Pot', '');
    const { parts, before } = await written({ sheets: [{ rows }] }, 'added');

    expect(parts[SHEET]).toBe(
      before[SHEET].replace(textCell('A2', 'old'), textCell('A2', resultOf(A)!)).replace(
        textCell('A3', 'old'),
        '<c r="A3"/>',
      ),
    );
  });

  it('never has a cell that Excel can not hold', async () => {
    const urls = Array.from({ length: 400 }, (_, i) => `https://img.example.com/${i}.jpg`);
    const rows = rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', urls.join(','));
    const added = await written({ sheets: [{ rows }] }, 'added');
    const replaced = await written({ sheets: [{ rows }] }, 'replaced');

    expect(added.parts[SHEET]).toContain(
      '<t xml:space="preserve">More than a cell can hold: see output.csv</t>',
    );
    expect(replaced.parts[SHEET]).toBe(replaced.before[SHEET]);
  });
});

describe('any workbook', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab<&>"\' _é\n', '_x0041_', '\u{1f600}'), maxLength: 6 });
  const url = fc.nat({ max: 9 }).map((n) => `https://img.example.com/${n}.jpg`);
  const link = url.map((target) => ({ kind: 'link' as const, target }));
  const image = fc.oneof(
    fc.array(url, { maxLength: 3 }).map((urls) => ({ kind: 'inline' as const, text: urls.join(',') })),
    fc.array(url, { maxLength: 3 }).map((urls) => ({ kind: 'shared' as const, text: urls.join(' | ') })),
    url.map((target) => ({ kind: 'formula' as const, target })),
    link,
  );
  const row = fc.record({
    name: text,
    image,
    note: text,
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  const table = fc.record({
    rows: fc.array(row, { minLength: 1, maxLength: 6 }),
    gap: fc.nat({ max: 3 }),
    media: fc.uint8Array({ maxLength: 50 }),
    urls: fc.constantFrom<UrlsWritten>('added', 'replaced'),
  });

  it('comes back the same but for its results, and is read again alike', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ rows, gap, media, urls }) => {
        const strings: string[] = [];
        const links: Record<string, string> = {};
        const refs: string[] = [];
        const cells = rows.map(({ name, image, note, number }, i) => {
          const at = i + 2 + gap;
          const own = () => {
            switch (image.kind) {
              case 'inline':
                return textCell(`C${at}`, image.text);
              case 'shared':
                return `<c r="C${at}" t="s"><v>${strings.push(`<t>${image.text}</t>`) - 1}</v></c>`;
              case 'formula':
                return `<c r="C${at}" t="str"><f>HYPERLINK("${image.target}","x")</f><v>x</v></c>`;
              case 'link':
                links[`rId${i}`] = image.target;
                refs.push(`<hyperlink ref="C${at}" r:id="rId${i}"/>`);
                return textCell(`C${at}`, 'Front');
            }
          };
          return `<row r="${at}"><c r="A${at}"><v>${number}</v></c>${textCell(`B${at}`, name)}${own()}${textCell(`D${at}`, note)}</row>`;
        });
        const behind = refs.length > 0 ? `<hyperlinks>${refs.join('')}</hyperlinks>` : '';
        const parts: WorkbookParts = {
          sheets: [
            { rows: rowOf(1, ...HEADER, 'Note') + cells.join(''), behind, links },
            { rows: rowOf(1, 'x') },
          ],
          strings,
          parts: { 'xl/media/image1.png': Buffer.from(media) },
        };

        const result = await written(parts, urls);

        const changed = Object.keys(result.before).filter(
          (name) => result.parts[name] !== result.before[name],
        );
        expect([SHEET, LINKS]).toEqual(expect.arrayContaining(changed));
        expect(Object.keys(result.parts).sort()).toEqual(Object.keys(result.before).sort());
        const again = await read(result.output);
        const plain = ({ line, serialNumber, productName, extra }: InputRow) => [
          line,
          serialNumber,
          productName,
          extra[0] ?? '',
        ];
        expect(again.rows.map(plain)).toEqual(result.rows.map(plain));
        const expected = result.rows.map((each) => (urls === 'added' ? each.urls : each.urls.map(resultOf)));
        expect(again.rows.map((each) => each.urls)).toEqual(expected);
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
