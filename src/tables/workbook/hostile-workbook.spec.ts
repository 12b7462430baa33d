import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { rowOf, type WorkbookParts, workbookOf } from '../../../test/helpers/tables/workbooks.js';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { fileOf, sourceOf, zipOf } from '../../../test/helpers/zips.js';
import { A, B, HEADER, read, readParts } from '../../../test/helpers/tables/read-workbook.js';

describe('what is no workbook that can be read', () => {
  it.each<[string, string, Partial<WorkbookParts> | Buffer]>([
    ['WORKBOOK_DAMAGED', 'XML that is none', { sheets: [{ rows: '<row>' }] }],
    [
      'WORKBOOK_DAMAGED',
      'a DTD',
      { parts: { 'xl/workbook.xml': '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>' } },
    ],
    ['WORKBOOK_DAMAGED', 'rows that go back', { sheets: [{ rows: rowOf(2, 'Image URL') + rowOf(1, A) }] }],
    ...['2.5', '1e1', '0x10', '-1', ' '].map((number): [string, string, Partial<WorkbookParts>] => [
      'WORKBOOK_DAMAGED',
      `a row with the number "${number}"`,
      { sheets: [{ rows: rowOf(1, 'Image URL') + rowOf(2, A).replace('r="2"', `r="${number}"`) }] },
    ]),
    [
      'WORKBOOK_DAMAGED',
      'bytes that are no UTF-8',
      { parts: { 'xl/worksheets/sheet1.xml': Buffer.from('<a>\xff</a>', 'latin1') } },
    ],
    ['WORKBOOK_DAMAGED', 'the beginning of a workbook', Buffer.from('PK\x03\x04 xl/workbook.xml')],
    [
      'WORKBOOK_TOO_LARGE',
      'tags without end',
      { sheets: [{ rows: `<row r="1"><c r="A1" t="${'x'.repeat(5_000_000)}"/></row>` }] },
    ],
    ['WORKBOOK_TOO_LARGE', 'styles without end', { formats: Array<string>(70_000).fill('0') }],
    [
      'WORKBOOK_DAMAGED',
      'attributes without end',
      { sheets: [{ rows: `<row r="1" ${Array.from({ length: 2_000 }, (_, i) => `a${i}=""`).join(' ')}/>` }] },
    ],
    [
      'WORKBOOK_TOO_LARGE',
      'a shared text without end',
      // With bytes that pack badly, or the part is a bomb.
      { strings: [`<t>${'_x0041_'.repeat(200_000)}</t><!--${randomBytes(20_000).toString('hex')}-->`] },
    ],
    ['EXCEL_FILE', 'a binary workbook', { parts: { 'xl/workbook.bin': 'x' } }],
  ])('is refused with %s: %s', async (code, _, parts) => {
    const content = Buffer.isBuffer(parts)
      ? parts
      : await workbookOf({ sheets: [{ rows: rowOf(1, 'x') }], ...parts });

    expect((await read(content)).faults.map((fault) => fault.code)).toEqual([code]);
  });

  it('is looked through for a header to a bounded size, however many sheets it has', async () => {
    const comment = `<!--${randomBytes(700_000).toString('hex')}-->`; // that packs badly: no bomb
    const sheets = Array.from({ length: 60 }, () => ({ rows: '', behind: comment }));
    const table = rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', A);

    const near = await readParts({ sheets: [...sheets.slice(0, 30), { rows: table }] });
    const far = await readParts({ sheets: [...sheets, { rows: table }] });

    expect(near.rows).toHaveLength(1);
    expect(far.faults.map(({ code }) => code)).toEqual(['EMPTY_FILE']);
  });

  it('is refused where its ZIP says much of each part', async () => {
    const parts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`xl/more${i}.xml`, '<a/>']));
    const workbook = await workbookOf({
      sheets: [{ rows: rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', A) }],
      parts,
    });

    expect((await read(withExtraFields(workbook, 0))).rows).toHaveLength(1);
    const { faults } = await read(withExtraFields(workbook, 60_000));
    expect(faults.map(({ code }) => code)).toEqual(['WORKBOOK_TOO_LARGE']);
  });

  it('is no workbook where it is a text of Word', async () => {
    const parts = { '[Content_Types].xml': '<Types/>', 'word/document.xml': '<document/>' };
    const files = Object.entries(parts).map(([name, text]) => fileOf(name, Buffer.from(text)));

    expect((await read(await zipOf(sourceOf(files)))).faults[0].code).toBe('NOT_A_CSV');
  });

  it('is found out behind rows that could be read', async () => {
    const good = Array.from({ length: 3_000 }, (_, i) => rowOf(i + 2, String(i), 'Mug', A)).join('');
    const bad = '<row r="4000"><c r="B4000"><v>1</v></c><c r="A4000"/></row>';
    const reading = await readParts({ sheets: [{ rows: rowOf(1, ...HEADER) + good + bad }] });
    const { rows: taken, faults } = reading;

    expect(taken.length).toBeGreaterThan(1_000);
    expect(faults.map(({ code }) => code)).toEqual(['WORKBOOK_DAMAGED']);
  });

  it('is a fault of the file, whatever stands in its parts', async () => {
    const pieces = [
      ...['<row>', '</row>', '<row r="5">', '<c r="C2" t="s">', '<c/>', '</c>', '<v>', '</v>', '<f>', '</f>'],
      ...['<is>', '<t>', '</t>', '</is>', '</sheetData>', '<!--', '-->', '<![CDATA[', ']]>', '<?x', '?>'],
      ...[
        '&amp;',
        '&x;',
        '&#0;',
        '<',
        '>',
        '"',
        ' t="e"',
        ' r="ZZZZZZZ9"',
        ' s="99999"',
        '1e999',
        A,
        '_x0000_',
        '\0',
        'é',
      ],
    ];
    const damage = fc.record({
      at: fc.nat({ max: 600 }),
      length: fc.nat({ max: 20 }),
      by: fc.array(fc.constantFrom(...pieces), { maxLength: 4 }).map((all) => all.join('')),
    });
    const cells = `<c r="C2" t="s"><v>0</v></c><c r="D2" s="1"><v>46053</v></c>`;
    const good: WorkbookParts = {
      sheets: [{ rows: `${rowOf(1, ...HEADER)}<row r="2">${cells}</row>${rowOf(3, '2', 'Pot', B)}` }],
      strings: [`<r><t>${A}</t></r>`],
      formats: ['yyyy-mm-dd'],
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        fc.nat({ max: 2 }),
        async (all, part) => {
          const hurt = (text: string) =>
            all.reduce((left, { at, length, by }) => left.slice(0, at) + by + left.slice(at + length), text);
          const { sheets, strings, formats } = good;
          const parts: WorkbookParts = [
            { ...good, sheets: [{ rows: hurt(sheets[0].rows) }] },
            { ...good, strings: strings!.map(hurt) },
            { ...good, formats: formats!.map(hurt) },
          ][part];

          const { rows, faults } = await readParts(parts);

          expect(rows.length + faults.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: propertyRuns(150) },
    );
  });
});

/** The ZIP with so many bytes of empty extra fields for each entry of its directory. */
function withExtraFields(zip: Buffer, bytes: number): Buffer {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const start = zip.readUInt32LE(end + 16);
  const extra = Buffer.concat(Array<Buffer>(bytes / 4).fill(Buffer.from([0xfe, 0xca, 0, 0])));
  const entries: Buffer[] = [];
  for (let at = start; at < end;) {
    const [name, own] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const header = Buffer.from(zip.subarray(at, at + 46 + name + own));
    header.writeUInt16LE(own + bytes, 30);
    entries.push(header, extra);
    at += header.length + zip.readUInt16LE(at + 32);
  }
  const directory = Buffer.concat(entries);
  const last = Buffer.from(zip.subarray(end));
  last.writeUInt32LE(directory.length, 12);
  return Buffer.concat([zip.subarray(0, start), directory, last]);
}
