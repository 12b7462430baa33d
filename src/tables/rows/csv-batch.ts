import { csvFault, type CsvFault, type CsvFaultCode, type CsvLimits, type RefusalOf } from '../csv-faults.js';
import { type CsvRepair, type CsvRepairCode, type CsvWarning, type RowName, shown } from '../csv-faults.js';
import { TABLE_WARNINGS, type TableWarningCode } from '../../errors/table-codes.js';
import { cellAddress } from '../workbook/cell-place.js';
import { ignoredFragment } from '../urls/ignored-fragment.js';

/** One product of the file. */
export interface InputRow {
  /** Physical line of the file on which the row begins, or row of the sheet; the first is 1. */
  line: number;
  /** As the user wrote it: any text, empty and repeated ones too. Where the file has no such column, 1, 2, 3 … */
  serialNumber: string;
  productName: string;
  /** In their order, repeated ones too; a product may have none. */
  urls: string[];
  /** The column of the file in which each of them stands; the first is 1. Those of further lines count as in the first column of images. */
  columns: readonly number[];
  /** What the result of each URL is to be called, where names were asked for. */
  imageNames?: string[];
  /** Cells of the columns with the role `extra`, exactly as they stand; those that a short row lacks are not there. */
  extra: string[];
  /** All of its cells, where they were asked for. */
  cells?: string[];
}

/** A piece of a file in its order, with what is wrong in it and what was put right. */
export interface CsvBatch {
  rows: InputRow[];
  faults: CsvFault[];
  repairs: CsvRepair[];
  /** Of rows that are taken; only where the reader was told what is refused. */
  warnings: CsvWarning[];
}

/** A piece of a file in which nothing stands. */
export function emptyBatch(): CsvBatch {
  return { rows: [], faults: [], repairs: [], warnings: [] };
}

/** Fills one batch after the other. Columns are given by their place in a row; null stands for the whole row. */
export class BatchWriter {
  private batch = emptyBatch();
  /** Faults and warnings of the batch that are not of the row at hand. */
  private faultsBefore = 0;
  private warningsBefore = 0;
  private lastColumns: readonly number[] = [];

  constructor(
    private readonly names: string[],
    private readonly limits: CsvLimits,
    /** The name of the sheet, where the file is a workbook. */
    private readonly sheet?: string,
  ) {}

  /** What was written since the last time. */
  take(): CsvBatch {
    const { batch } = this;
    this.batch = emptyBatch();
    return batch;
  }

  beginRow(): void {
    this.faultsBefore = this.batch.faults.length;
    this.warningsBefore = this.batch.warnings.length;
  }

  get faultsOfRow(): number {
    return this.batch.faults.length - this.faultsBefore;
  }

  /** Nearly all rows of a file have their images in the same columns: one list of them is kept for all, which spares the collector. */
  addRow(row: InputRow): void {
    if (areSame(row.columns, this.lastColumns)) row.columns = this.lastColumns;
    this.lastColumns = row.columns;
    this.batch.rows.push(row);
  }

  /** The row at hand is left out because of its faults: they get its names, and its warnings go. */
  leaveOut({ serialNumber, productName }: RowName): void {
    const { nameLength } = this.limits;
    // Copied, so that no piece of the file stays alive; once for all faults of a row.
    const row = {
      serialNumber: shown(serialNumber, nameLength),
      productName: shown(productName, nameLength),
    };
    for (const fault of this.batch.faults.slice(this.faultsBefore)) fault.row = row;
    this.batch.warnings.length = this.warningsBefore;
  }

  fault(code: CsvFaultCode, line: number, place: number | null, value?: string, hint?: string): void {
    const at = { ...this.whereIs(line, place), value, hint };
    this.batch.faults.push(csvFault(code, at, this.limits));
  }

  repair(code: CsvRepairCode, line: number, place: number | null = null): void {
    this.batch.repairs.push({ line, column: this.columnAt(place), code });
  }

  /** Warns where the address is refused, or where something else is odd about it. */
  warn(url: string, refusal: ReturnType<RefusalOf>, line: number, place: number): void {
    const odd = refusal ?? ignoredFragment(url);
    if (!odd) return;
    const { code, message: hint } = odd;
    this.batch.warnings.push({ ...this.whereIs(line, place), value: shown(url), code, hint });
  }

  /** Warns of something else about a cell. */
  note(code: TableWarningCode, line: number, place: number | null, value: string): void {
    const hint = TABLE_WARNINGS[code];
    this.batch.warnings.push({ ...this.whereIs(line, place), value: shown(value), code, hint });
  }

  private whereIs(line: number, place: number | null): Pick<CsvFault, 'line' | 'column' | 'cell'> {
    const column = this.columnAt(place);
    if (this.sheet === undefined) return { line, column };
    return { line, column, cell: cellAddress(this.sheet, place ?? 0, Math.max(line, 1)) };
  }

  private columnAt(place: number | null): string | null {
    return place === null ? null : (this.names[place] ?? null);
  }
}

function areSame(some: readonly number[], others: readonly number[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
