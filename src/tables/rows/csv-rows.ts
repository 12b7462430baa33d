import { BatchWriter, type CsvBatch, type InputRow } from './csv-batch.js';
import type { CsvFaultCode, CsvLimits, RefusalOf, RowName } from '../csv-faults.js';
import type { CsvTable } from '../header/csv-header.js';
import { ImageNames } from '../names/image-names.js';
import { isBlank, isUrlOrBlank, RowCells } from './csv-row-cells.js';
import type { RecordBlock, RecordNote } from '../records/record-block.js';
import { ShopLimits, UnusedColumns } from './odd-columns.js';
import { readUrlList, URL_START, type UrlList } from '../urls/url-list.js';

/** A record that waits for the next one, which may go on with its URLs. */
interface OpenRecord {
  line: number;
  cells: string[];
  /** Lines of nothing but URLs that follow it. */
  continuations: string[];
  continuationLength: number;
}

const NO_LINES: string[] = [];

/** Told of a row: the line that it begins on and its cells, in the columns of the header where they could be brought there. */
export type OnCells = (line: number, cells: string[]) => void;

/** What a reader of rows does besides. */
export interface RowOptions {
  /** Asked of each address; what it refuses becomes a warning. */
  refusalOf?: RefusalOf;
  /** Told of each row, before it is judged. */
  onCells?: OnCells;
  /** Whether a row has all of its cells. */
  keepsCells?: boolean;
  /** What names the results of each row. */
  imageNames?: ImageNames;
}

/** Turns the records of a file into rows: finds the URLs wherever they stand, and judges them. */
export class CsvRowReader {
  private open: OpenRecord | null = null;
  private number = 0;
  /** Whether the last row could not be read: lines of URLs that follow it are no rows of their own. */
  private isBehindBroken = false;
  private mayHaveNul = false;
  private hasRows = false;
  private hasUrls = false;
  /** The scheme of the last URL that had one: that of a page in which `//…` stands. */
  private scheme = 'https:';
  private readonly batch: BatchWriter;
  private readonly rowCells: RowCells;
  /** Written by a program, one record a row. */
  private readonly isOfShop: boolean;
  /** Every cell stands in its column: so it is written by programs, and in sheets. */
  private readonly isExact: boolean;
  private readonly shopLimits: ShopLimits;
  private readonly unused: UnusedColumns;

  constructor(
    private readonly table: CsvTable,
    private readonly limits: CsvLimits,
    private readonly options: RowOptions = {},
  ) {
    this.batch = new BatchWriter(table.names, limits, table.layout.sheet);
    this.isOfShop = table.layout.profile !== undefined;
    this.isExact = this.isOfShop || table.layout.sheet !== undefined;
    this.shopLimits = new ShopLimits(table.profile, this.batch);
    this.unused = new UnusedColumns(table, this.batch);
    this.rowCells = new RowCells(table, limits, this.batch, (text) => this.listOf(text));
  }

  /** The line of the row that comes with the next block, or null where there is none. */
  get openLine(): number | null {
    return this.open?.line ?? null;
  }

  /** The rows of a block. Its last row comes with the next block, or with {@link end}. */
  push(block: RecordBlock): CsvBatch {
    this.mayHaveNul ||= block.hasNul;
    const { headerLine } = this.table;
    const { records, lines, faults, repairs } = block;
    let next = 0;
    for (let i = 0; i < records.length; i++) {
      while (next < faults.length && faults[next].line < lines[i]) this.addBroken(faults[next++]);
      if (lines[i] > headerLine) this.addRecord(records[i], lines[i]);
    }
    while (next < faults.length) this.addBroken(faults[next++]);
    for (const { line, cell, code } of repairs) if (line > headerLine) this.batch.repair(code, line, cell);
    return this.batch.take();
  }

