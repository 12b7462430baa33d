import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { longestSlice } from '../../../../test/helpers/main-thread.js';
import { A, HEADER } from '../../../../test/helpers/tables/read-workbook.js';
import {
  rowOf,
  textCell,
  type WorkbookParts,
  workbookOf,
} from '../../../../test/helpers/tables/workbooks.js';
import { openInputTable, outputWorkbook, patchedWorkbook } from '../../tables.js';

/** Asked are 100 ms. A thread takes twice the CPU time beside others on its core. */
const MAX_SLICE_MS = 200;
const SHEET = 'xl/worksheets/sheet1.xml';
const SPACES = ' '.repeat(500_000);
/** What packs badly: with it a part is no bomb. */
const NOISE = `<!--${randomBytes(20_000).toString('hex')}-->`;

const folder = mkdtempSync(path.join(tmpdir(), 'hostile-output-'));
const file = path.join(folder, 'input.xlsx');
afterAll(() => rmSync(folder, { recursive: true }));

/** A sheet whose row 2 has an image, and what stands before and behind its rows. */
const sheetOf = ({ row = '', cell = '', before = '', behind = '', links = {} }): WorkbookParts => {
  const image = textCell('C2', A).replace('"inlineStr">', `"inlineStr"${cell}>`);
  const rows = `${rowOf(1, ...HEADER)}<row r="2"${row}>${textCell('A2', '1')}${image}</row>`;
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const relations = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';
  const xml = `<worksheet ${main} ${relations}>${before}<dimension ref="A1:C2"/><sheetData>${rows}</sheetData>${behind}${NOISE}</worksheet>`;
  return { sheets: [{ rows: '', links }], parts: { [SHEET]: xml } };
};

/** The most of the main thread between two turns, while the workbook is read and written with patches and with results. */
async function longestSliceOf(parts: WorkbookParts): Promise<number> {
  await writeFile(file, await workbookOf(parts));
  return longestSlice(MAX_SLICE_MS, async () => {
    const table = await openInputTable(file);
    let rows = 0;
    for await (const batch of table.batches()) rows += batch.rows.length;
    expect(rows).toBe(1);
    const patches = [2, 3].map((column) => ({ line: 2, column, value: 'other' }));
    const written = [
      patchedWorkbook(file, table.layout!, patches),
      outputWorkbook(file, table.layout!, 'added', (given) =>
        Promise.resolve(given.map(({ urls }) => urls.map(() => 'https://ours.example/1.jpg'))),
      ),
    ];
    for (const pieces of written) {
      let bytes = 0;
      for await (const piece of pieces) bytes += piece.length;
      expect(bytes).toBeGreaterThan(0);
    }
  });
}

describe('a workbook that is read and written in short slices', () => {
  const link = { links: { rId1: A } };
  const hyperlinks = '<hyperlinks><hyperlink ref="C2" r:id="rId1"/></hyperlinks>';

  it.each<[string, Parameters<typeof sheetOf>[0]]>([
    ['blanks in the tag of a cell', { cell: SPACES }],
    ['blanks in the tag of a row', { row: ` ht="20"${SPACES}` }],
    [
      'beginnings of links in a comment',
      { ...link, behind: `<!--${'<hyperlink '.repeat(50_000)}"-->${hyperlinks}` },
    ],
    [
      'beginnings of the size of the sheet in a comment',
      { before: `<!--${'<dimension '.repeat(50_000)}-->` },
    ],
  ])('may have %s', async (_, parts) => {
    expect(await longestSliceOf(sheetOf(parts))).toBeLessThan(MAX_SLICE_MS);
  });

  it('may refer to a part by a way of many steps', async () => {
    const name = `xl/worksheets/_rels/sheet1.xml.rels`;
    const target = 'a/'.repeat(200_000) + '../a/'.repeat(60_000);
    const link = `<Relationship Id="rId1" Type="x/hyperlink" Target="${A}" TargetMode="External"/>`;
    const relationship = `${link}<Relationship Id="rId2" Type="x/comments" Target="${target}"/>${NOISE}`;
    const { sheets, parts } = sheetOf({ behind: hyperlinks });

    expect(
      await longestSliceOf({
        sheets,
        parts: { ...parts, [name]: `<Relationships>${relationship}</Relationships>` },
      }),
    ).toBeLessThan(MAX_SLICE_MS);
  });
});
