import { columnLetters, placeOfCell } from '../cell-place.js';
import type { Relationship } from './relationships.js';
import { WorkbookError } from '../workbook-error.js';
import { attributeOf, readXml } from './xml-reader.js';

/** A link of a cell. */
export interface CellLink {
  /** The id of its relationship, which names the address. */
  id: string;
  target: string;
}

/** Cells with links in a sheet; Excel takes 65,530 links. */
const MAX_LINKS = 100_000;
/** Cells of one link, such as those of a merged cell; further ones have none. */
const MAX_CELLS = 256;
/** Longer than any URL that is taken. */
const MAX_TARGET = 4_096;
const MAX_ROW = 1_048_576;
const CELL = /^[A-Z]{1,3}(\d{1,7})$/;

/** The links of cells to addresses of the web, by cell (`C7`). They stand behind the rows of a sheet: it is read for them alone. */
export async function readSheetLinks(
  content: AsyncIterable<Buffer>,
  relationships: Relationship[],
  signal?: AbortSignal,
): Promise<Map<string, CellLink>> {
  // What is cut is a fault of its row, and no longer for all the cells that have it.
  const targets = new Map(relationships.map(({ id, target }) => [id, target.slice(0, MAX_TARGET)]));
  const links = new Map<string, CellLink>();
  await readXml(
    content,
    {
      open(name, attributes) {
        if (name !== 'hyperlink') return;
        const id = attributeOf(attributes, 'id') ?? '';
        const target = targets.get(id);
        if (target === undefined || !/^https?:\/\//i.test(target)) return;
        for (const cell of cellsOf(attributes.ref ?? '', MAX_LINKS - links.size))
          links.set(cell, { id, target });
        if (links.size >= MAX_LINKS) throw new WorkbookError('WORKBOOK_TOO_LARGE');
      },
    },
    signal,
  );
  return links;
}

/** The cells of `C7` or `C7:D9`, at most so many; none of what is no place in a sheet. */
export function* cellsOf(reference: string, most: number): Generator<string> {
  const [first, last = first] = reference.split(':');
  const [top, bottom] = [first, last].map((cell) => Number(CELL.exec(cell)?.[1] ?? 0));
  const [left, right] = [first, last].map(placeOfCell);
  if (!(top >= 1 && bottom >= 1 && bottom <= MAX_ROW && left <= right)) return;
  let cells = Math.min(most, MAX_CELLS);
  for (let row = top; row <= bottom; row++)
    for (let place = left; place <= right; place++) {
      if (cells-- <= 0) return;
      yield columnLetters(place) + row;
    }
}
