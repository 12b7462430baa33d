import type { ErrorFacts } from './error-facts.js';

/** Faults of an uploaded file or of its rows, but for `URL_INVALID`, which is also an error of images. */
export const TABLE_FAULTS = {
  EMPTY_FILE: {
    status: 400,
    retryable: false,
    sentence: 'The file is empty.',
    where: ['file'],
  },
  NOT_A_CSV: {
    status: 400,
    retryable: false,
    sentence:
      'The file is not a text file: a spreadsheet, an image or an archive. Save the table as CSV first.',
    where: ['file'],
  },
  HEADER_MISSING: {
    status: 400,
    retryable: false,
    sentence: 'No name of a column is known; the first line must name the columns.',
    where: ['file'],
  },
  COLUMN_MISSING: {
    status: 400,
    retryable: false,
    sentence: 'The header names no column of image URLs.',
    where: ['file'],
  },
  TOO_MANY_COLUMNS: {
    status: 400,
    retryable: false,
    sentence: 'The file has too many columns.',
    where: ['file'],
  },
  NO_ROWS: {
    status: 400,
    retryable: false,
    sentence: 'There is no row below the header.',
    where: ['file'],
  },
  NO_URL: {
    status: null,
    retryable: false,
    sentence: 'The row has no image URL.',
    where: ['row'],
  },
  TOO_MANY_URLS: {
    status: null,
    retryable: false,
    sentence: 'The row has too many image URLs; spread them over several rows.',
    where: ['row'],
  },
  TOO_MANY_CELLS: {
    status: null,
    retryable: false,
    sentence: 'The row has more cells than the header, and they are no image URLs.',
    where: ['row'],
  },
  ROW_UNCLEAR: {
    status: null,
    retryable: false,
    sentence: 'The row holds URLs only, and there is no row above it that they can belong to.',
    where: ['row'],
  },
  CELL_TOO_LONG: {
    status: 400,
    retryable: false,
    sentence: 'A cell, or a name of a column, is too long.',
    where: ['file', 'row'],
  },
  ROW_TOO_LONG: {
    status: 400,
    retryable: false,
    sentence: 'A row, or the header, is too long.',
    where: ['file', 'row'],
  },
  NUL_BYTE: {
    status: 400,
    retryable: false,
    sentence: 'There are NUL characters in the text; the file may be damaged.',
    where: ['file', 'row'],
  },
  QUOTE_NOT_CLOSED: {
    status: 400,
    retryable: false,
    sentence: 'A quotation mark is opened and not closed; a quote inside a cell is written "".',
    where: ['file', 'row'],
  },
} as const satisfies Record<string, ErrorFacts>;

/** What was read otherwise than it stands in an uploaded file: the codes of `repairs`. They never change. */
export const TABLE_REPAIRS = {
  BOM_SKIPPED: 'The file begins with a byte order mark.',
  ENCODING_CONVERTED: 'The file is not written in UTF-8; it was converted.',
  BYTES_REPLACED: 'The file is marked as UTF-8 but has other bytes, which were replaced.',
  DELIMITER_DETECTED: 'The cells are separated by semicolons or tabs.',
  SEPARATOR_LINE_SKIPPED: 'The file begins with a line that names the separator (`sep=;`).',
  HEADER_ALIAS: 'A column has another name than the standard one.',
  COLUMN_ADDED: 'The file has no column of serial numbers or of product names.',
  COLUMNS_MERGED: 'Several columns of image URLs were taken as one.',
  UNNAMED_COLUMNS_DROPPED: 'Columns without a name at the end of the header were left out.',
  OUTPUT_COLUMN_REPLACED: 'The file has a column of output URLs already; it is replaced.',
  BLANK_LINE_SKIPPED: 'A blank line was left out.',
  BLANKS_TRIMMED: 'Blanks around a cell were removed.',
  WHOLE_LINE_QUOTED: 'The quotes around a whole line were removed.',
  STRAY_QUOTE_KEPT: 'A quote inside a cell was kept as it is.',
  CELLS_MISSING: 'The row has fewer cells than the header.',
  TRAILING_CELLS_DROPPED: 'Empty cells at the end of the row were left out.',
  URLS_OVERFLOWED: 'A list of URLs without quotes took up further columns; they were read as one cell.',
  URL_SEPARATOR: 'URLs are separated by a blank, a line end, `|` or `;` in place of a comma.',
  URL_LIST_TEXT: 'Brackets or quotes of a list in Python or JSON were removed.',
  CONTINUATION_JOINED: 'A line of URLs only was joined to the row above it.',
} as const;

/** A code in `faults`. */
export type TableFaultCode = keyof typeof TABLE_FAULTS | 'URL_INVALID';

/** A code in `repairs`. */
export type TableRepairCode = keyof typeof TABLE_REPAIRS;
