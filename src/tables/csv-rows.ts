import { csvFault, type CsvFault, type CsvFaultCode, type CsvLimits } from './csv-faults.js';
import { type CsvRepair, type CsvRepairCode, type CsvWarning, type RefusalOf, shown } from './csv-faults.js';
import type { CsvTable } from './csv-header.js';
import { CsvRecordReader, readSingleRecord } from './records/csv-records.js';
import type { RecordBlock, RecordNote } from './records/csv-strict-text.js';
import { readUrlList, URL_START } from './csv-url-list.js';

/** One product of the file. */
export interface InputRow {
  /** Physical line of the file on which the row begins; the first is 1. */
  line: number;
  /** As the user wrote it: any text, empty and repeated ones too. Where the file has no such column, 1, 2, 3 … */
  serialNumber: string;
  productName: string;
  /** At least one, in their order, repeated ones too. */
  urls: string[];
  /** Cells of the columns with the role `extra`, exactly as they stand. */
  extra: string[];
}

/** A piece of a file in its order, with what is wrong in it and what was put right. */
export interface CsvBatch {
  rows: InputRow[];
  faults: CsvFault[];
  repairs: CsvRepair[];
  /** Of rows that are taken; only where the reader was told what is refused. */
  warnings: CsvWarning[];
}

/** A record that waits for the next one, which may go on with its URLs. */
interface OpenRecord {
  line: number;
  cells: string[];
  /** Lines of nothing but URLs that follow it. */
  continuations: string[];
  continuationLength: number;
}

const NO_LINES: string[] = [];

/** Into how many cells we believe that a URL with commas can have been cut. */
const MAX_CELLS_PER_URL = 4;

/** Turns the records of a file into rows: finds the URLs wherever they stand, and judges them. */
export class CsvRowReader {
  private open: OpenRecord | null = null;
  private number = 0;
  private mayHaveNul = false;
  /** Faults of the batch that are not of the row at hand. */
  private faultsBefore = 0;
  private warningsBefore = 0;
  private batch = emptyBatch();

  /** Reads rows that stand within quotes as a whole. */
  private readonly insideReader: CsvRecordReader;

  constructor(
    private readonly table: CsvTable,
    private readonly limits: CsvLimits,
    private readonly refusalOf: RefusalOf | null = null,
  ) {
    this.insideReader = new CsvRecordReader(table.layout.delimiter, limits);
  }

  /** Whether there was anything below the header. */
  get isEmpty(): boolean {
    return this.number === 0;
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
    for (const { line, cell, code } of repairs) if (line > headerLine) this.repair(code, line, cell);
    return this.take();
  }

  /** What is left when the file is at its end. */
  end(): CsvBatch {
    this.close();
    return this.take();
  }

  private take(): CsvBatch {
    const batch = this.batch;
    this.batch = emptyBatch();
    return batch;
  }

  private addRecord(cells: string[], line: number): void {
    if (isBlank(cells)) this.repair('BLANK_LINE_SKIPPED', line);
    else if (this.open && this.isContinuation(cells)) this.addContinuation(this.open, cells, line);
    else {
      this.close();
      this.open = { line, cells, continuations: NO_LINES, continuationLength: 0 };
    }
  }

  private addBroken({ line, code, value }: RecordNote<CsvFaultCode>): void {
    this.close();
    this.number++;
    this.fault(code, line, null, value);
  }

  /**
   * A line of URLs only. Where a row begins with something that can be a URL itself (a product's page, say),
   * the line must also be too short to reach the column of image URLs.
   */
  private isContinuation(cells: string[]): boolean {
    if (!beginsWithUrl(cells)) return false;
    const length = cells.findLastIndex((cell) => cell.trim() !== '') + 1;
    return length <= this.table.places.inputs[0] || this.hasUrlForSerial(cells);
  }

  /** Nothing but URLs from the column of serial numbers on, as no row has. */
  private hasUrlForSerial(cells: string[]): boolean {
    const { serial, inputs, output } = this.table.places;
    if (serial !== 0 || inputs[0] === 0 || !beginsWithUrl(cells)) return false;
    return cells.every((cell, place) => place === output || isUrlOrBlank(cell));
  }

  private addContinuation(open: OpenRecord, cells: string[], line: number): void {
    const text = this.joined(cells);
    open.continuationLength += text.length;
    // Beyond the limit the row is a fault in any case: no need to keep more of it.
    if (open.continuations === NO_LINES) open.continuations = [];
    if (open.continuationLength <= this.limits.rowLength) open.continuations.push(text);
    this.repair('CONTINUATION_JOINED', line, this.table.places.inputs[0]);
  }

