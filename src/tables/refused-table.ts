import { csvFault, type CsvLimits } from './csv-faults.js';
import type { InputTable } from './input-table.js';
import { emptyBatch } from './rows/csv-batch.js';

/** A file of which nothing can be read. */
export function refusedTable(
  code: 'EXCEL_FILE' | 'NOT_A_CSV' | 'WORKBOOK_TOO_LARGE' | 'WORKBOOK_DAMAGED',
  limits: CsvLimits,
): InputTable {
  const fault = csvFault(code, { line: 1 }, limits);
  return {
    layout: null,
    columns: [],
    textBytes: 0,
    async *batches() {
      yield { ...emptyBatch(), faults: [fault] };
    },
  };
}
