import type { ColumnOptions } from 'typeorm';

/** 64-bit counts and sizes come back as text from mysql2 and as numbers from SQLite: numbers everywhere. */
const asNumber = {
  to: (value?: number | null) => value,
  from: (value: string | number | null) => (value === null || value === undefined ? null : Number(value)),
};

/** A whole number up to 2^53: a size in bytes, or an instant in milliseconds since 1970 (UTC). */
export function bigInteger(name: string, options: ColumnOptions = {}): ColumnOptions {
  return { name, type: 'bigint', transformer: asNumber, ...options };
}
