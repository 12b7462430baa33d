import { QueryFailedError } from 'typeorm';
import { UnavailableError } from '../errors/app-error.js';

/** The server is away, or the disk of the embedded database is full, read-only or broken. */
const AWAY =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|PROTOCOL_|POOL_CLOSED|ER_SERVER_SHUTDOWN|ER_CON_COUNT|ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY))/;

/** Deadlock, lock wait timeout, and MariaDB's snapshot conflict: the server asks to run the transaction again. */
const RUN_AGAIN = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);

const DUPLICATE = new Set([
  'ER_DUP_ENTRY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
  'SQLITE_CONSTRAINT',
]);

/** Whether `error` says that the database can't be reached at the moment, rather than that it refused a statement. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof UnavailableError) return error.code === 'DATABASE_UNAVAILABLE';
  if (AWAY.test(errorCode(error))) return true;
  return error instanceof Error && error.message.includes('connection is in closed state'); // mysql2 has no code for it
}

/** `error` as an {@link UnavailableError} `DATABASE_UNAVAILABLE`, its cause. */
export function databaseUnavailable(error: unknown): UnavailableError {
  return new UnavailableError('DATABASE_UNAVAILABLE', undefined, { cause: error });
}

/** Whether the server asks to run the whole transaction again. */
export function mustRunAgain(error: unknown): boolean {
  return RUN_AGAIN.has(errorCode(error));
}

/** Whether `error` says that another row has the same unique value. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.has(errorCode(error));
}

/** The code of the driver's error, or an empty text. */
export function errorCode(error: unknown): string {
  const source = error instanceof QueryFailedError ? error.driverError : error;
  return (source as { code?: string } | undefined)?.code ?? '';
}
