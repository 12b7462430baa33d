import type { EntityManager } from 'typeorm';

/** Values of one multi-row INSERT: SQLite takes 32,766 variables, and a longer statement blocks the event loop for longer. */
const MAX_VALUES = 6000;

/**
 * Inserts many rows by plain multi-row statements: 20 times faster than the query builder for this.
 * Table and column names are ours, never a user's.
 */
export function insertRows(
  manager: EntityManager,
  table: string,
  columns: string[],
  rows: unknown[][],
): Promise<void> {
  return addRows('INSERT', manager, table, columns, rows);
}

/** As {@link insertRows}, with each value beside the name of its column. All rows have the same columns. */
export async function insertObjects(
  manager: EntityManager,
  table: string,
  rows: Record<string, unknown>[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]);
  await insertRows(
    manager,
    table,
    columns,
    rows.map((row) => columns.map((column) => row[column])),
  );
}

/** As {@link insertRows}, but a row takes the place of one with the same primary key. */
export function replaceRows(
  manager: EntityManager,
  table: string,
  columns: string[],
  rows: unknown[][],
): Promise<void> {
  return addRows('REPLACE', manager, table, columns, rows);
}

async function addRows(
  verb: 'INSERT' | 'REPLACE',
  manager: EntityManager,
  table: string,
  columns: string[],
  rows: unknown[][],
): Promise<void> {
  const perStatement = Math.floor(MAX_VALUES / columns.length);
  const head = `${verb} INTO ${table} (${columns.join(', ')}) VALUES `;
  const row = `(${columns.map(() => '?').join(', ')})`;
  for (let start = 0; start < rows.length; start += perStatement) {
    const part = rows.slice(start, start + perStatement);
    await manager.query(head + part.map(() => row).join(', '), part.flat());
  }
}
