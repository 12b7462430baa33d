import { DEFAULT_CSV_LIMITS } from '../../csv-faults.js';
import type { CsvLayout } from '../../csv-layout.js';
import { type CsvTable, tableOf } from '../../header/csv-header.js';
import type { CellLink } from '../parts/sheet-links.js';
import { type Sheet, Workbook } from '../workbook.js';
import { WorkbookZip } from '../parts/workbook-zip.js';

/** Excel's columns. */
export const MAX_COLUMNS = 16_384;

/** Every cell of a row, however far to the right. */
export const WHOLE_ROWS = { columns: MAX_COLUMNS, rowLength: DEFAULT_CSV_LIMITS.rowLength };

/** A workbook with the sheet that was read of it. The caller closes its ZIP. */
export interface OpenedSheet {
  zip: WorkbookZip;
  workbook: Workbook;
  sheet: Sheet;
  table: CsvTable;
  links: Map<string, CellLink>;
}

/**
 * @param layout as the reader of that file gave it
 * @throws WorkbookError
 */
export async function openSheet(file: string, layout: CsvLayout): Promise<OpenedSheet> {
  const workbook = await Workbook.open(file);
  const sheet = workbook.sheets.find(({ name }) => name === layout.sheet);
  if (!sheet) throw new Error(`the workbook has no sheet ${layout.sheet} any more`);
  const links = await workbook.links(sheet);
  return { zip: await WorkbookZip.open(file), workbook, sheet, table: tableOf(layout), links };
}
