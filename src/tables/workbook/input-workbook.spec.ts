import { rowOf, textCell, type WorkbookParts } from '../../../test/helpers/tables/workbooks.js';
import { A, B, HEADER, read, readParts, withCells } from '../../../test/helpers/tables/read-workbook.js';

describe('a workbook', () => {
  it('is read as a CSV file with the same cells', async () => {
    const reading = await readParts({
      sheets: [
        {
          name: 'My products',
          rows:
            rowOf(1, ...HEADER, 'Colour') +
            rowOf(2, '1', 'Mug', `${A},${B}`, 'red') +
            '<row r="3" spans="1:4"><c r="A3" s="0"/></row>' +
            rowOf(4, '2', 'Täble "B"', A) +
            rowOf(7, '3', 'Lamp', '', ''),
        },
      ],
    });

    expect(reading.rows).toEqual([
      { line: 2, serialNumber: '1', productName: 'Mug', urls: [A, B], columns: [3, 3], extra: ['red'] },
      { line: 4, serialNumber: '2', productName: 'Täble "B"', urls: [A], columns: [3], extra: [] },
      { line: 7, serialNumber: '3', productName: 'Lamp', urls: [], columns: [], extra: [] },
    ]);
    expect(reading.faults).toEqual([]);
    expect(reading.repairs).toEqual([]);
    expect(reading.layout).toMatchObject({
      sheet: 'My products',
      columns: [
        { name: 'S. No.', role: 'serial' },
        { name: 'Product Name', role: 'product' },
        { name: 'Input Image Urls', role: 'input' },
        { name: 'Colour', role: 'extra' },
      ],
      source: { headerLine: 1, addedColumns: 0, unnamedColumns: 0 },
    });
  });

  it.each<[string, string, Partial<WorkbookParts>, string[]]>([
    ['shared texts', '<c r="C2" t="s"><v>0</v></c>', { strings: [`<t>${A}</t>`] }, [A]],
    [
      'texts with formats, and without readings',
      '<c r="C2" t="s"><v>1</v></c>',
      {
        strings: [
          '<t>no</t>',
          `<r><t>https://img.</t></r><r><rPr><b/></rPr><t>example.com/a.jpg</t></r><rPh sb="0" eb="1"><t>x</t></rPh>`,
        ],
      },
      [A],
    ],
    ['letters that XML can not have', textCell('C2', `${A}_x000D_\n${B}`), {}, [A, B]],
    ['the result of a formula', `<c r="C2" t="str"><f>"https://"&amp;A9</f><v>${A}</v></c>`, {}, [A]],
    ['=IMAGE', `<c r="C2" t="e" vm="1"><f>_xlfn.IMAGE("${A}","a picture",1)</f><v>#VALUE!</v></c>`, {}, [A]],
    [
      '=HYPERLINK with a label',
      `<c r="C2" t="str"><f>HYPERLINK("${A}","Front")</f><v>Front</v></c>`,
      {},
      [A],
    ],
    [
      '=HYPERLINK with a semicolon',
      `<c r="C2" t="str"><f>HYPERLINK("${A}";"Front")</f><v>Front</v></c>`,
      {},
      [A],
    ],
    [
      'a formula as Google Sheets writes it',
      `<c r="C2" t="str"><f>IFERROR(__xludf.DUMMYFUNCTION("image(""${A}"")"),"")</f><v></v></c>`,
      {},
      [A],
    ],
    [
      'a formula that cells share',
      `<c r="C2" t="str"><f t="shared" ref="C2:C3" si="0">HYPERLINK("${A}","x")</f><v>x</v></c></row>` +
        '<row r="3"><c r="C3" t="str"><f t="shared" si="0"/><v>x</v></c>',
      {},
      [A, A],
    ],
    [
      'names with a prefix',
      `<x:c r="C2" t="inlineStr" xmlns:x="urn:x"><x:is><x:t>${A}</x:t></x:is></x:c>`,
      {},
      [A],
    ],
    ['cells without their place', `<c/><c t="str"><v>Mug</v></c><c t="str"><v>${A}</v></c>`, {}, [A]],
    ['CDATA', `<c r="C2" t="str"><v><![CDATA[${A}]]></v></c>`, {}, [A]],
  ])('gives the addresses of %s', async (_, cells, others, urls) => {
    const { rows, faults } = await withCells(cells, others);

    expect(faults).toEqual([]);
    expect(rows.flatMap((row) => row.urls)).toEqual(urls);
  });

  it('takes the link of a cell whose text is no address', async () => {
    const cells =
      textCell('A2', '1') + textCell('B2', 'Mug') + textCell('C2', 'Front') + textCell('D2', 'shop');
    const links = { rId1: `${A}?w=1&h=2`, rId2: 'https://shop.example.com', rId3: B };
    const behind =
      '<hyperlinks><hyperlink ref="C2" r:id="rId1"/><hyperlink ref="D2" r:id="rId2"/><hyperlink ref="C3:C4" r:id="rId3"/></hyperlinks>';
    const more = `</row><row r="3">${textCell('C3', 'Side')}</row><row r="4">${textCell('C4', A)}`;

    const { rows, faults } = await withCells(cells + more, {}, behind, links);

    expect(faults).toEqual([]);
    expect(rows.map(({ urls, extra }) => [urls, extra])).toEqual([
      [[`${A}?w=1&h=2`], ['shop']],
      [[B], []],
      [[A], []],
    ]);
  });

  it.each(['1:3000000000', 'C1:A3000000000', `C2:C${'9'.repeat(400)}`, 'C9:C2', 'Z1:A1048576', 'C0', ''])(
    'gives no cell the link of %j, at once',
    async (ref) => {
      const behind = `<hyperlinks>${`<hyperlink ref="${ref}" r:id="rId1"/>`.repeat(1000)}</hyperlinks>`;
      const cells = textCell('C2', A) + textCell('D2', 'shop');

      const { rows } = await withCells(cells, {}, behind, { rId1: B });

      expect(rows[0]).toMatchObject({ urls: [A], extra: ['shop'] });
    },
  );

  it('gives the first cells of a link that is as large as the sheet', async () => {
    const behind = '<hyperlinks><hyperlink ref="A1:XFD1048576" r:id="rId1"/></hyperlinks>';

    const { rows } = await withCells(textCell('C2', A), {}, behind, { rId1: B });

    expect(rows[0].urls).toEqual([A]);
  });

  it('counts a shared text in each row and cell that has it', async () => {
    const strings = [`<t>${'x'.repeat(50_000)}</t>`];
    const cell = (place: string) => `<c r="${place}" t="s"><v>0</v></c>`;
    const many = [...'DEFGHIJKLMN'].map((column) => cell(`${column}3`)).join('');
    const twice = `</row><row r="3">${textCell('C3', A)}${many}`;

    const { rows, faults } = await withCells(textCell('C2', A) + cell('D2') + twice, { strings });

    expect(rows.map(({ extra }) => extra[0].length)).toEqual([50_000]);
    expect(faults).toMatchObject([{ line: 3, code: 'ROW_TOO_LONG' }]);
  });

  it.each(['0.5', '-1', '1e3', 'x', ''])('has no text of the number %j', async (number) => {
    const { rows } = await withCells(`${textCell('C2', A)}<c r="D2" t="s"><v>${number}</v></c>`, {});

    expect(rows[0].extra.join('')).toBe('');
  });

  it.each([
    ['00123', '<c r="D2" s="1"><v>123</v></c>', '00000'],
    ['4006381333931', '<c r="D2"><v>4006381333931</v></c>', ''],
    ['12345678901234567', '<c r="D2"><v>12345678901234567</v></c>', ''],
    ['19.99', '<c r="D2"><v>19.989999999999998</v></c>', ''],
    ['0.5', '<c r="D2" s="1"><v>0.5</v></c>', '0%'],
    ['100', '<c r="D2"><v>1E+2</v></c>', ''],
    ['2026-01-31', '<c r="D2" s="1"><v>46053</v></c>', 'dd\\.mm\\.yyyy'],
    ['2026-01-31', '<c r="D2" s="1"><v>46053</v></c>', '[$-409]mmm" of "yy;@'],
    ['2026-01-31 18:00:00', '<c r="D2" s="1"><v>46053.75</v></c>', 'yyyy-mm-dd hh:mm'],
    ['18:30:15', '<c r="D2" s="1"><v>0.7710069444444444</v></c>', 'h:mm:ss AM/PM'],
    ['36:00:00', '<c r="D2" s="1"><v>1.5</v></c>', '[h]:mm'],
    ['9999-12-31', '<c r="D2" s="1"><v>2958465</v></c>', 'd/m/yy'],
    ['2958465.9999999', '<c r="D2" s="1"><v>2958465.9999999</v></c>', 'd/m/yy'],
    ['1900-02-28', '<c r="D2" s="1"><v>59</v></c>', 'd/m/yy'],
    ['1900-03-01', '<c r="D2" s="1"><v>61</v></c>', 'd/m/yy'],
    ['12.5', '<c r="D2" s="1"><v>12.5</v></c>', '0.00" day"'],
    ['-7', '<c r="D2" s="1"><v>-7</v></c>', 'd/m/yy'],
    ['TRUE', '<c r="D2" t="b"><v>1</v></c>', ''],
    ['#N/A', '<c r="D2" t="e"><v>#N/A</v></c>', ''],
    ['2026-01-31T12:00:00', '<c r="D2" t="d"><v>2026-01-31T12:00:00</v></c>', ''],
  ])('reads %s', async (text, cell, format) => {
    const { rows } = await withCells(textCell('C2', A) + cell, { formats: [format] });

    expect(rows[0].extra).toEqual([text]);
  });

  it('counts days from 1904 where it says so', async () => {
    const cells = `${textCell('C2', A)}<c r="D2" s="1"><v>44591</v></c>`;
    const { rows } = await withCells(cells, { formats: ['yyyy-mm-dd'], is1904: true });

    expect(rows[0].extra).toEqual(['2026-01-31']);
  });

  it('says in which cell something is wrong', async () => {
    const refusalOf = (url: string) =>
      url === B ? ({ code: 'ADDRESS_REFUSED', message: 'Not there.' } as const) : null;
    const rows = rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', 'photos/a.jpg') + rowOf(3, '2', 'Lamp', B);
    const reading = await readParts({ sheets: [{ name: "Tom's", rows }] }, { refusalOf });

    expect(reading.faults).toEqual([
      expect.objectContaining({ line: 2, cell: "'Tom''s'!C2", code: 'URL_INVALID', value: 'photos/a.jpg' }),
    ]);
    expect(reading.warnings).toEqual([
      expect.objectContaining({ line: 3, cell: "'Tom''s'!C3", code: 'ADDRESS_REFUSED' }),
    ]);
  });

  it.each([
    ['=IMAGE(B2)', '<c r="C2" t="e"><f>IMAGE(B2)</f><v>#VALUE!</v></c>', /formula/],
    ['#VALUE!', '<c r="C2" t="e" vm="1"><v>#VALUE!</v></c>', /picture/],
    [
      'Photo',
      '<c r="C2" t="str"><f>HYPERLINK("https://a.example/"&amp;A2,"Photo")</f><v>Photo</v></c>',
      /whole/,
    ],
  ])('refuses %s in a column of images, and says why', async (value, cell, hint) => {
    const { faults } = await withCells(textCell('A2', '1') + cell);

    expect(faults.filter(({ code }) => code !== 'NO_URL')).toEqual([
      expect.objectContaining({ code: 'URL_INVALID', value, hint: expect.stringMatching(hint) }),
    ]);
  });

  it('takes addresses in columns without a name behind that of the images, and leaves out notes there', async () => {
    const rows =
      rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', A, B) + rowOf(3, '2', 'Lamp', A, 'checked by Ann');
    const reading = await readParts({ sheets: [{ rows }] });

    expect(reading.faults).toEqual([]);
    expect(reading.rows.map(({ urls, columns }) => [urls, columns])).toEqual([
      [
        [A, B],
        [3, 4],
      ],
      [[A], [3]],
    ]);
    expect(reading.repairs.map(({ line, code }) => [line, code])).toEqual([
      [2, 'URLS_OVERFLOWED'],
      [3, 'TRAILING_CELLS_DROPPED'],
    ]);
  });

  it('takes addresses however many columns stand behind the header, and says what it leaves out beyond them', async () => {
    const far = (row: number, column: string, text: string) =>
      `<row r="${row}">${textCell(`B${row}`, 'Mug')}${textCell(`C${row}`, A)}${textCell(column + row, text)}</row>`;
    // The 151st, the 1,000th and the 1,001st column behind that of the images.
    const rows = rowOf(1, ...HEADER) + far(2, 'EX', B) + far(3, 'ALO', B) + far(4, 'ALP', B);
    const reading = await readParts({ sheets: [{ rows }] });

    expect(reading.faults).toEqual([]);
    expect(reading.rows.map(({ urls }) => urls)).toEqual([[A, B], [A, B], [A]]);
    expect(reading.repairs.map(({ line, code }) => [line, code])).toEqual([
      [2, 'URLS_OVERFLOWED'],
      [3, 'URLS_OVERFLOWED'],
      [4, 'TRAILING_CELLS_DROPPED'],
    ]);
  });

  it('needs no header where it holds addresses alone', async () => {
    const reading = await readParts({ sheets: [{ rows: rowOf(3, A) + rowOf(4, B, A) }] });

    expect(reading.rows.map(({ line, urls }) => [line, urls])).toEqual([
      [3, [A]],
      [4, [B, A]],
    ]);
  });
});

