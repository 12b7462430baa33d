import type { TableFaultCode } from '../../errors/table-codes.js';

/** A workbook can't be read, or not any further. Nobody outside of this library sees it: it becomes a fault of the file. */
export class WorkbookError extends Error {
  constructor(
    readonly code: Extract<TableFaultCode, 'WORKBOOK_DAMAGED' | 'WORKBOOK_TOO_LARGE'>,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}
