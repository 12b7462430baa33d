import type { EntityManager } from 'typeorm';
import type { ErrorCode } from '../../errors/error-codes.js';

/** Which failed images of a request are tried again; all unless it says more. */
export interface RetrySelection {
  /** Only those that failed with one of these. */
  codes?: ErrorCode[];
  /** Only these, by number, and those with the same URL. */
  numbers?: number[];
}

/** A failed image, by what it is chosen. */
export interface FailedImage {
  number: number;
  host: number;
  errorCode: ErrorCode | null;
  sameAs: number | null;
}

/** The selection as it is kept while a request is being retried. An earlier version kept the codes alone. */
export function readSelection(kept: string | null): RetrySelection {
  const value = kept === null ? {} : (JSON.parse(kept) as RetrySelection | ErrorCode[]);
  return Array.isArray(value) ? { codes: value } : value;
}

/**
 * Images with the same URL are settled together, so they are chosen together: each is named by the first of them.
 * @returns the selection with the first ones in place of their repeats
 */
export async function withFirstOnes(
  manager: EntityManager,
  requestKey: number,
  { codes, numbers }: RetrySelection,
): Promise<RetrySelection> {
  if (!numbers) return codes ? { codes } : {};
  const places = numbers.map(() => '?').join(', ');
  const rows = await manager.query<{ first: number }[]>(
    `SELECT COALESCE(same_as, number) AS first FROM images WHERE request_key = ? AND number IN (${places})`,
    [requestKey, ...numbers],
  );
  return { ...(codes ? { codes } : {}), numbers: [...new Set(rows.map(({ first }) => Number(first)))] };
}

/** Says of each failed image whether it is chosen, by a selection of {@link withFirstOnes}. */
export function chosenBy({ codes, numbers }: RetrySelection): (image: FailedImage) => boolean {
  const firsts = numbers && new Set(numbers);
  return ({ number, sameAs, errorCode }) =>
    (!codes || (errorCode !== null && codes.includes(errorCode))) &&
    (!firsts || firsts.has(sameAs ?? number));
}
