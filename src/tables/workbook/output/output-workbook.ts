import type { CsvLayout } from '../../csv-layout.js';
import { STANDARD_NAMES } from '../../header/columns.js';
import type { CsvTable } from '../../header/csv-header.js';
import { csvLines } from '../../output/csv-writer.js';
import type { ReplacementsOf } from '../../output/replaced-csv.js';
import { byColumn, replacedList } from '../../output/replaced-record.js';
import type { InputRow } from '../../rows/csv-batch.js';
import { columnLetters } from '../cell-place.js';
import { CellTexts } from '../cell-text.js';
import { relationshipsPart } from '../parts/relationships.js';
import { imagePlacesOf, SheetRecords } from '../sheet-records.js';
import type { SheetPiece, SheetRow } from '../sheet-rows.js';
import { escaped } from './cell-xml.js';
import { MAX_COLUMNS, type OpenedSheet, openSheet, WHOLE_ROWS } from './opened-sheet.js';
import { type CellChange, RewrittenCells } from './rewritten-cells.js';
import { rewrittenZip } from './rewritten-zip.js';
import { knownPieces } from './sheet-source.js';

/** Where the results stand: in a column of their own, or in the places of the URLs. */
export type UrlsWritten = 'added' | 'replaced';

/**
 * A user's own workbook with the results. Every part of it is copied byte for byte but for the sheet that was read, and in that
 * everything but the cells of results, and the addresses of links that were replaced.
 *
 * @param file the workbook as it was uploaded; the caller removes it
 * @param layout as the reader of that file gave it
 * @param textsOf for `replaced`, what comes in the place of each URL; for `added`, the results, null where there is none
 */
export async function* outputWorkbook(
  file: string,
  layout: CsvLayout,
  urls: UrlsWritten,
  textsOf: ReplacementsOf,
): AsyncGenerator<Buffer> {
  const opened = await openSheet(file, layout);
  try {
    const { zip, sheet } = opened;
    const changes =
      urls === 'added'
        ? new AddedTexts(opened.table, await outputPlace(opened))
        : new ReplacedTexts(opened.table);
    const output = new OutputSheet(opened, changes, textsOf);
    const links = relationshipsPart(sheet.part);
    yield* rewrittenZip(
      zip,
      new Map([
        [sheet.part, () => output.content()],
        [links, () => output.linksContent(links)],
      ]),
    );
  } finally {
    opened.zip.close();
  }
}

/** The sheet that was read of a workbook as CSV, all of its rows, with the results in the places of the URLs. */
export async function* outputSheetCsv(
  file: string,
  layout: CsvLayout,
  textsOf: ReplacementsOf,
): AsyncGenerator<string> {
  const opened = await openSheet(file, layout);
  try {
    const { table, workbook, sheet, zip } = opened;
    const texts = new CellTexts(workbook, opened.links);
    const records = new SheetRecords(texts, imagePlacesOf(table));
    const headers = new SheetRecords(texts, { places: new Set(), from: Infinity, end: Infinity });
    const separator = table.profile.separator ?? ',';
    const blocks = workbook.rows(sheet, WHOLE_ROWS, zip);
    if (layout.bom) yield '\ufeff';
    for await (const { pieces, rows } of knownPieces(blocks, table, texts)) {
      const changed = await replacementsByLine(rows, textsOf);
      const lines = pieces.flatMap(({ row }) => {
        if (!row) return [];
        if (row.number <= table.headerLine) return [headers.recordOf(row)];
        const cells = records.recordOf(row);
        for (const [column, urls] of changed.get(row.number) ?? [])
          cells[column - 1] = replacedList(cells[column - 1] ?? '', urls, separator);
        return [cells];
      });
      yield csvLines(
        lines.filter((cells) => cells.length > 0),
        layout,
      );
    }
  } finally {
    opened.zip.close();
  }
}

/** The column of the results: that which the file has for them, or else the first one behind all that hold something. */
async function outputPlace({ table, workbook, sheet, zip }: OpenedSheet): Promise<number> {
  if (table.places.output !== -1) return table.places.output;
  let place = table.names.length;
  for await (const pieces of workbook.rows(sheet, WHOLE_ROWS, zip))
    for (const { row } of pieces) {
      const last = row?.cells.findLast((cell) => cell.value !== '')?.place ?? -1;
      if (last >= place && last + 1 < MAX_COLUMNS) place = last + 1;
    }
  return place;
}

type Replacements = ReturnType<typeof byColumn>;

async function replacementsByLine(
  rows: InputRow[],
  textsOf: ReplacementsOf,
): Promise<Map<number, Replacements>> {
  const texts = rows.length > 0 ? await textsOf(rows) : [];
  return new Map(rows.map((row, i) => [row.line, byColumn(row, texts[i])]));
}

