import type { DataSource } from 'typeorm';

/** Such changes of rows as fail: the SQL of a condition that names `OLD` and `NEW`. */
interface Held {
  event: 'DELETE' | 'UPDATE';
  table: string;
  condition: string;
}

/**
 * A trigger: some changes of a table fail until it is dropped. What changes many rows, some at a time, is found in the
 * middle of it whenever one looks, however quick the machine is.
 * @returns what drops it
 */
export async function holdInTheMiddle(
  database: DataSource,
  { event, table, condition }: Held,
): Promise<string> {
  const name = `middle_of_${table}`;
  const when = `CREATE TRIGGER ${name} BEFORE ${event} ON ${table} FOR EACH ROW`;
  await database.query(
    database.options.type === 'mysql'
      ? `${when} IF ${condition} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the middle'; END IF`
      : `${when} WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'the middle'); END`,
  );
  return `DROP TRIGGER ${name}`;
}