  private close(): void {
    const record = this.open;
    if (!record) return;
    this.open = null;
    this.number++;
    const { names } = this.table;
    const cells = record.cells.length === names.length ? record.cells : this.fitted(record);
    if (!cells) return;
    if (this.hasUrlForSerial(cells)) this.fault('ROW_UNCLEAR', record.line, 0, cells[0]);
    else this.addRow(record, cells);
  }

  /** The cells of a record, no more than the header has; null if that can't be. Missing cells are not filled in. */
  private fitted({ cells: given, line }: OpenRecord): string[] | null {
    const { names, layout, places } = this.table;
    let cells = given;
    if (names.length > 1 && isBlank(given.slice(1)) && given[0].includes(layout.delimiter)) {
      const inside = readSingleRecord(given[0], this.insideReader);
      if (inside && inside.length > 1) {
        this.repair('WHOLE_LINE_QUOTED', line);
        cells = inside;
      }
    }
    if (cells.length > names.length) return this.withoutSurplus(cells, line);
    if (cells.length < names.length) {
      if (cells.length > places.inputs[0]) this.repair('CELLS_MISSING', line);
    }
    return cells;
  }

  /**
   * A row with more cells than the header. Empty ones at its end came from a trailing comma. Others are taken for
   * the list of URLs, which had no quotes and ran into further columns, so that the columns named behind it
   * keep their cells: with 2 cells too many, the list has 3, and what follows belongs to the next columns.
   */
  private withoutSurplus(cells: string[], line: number): string[] | null {
    const { names, places } = this.table;
    const surplus = cells.length - names.length;
    const last = places.inputs[places.inputs.length - 1];
    const trailing = Math.min(surplus, cells.length - 1 - cells.findLastIndex((cell) => cell.trim() !== ''));
    const taken = this.overflowOf(cells, last, surplus, trailing);
    if (taken === null) {
      const odd = cells.slice(last + 1, last + 1 + surplus).find((cell) => !isUrlOrBlank(cell));
      this.fault('TOO_MANY_CELLS', line, null, odd?.trim());
      return null;
    }
    const surplusCells = cells.slice(last + 1, last + 1 + taken);
    if (!isBlank(surplusCells)) this.repair('URLS_OVERFLOWED', line, last);
    if (taken < surplus) this.repair('TRAILING_CELLS_DROPPED', line);
    const list = this.joined([cells[last], ...surplusCells]);
    return [...cells.slice(0, last), list, ...cells.slice(last + 1 + taken, names.length + taken)];
  }

  /** How many cells behind the URL cell belong to it; null if there is no way to read the row. */
  private overflowOf(cells: string[], last: number, surplus: number, trailing: number): number | null {
    const least = surplus - trailing;
    if (least > MAX_CELLS_PER_URL * this.limits.urlsPerRow) return null;
    let run = 0; // cells in a row that hold a URL or nothing
    while (run < surplus && isUrlOrBlank(cells[last + 1 + run])) run++;
    if (run >= least) {
      while (run > least && isBlank([cells[last + run]])) run--;
      return run;
    }
    // A URL with commas, cut at each: put together again if that leaves nothing that is no URL.
    const { urls, invalid } = readUrlList(this.joined(cells.slice(last, last + 1 + least)), this.limits);
    return urls.length > 0 && invalid.length === 0 ? least : null;
  }

  /** Cells as one list: a URL begins a new item, anything else goes on with the item before it. */
  private joined(cells: string[]): string {
    const { delimiter } = this.table.layout;
    const add = (list: string, cell: string) => list + (URL_START.test(cell) ? ',' : delimiter) + cell;
    return cells.length === 1 ? cells[0] : cells.filter((cell, i) => i === 0 || cell !== '').reduce(add);
  }

  private addRow(record: OpenRecord, cells: string[]): void {
    const { line } = record;
    const { serial, product, extras } = this.table.places;
    this.faultsBefore = this.batch.faults.length;
    this.warningsBefore = this.batch.warnings.length;
    const serialNumber = serial === -1 ? String(this.number) : this.name(cells, serial, line);
    const productName = product === -1 ? '' : this.name(cells, product, line);
    const urls = this.urls(record, cells);
    const extra = this.extra(cells);
    if (extra.length > 0) this.checkExtra(extra, line);
    if (this.mayHaveNul && cells.some((cell) => cell.includes('\0'))) {
      const place = cells.findIndex((cell) => cell.includes('\0'));
      this.fault('NUL_BYTE', line, place, cells[place]);
    }
    if (this.faultsOfRow() > 0) {
      this.batch.warnings.length = this.warningsBefore;
      return;
    }
    while (extra.length < extras.length) extra.push('');
    this.batch.rows.push({ line, serialNumber, productName, urls, extra });
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
    if (text.length > this.limits.nameLength) this.fault('CELL_TOO_LONG', line, place, text);
    return text;
  }