/** What becomes of the cells of a sheet. */
interface SheetChanges {
  /** Of the row of the header, and of those above it. */
  ofHeader(row: SheetRow): Map<number, CellChange>;
  ofRow(row: InputRow, texts: (string | null)[]): Map<number, CellChange>;
  /** The column that is added, if one is. */
  place: number | null;
}

class ReplacedTexts implements SheetChanges {
  readonly place = null;
  constructor(private readonly table: CsvTable) {}

  ofHeader(): Map<number, CellChange> {
    return new Map();
  }

  ofRow(row: InputRow, texts: (string | null)[]): Map<number, CellChange> {
    const separator = this.table.profile.separator ?? ',';
    return new Map([...byColumn(row, texts)].map(([column, urls]) => [column - 1, { urls, separator }]));
  }
}

class AddedTexts implements SheetChanges {
  constructor(
    private readonly table: CsvTable,
    readonly place: number,
  ) {}

  ofHeader(row: SheetRow): Map<number, CellChange> {
    if (row.number !== this.table.headerLine || this.table.places.output !== -1) return new Map();
    const style = row.cells.findLast(({ place }) => place < this.table.names.length)?.style;
    return new Map([[this.place, { text: STANDARD_NAMES.output, style }]]);
  }

  ofRow(_: InputRow, texts: (string | null)[]): Map<number, CellChange> {
    return new Map([[this.place, { text: texts.map((text) => text ?? '').join(',') }]]);
  }
}

const DIMENSION = /(<(?:[\w.-]+:)?dimension\b[^<>]*?\sref\s*=\s*["'])([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?/;

/** The sheet of a workbook with changes, and its links. */
class OutputSheet {
  private readonly cells: RewrittenCells;
  private readonly texts: CellTexts;

  constructor(
    private readonly opened: OpenedSheet,
    private readonly changes: SheetChanges,
    private readonly textsOf: ReplacementsOf,
  ) {
    this.texts = new CellTexts(opened.workbook, opened.links);
    this.cells = new RewrittenCells(this.texts, opened.links);
  }

  async *content(): AsyncGenerator<Buffer> {
    const { workbook, sheet, table, zip } = this.opened;
    const options = { ...WHOLE_ROWS, keepsText: true };
    const blocks = workbook.rows(sheet, options, zip);
    let isBeforeRows = true;
    for await (const { pieces, rows } of knownPieces(blocks, table, this.texts)) {
      const texts = rows.length > 0 ? await this.textsOf(rows) : [];
      const byLine = new Map(rows.map((row, i) => [row.line, this.changes.ofRow(row, texts[i])]));
      let written = '';
      for (const piece of pieces) {
        isBeforeRows &&= piece.row === null;
        written += isBeforeRows ? this.withDimension(piece.text) : this.textOf(piece, byLine);
      }
      if (written !== '') yield Buffer.from(written);
    }
  }

  /** The part of relationships with other addresses; null where none has become another. */
  linksContent(part: string): AsyncGenerator<Buffer> | null {
    const { links } = this.cells;
    return links.size === 0 ? null : withTargets(this.opened.zip.read(part), links);
  }

  private textOf({ row, text }: SheetPiece, byLine: Map<number, Map<number, CellChange>>): string {
    if (!row) return text;
    const isHeader = row.number <= this.opened.table.headerLine;
    const changes = isHeader ? this.changes.ofHeader(row) : byLine.get(row.number);
    return this.cells.rewrite(row, text, changes ?? new Map<number, CellChange>());
  }

  /** A sheet may say how far it goes. */
  private withDimension(text: string): string {
    const { place } = this.changes;
    if (place === null) return text;
    return text.replace(
      DIMENSION,
      (whole, before: string, left: string, top: string, right = left, bottom = top) => {
        const last = columnLetters(place);
        const isWider = last.length > right.length || (last.length === right.length && last > right);
        return isWider ? `${before}${left}${top}:${last}${bottom}` : whole;
      },
    );
  }
}

const RELATIONSHIP = /<(?:[\w.-]+:)?Relationship\s[^<>]*>/g;

/** A part of relationships with other targets, by their ids; all else as it stands. */
async function* withTargets(
  content: AsyncIterable<Buffer>,
  targets: ReadonlyMap<string, string>,
): AsyncGenerator<Buffer> {
  let text = '';
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const changed = (tag: string): string => {
    const target = targets.get(/\sId\s*=\s*["']([^"']*)/.exec(tag)?.[1] ?? '');
    if (target === undefined) return tag;
    return tag.replace(
      /(\sTarget\s*=\s*)(?:"[^"]*"|'[^']*')/,
      (_, before: string) => `${before}"${escaped(target)}"`,
    );
  };
  for await (const bytes of content) {
    text += decoder.decode(bytes, { stream: true });
    const end = text.lastIndexOf('>') + 1;
    yield Buffer.from(text.slice(0, end).replace(RELATIONSHIP, changed));
    text = text.slice(end);
  }
  yield Buffer.from(text + decoder.decode());
}
