import { count } from './parts/format.ts';
import { counted } from './texts-of-requests.ts';

/** Numbers of lines that are named among the figures of a file. */
const LINES_NAMED = 5;

/** Some lines of a file by their numbers, the first ones: `lines 4, 9, 12 and 7 more`. */
function named(lines: number[], total: number, isWorkbook: boolean): string {
  const shown = lines.slice(0, LINES_NAMED);
  const noun = isWorkbook ? 'row' : 'line';
  const more = total > shown.length ? ` and ${count(total - shown.length)} more` : '';
  return `${noun}${total === 1 ? '' : 's'} ${shown.map(count).join(', ')}${more}`;
}

/** Texts about the rows of a file that was chosen, and which of them are shown. */
export const textsOfRows = {
  which: 'Rows that are shown',
  faulty: 'Only faulty rows',
  all: 'All rows',
  show: 'Show all rows',
  hide: 'Hide the rows',
  lead: 'As they stand in your file, with your corrections. Links can be changed here.',
  keys: 'Enter goes to the cell below, F8 to the next one with faults.',
  table: 'Rows of the file',
  skip: 'Skip these rows',
  none: 'There are no rows here.',
  lines: (from: number, to: number, isWorkbook: boolean) =>
    `${isWorkbook ? 'Rows' : 'Lines'} ${count(from)} to ${count(to)}`,
  before: (lines: number, isWorkbook: boolean) =>
    `The ${count(lines)} ${isWorkbook ? 'rows' : 'lines'} before`,
  after: (lines: number, isWorkbook: boolean) => `The next ${count(lines)} ${isWorkbook ? 'rows' : 'lines'}`,

  areIn: (lines: number[], isWorkbook: boolean) => {
    const noun = isWorkbook ? 'Row' : 'Line';
    if (lines.length === 1) return `${noun} ${count(lines[0])} is taken in again.`;
    return `${count(lines.length)} ${noun.toLowerCase()}s are taken in again.`;
  },
  takeIn: (line: number, isWorkbook: boolean) =>
    `Take ${isWorkbook ? 'row' : 'line'} ${count(line)} in again`,
  without: (value: number, lines: number[], isWorkbook: boolean) =>
    `${count(value)} of them without images (${named(lines, value, isWorkbook)})`,
  onlyWithout: 'Without images',
  showWithout: (value: number) => `Show ${counted(value, 'row')} without images`,
  titleWithout: (value: number) => `${counted(value, 'row')} without images`,
  oneImages: 'A file needs a column of images: choose another one first to change this.',
  leadWithout: 'They are kept as they are, and get no new links.',
};
