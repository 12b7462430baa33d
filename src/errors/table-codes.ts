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
      'The file is not a text file but an image, a PDF or an archive, for example. Save the table as CSV or as an Excel workbook (.xlsx) first.',
    where: ['file'],
  },
  EXCEL_FILE: {
    status: 400,
    retryable: false,
    sentence:
      'The file is a spreadsheet of a kind that is not read (.xls, .xlsb, .ods, .numbers, or with a password). Open it, and save or export it as an Excel workbook (.xlsx) or as CSV UTF-8.',
    where: ['file'],
  },
  WORKBOOK_DAMAGED: {
    status: 400,
    retryable: false,
    sentence:
      'The file is an Excel workbook that can not be read: it is incomplete or damaged. Open it, save it again, and upload that.',
    where: ['file'],
  },
  WORKBOOK_TOO_LARGE: {
    status: 400,
    retryable: false,
    sentence: 'The workbook unpacks to more than is read. Save the sheet as CSV UTF-8, and upload that.',
    where: ['file'],
  },
  SHEET_UNKNOWN: {
    status: 400,
    retryable: false,
    sentence: 'The file has no sheet of the name that sheet gives.',
    where: ['file'],
  },
  HTML_FILE: {
    status: 400,
    retryable: false,
    sentence:
      'The file is a web page (HTML or XML), perhaps the page of a login. Download the table itself, as CSV.',
    where: ['file'],
  },
  JSON_FILE: {
    status: 400,
    retryable: false,
    sentence: 'The file is JSON. Send a table as CSV, with one product a line.',
    where: ['file'],
  },
  HEADER_MISSING: {
    status: 400,
    retryable: false,
    sentence: 'No name of a column is known; one of the first ten lines must name the columns.',
    where: ['file'],
  },
  COLUMN_MISSING: {
    status: 400,
    retryable: false,
    sentence: 'The header names no column of image URLs.',
    where: ['file'],
  },
  COLUMN_UNKNOWN: {
    status: 400,
    retryable: false,
    sentence: 'The header has no column of the name that image_columns, name_column or image_name gives.',
    where: ['file'],
  },
  PROFILE_MISMATCH: {
    status: 400,
    retryable: false,
    sentence:
      'The header is not that of the profile which was given; GET /profiles lists what each one needs.',
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
    status: 400,
    retryable: false,
    sentence: 'No row of the file has an image URL.',
    where: ['file'],
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
    sentence:
      'The row has more cells than the header, and they are no image URLs. A cell with a separator in it needs quotation marks.',
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
  BYTES_REPLACED: 'The file is written in UTF-8 but has other bytes, which were replaced by \uFFFD.',
  DELIMITER_DETECTED: 'The cells are separated by semicolons or tabs.',
  LINE_ABOVE_HEADER_SKIPPED: 'A line above the header was left out.',
  HEADER_ADDED: 'The file has no header: each of its lines is a list of URLs.',
  SEPARATOR_LINE_SKIPPED: 'The file begins with a line that names the separator (`sep=;`).',
  HEADER_REPEATED: 'The line repeats the header; it was left out.',
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
  TRAILING_CELLS_DROPPED:
    'Cells at the end of the row were left out: they are empty, or in columns of a sheet that have no name.',
  URLS_OVERFLOWED: 'A list of URLs took up further columns, which have no name; they were read with it.',
  URL_SEPARATOR: 'URLs are separated by a blank, a line end, `|` or `;` in place of a comma.',
  URL_SEPARATOR_MISSING: 'URLs follow one another with nothing between them; each is taken by itself.',
  URL_LIST_TEXT: 'Quotes, or brackets of a list in Python, JSON or PostgreSQL, were removed.',
  URL_UNWRAPPED: 'URLs were taken out of a formula, of Markdown, of brackets, or from words about the image.',
  URL_CHARACTERS_ENCODED: 'Blanks or letters beyond ASCII in a URL were percent-encoded, as browsers do.',
  URL_ENTITY_DECODED: 'An entity of HTML (`&amp;`) in a URL was read as `&`.',
  URL_SCHEME_ADDED: 'A URL that begins with `//` got the scheme of the URL before it, or https.',
  URL_SCHEME_REPEATED: 'A URL began with two schemes (`http://https://`); the last one counts.',
  INVISIBLE_CHARACTERS_REMOVED: 'Characters that are not seen, beside a URL, were removed.',
  SHARE_LINK_FOLLOWED:
    'A share link leads to a page; its image is fetched by the address of the file. Your text stays as it is.',
  CONTINUATION_JOINED: 'A line of URLs only was joined to the row above it.',
} as const;

/** What is odd about an address that is taken: the codes of `warnings` besides those that the image will fail with. */
export const TABLE_WARNINGS = {
  FRAGMENT_IGNORED:
    'What stands behind # in an address is not sent to the server; write %23 if the # is part of a file name.',
  COLUMN_IGNORED:
    'The column holds addresses of images but is not used as one: choose it as a column of images (`image_columns`) to have it used.',
  IMAGE_TEXT_KEPT:
    'The cell holds a name or path of an image in place of an address; nothing is fetched, and it stays as it is.',
  ENCODING_UNSURE:
    'The file is not in UTF-8, and its letters are hardly those of Windows-1252, as which it was read: look at the names. Where they are wrong, save the file as “CSV UTF-8”.',
  PUBLIC_URL_NOT_FETCHED:
    'Shops and marketplaces will not fetch the images: their addresses need https, a public host and a usual port (PUBLIC_URL).',
  PROFILE_LIMIT: 'The shop or marketplace whose file this is takes fewer images, or shorter addresses.',
} as const;

/** A code in `faults`. */
export type TableFaultCode = keyof typeof TABLE_FAULTS | 'URL_INVALID';

/** A code in `warnings`. */
export type TableWarningCode = keyof typeof TABLE_WARNINGS;

/** A code in `repairs`. */
export type TableRepairCode = keyof typeof TABLE_REPAIRS;
