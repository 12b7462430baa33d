import type { ListedParts } from './mending-fields.dto.js';

/** A row as it stands in the file. */
export interface ListedRow {
  line: number;
  /** In the order of the file's own columns; those that a short row lacks are not there. */
  cells: string[];
}

/** Characters of all rows that are listed. */
const MAX_LENGTH = 2_000_000;

/** Gathers the cells of the rows that a dry run is to give. */
export class ListedRows {
  readonly rows: ListedRow[] = [];
  /** Rows of the batch that is being read, of which it is not known yet whether they have faults. */
  private readonly held = new Map<number, string[]>();
  private length = 0;

  constructor(private readonly lines: ListedParts['lines']) {}

  /** Takes the cells of a row as it is read. */
  note(line: number, cells: string[]): void {
    if (this.lines === 'faulty') this.held.set(line, cells);
    else if (this.lines.has(line)) this.add(line, cells);
  }

  /** At the end of a batch, with the faults of it that are listed. */
  endBatch(faults: { line: number }[]): void {
    for (const { line } of faults) {
      const cells = this.held.get(line);
      this.held.delete(line); // a row can have several faults
      if (cells) this.add(line, cells);
    }
    this.held.clear();
  }

  private add(line: number, cells: string[]): void {
    this.length += cells.reduce((sum, cell) => sum + cell.length, 0);
    if (this.length > MAX_LENGTH) return;
    // Copied: as slices they would keep a piece of the file alive.
    this.rows.push({ line, cells: cells.map((cell) => Buffer.from(cell).toString()) });
  }
}
