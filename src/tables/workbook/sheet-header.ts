import { csvFault, type CsvFault, type CsvLimits } from '../csv-faults.js';
import { type HeaderReading, tableOf } from '../header/csv-header.js';
import { sampledColumns } from '../header/sampled-columns.js';
import { bestHeader, faultOfHeader, type HeadRecord, layoutOfHeader } from '../header/header-candidate.js';
import { likeliestHeader, RECORDS_LOOKED_AT, repairsOfHeader } from '../header/header-candidate.js';
import type { WantedColumns } from '../header/header-columns.js';
import { cellAddress } from './cell-place.js';
import { CellTexts } from './cell-text.js';
import { SheetRecords } from './sheet-records.js';
import type { Sheet, Workbook } from './workbook.js';

/** A sheet with what its first rows say. */
interface SheetReading extends HeaderReading {
  sheet: Sheet;
  /** Whether the header is that of a table of products beyond doubt, of an example, or a single name in a text. */
  certainty: 'sure' | 'example' | 'weak';
}

/** Rows among which the header is looked for, also where most of them are empty. */
const ROWS_LOOKED_AT = 500;
/** Bytes that are unpacked for that, of all sheets together. */
const BYTES_LOOKED_AT = 64 * 1024 * 1024;
/** Names of columns that no text has by chance. */
const SURELY_KNOWN = 2;
/** Names of sheets that a fault lists. */
const MAX_LISTED_NAMES = 20;

/** What is given back as CSV of a workbook: as Excel wants it. */
const FORMAT = { delimiter: ',', newline: '\r\n', bom: true, encoding: 'utf-8' } as const;

/**
 * The first sheet with a header that is known, or that which is wanted. One with a single known name, as it may stand in a text, is
 * taken only where there is no other. Where the profile says in which sheet of its workbooks the products are, it is that one: others
 * hold examples. A hidden sheet is read only where it is wanted.
 * @throws WorkbookError
 */
export async function findTable(
  workbook: Workbook,
  limits: CsvLimits,
  wanted: WantedColumns,
): Promise<HeaderReading & { sheet: Sheet | null }> {
  const sheets = sheetsToRead(workbook, wanted.sheet);
  if (sheets.length === 0) return { ...faulty(unknownSheet(workbook, limits)), sheet: null };
  let found: SheetReading | null = null;
  let first: SheetReading | null = null;
  const budget = { bytes: BYTES_LOOKED_AT };
  for (const sheet of sheets) {
    if (budget.bytes <= 0) break;
    const reading = await readSheetHeader(workbook, sheet, limits, wanted, budget);
    if (reading?.table && reading.certainty === 'sure') return reading;
    if (reading?.table && (!found || (found.certainty === 'weak' && reading.certainty === 'example')))
      found = reading;
    first ??= reading;
  }
  const refused = first ?? faulty(csvFault('EMPTY_FILE', { line: 1 }, limits));
  return found ?? { ...refused, sheet: null };
}

function sheetsToRead({ sheets }: Workbook, wanted: string | undefined): Sheet[] {
  if (wanted === undefined) {
    const visible = sheets.filter(({ isHidden }) => !isHidden);
    return visible.length > 0 ? visible : sheets;
  }
  const plain = (name: string) => name.trim().toLowerCase();
  const named = sheets.find(({ name }) => plain(name) === plain(wanted));
  const numbered = /^\d{1,4}$/.test(wanted.trim()) ? sheets[Number(wanted) - 1] : undefined;
  const sheet = named ?? numbered;
  return sheet ? [sheet] : [];
}

function unknownSheet({ sheets }: Workbook, limits: CsvLimits): CsvFault {
  const names = sheets.slice(0, MAX_LISTED_NAMES).map(({ name }) => `"${name}"`);
  const more = sheets.length - names.length;
  const hint = `The workbook has the sheets ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  return csvFault('SHEET_UNKNOWN', { line: 1, hint }, limits);
}

/** Null where nothing stands in the sheet. */
async function readSheetHeader(
  workbook: Workbook,
  sheet: Sheet,
  limits: CsvLimits,
  wanted: WantedColumns,
  budget: { bytes: number },
): Promise<SheetReading | null> {
  const { shown, ofImages } = await firstRecords(workbook, sheet, limits, budget);
  if (shown.length === 0) return null;
  const candidate = likeliestHeader(shown, null, limits, wanted);
  const best = bestHeader([{ ...candidate, firstCells: ofImages[0].cells }], limits)!;
  const fault = faultOfHeader(best, limits, wanted);
  if (fault) {
    const cell = cellAddress(sheet.name, 0, Math.max(fault.line, 1));
    const reading = { ...faulty({ ...fault, cell }), columns: sampledColumns(best) };
    return { ...reading, sheet, certainty: 'weak' };
  }
  const usual = best.profile?.sheet ?? sheet.name;
  const certainty = usual !== sheet.name ? 'example' : best.known < SURELY_KNOWN ? 'weak' : 'sure';
  const layout = { ...layoutOfHeader(best, FORMAT, wanted), sheet: sheet.name };
  const reading = { table: tableOf(layout), columns: sampledColumns(best) };
  return { ...reading, faults: [], repairs: repairsOfHeader(best, []), sheet, certainty };
}

/** The first rows that hold something, as they are shown, and what their cells say of images. */
async function firstRecords(
  workbook: Workbook,
  sheet: Sheet,
  limits: CsvLimits,
  budget: { bytes: number },
): Promise<{ shown: HeadRecord[]; ofImages: HeadRecord[] }> {
  const nowhere = { places: new Set<number>(), from: Infinity, end: Infinity };
  const texts = new CellTexts(workbook);
  const readers = [nowhere, { ...nowhere, from: 0 }].map((images) => new SheetRecords(texts, images));
  const read: HeadRecord[][] = [[], []];
  const isEnough = () => read[0].length >= RECORDS_LOOKED_AT;
  const options = { columns: limits.columns + 1, rowLength: limits.rowLength, budget };
  for await (const pieces of workbook.rows(sheet, options)) {
    const near = pieces.filter(({ row }) => row && row.number <= ROWS_LOOKED_AT);
    readers.forEach((reader, i) => {
      const { records, lines } = reader.blockOf(near);
      read[i].push(...records.map((cells, j) => ({ cells, line: lines[j] })));
    });
    if (isEnough() || near.length < pieces.length) break;
  }
  const [shown, ofImages] = read;
  return { shown, ofImages };
}

function faulty(fault: CsvFault): HeaderReading {
  return { table: null, columns: [], faults: [fault], repairs: [] };
}
