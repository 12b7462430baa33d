import type { CsvLayout, LeftOutLines } from '../csv-layout.js';
import { type CsvTable, tableOf } from '../header/csv-header.js';
import type { SourcePiece } from '../records/record-block.js';
import type { InputRow } from '../rows/csv-batch.js';
import { rewrittenRecord, splicedRecord } from './replaced-record.js';
import { type KnownText, rewrittenSource, SourceRows } from './source-rows.js';

/**
 * What comes in the place of the URLs of each row, in their order: null leaves one as it is, empty text takes it out. Asked for rows in
 * the order of the file.
 */
export type ReplacementsOf = (rows: InputRow[]) => Promise<(string | null)[][]>;

/**
 * A user's own file with other URLs, byte for byte the same in everything else: its encoding, line ends and quotes, the lines above its
 * header, and rows with faults. Of rows that a patch left out nothing stays. A row whose cells had to be mended is written anew where one of its URLs changes.
 *
 * @param bytes the file as it was uploaded
 * @param layout as the reader of that file gave it, with its `source`
 */
export function replacedCsv(
  bytes: AsyncIterable<Buffer>,
  layout: CsvLayout,
  replacementsOf: ReplacementsOf,
): AsyncGenerator<Buffer> {
  const writer = new ReplacedRows(tableOf(layout), replacementsOf);
  return rewrittenSource(bytes, layout, (text, isLast) => writer.push(text, isLast));
}

/** A file with patches without the blank lines that these left, all else byte for byte. */
export function withoutLeftOut(bytes: AsyncIterable<Buffer>, layout: CsvLayout): AsyncGenerator<Buffer> {
  return replacedCsv(bytes, layout, (rows) => Promise.resolve(rows.map(() => [])));
}

/** Takes the text of a file piece by piece, and gives it back with the URLs replaced. */
class ReplacedRows {
  private readonly source: SourceRows;
  private isRewriting = false;
  /** Those that were left out and were not met yet: lines only go up. */
  private readonly leftOut: LeftOutLines[];

  constructor(
    private readonly table: CsvTable,
    private readonly replacementsOf: ReplacementsOf,
  ) {
    this.source = new SourceRows(table, { keepsCells: true });
    this.leftOut = [...(table.layout.source?.leftOut ?? [])];
  }

  async *push(text: string, isLast: boolean): AsyncGenerator<string> {
    for await (const known of this.source.push(text, isLast)) yield await this.take(known);
  }

  /** The text of the pieces of which it is known what becomes of them. */
  private async take({ rows, pieces }: KnownText): Promise<string> {
    const replacements = rows.length > 0 ? await this.replacementsOf(rows) : [];
    const changed = new Map<number, [InputRow, (string | null)[]]>();
    rows.forEach((row, i) => {
      if (replacements[i]?.some((text) => text !== null)) changed.set(row.line, [row, replacements[i]]);
    });
    return pieces.map((piece) => this.textOf(piece, changed.get(piece.line), pieces)).join('');
  }

  private textOf(
    piece: SourcePiece,
    change: [InputRow, (string | null)[]] | undefined,
    known: SourcePiece[],
  ): string {
    const { line, text } = piece;
    if (this.isLeftOut(line)) return '';
    const isMended = this.source.mended.delete(line);
    if (this.source.continuations.delete(line)) return this.isRewriting ? '' : text;
    if (!change) {
      if (text.trim() !== '') this.isRewriting = false;
      return text;
    }
    const [row, replacements] = change;
    const hasFurtherLines = this.hasContinuation(line, known);
    const spliced = isMended || hasFurtherLines ? null : splicedRecord(text, row, replacements, this.table);
    this.isRewriting = spliced === null;
    return spliced ?? rewrittenRecord(text, row, replacements, this.table);
  }

  private isLeftOut(line: number): boolean {
    const { leftOut } = this;
    while (leftOut.length > 0 && leftOut[0][0] + leftOut[0][1] <= line) leftOut.shift();
    return leftOut.length > 0 && leftOut[0][0] <= line;
  }

  private hasContinuation(line: number, known: SourcePiece[]): boolean {
    if (this.source.continuations.size === 0) return false;
    const next = known.find((piece) => piece.line > line && piece.text.trim() !== '');
    return next !== undefined && this.source.continuations.has(next.line);
  }
}
