import type { TableColumn } from './columns.js';

/** How the text of a CSV file is written. */
export interface CsvFormat {
  delimiter: ',' | ';' | '\t';
  newline: '\n' | '\r\n';
  /** Whether the file began with a byte order mark. */
  bom: boolean;
  /** How the input was encoded. The output is always UTF-8. */
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
}

/** All that is needed to write a user's table in the form in which it came. Plain JSON. */
export interface CsvLayout extends CsvFormat {
  /** In the order of the file. More than one column can have the role `input`; at most one has `output`. */
  columns: TableColumn[];
}
