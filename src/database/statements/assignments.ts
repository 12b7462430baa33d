/**
 * The SET part of an UPDATE, so that each column stands beside its value.
 * @param values by column name; names are ours, never a user's
 * @returns `a = ?, b = ?` and the parameters in the same order
 */
export function assignments(values: Record<string, unknown>): { sql: string; parameters: unknown[] } {
  return {
    sql: Object.keys(values)
      .map((column) => `${column} = ?`)
      .join(', '),
    parameters: Object.values(values),
  };
}
