import { replacedList, type Replacement } from '../../output/replaced-record.js';
import { columnLetters } from '../cell-place.js';
import type { CellTexts } from '../cell-text.js';
import type { CellLink } from '../parts/sheet-links.js';
import type { SheetCell, SheetRow } from '../sheet-rows.js';
import {
  type CellContent,
  changedCell,
  endOfTag,
  MAX_CELL_TEXT,
  MAX_FORMULA_TEXT,
  newCell,
  prefixOf,
  textAsFormula,
} from './cell-xml.js';

/** What becomes of a cell: a text of its own, or other addresses in what it says of images. */
export type CellChange = { text: string; style?: number } | { urls: Replacement[]; separator: string };

/** Writes the rows of a sheet with other cells, all else as it stands. Has to be given every row, in their order. */
export class RewrittenCells {
  /** Addresses behind cells that are others now, by the id of their relationship. */
  readonly links = new Map<string, string>();
  /** Formulas that cells share, whose first cell has none any more: the others become what they show. */
  private readonly frozen = new Set<string>();

  constructor(
    private readonly texts: CellTexts,
    private readonly linksOfCells: ReadonlyMap<string, CellLink>,
  ) {}

  /** @param changes by the place of the cell, the first is 0 */
  rewrite(row: SheetRow, xml: string, changes: ReadonlyMap<number, CellChange>): string {
    const edits: Edit[] = [];
    for (const cell of row.cells) {
      const change = changes.get(cell.place);
      const own = xml.slice(cell.start, cell.end);
      const changed = change ? this.contentOf(cell, own, row.number, change) : null;
      const by = changed ?? this.thawed(cell, own);
      if (by !== null) edits.push({ start: cell.start, end: cell.end, by });
    }
    const places = new Set(row.cells.map(({ place }) => place));
    const added = [...changes].filter(([place]) => !places.has(place)).sort(([a], [b]) => a - b);
    const insertions = added.flatMap(([place, change]) => this.insertion(row, xml, place, change));
    const edited = withEdits(xml, [...edits, ...insertions]);
    // Where a row says which columns it spans, it would say too little.
    return insertions.length > 0 ? edited.replace(SPANS, '$1') : edited;
  }

  private insertion(row: SheetRow, xml: string, place: number, change: CellChange): Edit[] {
    if (!('text' in change) || change.text === '') return [];
    const { text, style = 0 } = change;
    const at =
      row.cells.find((cell) => cell.place > place)?.start ?? row.cells.at(-1)?.end ?? endOfTag(xml) + 1;
    const cell = columnLetters(place) + row.number;
    return [{ start: at, end: at, by: newCell(prefixOf(xml), cell, style, { text: fitting(text) }) }];
  }

  /** The cell as it is to be written; null where it stays as it is. */
  private contentOf(cell: SheetCell, own: string, row: number, change: CellChange): string | null {
    if ('text' in change) return changedCell(own, this.plain(cell, fitting(change.text)));
    const { urls, separator } = change;
    const address = columnLetters(cell.place) + row;
    const text = this.texts.ofImages(cell, address);
    const link = this.linksOfCells.get(address);
    const isLink = link !== undefined && text === link.target && this.texts.shown(cell) !== text;
    const changed = replacedList(text, urls, separator);
    if (changed === text) return null;
    if (link) {
      const by = isLink ? urls[0][1] : urls.find(([url]) => url === link.target)?.[1];
      if (by) this.links.set(link.id, by);
      if (isLink && changed !== '') return null; // what it shows stays
    }
    if (changed.length > MAX_CELL_TEXT) return null;
    if (text.startsWith('=') && changed.startsWith('=')) return this.withFormula(cell, own, urls);
    const content = this.plain(cell, changed);
    return content && changedCell(own, content);
  }

  /** `=IMAGE("…")` and the like with another address; the result that the program stored stays, where it is not the address itself. */
  private withFormula(cell: SheetCell, own: string, urls: Replacement[]): string | null {
    let formula = cell.formula ?? this.texts.formulaOf(cell) ?? '';
    let value = cell.value;
    for (const [url, by] of urls) {
      if (by === null) continue;
      if (by.length > MAX_FORMULA_TEXT || !formula.includes(url)) return null;
      formula = formula.replaceAll(url, () => by);
      value = value === url ? by : value;
    }
    this.freeze(cell);
    return changedCell(own, { formula, type: cell.type, value }, ['vm', 'cm']);
  }

  /** A text; as a formula, where the cell had one. Null where that can't be. */
  private plain(cell: SheetCell, text: string): CellContent {
    if (cell.formula === null && cell.sharedFormula === null) return { text };
    this.freeze(cell);
    const formula = textAsFormula(text);
    return formula === null ? { text } : { formula, type: 'str', value: text };
  }

  private freeze({ formula, sharedFormula }: SheetCell): void {
    if (formula !== null && sharedFormula !== null) this.frozen.add(sharedFormula);
  }

  /** What a cell shows, where the formula that it shared is no more; null where that is there. */
  private thawed(cell: SheetCell, own: string): string | null {
    const { type, value, formula, sharedFormula } = cell;
    if (formula !== null || sharedFormula === null || !this.frozen.has(sharedFormula)) return null;
    if (type === 'n' || type === 'e') return changedCell(own, { formula: value || '""', type, value });
    if (type === 'b') return changedCell(own, { formula: this.texts.shown(cell) || 'FALSE', type, value });
    const text = this.texts.shown(cell);
    const asFormula = textAsFormula(text);
    return changedCell(own, asFormula === null ? { text } : { formula: asFormula, type: 'str', value: text });
  }
}

/** A part of a text, and what comes in its place. */
interface Edit {
  start: number;
  end: number;
  by: string;
}

const SPANS = /^(<[^>]*?)\sspans\s*=\s*(?:"[^"]*"|'[^']*')/;

function withEdits(text: string, edits: Edit[]): string {
  let written = '';
  let end = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    written += text.slice(end, edit.start) + edit.by;
    end = edit.end;
  }
  return written + text.slice(end);
}

function fitting(text: string): string {
  return text.length <= MAX_CELL_TEXT ? text : 'More than a cell can hold: see output.csv';
}
