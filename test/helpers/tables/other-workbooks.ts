import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeXlsx } from 'hucre';
import writeExcelFile from 'write-excel-file/node';
import { convertWithLibreOffice, escaped } from './workbooks.js';

const URL_START = 'https://img.example.com';
const DAY = new Date('2026-01-31T00:00:00Z');

/** What stands in the workbook of every program, as a CSV file would say it; a date as it is, links as their addresses. */
export const PRODUCTS = [
  ['S. No.', 'Product Name', 'Input Image Urls', 'EAN', 'Since', 'Price'],
  ['1', 'Mug', `${URL_START}/a.jpg`, '00123', '2026-01-31', '19.99'],
  ['2', 'Täble "big", <b> & Co', `${URL_START}/b.jpg?w=1&h=2`, '4006381333931', '', '-0.5'],
  ['3', 'Two\nlines', `${URL_START}/c.jpg, ${URL_START}/d.jpg`, '007', '', '1000000'],
  ['4', 'No picture', '', '', '', ''],
];

/** Programs and libraries that write workbooks. Each writes {@link PRODUCTS} into a folder, and gives the file. */
export const PROGRAMS: Record<string, (folder: string, origin?: string) => Promise<string>> = {
  LibreOffice: (folder, origin) => {
    const source = path.join(folder, 'libreoffice.fods');
    writeFileSync(source, openDocument(withOrigin(origin)));
    return Promise.resolve(convertWithLibreOffice([source], 'xlsx', folder)[0]);
  },
  hucre: async (folder, origin) => {
    const [header, ...products] = withOrigin(origin);
    const rows = products.map(([serial, name, urls, ean, since, price]) => [
      ...[Number(serial), name, urls || null, ean || null],
      ...[since ? DAY : null, price ? Number(price) : null],
    ]);
    const link = { value: 'Front', type: 'string' as const, hyperlink: { target: products[1][2] } };
    const sheet = { name: 'Products', rows: [header, ...rows], cells: new Map([['2,2', link]]) };
    return written(folder, 'hucre', await writeXlsx({ sheets: [sheet] }));
  },
  'write-excel-file': async (folder, origin) => {
    const [header, ...rows] = withOrigin(origin);
    const cells = rows.map(([serial, name, urls, ean, since, price], i) => [
      { value: Number(serial), type: Number },
      { value: name, type: String },
      i === 1
        ? { value: `=HYPERLINK("${urls}","Front")`, type: 'Formula' }
        : urls
          ? { value: urls, type: String }
          : null,
      ean ? { value: ean, type: String } : null,
      since ? { value: DAY, type: Date, format: 'dd/mm/yyyy' } : null,
      price ? { value: Number(price), type: Number, format: '#,##0.00' } : null,
    ]);
    const names = header.map((value) => ({ value, type: String, fontWeight: 'bold' as const }));
    const file = path.join(folder, 'write-excel-file.xlsx');
    await writeExcelFile([names, ...cells] as never).toFile(file);
    return file;
  },
};

function withOrigin(origin = URL_START): string[][] {
  return PRODUCTS.map((row) => row.map((cell) => cell.replaceAll(URL_START, origin)));
}

function written(folder: string, name: string, bytes: Uint8Array): string {
  const file = path.join(folder, `${name}.xlsx`);
  writeFileSync(file, bytes);
  return file;
}

/** A flat OpenDocument: the second address is a link, the third a formula. */
function openDocument(table: string[][]): string {
  const rows = table.map(
    (row, i) => `<table:table-row>${row.map((cell, j) => openCell(cell, i, j)).join('')}</table:table-row>`,
  );
  const spaces = ['office', 'table', 'text', 'style', 'number'].map(
    (name) =>
      `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name === 'number' ? 'datastyle' : name}:1.0"`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?><office:document ${spaces.join(' ')} xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" ` +
    'office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:automatic-styles>' +
    '<number:date-style style:name="D"><number:day number:style="long"/><number:text>.</number:text><number:month number:style="long"/><number:text>.</number:text><number:year number:style="long"/></number:date-style>' +
    '<number:number-style style:name="Z"><number:number number:min-integer-digits="5" number:decimal-places="0"/></number:number-style>' +
    '<style:style style:name="date" style:family="table-cell" style:data-style-name="D"/><style:style style:name="zeros" style:family="table-cell" style:data-style-name="Z"/></office:automatic-styles>' +
    `<office:body><office:spreadsheet><table:table table:name="My products">${rows.join('')}</table:table></office:spreadsheet></office:body></office:document>`
  );
}

function openCell(cell: string, row: number, column: number): string {
  const text = cell
    .split('\n')
    .map((line) => `<text:p>${escaped(line)}</text:p>`)
    .join('');
  if (cell === '') return '<table:table-cell/>';
  if (row === 2 && column === 2)
    return `<table:table-cell office:value-type="string"><text:p><text:a xlink:type="simple" xlink:href="${escaped(cell)}">Front</text:a></text:p></table:table-cell>`;
  if (row > 0 && (column === 0 || column === 5))
    return `<table:table-cell office:value-type="float" office:value="${cell}"/>`;
  if (row === 1 && column === 3)
    return `<table:table-cell table:style-name="zeros" office:value-type="float" office:value="${Number(cell)}"/>`;
  if (row === 1 && column === 4)
    return `<table:table-cell table:style-name="date" office:value-type="date" office:date-value="${cell}"/>`;
  return `<table:table-cell office:value-type="string">${text}</table:table-cell>`;
}
