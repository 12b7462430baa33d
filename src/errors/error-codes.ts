import { ACCESS_CODES } from './access-codes.js';
import { CALL_CODES } from './call-codes.js';
import type { ErrorFacts, Place } from './error-facts.js';
import { IMAGE_CODES } from './image-codes.js';
import { type HttpStatusCode, httpStatusFacts, OUTBOUND_CODES } from './outbound-codes.js';
import { TABLE_FAULTS } from './table-codes.js';
import { WEBHOOK_CODES } from './webhook-codes.js';

/**
 * Every code of an error, but for the family `HTTP_<status>`. Codes are part of the API: they are added, and never
 * changed or removed. `docs/error-codes.md` and `openapi.json` are made of this.
 */
export const ERROR_CODES = {
  ...CALL_CODES,
  ...ACCESS_CODES,
  ...TABLE_FAULTS,
  ...OUTBOUND_CODES,
  ...IMAGE_CODES,
  ...WEBHOOK_CODES,
};

type Listed = typeof ERROR_CODES;

/** The code of an error: one that is listed, or `HTTP_<status>`. */
export type ErrorCode = keyof Listed | HttpStatusCode;

/** A code that answers calls. */
export type CallCode = { [C in keyof Listed]: Listed[C]['status'] extends number ? C : never }[keyof Listed];

/** A code of an address that could not be fetched or called. */
export type OutboundCode = keyof typeof OUTBOUND_CODES | HttpStatusCode;

/** A code of bytes that are no image that can be compressed. */
export type ImageCode = keyof typeof IMAGE_CODES;

/** A code of a service of ours that does not answer. */
export type UnavailableCode = 'DATABASE_UNAVAILABLE' | 'QUEUE_UNAVAILABLE' | 'STORAGE_UNAVAILABLE';

/** Of codes that a newer version has written into the database beside this one. */
const UNKNOWN: ErrorFacts = { status: null, retryable: false, sentence: 'Unknown error.', where: [] };

/** Status, retryability and sentence of a code. */
export function factsOf(code: ErrorCode): ErrorFacts {
  const listed = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as keyof Listed] : null;
  return listed ?? httpStatusFacts(code) ?? UNKNOWN;
}

/** The listed codes that clients meet at a place. */
export type CodeAt<P extends Place> = {
  [C in keyof Listed]: P extends Listed[C]['where'][number] ? C : never;
}[keyof Listed];

/** The listed codes that clients meet at `place`, in the order of the registry. */
export function codesAt<P extends Place>(place: P): CodeAt<P>[] {
  const codes = Object.keys(ERROR_CODES) as CodeAt<P>[];
  return codes.filter((code) => factsOf(code).where.includes(place));
}
