import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { partsOf } from '../../../../test/helpers/tables/read-workbook.js';
import {
  rowOf,
  textCell,
  type WorkbookParts,
  workbookOf,
} from '../../../../test/helpers/tables/workbooks.js';
import { type CellPatch, openInputTable, patchedWorkbook } from '../../tables.js';

const HEADER = ['S. No.', 'Product Name', 'Input Image Urls'];
const MUG = 'https://img.example/mug.jpg';
const SHEET = 'xl/worksheets/sheet1.xml';
const leftOut = (line: number): CellPatch => ({ line, column: null, value: null });

const folder = mkdtempSync(path.join(tmpdir(), 'patched-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(file: string) {
  const table = await openInputTable(file);
  const rows: unknown[] = [];
  const faults: unknown[] = [];
  for await (const batch of table.batches()) {
    rows.push(...batch.rows.map(({ line, productName, urls }) => [line, productName, urls]));
    faults.push(...batch.faults.map(({ line, code }) => [line, code]));
  }
  return { layout: table.layout!, rows, faults };
}

/** What becomes of a workbook with patches: its parts before and after, and how it is read. */
async function patched(parts: WorkbookParts, patches: CellPatch[]) {
  const [file, output] = ['input', 'output'].map((name) => path.join(folder, `${name}.xlsx`));
  await writeFile(file, await workbookOf(parts));
  const { layout } = await read(file);
  const pieces: Buffer[] = [];
  for await (const piece of patchedWorkbook(file, layout, patches)) pieces.push(piece);
  await writeFile(output, Buffer.concat(pieces));
  return { ...(await read(output)), before: await partsOf(file), parts: await partsOf(output) };
}

const rowsWith = (...rows: string[]): WorkbookParts => ({
  sheets: [{ rows: rowOf(1, ...HEADER) + rows.join('') }],
});
const refusalOf = (parts: WorkbookParts, patches: CellPatch[]) =>
  patched(parts, patches).catch((thrown: unknown) => thrown);

describe('a workbook with patches', () => {
  it('has another text in a cell, and all else as it was', async () => {
    const rows = [rowOf(2, '1', 'Mug', 'photos/mug.jpg'), rowOf(3, '2', 'Pot', MUG)];
    const parts = {
      ...rowsWith(...rows),
      parts: { 'docProps/app.xml': '<Properties/>', 'xl/vbaProject.bin': Buffer.from([1, 2, 3]) },
    };
    const result = await patched(parts, [{ line: 2, column: 'Input Image Urls', value: MUG }]);

    expect([result.rows, result.faults]).toEqual([
      [
        [2, 'Mug', [MUG]],
        [3, 'Pot', [MUG]],
      ],
      [],
    ]);
    const { [SHEET]: sheet, ...others } = result.parts;
    const { [SHEET]: sheetBefore, ...othersBefore } = result.before;
    expect(sheet).toBe(sheetBefore.replace('photos/mug.jpg', MUG));
    expect(others).toEqual(othersBefore);
  });

  it.each<[string, string, CellPatch[], unknown[]]>([
    [
      'takes a column by its number',
      rowOf(2, '1', 'Mug', 'x'),
      [{ line: 2, column: 3, value: MUG }],
      [[2, 'Mug', [MUG]]],
    ],
    [
      'adds a cell that the row lacks',
      rowOf(2, '1', 'Mug'),
      [{ line: 2, column: 3, value: MUG }],
      [[2, 'Mug', [MUG]]],
    ],
    [
      'takes the last of two patches for a cell',
      rowOf(2, '1', 'Mug', 'x'),
      [
        { line: 2, column: 3, value: 'y' },
        { line: 2, column: 3, value: MUG },
      ],
      [[2, 'Mug', [MUG]]],
    ],
    [
      'leaves rows out, and all others where they are',
      rowOf(2, '1', 'Mug', 'x') + rowOf(3, '2', 'Pot', MUG) + rowOf(9, '3', 'Cup', 'y'),
      [leftOut(2), leftOut(9)],
      [[3, 'Pot', [MUG]]],
    ],
    [
      'leaves out a row of formulas',
      `<row r="2"><c r="B2" t="str"><f>"Mu"&amp;"g"</f><v>Mug</v></c><c r="C2" t="str"><f>IMAGE("x")</f><v>x</v></c></row>${rowOf(3, '2', 'Pot', MUG)}`,
      [leftOut(2)],
      [[3, 'Pot', [MUG]]],
    ],
    [
      'has a text in the place of a formula',
      `<row r="2">${textCell('B2', 'Mug')}<c r="C2" t="str"><f>IMAGE("x")</f><v>x</v></c></row>`,
      [{ line: 2, column: 3, value: MUG }],
      [[2, 'Mug', [MUG]]],
    ],
    [
      'leaves out a row that is too long',
      rowOf(2, '1', 'Mug', 'x'.repeat(600_000)) + rowOf(3, '2', 'Pot', MUG),
      [leftOut(2)],
      [[3, 'Pot', [MUG]]],
    ],
  ])('%s', async (_, rows, patches, expected) => {
    const result = await patched(rowsWith(rows), patches);

    expect([result.rows, result.faults]).toEqual([expected, []]);
  });

  describe('of a cell with a link', () => {
    const link = (ref: string, id = 'rId1') => `<hyperlink ref="${ref}" r:id="${id}"/>`;
    const withLinks = (links: string, ...rows: string[]): WorkbookParts => ({
      sheets: [
        {
          rows: rowOf(1, ...HEADER) + rows.join(''),
          behind: `<hyperlinks>${links}</hyperlinks>`,
          links: { rId1: 'https://old.example/a.jpg', rId2: MUG },
        },
      ],
    });
    const row = (number: number) => rowOf(number, '1', 'Mug', 'Front');

    it('reads the patch, also where it says nothing', async () => {
      const parts = withLinks(link('C2') + link('C3') + link('C4', 'rId2'), row(2), row(3), row(4));
      const result = await patched(parts, [
        { line: 2, column: 3, value: MUG },
        { line: 3, column: 3, value: '' },
      ]);

      expect(result.rows).toEqual([
        [2, 'Mug', [MUG]],
        [3, 'Mug', []],
        [4, 'Mug', [MUG]],
      ]);
      expect(result.parts[SHEET]).toContain(
        `<hyperlinks><hyperlink ref="C2" location="Sheet1!C2"/><hyperlink ref="C3" location="Sheet1!C3"/>${link('C4', 'rId2')}</hyperlinks>`,
      );
    });

    it('keeps the link of the other cells', async () => {
      const rows = [2, 3, 4].map((number) => rowOf(number, '1', 'Mug', 'Front', 'Side'));
      const result = await patched(withLinks(link('C2:D4', 'rId2'), ...rows), [
        { line: 3, column: 3, value: 'x' },
        leftOut(4),
      ]);

      expect([result.rows, result.faults]).toEqual([[[2, 'Mug', [MUG, MUG]]], [[3, 'URL_INVALID']]]);
      expect(result.parts[SHEET]).toMatch(
        /<hyperlinks><hyperlink ref="D3" r:id="rId2"><\/hyperlink><hyperlink ref="C2:D2" r:id="rId2"\/><\/hyperlinks>/,
      );
    });
  });

  it.each<[string, CellPatch[], string[]]>([
    ['a line where no row begins', [{ line: 9, column: 3, value: MUG }], ['patches[0]']],
    ['an empty row', [{ line: 4, column: 3, value: MUG }], ['patches[0]']],
    ['the header', [leftOut(1)], ['patches[0]']],
    ['a column that the sheet does not have', [{ line: 2, column: 'Picture', value: MUG }], ['patches[0]']],
    ['a number beyond the last column', [{ line: 2, column: 4, value: MUG }], ['patches[0]']],
    [
      'more than a cell can hold',
      [
        { line: 2, column: 3, value: 'x'.repeat(32_767) },
        { line: 2, column: 3, value: 'x'.repeat(32_768) },
      ],
      ['patches[1]'],
    ],
  ])('refuses %s', async (_, patches, fields) => {
    const error = await refusalOf(rowsWith(rowOf(2, '1', 'Mug', 'x'), '<row r="4"/>'), patches);

    expect(error).toMatchObject({ code: 'PATCH_INVALID', details: fields.map((field) => ({ field })) });
  });
});
