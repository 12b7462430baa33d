import { numberText } from './parts/number-formats.js';
import type { CellLink } from './parts/sheet-links.js';
import type { SheetCell } from './sheet-rows.js';
import type { Workbook } from './workbook.js';

/** A picture or link whose address stands in the formula itself. */
const WITH_ADDRESS = /^(?:_xlfn\.)?(?:_xlws\.)?(?:IMAGE|HYPERLINK)\s*\(\s*"(?:[^"]|"")*"\s*[,;)]/i;
const IMAGE_START = /^(?:_xlfn\.)?(?:_xlws\.)?IMAGE\s*\(/i;
/** How Google Sheets writes formulas that Excel does not have. */
const OF_GOOGLE = /__xludf\.DUMMYFUNCTION\("((?:[^"]|"")*)"/i;
/** What can be an address, so that the link behind it says nothing more. */
const HAS_ADDRESS = /:\/\/|^\s*(?:\/\/|www\.)/i;

/** Formulas that several cells share, and that hold an address, and characters of one. */
const MAX_SHARED = 10_000;
const MAX_SHARED_LENGTH = 4_096;

/** The texts of the cells of one sheet, row after row. */
export class CellTexts {
  private readonly shared = new Map<string, string>();

  constructor(
    private readonly workbook: Pick<Workbook, 'strings' | 'formats' | 'is1904'>,
    private readonly links: ReadonlyMap<string, CellLink> = new Map(),
  ) {}

  /** What the cell shows, but for how numbers are written. */
  shown({ type, value, style }: SheetCell): string {
    const { strings, formats, is1904 } = this.workbook;
    switch (type) {
      case 's':
        return value === '' ? '' : strings.get(Number(value));
      case 'b':
        return value.trim() === '1' ? 'TRUE' : value === '' ? '' : 'FALSE';
      case 'n':
        return numberText(value, formats[style] ?? 'plain', is1904);
      default:
        return value;
    }
  }

  /**
   * What the cell says of images: `=IMAGE("…")` or `=HYPERLINK("…")` where its formula has the address, otherwise the text that it shows,
   * or where that is no address, the link behind it.
   */
  ofImages(cell: SheetCell, address: string): string {
    const formula = this.formulaOf(cell);
    if (formula !== null && (WITH_ADDRESS.test(formula) || IMAGE_START.test(formula))) return `=${formula}`;
    const text = this.shown(cell);
    if (HAS_ADDRESS.test(text)) return text;
    return this.links.get(address)?.target ?? text;
  }

  /** The formula of a cell without its `=`, also where another cell has it, if an address stands in it. */
  formulaOf({ formula, sharedFormula }: SheetCell): string | null {
    if (sharedFormula === null) return formula === null ? null : plainFormula(formula);
    if (formula === null) return this.shared.get(sharedFormula) ?? null;
    const plain = plainFormula(formula);
    // Where the address is written in it, it is the same in each cell.
    if (plain.length <= MAX_SHARED_LENGTH && this.shared.size < MAX_SHARED && WITH_ADDRESS.test(plain))
      this.shared.set(sharedFormula, plain);
    return plain;
  }
}

/** Some programs write the `=` with it. */
function plainFormula(formula: string): string {
  const ofGoogle = OF_GOOGLE.exec(formula)?.[1].replaceAll('""', '"').replace(/^=/, '');
  return ofGoogle !== undefined && WITH_ADDRESS.test(ofGoogle) ? ofGoogle : formula.trim().replace(/^=/, '');
}
