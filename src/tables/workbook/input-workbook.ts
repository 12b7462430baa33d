import { setImmediate } from 'node:timers/promises';
import { csvFault, type CsvLimits, type RefusalOf } from '../csv-faults.js';
import type { HeaderReading } from '../header/csv-header.js';
import type { WantedColumns } from '../header/header-columns.js';
import type { InputTable } from '../input-table.js';
import { refusedTable } from '../refused-table.js';
import { type CsvBatch, emptyBatch } from '../rows/csv-batch.js';
import { type OnCells, rowReaderOf } from '../rows/csv-rows.js';
import { CellTexts } from './cell-text.js';
import { findTable } from './sheet-header.js';
import type { CellLink } from './parts/sheet-links.js';
import { imagePlacesOf, SheetRecords } from './sheet-records.js';
import { type Sheet, Workbook } from './workbook.js';
import { WorkbookError } from './workbook-error.js';

/** What is needed to read a workbook. */
export interface InputWorkbookOptions {
  limits: CsvLimits;
  columns: WantedColumns;
  refusalOf?: RefusalOf;
  onCells?: OnCells;
  signal?: AbortSignal;
}

/**
 * Opens an Excel workbook: its table is read as that of a CSV file would be, and {@link CsvFault.line} is the row of the sheet. Memory is
 * needed for the texts that cells share, and for links.
 */
export async function openInputWorkbook(file: string, options: InputWorkbookOptions): Promise<InputTable> {
  const { limits, columns, signal } = options;
  let workbook: Workbook;
  let header: HeaderReading & { sheet: Sheet | null };
  let links: Map<string, CellLink> = new Map();
  let textBytes = 0;
  try {
    workbook = await Workbook.open(file, signal);
    header = await findTable(workbook, limits, columns);
    if (header.sheet) {
      links = await workbook.links(header.sheet);
      textBytes = await workbook.bytesOf(header.sheet);
    }
  } catch (error) {
    if (!(error instanceof WorkbookError)) throw error;
    return refusedTable(error.code, limits);
  }
  return {
    layout: header.table?.layout ?? null,
    columns: header.columns,
    textBytes,
    batches: () => readBatches(new SheetTable(workbook, header, links), header, options),
  };
}

/** The table of a workbook, with all that is needed to read it again. */
class SheetTable {
  constructor(
    private readonly workbook: Workbook,
    private readonly header: HeaderReading & { sheet: Sheet | null },
    private readonly links: Map<string, CellLink>,
  ) {}

  async *blocks(limits: CsvLimits) {
    const images = imagePlacesOf(this.header.table!);
    const records = new SheetRecords(new CellTexts(this.workbook, this.links), images);
    const options = { columns: images.end, rowLength: limits.rowLength };
    for await (const pieces of this.workbook.rows(this.header.sheet!, options)) yield records.blockOf(pieces);
  }
}

async function* readBatches(
  sheet: SheetTable,
  { table, faults, repairs }: HeaderReading,
  options: InputWorkbookOptions,
): AsyncGenerator<CsvBatch> {
  if (faults.length > 0 || repairs.length > 0) yield { ...emptyBatch(), faults, repairs };
  if (!table) return;
  const { limits } = options;
  const rows = rowReaderOf(table, options);
  try {
    for await (const block of sheet.blocks(limits)) {
      yield rows.push(block);
      await setImmediate(); // others get their turn
    }
  } catch (error) {
    if (!(error instanceof WorkbookError)) throw error;
    yield { ...emptyBatch(), faults: [csvFault(error.code, { line: 1 }, limits)] };
    return;
  }
  yield rows.end();
}
