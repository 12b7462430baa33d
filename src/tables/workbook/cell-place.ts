const LETTERS = 26;
const LETTER_A = 65;

/** The column of a cell such as `C7`, the first is 0; -1 where that is no cell. */
export function placeOfCell(cell: string): number {
  let column = 0;
  for (let at = 0; at < cell.length; at++) {
    const letter = cell.charCodeAt(at) - LETTER_A;
    if (letter < 0 || letter >= LETTERS) break;
    column = column * LETTERS + letter + 1;
    if (column > 1_000_000) return -1;
  }
  return column - 1;
}

/** The letters of a column, the first is 0. */
export function columnLetters(place: number): string {
  const rest = Math.floor(place / LETTERS);
  const letter = String.fromCharCode(LETTER_A + (place % LETTERS));
  return rest === 0 ? letter : columnLetters(rest - 1) + letter;
}

/** A cell as spreadsheets write it, to be typed into the box beside the formula: `Products!C7`, `'My sheet'!C7`. */
export function cellAddress(sheet: string, place: number, row: number): string {
  const isPlain = /^[\p{L}_][\p{L}\d_.]*$/u.test(sheet) && !/^[a-z]{1,3}\d+$/i.test(sheet);
  const name = isPlain ? sheet : `'${sheet.replaceAll("'", "''")}'`;
  return `${name}!${columnLetters(place)}${row}`;
}