  private checkExtra(extra: string[], line: number): void {
    const length = extra.reduce((sum, cell) => sum + cell.length + 3, 2);
    // JSON takes 6 bytes for a character at most: nearly every row needs no closer look.
    if (length * 6 <= this.limits.extraBytes) return;
    if (Buffer.byteLength(JSON.stringify(extra)) <= this.limits.extraBytes) return;
    const longest = extra.reduce((most, cell, i) => (cell.length > extra[most].length ? i : most), 0);
    this.fault('CELL_TOO_LONG', line, this.table.places.extras[longest], extra[longest]);
  }

  private trimmed(cell: string, place: number, line: number): string {
    const text = cell.trim();
    if (text.length !== cell.length) this.repair('BLANKS_TRIMMED', line, place);
    return text;
  }

  private urls(record: OpenRecord, cells: string[]): string[] {
    const { inputs } = this.table.places;
    const { line, continuations, continuationLength } = record;
    const first = cells[inputs[0]] ?? '';
    const urls = this.urlsOf(first, inputs[0], line);
    for (let i = 1; i < inputs.length && inputs[i] < cells.length; i++) {
      this.addUrls(urls, cells[inputs[i]], inputs[i], line);
    }
    for (const text of continuations) this.addUrls(urls, text, inputs[0], line);
    const { rowLength, urlsPerRow } = this.limits;
    if (continuationLength > rowLength) this.fault('ROW_TOO_LONG', line, inputs[0], first);
    if (urls.length > urlsPerRow) this.fault('TOO_MANY_URLS', line, inputs[0], first);
    if (urls.length === 0 && this.faultsOfRow() === 0) this.fault('NO_URL', line, inputs[0]);
    return urls;
  }

  private addUrls(urls: string[], text: string, place: number, line: number): void {
    // A row far beyond the limit must not keep the event loop busy.
    if (urls.length + this.faultsOfRow() > this.limits.urlsPerRow) return;
    for (const url of this.urlsOf(text, place, line)) urls.push(url);
  }

  private urlsOf(cell: string, place: number, line: number): string[] {
    const { urls, invalid, repair } = readUrlList(this.trimmed(cell, place, line), this.limits);
    if (repair) this.repair(repair, line, place);
    for (const { text, hint } of invalid) this.fault('URL_INVALID', line, place, text, hint);
    if (this.refusalOf) for (const url of urls) this.warn(url, this.refusalOf(url), line, place);
    return urls;
  }

  private faultsOfRow(): number {
    return this.batch.faults.length - this.faultsBefore;
  }

  private fault(code: CsvFaultCode, line: number, place: number | null, value?: string, hint?: string): void {
    this.batch.faults.push(csvFault(code, { line, column: this.columnAt(place), value, hint }, this.limits));
  }

  private repair(code: CsvRepairCode, line: number, place: number | null = null): void {
    this.batch.repairs.push({ line, column: this.columnAt(place), code });
  }

  private warn(url: string, refusal: ReturnType<RefusalOf>, line: number, place: number): void {
    if (!refusal) return;
    const { code, message: hint } = refusal;
    this.batch.warnings.push({ line, column: this.columnAt(place), value: shown(url), code, hint });
  }

  private columnAt(place: number | null): string | null {
    return place === null ? null : (this.table.names[place] ?? null);
  }
}

/** A piece of a file in which nothing stands. */
export function emptyBatch(): CsvBatch {
  return { rows: [], faults: [], repairs: [], warnings: [] };
}

function isBlank(cells: string[]): boolean {
  for (const cell of cells) if (cell !== '' && cell.trim() !== '') return false;
  return true;
}

function beginsWithUrl([first]: string[]): boolean {
  const code = first.charCodeAt(0);
  return (code < 48 || code > 57) && URL_START.test(first); // digits: nearly every row
}

function isUrlOrBlank(cell: string): boolean {
  return cell === '' || URL_START.test(cell) || cell.trim() === '';
}
