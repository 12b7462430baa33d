import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileOf, sourceOf, zipOf } from '../zips.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** A sheet as its XML: the rows, and what stands behind them. */
export interface SheetParts {
  name?: string;
  rows: string;
  /** Behind the rows, such as `<hyperlinks>`. */
  behind?: string;
  /** Addresses of the web by the id of their relationship. */
  links?: Record<string, string>;
  state?: 'hidden' | 'veryHidden';
}

export interface WorkbookParts {
  sheets: SheetParts[];
  /** The shared texts, as they stand in their part: `<t>…</t>`. */
  strings?: string[];
  /** Formats of numbers: the style 1 has the first one. */
  formats?: string[];
  is1904?: boolean;
  /** Further parts, and others in the place of those that are made, by name. */
  parts?: Record<string, string | Buffer>;
}

/** A workbook written by hand: for what programs write that we have not. */
export function workbookOf({ sheets, strings, formats, is1904, parts = {} }: WorkbookParts): Promise<Buffer> {
  const all: Record<string, string | Buffer> = {
    '[Content_Types].xml': contentTypes(sheets.length),
    '_rels/.rels': relationships([['rId1', 'officeDocument', 'xl/workbook.xml']]),
    'xl/workbook.xml': `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr${is1904 ? ' date1904="1"' : ''}/><sheets>${sheets
      .map(({ name, state }, i) => sheetElement(name ?? `Sheet${i + 1}`, i, state))
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationships([
      ...sheets.map((_, i): Relation => [`rId${i + 1}`, 'worksheet', `worksheets/sheet${i + 1}.xml`]),
      ['rIdS', 'sharedStrings', 'sharedStrings.xml'],
      ['rIdF', 'styles', 'styles.xml'],
    ]),
    ...(strings && {
      'xl/sharedStrings.xml': `${DECLARATION}<sst xmlns="${MAIN}">${strings.map((one) => `<si>${one}</si>`).join('')}</sst>`,
    }),
    ...(formats && { 'xl/styles.xml': stylesOf(formats) }),
  };
  sheets.forEach(({ rows, behind = '', links = {} }, i) => {
    all[`xl/worksheets/sheet${i + 1}.xml`] =
      `${DECLARATION}<worksheet xmlns="${MAIN}" xmlns:r="${OFFICE}"><dimension ref="A1:C9"/><sheetData>${rows}</sheetData>${behind}</worksheet>`;
    const entries = Object.entries(links);
    if (entries.length > 0)
      all[`xl/worksheets/_rels/sheet${i + 1}.xml.rels`] = relationships(
        entries.map(([id, target]): Relation => [id, 'hyperlink', target, 'External']),
      );
  });
  const files = Object.entries({ ...all, ...parts }).map(([name, text]) => fileOf(name, Buffer.from(text)));
  return zipOf(sourceOf(files));
}

/** A row of cells with texts of their own. */
export function rowOf(number: number, ...texts: string[]): string {
  const cells = texts.map((text, place) => textCell(String.fromCharCode(65 + place) + number, text));
  return `<row r="${number}">${cells.join('')}</row>`;
}

/** A cell with a text of its own. */
export function textCell(cell: string, text: string): string {
  return `<c r="${cell}" t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

type Relation = [id: string, type: string, target: string, mode?: string];

function relationships(all: Relation[]): string {
  const one = ([id, type, target, mode]: Relation) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${escaped(target)}"${mode ? ` TargetMode="${mode}"` : ''}/>`;
  return `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships">${all.map(one).join('')}</Relationships>`;
}

function sheetElement(name: string, index: number, state?: string): string {
  return `<sheet name="${escaped(name)}" sheetId="${index + 1}"${state ? ` state="${state}"` : ''} r:id="rId${index + 1}"/>`;
}

function contentTypes(sheets: number): string {
  const ofMain = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = Array.from(
    { length: sheets },
    (_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="${ofMain}.worksheet+xml"/>`,
  );
  return (
    `${DECLARATION}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
    `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${ofMain}.sheet.main+xml"/>${parts.join('')}` +
    `<Override PartName="/xl/sharedStrings.xml" ContentType="${ofMain}.sharedStrings+xml"/><Override PartName="/xl/styles.xml" ContentType="${ofMain}.styles+xml"/></Types>`
  );
}

function stylesOf(formats: string[]): string {
  const own = formats.map((code, i) => `<numFmt numFmtId="${170 + i}" formatCode="${escaped(code)}"/>`);
  const styles = formats.map((_, i) => `<xf numFmtId="${170 + i}" fontId="0" fillId="0" borderId="0"/>`);
  return (
    `${DECLARATION}<styleSheet xmlns="${MAIN}"><numFmts count="${own.length}">${own.join('')}</numFmts><fonts count="1"><font/></fonts>` +
    `<fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs>` +
    `<cellXfs count="${styles.length + 1}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>${styles.join('')}</cellXfs></styleSheet>`
  );
}

/** Has LibreOffice write files in another format, into a folder of their own. @returns the new files, in the same order */
export function convertWithLibreOffice(files: string[], format: string, folder: string): string[] {
  const profile = mkdtempSync(path.join(tmpdir(), 'libreoffice-'));
  try {
    const installation = `-env:UserInstallation=${pathToFileURL(profile).href}`;
    const words = ['--headless', installation, '--convert-to', format, '--outdir', folder, ...files];
    execFileSync('soffice', words, { stdio: 'pipe' });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 50 });
  }
  return files.map((file) => path.join(folder, `${path.parse(file).name}.${format.split(':')[0]}`));
}
