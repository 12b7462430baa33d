import { cellAddress, columnLetters, placeOfCell } from '../cell-place.js';
import { cellsOf } from '../parts/sheet-links.js';
import { endOfTag, escaped } from './cell-xml.js';

/** No attribute holds a `<`: of many beginnings of a tag in a comment each is looked at up to the next one only. */
const LINK = /<((?:[\w.-]+:)?)hyperlink\s(?:"[^"<]*"|'[^'<]*'|[^<>"'])*>/g;
const REFERENCE = /(\sref\s*=\s*)["']([^"']*)["']/;
/** Where the link leads, by a relationship or inside of the workbook, and what must be unique. */
const TARGET = /\s(?:[\w.-]+:id|location)\s*=\s*(?:"[^"]*"|'[^']*')/g;
const UNIQUE_ID = /\s[\w.-]+:uid\s*=\s*(?:"[^"]*"|'[^']*')/;

/** Cells in a rectangle; rows from 1, columns from 0. */
interface Area {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/**
 * The XML behind the rows of a sheet, in whole tags, in which some cells have no link any more. A link of several cells stays with the
 * others; that of one cell becomes one to the cell itself, since a list of links must not be empty.
 * @param cells such as `C7`
 */
export function withoutLinks(xml: string, cells: ReadonlySet<string>, sheet: string): string {
  return xml.replace(LINK, (tag, prefix: string) => {
    const ref = REFERENCE.exec(tag)?.[2] ?? '';
    const removed = [...cellsOf(ref, Infinity)].filter((cell) => cells.has(cell));
    if (removed.length === 0) return tag;
    const rest = removed.reduce((areas, cell) => areas.flatMap((area) => around(area, cell)), [areaOf(ref)]);
    if (rest.length === 0) return toItself(tag, removed[0], sheet);
    const [first, ...others] = rest.map((area) => tag.replace(REFERENCE, `$1"${nameOf(area)}"`));
    const copies = others.map((other) => `${openTag(other.replace(UNIQUE_ID, ''))}></${prefix}hyperlink>`);
    return copies.join('') + first;
  });
}

function toItself(tag: string, cell: string, sheet: string): string {
  const start = openTag(tag).replace(TARGET, '');
  const location = escaped(cellAddress(sheet, placeOfCell(cell), rowOf(cell)));
  return `${start} location="${location}"${tag.endsWith('/>') ? '/>' : '>'}`;
}

/** The tag without its end. */
function openTag(tag: string): string {
  return tag.slice(0, endOfTag(tag)).trimEnd();
}

function areaOf(reference: string): Area {
  const [first, last = first] = reference.split(':');
  const [top, bottom] = [first, last].map(rowOf);
  return { top, bottom, left: placeOfCell(first), right: placeOfCell(last) };
}

function rowOf(cell: string): number {
  return Number(/\d+$/.exec(cell)?.[0] ?? 0);
}

function nameOf({ top, left, bottom, right }: Area): string {
  const [first, last] = [columnLetters(left) + top, columnLetters(right) + bottom];
  return first === last ? first : `${first}:${last}`;
}

/** What is left of an area without a cell, as areas. */
function around(area: Area, cell: string): Area[] {
  const [row, place] = [rowOf(cell), placeOfCell(cell)];
  const { top, left, bottom, right } = area;
  if (row < top || row > bottom || place < left || place > right) return [area];
  const parts = [
    { ...area, bottom: row - 1 },
    { ...area, top: row, bottom: row, right: place - 1 },
    { ...area, top: row, bottom: row, left: place + 1 },
    { ...area, top: row + 1 },
  ];
  return parts.filter((part) => part.top <= part.bottom && part.left <= part.right);
}
