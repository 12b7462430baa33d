import type { EntityManager } from 'typeorm';

/**
 * A table in a statement that locks rows: servers find them by the primary key only. By another index they would lock its
 * entries first and the rows after them, and deadlock with statements that go by the primary key.
 */
export function byPrimaryKey(manager: EntityManager, table: string): string {
  return isServer(manager) ? `${table} FORCE INDEX (PRIMARY)` : table;
}

/** The end of a SELECT that locks what it reads. With SQLite a transaction has the database to itself. */
export function forUpdate(manager: EntityManager): string {
  return isServer(manager) ? ' FOR UPDATE' : '';
}

/** Whether this is a database server, with others that write at the same time. */
export function isServer(manager: EntityManager): boolean {
  return manager.dataSource.options.type !== 'better-sqlite3';
}

/**
 * The condition for rows of several requests.
 * @param column what numbers them within a request
 * @returns SQL and its parameters, in the order of the key
 */
export function rowsOf(
  column: string,
  numbers: Map<number, Iterable<number>>,
): { sql: string; parameters: number[] } {
  const requests = [...numbers].sort(([one], [other]) => one - other);
  const parameters: number[] = [];
  const parts = requests.map(([requestKey, ofRequest]) => {
    const sorted = [...new Set(ofRequest)].sort((one, other) => one - other);
    parameters.push(requestKey, ...sorted);
    return `(request_key = ? AND ${column} IN (${sorted.map(() => '?').join(', ')}))`;
  });
  return { sql: `(${parts.join(' OR ')})`, parameters };
}

/** The values of a column that differ from row to row: `CASE WHEN … THEN …`. */
export function caseOf(
  condition: string,
  values: [keys: number[], value: number][],
): { sql: string; parameters: number[] } {
  const parts = values.map(() => `WHEN ${condition} THEN ?`);
  return {
    sql: `CASE ${parts.join(' ')} ELSE 0 END`,
    parameters: values.flatMap(([keys, value]) => [...keys, value]),
  };
}
