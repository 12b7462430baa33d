import { type QueryRunner, Table, type TableColumnOptions, TableIndex, type TableOptions } from 'typeorm';

type Column = Omit<TableColumnOptions, 'name' | 'type'>;

/** A column that {@link addColumn} adds to a table with rows: one that may be null, or has a default. */
export interface AddedColumn {
  name: string;
  type: 'integer' | 'bigint' | 'text' | `varchar(${number})`;
  default?: number;
}

export function integer(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'integer', ...column };
}

export function big(name: string, column: Column = {}): TableColumnOptions {
  return { name, type: 'bigint', ...column };
}

/** The columns of texts: every script, and no case folding in comparisons, whatever the server's default is. */
export function textColumns(runner: QueryRunner) {
  const anyText = isSqlite(runner) ? {} : { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
  return {
    text: (name: string, column: Column = {}) => ({ name, type: 'text', ...anyText, ...column }),
    short: (name: string, length: number, column: Column = {}) => {
      return { name, type: 'varchar', length: String(length), ...anyText, ...column };
    },
  };
}

/** A foreign key to the table of requests: its rows go with their request. */
export function toRequest(name: string) {
  return {
    name,
    columnNames: ['request_key'],
    referencedTableName: 'requests',
    referencedColumnNames: ['request_key'],
    onDelete: 'CASCADE',
  };
}

export function isSqlite(runner: QueryRunner): boolean {
  return runner.connection.options.type === 'better-sqlite3';
}

// A server commits each change of the schema by itself. What a killed migration has changed is left alone by the next one.

/** Makes a table where there is none. Without a primary key that counts, SQLite stores it in the order of its key. */
export async function makeTable(runner: QueryRunner, options: TableOptions): Promise<void> {
  if (await runner.hasTable(options.name)) return;
  const counts = options.columns?.some(({ isGenerated }) => isGenerated);
  await runner.createTable(new Table({ withoutRowid: isSqlite(runner) && !counts, ...options }));
}

/**
 * Adds a column where there is none. By a statement of our own: TypeORM's copies the whole table on SQLite, while this is a
 * change of the schema alone on every engine, however many rows there are.
 */
export async function addColumn(runner: QueryRunner, table: string, column: AddedColumn): Promise<void> {
  if (await runner.hasColumn(table, column.name)) return;
  const isText = column.type === 'text' || column.type.startsWith('varchar');
  const script = isText && !isSqlite(runner) ? ' CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : '';
  const value = column.default === undefined ? 'NULL' : `NOT NULL DEFAULT ${column.default}`;
  await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column.name} ${column.type}${script} ${value}`);
}

/** Makes an index where there is none of its name. */
export async function makeIndex(
  runner: QueryRunner,
  table: string,
  name: string,
  columnNames: string[],
  isUnique = false,
): Promise<void> {
  if (await hasIndex(runner, table, name)) return;
  await runner.createIndex(table, new TableIndex({ name, columnNames, isUnique }));
}

/** Removes an index where there is one. */
export async function removeIndex(runner: QueryRunner, table: string, name: string): Promise<void> {
  if (!(await hasIndex(runner, table, name))) return;
  await runner.query(`DROP INDEX ${name}${isSqlite(runner) ? '' : ` ON ${table}`}`);
}

/** Removes a column. By a statement of our own, as {@link addColumn}. */
export async function removeColumn(runner: QueryRunner, table: string, name: string): Promise<void> {
  if (await runner.hasColumn(table, name)) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${name}`);
}

async function hasIndex(runner: QueryRunner, table: string, name: string): Promise<boolean> {
  const sql = isSqlite(runner)
    ? "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name = ?"
    : `SELECT index_name FROM information_schema.statistics
       WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ? LIMIT 1`;
  const found: unknown[] = await runner.query(sql, [table, name]);
  return found.length > 0;
}