  /** What is left when the file is at its end, with what is wrong with all of it. */
  end(): CsvBatch {
    this.close();
    const { headerLine } = this.table;
    if (this.number === 0) this.batch.fault('NO_ROWS', headerLine, null);
    else if (this.hasRows && !this.hasUrls) this.batch.fault('NO_URL', Math.max(headerLine, 1), null);
    return this.batch.take();
  }

  private addRecord(cells: string[], line: number): void {
    if (isBlank(cells)) this.batch.repair('BLANK_LINE_SKIPPED', line);
    else if (!this.open && this.number === 0 && this.repeatsHeader(cells))
      this.batch.repair('HEADER_REPEATED', line);
    else if (this.open && this.isContinuation(cells)) this.addContinuation(this.open, cells, line);
    else if (this.isBehindBroken && this.isContinuation(cells)) this.addUnclear(cells, line);
    else {
      this.close();
      this.isBehindBroken = false;
      this.open = { line, cells, continuations: NO_LINES, continuationLength: 0 };
    }
  }

  /** Templates of marketplaces have it up to three times. */
  private repeatsHeader(cells: string[]): boolean {
    const { names } = this.table;
    return names.length > 1 && names.every((name, place) => cells[place]?.trim() === name);
  }

  private addBroken({ line, code, value = '' }: RecordNote<CsvFaultCode>): void {
    this.close();
    this.isBehindBroken = true;
    this.number++;
    this.batch.beginRow();
    this.batch.fault(code, line, null, value);
    const cells = value.slice(0, this.limits.nameLength).split(this.table.layout.delimiter);
    this.leaveOut(cells.map((cell) => (cell.includes('"') ? '' : cell)));
  }

  /**
   * A line of URLs only. Where a row begins with something that can be a URL itself (a product's page, say),
   * the line must also be too short to reach the column of image URLs.
   */
  private isContinuation(cells: string[]): boolean {
    if (this.isExact || !beginsWithUrl(cells)) return false;
    const length = cells.findLastIndex((cell, place) => !this.isNothing(cell, place)) + 1;
    return length <= this.table.places.inputs[0] || this.hasUrlForSerial(cells);
  }

  /** Nothing but URLs from the column of serial numbers on, as no row has. */
  private hasUrlForSerial(cells: string[]): boolean {
    const { serial, inputs, output } = this.table.places;
    if (this.isOfShop || serial !== 0 || inputs[0] === 0 || !beginsWithUrl(cells)) return false;
    return cells.every((cell, i) => i === output || isUrlOrBlank(cell) || this.isNothing(cell, i));
  }

  /** Blank, or in a column of images separators or quotes alone: written again, that is an empty cell. */
  private isNothing(cell: string, place: number): boolean {
    if (cell.trim() === '') return true;
    if (!this.table.places.inputs.includes(place)) return false;
    const { urls, invalid } = this.listOf(cell);
    return urls.length + invalid.length === 0;
  }

  private addContinuation(open: OpenRecord, cells: string[], line: number): void {
    const text = this.rowCells.joined(cells);
    open.continuationLength += text.length;
    // Beyond the limit the row is a fault in any case: no need to keep more of it.
    if (open.continuations === NO_LINES) open.continuations = [];
    if (open.continuationLength <= this.limits.rowLength) open.continuations.push(text);
    this.batch.repair('CONTINUATION_JOINED', line, this.table.places.inputs[0]);
  }

  private addUnclear(cells: string[], line: number): void {
    this.number++;
    this.batch.beginRow();
    this.options.onCells?.(line, cells);
    this.refuseUnclear(cells, line);
  }

  private refuseUnclear(cells: string[], line: number): void {
    this.batch.fault('ROW_UNCLEAR', line, 0, cells[0]);
    this.batch.leaveOut({ serialNumber: '', productName: '' });
  }

  private close(): void {
    const record = this.open;
    if (!record) return;
    this.open = null;
    this.number++;
    this.batch.beginRow();
    const { line } = record;
    const isWhole = record.cells.length === this.table.names.length;
    const cells = isWhole ? record.cells : this.rowCells.fitted(record.cells, line);
    this.options.onCells?.(line, cells ?? record.cells);
    if (!cells) return this.leaveOut(record.cells);
    if (this.hasUrlForSerial(cells)) this.refuseUnclear(cells, line);
    else this.addRow(record, cells);
  }

