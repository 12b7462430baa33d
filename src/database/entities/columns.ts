import type { ColumnOptions } from 'typeorm';

/** A whole number up to 2^53: a size in bytes, or an instant in milliseconds since 1970 (UTC). */
export function bigInteger(name: string, options: ColumnOptions = {}): ColumnOptions {
  return { name, type: 'bigint', ...options };
}
