import { type NumberFormat, readNumberFormats } from './parts/number-formats.js';
import { readRelationships, type Relationship } from './parts/relationships.js';
import { SharedStrings } from './parts/shared-strings.js';
import { type CellLink, readSheetLinks } from './parts/sheet-links.js';
import { readSheetRows, type SheetPiece, type SheetRowsOptions } from './sheet-rows.js';
import { WorkbookError } from './workbook-error.js';
import { WorkbookZip } from './parts/workbook-zip.js';
import { attributeOf, readXml } from './parts/xml-reader.js';

export interface Sheet {
  name: string;
  /** The name of its part in the ZIP. */
  part: string;
  isHidden: boolean;
}

const MAX_SHEETS = 1_000;
/** Eight times what Excel takes. */
const MAX_NAME_LENGTH = 255;

/** An Excel workbook on the disk. Keeps its shared texts in memory, and reads sheets from the file each time that they are asked for. */
export class Workbook {
  sheets: Sheet[] = [];
  is1904 = false;
  formats: NumberFormat[] = [];
  strings = SharedStrings.none;

  private constructor(
    private readonly file: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** @throws WorkbookError */
  static async open(file: string, signal?: AbortSignal): Promise<Workbook> {
    const workbook = new Workbook(file, signal);
    await workbook.withZip((zip) => workbook.read(zip));
    return workbook;
  }

  /**
   * The rows of a sheet, some at a time.
   * @param from the ZIP, where it is open already
   * @throws WorkbookError
   */
  async *rows(
    { part }: Sheet,
    options: Omit<SheetRowsOptions, 'sharedBytes'>,
    from?: WorkbookZip,
  ): AsyncGenerator<SheetPiece[]> {
    const zip = from ?? (await WorkbookZip.open(this.file));
    try {
      const sharedBytes = (number: number) => this.strings.bytesOf(number);
      yield* readSheetRows(zip.read(part), { signal: this.signal, ...options, sharedBytes });
    } finally {
      if (!from) zip.close();
    }
  }

  /** The links of its cells, by cell. @throws WorkbookError */
  links({ part }: Sheet): Promise<Map<string, CellLink>> {
    return this.withZip(async (zip) => {
      const all = await readRelationships(zip, part, this.signal);
      const links = all.filter(({ type }) => type === 'hyperlink');
      return links.length === 0 ? new Map() : readSheetLinks(zip.read(part), links, this.signal);
    });
  }

  /** Bytes of the sheet and of the texts that it may have, unpacked. */
  bytesOf({ part }: Sheet): Promise<number> {
    return this.withZip((zip) => Promise.resolve(zip.bytesOf(part) + this.strings.bytes));
  }

  private async withZip<T>(work: (zip: WorkbookZip) => Promise<T>): Promise<T> {
    const zip = await WorkbookZip.open(this.file);
    try {
      return await work(zip);
    } finally {
      zip.close();
    }
  }

  private async read(zip: WorkbookZip): Promise<void> {
    const { signal } = this;
    const main = await mainPart(zip, signal);
    const relationships = await readRelationships(zip, main, signal);
    await this.readMain(zip, main, relationships);
    const partOf = (kind: string) => {
      const part = relationships.find(({ type }) => type === kind)?.target;
      return part !== undefined && zip.has(part) ? zip.read(part) : null;
    };
    const styles = partOf('styles');
    if (styles) this.formats = await readNumberFormats(styles, signal);
    const strings = partOf('sharedStrings');
    if (strings) this.strings = await SharedStrings.read(strings, signal);
  }

  private async readMain(zip: WorkbookZip, main: string, relationships: Relationship[]): Promise<void> {
    const parts = new Map(
      relationships.map(({ id, type, target }) => [id, type === 'worksheet' ? target : null]),
    );
    const open = (name: string, attributes: Record<string, string>) => {
      if (name === 'workbookPr') this.is1904 = /^(?:1|true|on)$/.test(attributes.date1904 ?? '');
      if (name !== 'sheet') return;
      const part = parts.get(attributeOf(attributes, 'id') ?? '');
      if (!part || !zip.has(part)) return; // a sheet that is a diagram
      if (this.sheets.length === MAX_SHEETS) throw new WorkbookError('WORKBOOK_TOO_LARGE');
      const { name: title = '', state = 'visible' } = attributes;
      this.sheets.push({ name: title.slice(0, MAX_NAME_LENGTH), part, isHidden: state !== 'visible' });
    };
    await readXml(zip.read(main), { open }, this.signal);
    if (this.sheets.length === 0) throw new WorkbookError('WORKBOOK_DAMAGED');
  }
}

/** What a ZIP is: a workbook that can be read, a spreadsheet of another kind, or something else. @throws WorkbookError */
export async function kindOfZip(file: string): Promise<'workbook' | 'spreadsheet' | 'other'> {
  const zip = await WorkbookZip.open(file);
  try {
    if (zip.has('xl/workbook.bin')) return 'spreadsheet';
    if (zip.has('xl/workbook.xml')) return 'workbook';
    if (zip.has('[Content_Types].xml')) return (await hasSheets(zip)) ? 'workbook' : 'other';
    if (zip.has('Index/Document.iwa') || zip.has('Index.zip')) return 'spreadsheet';
    return (await mimeTypeIn(zip)).includes('opendocument.spreadsheet') ? 'spreadsheet' : 'other';
  } finally {
    zip.close();
  }
}

/** A document of Word is such a ZIP as well. */
async function hasSheets(zip: WorkbookZip): Promise<boolean> {
  const relationships = await readRelationships(zip, await mainPart(zip));
  return relationships.some(({ type }) => type === 'worksheet');
}

async function mainPart(zip: WorkbookZip, signal?: AbortSignal): Promise<string> {
  const main = (await readRelationships(zip, '', signal)).find(({ type }) => type === 'officeDocument');
  return main?.target ?? 'xl/workbook.xml';
}

async function mimeTypeIn(zip: WorkbookZip): Promise<string> {
  if (!zip.has('mimetype')) return '';
  for await (const bytes of zip.read('mimetype')) return bytes.toString('latin1');
  return '';
}
