import { setImmediate } from 'node:timers/promises';
import { DEFAULT_CSV_LIMITS } from '../csv-faults.js';
import type { CsvLayout } from '../csv-layout.js';
import type { CsvTable } from '../header/csv-header.js';
import { CsvRecordReader } from '../records/csv-records.js';
import type { SourcePiece } from '../records/record-block.js';
import type { InputRow } from '../rows/csv-batch.js';
import { CsvRowReader, type RowOptions } from '../rows/csv-rows.js';
import { SourceText } from './source-text.js';

/** Repairs after which the cells of a row do not stand in the file as they were read. */
const MENDED = new Set(['WHOLE_LINE_QUOTED', 'STRAY_QUOTE_KEPT', 'URLS_OVERFLOWED']);

/** Pieces of a file of which is known what they are, and the rows that begin in them, but for those that are left out. */
export interface KnownText {
  pieces: SourcePiece[];
  rows: InputRow[];
}

/** Takes the text of a file piece by piece and tells its rows apart, without losing a character. */
export class SourceRows {
  /** Lines of rows whose cells were mended. Who has used one takes it out. */
  readonly mended = new Set<number>();
  /** Lines that belong to the row above them. Who has used one takes it out. */
  readonly continuations = new Set<number>();
  private readonly records: CsvRecordReader;
  private readonly rows: CsvRowReader;
  private pieces: SourcePiece[] = [];

  constructor(table: CsvTable, options: RowOptions) {
    const { delimiter } = table.layout;
    this.records = new CsvRecordReader(delimiter, DEFAULT_CSV_LIMITS, 1, { keepsText: true });
    this.rows = new CsvRowReader(table, DEFAULT_CSV_LIMITS, options);
  }

  async *push(text: string, isLast = false): AsyncGenerator<KnownText> {
    for (const block of this.records.push(text, isLast)) {
      this.pieces.push(...block.sources);
      yield this.known(this.rows.push(block));
      await setImmediate(); // others get their turn
    }
    if (isLast) yield this.known(this.rows.end());
  }

  private known({ rows, repairs }: ReturnType<CsvRowReader['push']>): KnownText {
    for (const { line, code } of repairs) {
      if (MENDED.has(code)) this.mended.add(line);
      if (code === 'CONTINUATION_JOINED') this.continuations.add(line);
    }
    const end = this.rows.openLine ?? Infinity;
    const count = this.pieces.findIndex(({ line }) => line >= end);
    return { rows, pieces: this.pieces.splice(0, count === -1 ? this.pieces.length : count) };
  }
}

/** The bytes of a file with its text changed: the mark at its start, its encoding and bytes that are no text stay. */
export async function* rewrittenSource(
  bytes: AsyncIterable<Buffer>,
  layout: CsvLayout,
  rewrite: (text: string, isLast: boolean) => AsyncIterable<string>,
): AsyncGenerator<Buffer> {
  const source = new SourceText(layout);
  let skipped = source.mark.length;
  if (skipped > 0) yield source.mark;
  for await (const chunk of bytes) {
    const own = chunk.subarray(skipped);
    skipped = Math.max(0, skipped - chunk.length);
    for await (const text of rewrite(source.decode(own), false)) yield source.encode(text);
  }
  for await (const text of rewrite('', true)) yield source.encode(text);
  if (source.end().length > 0) yield source.end();
}
