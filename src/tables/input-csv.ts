import { stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { detectEncoding, readText, type FileEncoding } from './records/csv-encoding.js';
import { TABLE_WARNINGS } from '../errors/table-codes.js';
import { csvFault, type CsvLimits, type CsvWarning, type RefusalOf } from './csv-faults.js';
import { readHeader, type HeaderReading } from './header/csv-header.js';
import type { WantedColumns } from './header/header-columns.js';
import type { InputTable } from './input-table.js';
import { countLineEnds } from './records/csv-record-scan.js';
import { CsvRecordReader } from './records/csv-records.js';
import { type CsvBatch, emptyBatch } from './rows/csv-batch.js';
import { type OnCells, rowReaderOf } from './rows/csv-rows.js';
import type { RecordBlock } from './records/record-block.js';

/** Cells of the rows that are read in one turn: some ten milliseconds. */
const MAX_CELLS_AT_ONCE = 400_000;

const ENCODING_UNSURE: CsvWarning = {
  ...{ line: 1, column: null, value: '', code: 'ENCODING_UNSURE' },
  hint: TABLE_WARNINGS.ENCODING_UNSURE,
};

/** What is needed to read a CSV file. */
export interface InputCsvOptions {
  limits: CsvLimits;
  columns: WantedColumns;
  refusalOf?: RefusalOf;
  onCells?: OnCells;
  signal?: AbortSignal;
}

/**
 * Opens a CSV file as people really send them. What can be read without a doubt is read, and each repair recorded;
 * whatever else is wrong becomes a fault with its line. Never rejects because of what the file holds, and needs
 * the same memory for a file of any size. See {@link CsvFault} and {@link CsvRepair} for the codes.
 */
export async function openInputCsv(file: string, options: InputCsvOptions): Promise<InputTable> {
  const { limits, signal } = options;
  const encoding = await detectEncoding(file, signal);
  const header = encoding.binary
    ? fileFault(encoding.binary, limits)
    : await findHeader(readText(file, encoding, signal), encoding, limits, options.columns);
  return {
    layout: header.table?.layout ?? null,
    columns: header.columns,
    textBytes: (await stat(file)).size,
    batches: () => readBatches(readText(file, encoding, signal), header, encoding, options),
  };
}

async function* readBatches(
  text: AsyncIterable<string>,
  { table, faults, repairs }: HeaderReading,
  { isUnsure }: FileEncoding,
  options: InputCsvOptions,
): AsyncGenerator<CsvBatch> {
  const warnings = isUnsure ? [ENCODING_UNSURE] : [];
  if (faults.length + repairs.length + warnings.length > 0) {
    yield { ...emptyBatch(), faults: [...faults], repairs: [...repairs], warnings };
  }
  if (!table) return;
  const { limits } = options;
  const rows = rowReaderOf(table, options);
  for await (const block of readBlocks(text, new CsvRecordReader(table.layout.delimiter, limits))) {
    for (const part of partsOf(block, table.names.length)) {
      const batch = rows.push(part);
      if (hasContent(batch)) yield batch;
      if (part !== block) await setImmediate();
    }
  }
  const end = rows.end();
  if (hasContent(end)) yield end;
}

async function* readBlocks(
  text: AsyncIterable<string>,
  reader: CsvRecordReader,
): AsyncGenerator<RecordBlock> {
  for await (const piece of text) yield* inTurns(reader.push(piece));
  yield* inTurns(reader.push('', true));
}

/** The records of a block, so many at a time: a short one is a character of the file, and a row with all columns of a wide table. */
function* partsOf(block: RecordBlock, columns: number): Generator<RecordBlock> {
  const { records, lines, faults, repairs } = block;
  const most = Math.max(1, Math.floor(MAX_CELLS_AT_ONCE / columns));
  if (records.length <= most) return yield block;
  for (let from = 0; from < records.length; from += most) {
    const begin = from === 0 ? 0 : lines[from];
    const end = lines[from + most] ?? Infinity;
    const isWithin = ({ line }: { line: number }) => line >= begin && line < end;
    yield {
      ...block,
      records: records.slice(from, from + most),
      lines: lines.slice(from, from + most),
      faults: faults.filter(isWithin),
      repairs: repairs.filter(isWithin),
    };
  }
}

/** Others get their turn before and after each block: those of a hostile file take long to read, and to use. */
async function* inTurns(blocks: Iterable<RecordBlock>): AsyncGenerator<RecordBlock> {
  for (const block of blocks) {
    await setImmediate();
    yield block;
    await setImmediate();
  }
}

/** Reads no more of the file than the header needs, however many blank lines stand before it. */
async function findHeader(
  pieces: AsyncIterable<string>,
  encoding: FileEncoding,
  limits: CsvLimits,
  wanted?: WantedColumns,
): Promise<HeaderReading> {
  // Twice as much as a header may have, for its quotes.
  const most = 2 * limits.headerLength;
  let text = '';
  let firstLine = 1;
  for await (const piece of pieces) {
    text += piece;
    const blank = blankLinesAtStart(text);
    firstLine += countLineEnds(blank);
    text = text.slice(blank.length);
    if (text.length > most)
      return readHeader({ text: text.slice(0, most), firstLine, isWhole: false }, encoding, limits, wanted);
  }
  if (text.trim() === '') return fileFault('EMPTY_FILE', limits);
  return readHeader({ text, firstLine, isWhole: true }, encoding, limits, wanted);
}

/** Not the line end that the text ends with: a `\r` there can be half of one. */
function blankLinesAtStart(text: string): string {
  const end = text.search(/\S/);
  const blank = text.slice(0, end === -1 ? text.length - (text.endsWith('\r\n') ? 2 : 1) : end);
  return blank.slice(0, Math.max(blank.lastIndexOf('\n'), blank.lastIndexOf('\r')) + 1);
}

function fileFault(
  code: 'EMPTY_FILE' | NonNullable<FileEncoding['binary']>,
  limits: CsvLimits,
): HeaderReading {
  return { table: null, columns: [], faults: [csvFault(code, { line: 1 }, limits)], repairs: [] };
}

function hasContent({ rows, faults, repairs }: CsvBatch): boolean {
  return rows.length > 0 || faults.length > 0 || repairs.length > 0;
}
