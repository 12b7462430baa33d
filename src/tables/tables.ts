/**
 * The door of this library: files of rows in, files of rows out. It knows nothing of Nest, databases or requests, and
 * others import no other file of this folder (lint holds both).
 */
export { type InputTable, type InputTableOptions, openInputTable } from './input-table.js';
export type { CsvBatch, InputRow } from './rows/csv-batch.js';
export {
  type CsvFault,
  type CsvRepair,
  type CsvWarning,
  DEFAULT_CSV_LIMITS,
  type RefusalOf,
} from './csv-faults.js';
export type { SampledColumn } from './header/sampled-columns.js';
export type { ColumnRole } from './header/columns.js';
export type { WantedColumns } from './header/header-columns.js';
export { readNameTemplate } from './names/name-template.js';
export type { KnownProfile } from './header/file-profile.js';
export { PROFILES, profileOf, STANDARD_PROFILE } from './header/profiles.js';
export { type CsvLayout, type LeftOutLines, withLeftOut } from './csv-layout.js';
export { outputCsvHeader, outputCsvRows, type OutputRow } from './output/output-csv.js';
export type { CellPatch } from './output/cell-patches.js';
export { patchedCsv } from './output/patched-csv.js';
export type { OnCells } from './rows/csv-rows.js';
export { replacedCsv, type ReplacementsOf, withoutLeftOut } from './output/replaced-csv.js';
export { type ErrorRow, errorsCsvHeader, errorsCsvRows } from './output/errors-csv.js';
export { type RenditionRow, renditionsCsvHeader, renditionsCsvRows } from './output/renditions-csv.js';
export type { CellOptions } from './output/csv-writer.js';
export { outputSheetCsv, outputWorkbook, type UrlsWritten } from './workbook/output/output-workbook.js';
export { patchedWorkbook } from './workbook/output/patched-workbook.js';
export { WorkbookError } from './workbook/workbook-error.js';
export { workbookWithPaths } from './workbook/output/workbook-with-paths.js';
