import { open } from 'node:fs/promises';
import { DEFAULT_CSV_LIMITS, type CsvLimits, type RefusalOf } from './csv-faults.js';
import type { CsvLayout } from './csv-layout.js';
import type { WantedColumns } from './header/header-columns.js';
import type { SampledColumn } from './header/sampled-columns.js';
import { openInputCsv } from './input-csv.js';
import { refusedTable } from './refused-table.js';
import type { CsvBatch } from './rows/csv-batch.js';
import type { OnCells } from './rows/csv-rows.js';
import { openInputWorkbook } from './workbook/input-workbook.js';
import { kindOfZip } from './workbook/workbook.js';
import { WorkbookError } from './workbook/workbook-error.js';

/** An uploaded file whose header has been read. */
export interface InputTable {
  /** How the file is written; null where it has no header that we know, or is no table at all. */
  layout: CsvLayout | null;
  /** The columns that the file itself has, also where none of them is known; none where there is no header. */
  columns: SampledColumn[];
  /** How long its text is, about: that of a workbook is packed. */
  textBytes: number;
  /**
   * Reads the file from its start, a few hundred rows at a time, in order; what is wrong with the file or its header
   * comes with the first batch. Can be called again, and gives the same each time. A faulty row doesn't end the
   * reading: it is left out, and its faults stand in the batch.
   */
  batches(): AsyncGenerator<CsvBatch>;
}

export interface InputTableOptions {
  limits?: Partial<CsvLimits>;
  /** What is known of the sheet and its columns; guessed from their names unless given. */
  columns?: WantedColumns;
  /** Asked of each address; what it refuses becomes a warning. Without it there are none. */
  refusalOf?: RefusalOf;
  /** Told of the cells of each row, of those with faults as well. */
  onCells?: OnCells;
  /** Ends the reading: what reads then throws the reason. */
  signal?: AbortSignal;
}

/**
 * Opens a CSV file or an Excel workbook as people really send them, whatever its name is. What can be read without a doubt is read,
 * and each repair recorded; whatever else is wrong becomes a fault with its line. Never rejects because of what the file holds.
 * See {@link CsvFault} and {@link CsvRepair} for the codes.
 */
export async function openInputTable(file: string, options: InputTableOptions = {}): Promise<InputTable> {
  const limits = { ...DEFAULT_CSV_LIMITS, ...options.limits };
  const columns = options.columns ?? {};
  switch (await kindOf(file)) {
    case 'workbook':
      return openInputWorkbook(file, { ...options, limits, columns });
    case 'spreadsheet':
      return refusedTable('EXCEL_FILE', limits);
    case 'other':
      return refusedTable('NOT_A_CSV', limits);
    case 'too large':
      return refusedTable('WORKBOOK_TOO_LARGE', limits);
    case 'text':
      return openInputCsv(file, { ...options, limits, columns });
  }
}

/** A damaged ZIP counts as a text: who reads texts knows files that are none. */
async function kindOf(file: string): Promise<Awaited<ReturnType<typeof kindOfZip>> | 'text' | 'too large'> {
  if (!(await beginsAsZip(file))) return 'text';
  try {
    return await kindOfZip(file);
  } catch (error) {
    if (!(error instanceof WorkbookError)) throw error;
    return error.code === 'WORKBOOK_TOO_LARGE' ? 'too large' : 'text';
  }
}

async function beginsAsZip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === 'PK\x03\x04';
  } finally {
    await handle.close();
  }
}