  private addRow(record: OpenRecord, cells: string[]): void {
    const { line } = record;
    const { serial, product } = this.table.places;
    const serialNumber = serial === -1 ? String(this.number) : this.name(cells, serial, line);
    const productName = product === -1 ? '' : this.name(cells, product, line);
    const columns: number[] = [];
    const urls = this.urls(record, cells, columns);
    const extra = this.extra(cells);
    if (serial !== -1 && serialNumber + productName === '' && urls.length === 0 && isBlank(extra)) {
      if (this.batch.faultsOfRow === 0) return this.skipEmpty(line);
    }
    if (extra.length > 0) this.checkExtra(extra, line);
    if (this.mayHaveNul && cells.some((cell) => cell.includes('\0'))) {
      const place = cells.findIndex((cell) => cell.includes('\0'));
      this.batch.fault('NUL_BYTE', line, place, cells[place]);
    }
    if (this.batch.faultsOfRow > 0) return this.batch.leaveOut({ serialNumber, productName });
    this.shopLimits.check(urls, line);
    this.unused.check(extra, line);
    this.hasRows = true;
    this.hasUrls ||= urls.length > 0;
    const row: InputRow = { line, serialNumber, productName, urls, columns, extra };
    const { keepsCells, imageNames } = this.options;
    if (keepsCells) row.cells = cells;
    if (imageNames) row.imageNames = imageNames.next(row, cells);
    this.batch.addRow(row);
  }

  /** A row with nothing but separators for images: written again, it would be a blank line. */
  private skipEmpty(line: number): void {
    this.number--;
    this.batch.repair('BLANK_LINE_SKIPPED', line);
  }

  /** Leaves a row out that could not be read, under its names as far as they stand before the images. */
  private leaveOut(cells: string[]): void {
    const { serial, product, inputs } = this.table.places;
    const at = (place: number) => (place >= 0 && place < inputs[0] ? (cells[place] ?? '').trim() : '');
    const row: RowName = {
      serialNumber: serial === -1 ? String(this.number) : at(serial),
      productName: at(product),
    };
    this.batch.leaveOut(row);
  }

  /** The cells that there are: a short row of a wide table costs no more than its text. */
  private extra(cells: string[]): string[] {
    const extra: string[] = [];
    for (const place of this.table.places.extras) {
      if (place >= cells.length) break;
      extra.push(cells[place]);
    }
    return extra;
  }

  private name(cells: string[], place: number, line: number): string {
    const text = this.trimmed(cells[place] ?? '', place, line);
    if (text.length > this.limits.nameLength) this.batch.fault('CELL_TOO_LONG', line, place, text);
    return text;
  }

  private checkExtra(extra: string[], line: number): void {
    const length = extra.reduce((sum, cell) => sum + cell.length + 3, 2);
    // JSON takes 6 bytes for a character at most: nearly every row needs no closer look.
    if (length * 6 <= this.limits.extraBytes) return;
    if (Buffer.byteLength(JSON.stringify(extra)) <= this.limits.extraBytes) return;
    const longest = extra.reduce((most, cell, i) => (cell.length > extra[most].length ? i : most), 0);
    this.batch.fault('CELL_TOO_LONG', line, this.table.places.extras[longest], extra[longest]);
  }

  private trimmed(cell: string, place: number, line: number): string {
    const text = cell.trim();
    if (text.length !== cell.length) this.batch.repair('BLANKS_TRIMMED', line, place);
    return text;
  }

