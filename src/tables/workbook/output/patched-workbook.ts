import type { CsvLayout } from '../../csv-layout.js';
import { type CellPatch, CellPatches, type RowPatch } from '../../output/cell-patches.js';
import { columnLetters } from '../cell-place.js';
import { CellTexts } from '../cell-text.js';
import type { SheetPiece, SheetRow } from '../sheet-rows.js';
import { MAX_CELL_TEXT } from './cell-xml.js';
import { type OpenedSheet, openSheet, WHOLE_ROWS } from './opened-sheet.js';
import { type CellChange, RewrittenCells } from './rewritten-cells.js';
import { rewrittenZip } from './rewritten-zip.js';
import { knownPieces } from './sheet-source.js';
import { withoutLinks } from './without-links.js';

/**
 * A user's own workbook with some cells changed and some rows emptied. Every other part is copied byte for byte, and every row stays
 * where it is. A patched cell holds a text, whatever it held; one that had a link has none any more, since that says what its image is
 * where the text does not.
 *
 * @param file the workbook as it was uploaded
 * @param layout as the reader of that file gave it
 * @throws AppError `PATCH_INVALID`, at the end at the latest: for a line or column that the sheet does not have
 * @throws WorkbookError where the workbook is damaged behind its header
 */
export async function* patchedWorkbook(
  file: string,
  layout: CsvLayout,
  patches: CellPatch[],
): AsyncGenerator<Buffer> {
  const opened = await openSheet(file, layout);
  try {
    const sheet = new PatchedSheet(opened, patches);
    yield* rewrittenZip(opened.zip, new Map([[opened.sheet.part, () => sheet.content()]]));
  } finally {
    opened.zip.close();
  }
}

/** The sheet of a workbook with patches. */
class PatchedSheet {
  private readonly patches: CellPatches;
  private readonly texts: CellTexts;
  private readonly cells: RewrittenCells;
  /** Lines on which a row begins whose cells are to be changed. */
  private readonly rows = new Set<number>();
  /** Changed cells that had a link. */
  private readonly unlinked = new Set<string>();

  constructor(
    private readonly opened: OpenedSheet,
    patches: CellPatch[],
  ) {
    this.patches = new CellPatches(opened.table, patches, (value) =>
      value.length <= MAX_CELL_TEXT ? null : `a cell of a workbook holds ${MAX_CELL_TEXT} characters at most`,
    );
    this.texts = new CellTexts(opened.workbook, opened.links);
    this.cells = new RewrittenCells(this.texts, opened.links);
  }

  async *content(): AsyncGenerator<Buffer> {
    const { workbook, sheet, table, zip } = this.opened;
    const blocks = workbook.rows(sheet, { ...WHOLE_ROWS, keepsText: true }, zip);
    const onCells = (line: number): void => {
      if (this.patches.of(line)) this.rows.add(line);
    };
    for await (const { pieces } of knownPieces(blocks, table, this.texts, { onCells })) {
      const written = pieces.map((piece) => this.textOf(piece)).join('');
      if (written !== '') yield Buffer.from(written);
    }
    this.patches.end();
  }

  private textOf({ row, text }: SheetPiece): string {
    if (!row)
      return this.unlinked.size > 0 ? withoutLinks(text, this.unlinked, this.opened.sheet.name) : text;
    const patch = this.patches.of(row.number);
    const isRow = this.rows.delete(row.number);
    if (!patch || !(isRow || patch === 'left out')) return this.cells.rewrite(row, text, new Map());
    this.patches.done(row.number);
    const changes = changesOf(row, patch);
    for (const place of changes.keys()) this.unlink(columnLetters(place) + row.number);
    return this.cells.rewrite(row, text, changes);
  }

  private unlink(cell: string): void {
    if (this.opened.links.has(cell)) this.unlinked.add(cell);
  }
}

function changesOf({ cells }: SheetRow, patch: RowPatch): Map<number, CellChange> {
  if (patch === 'left out') return new Map(cells.map(({ place }) => [place, { text: '' }]));
  return new Map([...patch].map(([place, text]) => [place, { text }]));
}
