export interface CellOptions {
  /**
   * Writes `'` before cells of the user's that a spreadsheet program would run as a formula (those that begin
   * with `=`, `+`, `-`, `@`, TAB or CR). Off by default, since it changes their data.
   */
  safe?: boolean;
}

const FORMULA_START = /^[=+\-@\t\r]/;

/** Gives a function that writes a cell (RFC 4180, with the delimiter of the file). */
export function cellWriter(delimiter: string, { safe }: CellOptions): (cell: string) => string {
  // Blanks at the ends of a cell are quoted too: many programs drop them otherwise.
  const needsQuotes = new RegExp(`[${delimiter}"\\r\\n]|^\\s|\\s$`);
  return (cell) => {
    const text = safe && FORMULA_START.test(cell) ? `'${cell}` : cell;
    return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
}