  /** The URLs of a row; the column of each is added to `columns`. */
  private urls(record: OpenRecord, cells: string[], columns: number[]): string[] {
    const { inputs } = this.table.places;
    const { line, continuations, continuationLength } = record;
    const first = cells[inputs[0]] ?? '';
    const urls = this.urlsOf(first, inputs[0], line);
    fillUp(columns, urls.length, inputs[0]);
    for (let i = 1; i < inputs.length && inputs[i] < cells.length; i++) {
      this.addUrls(urls, cells[inputs[i]], inputs[i], line);
      fillUp(columns, urls.length, inputs[i]);
    }
    for (const text of continuations) this.addUrls(urls, text, inputs[0], line);
    fillUp(columns, urls.length, inputs[0]);
    for (let place = this.table.names.length; place < cells.length; place++) {
      this.addUrls(urls, cells[place], place, line);
      fillUp(columns, urls.length, place);
    }
    const { rowLength, urlsPerRow } = this.limits;
    if (continuationLength > rowLength) this.batch.fault('ROW_TOO_LONG', line, inputs[0], first);
    if (urls.length > urlsPerRow) this.batch.fault('TOO_MANY_URLS', line, inputs[0], first);
    if (urls.length === 0 && cells.length <= inputs[0] && !this.isExact) this.refuseShifted(cells, line);
    return urls;
  }

  /** A row that ends before its images, with an address in another cell: a comma is missing. */
  private refuseShifted(cells: string[], line: number): void {
    const place = cells.findIndex((cell) => URL_START.test(cell));
    if (place === -1) return;
    const hint = 'There is an address here, and none in the column of images: a cell before it is missing.';
    this.batch.fault('ROW_UNCLEAR', line, place, cells[place], hint);
  }

  private addUrls(urls: string[], text: string, place: number, line: number): void {
    // A row far beyond the limit must not keep the event loop busy.
    if (urls.length + this.batch.faultsOfRow > this.limits.urlsPerRow) return;
    for (const url of this.urlsOf(text, place, line)) urls.push(url);
  }

  private urlsOf(cell: string, place: number, line: number): string[] {
    const text = this.trimmed(cell, place, line);
    if (text === '') return [];
    const { urls, invalid, repairs } = this.listOf(text);
    for (const repair of repairs) this.batch.repair(repair, line, place);
    if (invalid.length > 0 && urls.length === 0 && this.isOtherText(text))
      this.batch.note('IMAGE_TEXT_KEPT', line, place, text);
    else for (const { text: odd, hint } of invalid) this.batch.fault('URL_INVALID', line, place, odd, hint);
    if (urls.length > 0) this.scheme = isHttps(urls[urls.length - 1]) ? 'https:' : 'http:';
    const { refusalOf } = this.options;
    if (refusalOf) for (const url of urls) this.batch.warn(url, refusalOf(url), line, place);
    return urls;
  }

  /** Of an image that the shop has already. */
  private isOtherText(text: string): boolean {
    return this.table.profile.otherTexts === true && !text.includes('//') && !/^www\./i.test(text);
  }

  private listOf(text: string): UrlList {
    return readUrlList(text, { limits: this.limits, scheme: this.scheme });
  }
}

/** A reader of the rows of a file, which names their results where its layout says so. */
export function rowReaderOf(
  table: CsvTable,
  { limits, refusalOf, onCells }: Pick<RowOptions, 'refusalOf' | 'onCells'> & { limits: CsvLimits },
): CsvRowReader {
  const template = table.layout.wanted?.imageName;
  const imageNames = template === undefined ? undefined : new ImageNames(template, table);
  return new CsvRowReader(table, limits, { refusalOf, onCells, imageNames });
}

/** Lengthens a list of columns by one more of them, which is given by its place in a row. */
function fillUp(columns: number[], length: number, place: number): void {
  while (columns.length < length) columns.push(place + 1);
}

function isHttps(url: string): boolean {
  return (url.charCodeAt(4) | 32) === 115; // `s`: it begins with http
}

function beginsWithUrl([first]: string[]): boolean {
  const code = first.charCodeAt(0);
  return (code < 48 || code > 57) && URL_START.test(first); // digits: nearly every row
}
