import type { ErrorFacts } from './error-facts.js';

/** Errors of who calls, and of what they may, by status. */
export const ACCESS_CODES = {
  OWNER_MISSING: {
    status: 400,
    retryable: false,
    sentence: 'Name the owner whose requests the key may read.',
    where: ['call'],
  },
  API_KEY_MISSING: {
    status: 401,
    retryable: false,
    sentence: 'This call needs an API key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`.',
    where: ['call'],
  },
  API_KEY_INVALID: {
    status: 401,
    retryable: false,
    sentence: 'The API key is not valid.',
    where: ['call'],
  },
  TOKEN_EXPIRED: {
    status: 401,
    retryable: false,
    sentence: 'The upload token has expired; get a new one.',
    where: ['call'],
  },
  ROLE_NOT_ALLOWED: {
    status: 403,
    retryable: false,
    sentence: 'The role of this API key does not allow the call.',
    where: ['call'],
  },
  TOKEN_NOT_ALLOWED: {
    status: 403,
    retryable: false,
    sentence: 'An upload token uploads within its bounds and reads what it made, and does nothing else.',
    where: ['call'],
  },
  STORED_BYTES_EXCEEDED: {
    status: 403,
    retryable: false,
    sentence:
      'The owner of this API key has as many bytes stored as it may have; delete requests that are not needed.',
    where: ['call'],
  },
  FOREIGN_ORIGIN: {
    status: 403,
    retryable: false,
    sentence:
      'The call comes from a page of another origin, which CORS_ORIGINS does not name, or to a foreign host name: without ' +
      'API_KEYS the service answers programs on its own machine only.',
    where: ['call'],
  },
  FORWARDED_CALL: {
    status: 403,
    retryable: false,
    sentence: 'Without API_KEYS the service answers no calls through a proxy; set API_KEYS.',
    where: ['call'],
  },
  KEY_NOT_FOUND: {
    status: 404,
    retryable: false,
    sentence: 'There is no API key with this id.',
    where: ['call'],
  },
  FIRST_KEY_NOT_ADMIN: {
    status: 409,
    retryable: false,
    sentence: 'The first API key must be an admin key: without one nobody could make others.',
    where: ['call'],
  },
  TOO_MANY_KEYS: {
    status: 409,
    retryable: false,
    sentence: 'There are 10,000 API keys already; delete those that are not needed any more.',
    where: ['call'],
  },
  NO_KEY_FOR_TOKEN: {
    status: 409,
    retryable: false,
    sentence: 'Upload tokens belong to an API key, and the service has none: calls need no token.',
    where: ['call'],
  },
  TOO_MANY_WRONG_KEYS: {
    status: 429,
    retryable: true,
    sentence: 'Too many wrong API keys came from this address; try again after the seconds of Retry-After.',
    where: ['call'],
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    sentence:
      'This key has made as many calls as it may in a minute; try again after the seconds of Retry-After.',
    where: ['call'],
  },
  QUOTA_EXCEEDED: {
    status: 429,
    retryable: true,
    sentence: 'The images are more than this key may bring now; try again after the seconds of Retry-After.',
    where: ['call'],
  },
} as const satisfies Record<string, ErrorFacts>;
