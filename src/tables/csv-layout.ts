import type { TableColumn } from './header/columns.js';
import type { WantedColumns } from './header/header-columns.js';

/** How the text of a CSV file is written. */
export interface CsvFormat {
  delimiter: ',' | ';' | '\t';
  newline: '\n' | '\r\n';
  /** Whether the file began with a byte order mark. */
  bom: boolean;
  /** How the input was encoded. Files that we write are UTF-8, but for the user's own with other URLs. */
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
}

/** All that is needed to write a user's table in the form in which it came. Plain JSON. */
export interface CsvLayout extends CsvFormat {
  /** The name of the sheet that was read, where the file is a workbook; then the format is that of what is given back as CSV. */
  sheet?: string;
  /** In the order of the file. More than one column can have the role `input`; at most one has `output`. */
  columns: TableColumn[];
  /** The id of the profile of the shop or marketplace whose file it is; not there where it is none of theirs. */
  profile?: string;
  /** What was said of its columns at the upload, where anything was. */
  wanted?: WantedColumns;
  /** How the rows are found again in the file; not there where an earlier version read it. */
  source?: SourceLayout;
}

/** Where the table stands in its file. */
export interface SourceLayout {
  /** Records that begin on or before this line are none of the rows. */
  headerLine: number;
  /** How many of the columns, the first ones, the file itself does not have. */
  addedColumns: number;
  /** Columns without a name behind all others, which the header has. */
  unnamedColumns: number;
  /** Blank lines in the places of rows that a patch left out; not there where none was. */
  leftOut?: LeftOutLines[];
}

/** Lines of the file that follow each other. */
export type LeftOutLines = [first: number, count: number];

/** How a file is written, with the lines that patches left blank in it. */
export function withLeftOut(layout: CsvLayout, leftOut: LeftOutLines[] = []): CsvLayout {
  if (leftOut.length === 0) return layout;
  return { ...layout, source: { ...layout.source!, leftOut } };
}
