/**
 * The door of this library: files of rows in, files of rows out. It knows nothing of Nest, databases or requests, and
 * others import no other file of this folder (lint holds both).
 */
export { type InputCsv, type InputCsvOptions, openInputCsv } from './input-csv.js';
export type { CsvBatch, InputRow } from './csv-rows.js';
export type { CsvFault, CsvRepair, CsvWarning, RefusalOf } from './csv-faults.js';
export type { ColumnRole } from './columns.js';
export type { CsvLayout } from './csv-layout.js';
export { outputCsvHeader, outputCsvRows, type OutputRow } from './output-csv.js';
export { type ErrorRow, errorsCsvHeader, errorsCsvRows } from './errors-csv.js';
export type { CellOptions } from './csv-writer.js';