describe('the sheets of a workbook', () => {
  const products = (url: string) => rowOf(1, ...HEADER) + rowOf(2, '1', 'Mug', url);
  const sheets = [
    { name: 'Read me', rows: rowOf(1, 'Fill in the products') },
    { name: 'Old', rows: products('https://old.example.com/a.jpg'), state: 'hidden' as const },
    { name: 'Products', rows: products(A) },
    { name: 'More', rows: products(B) },
  ];

  it.each([
    [undefined, 'Products', A],
    ['more', 'More', B],
    ['4', 'More', B],
    ['Old', 'Old', 'https://old.example.com/a.jpg'],
  ])('with sheet=%s is read from %s', async (sheet, name, url) => {
    const reading = await readParts({ sheets }, { columns: sheet === undefined ? {} : { sheet } });

    expect(reading.layout?.sheet).toBe(name);
    expect(reading.rows[0].urls).toEqual([url]);
  });

  it('are named where none has the wanted name', async () => {
    const { faults, layout } = await readParts({ sheets }, { columns: { sheet: 'Product' } });

    expect(layout).toBeNull();
    expect(faults).toEqual([
      expect.objectContaining({
        code: 'SHEET_UNKNOWN',
        hint: 'The workbook has the sheets "Read me", "Old", "Products", "More".',
      }),
    ]);
  });

  it('say where the header is missed', async () => {
    const { faults } = await readParts({ sheets: [{ name: 'Empty', rows: '' }, sheets[0]] });

    expect(faults).toEqual([expect.objectContaining({ code: 'HEADER_MISSING', cell: "'Read me'!A1" })]);
    expect((await readParts({ sheets: [{ rows: '' }] })).faults[0].code).toBe('EMPTY_FILE');
    const csv = Buffer.from(`${HEADER.join(',')}\n1,Mug,${A}\n`);
    expect((await read(csv, { columns: { sheet: 'Products' } })).faults[0].code).toBe('SHEET_UNKNOWN');
  });

  it('of Amazon are read from the template, and not from the examples before it', async () => {
    const names = ['item_sku', 'item_name', 'main_image_url', 'other_image_url1'];
    const template = (url: string) =>
      rowOf(1, 'TemplateType=fptcustom', 'Version=2023.0101') +
      rowOf(2, 'Seller SKU', 'Product Name', 'Main Image URL', 'Other Image URL1') +
      rowOf(3, ...names) +
      rowOf(4, 'MUG', 'Mug', url);
    const reading = await readParts({
      sheets: [
        { name: 'Instructions', rows: rowOf(1, 'Image URL', 'how to') },
        { name: 'Example', rows: template('https://example.com/example.jpg') },
        { name: 'Template', rows: template(A) },
      ],
    });

    expect(reading.layout).toMatchObject({ sheet: 'Template', profile: 'amazon' });
    expect(reading.rows).toEqual([expect.objectContaining({ line: 4, serialNumber: 'MUG', urls: [A] })]);
  });
});
