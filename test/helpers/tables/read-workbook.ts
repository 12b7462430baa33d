import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CsvFault, CsvRepair, CsvWarning } from '../../../src/tables/csv-faults.js';
import { type InputTableOptions, openInputTable } from '../../../src/tables/input-table.js';
import type { InputRow } from '../../../src/tables/rows/csv-batch.js';
import { WorkbookZip } from '../../../src/tables/workbook/parts/workbook-zip.js';
import { rowOf, type WorkbookParts, workbookOf } from './workbooks.js';

export const HEADER = ['S. No.', 'Product Name', 'Input Image Urls'];
export const A = 'https://img.example.com/a.jpg';
export const B = 'https://img.example.com/b.jpg';

/** Reads a workbook, or what is sent as one, to its end. */
export async function read(content: Buffer, options: InputTableOptions = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'input-workbook-'));
  const file = path.join(folder, 'input.xlsx');
  await writeFile(file, content);
  const table = await openInputTable(file, options);
  const reading = {
    layout: table.layout,
    rows: [] as InputRow[],
    faults: [] as CsvFault[],
    repairs: [] as CsvRepair[],
    warnings: [] as CsvWarning[],
  };
  for await (const batch of table.batches()) {
    reading.rows.push(...batch.rows);
    reading.faults.push(...batch.faults);
    reading.repairs.push(...batch.repairs);
    reading.warnings.push(...batch.warnings);
  }
  await rm(folder, { recursive: true });
  return reading;
}

export async function readParts(parts: WorkbookParts, options: InputTableOptions = {}) {
  return read(await workbookOf(parts), options);
}

/** A workbook of one sheet with our header; `cells` stand in row 2. */
export const withCells = (cells: string, others: Partial<WorkbookParts> = {}, behind = '', links = {}) =>
  readParts({
    sheets: [{ rows: `${rowOf(1, ...HEADER, 'Note')}<row r="2">${cells}</row>`, behind, links }],
    ...others,
  });

/** The text of each part of a workbook, by its name. */
export async function partsOf(file: string): Promise<Record<string, string>> {
  const zip = await WorkbookZip.open(file);
  try {
    const parts: Record<string, string> = {};
    for (const { fileName } of zip.entries) {
      parts[fileName] = '';
      for await (const bytes of zip.read(fileName)) parts[fileName] += bytes.toString('latin1');
      parts[fileName] = Buffer.from(parts[fileName], 'latin1').toString();
    }
    return parts;
  } finally {
    zip.close();
  }
}
