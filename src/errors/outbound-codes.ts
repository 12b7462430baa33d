import type { ErrorFacts } from './error-facts.js';

/** Errors of fetching an image, or of calling a webhook, from an address that a user gave. */
export const OUTBOUND_CODES = {
  URL_INVALID: {
    status: null,
    retryable: false,
    sentence:
      'This is not a URL that can be fetched; write the whole address, beginning with http:// or https://.',
    where: ['row', 'image', 'delivery'],
  },
  ADDRESS_REFUSED: {
    status: null,
    retryable: false,
    sentence:
      'The host is not on the public internet, or browsers block the port; ALLOW_PRIVATE names exceptions.',
    where: ['image', 'delivery'],
  },
  HOST_NOT_FOUND: {
    status: null,
    retryable: true,
    sentence: 'The host name was not found.',
    where: ['image', 'delivery'],
  },
  CONNECTION_FAILED: {
    status: null,
    retryable: true,
    sentence: 'The connection to the server failed.',
    where: ['image', 'delivery'],
  },
  TLS_FAILED: {
    status: null,
    retryable: false,
    sentence: 'No secure connection: the certificate or the TLS of the server is faulty.',
    where: ['image', 'delivery'],
  },
  TIMEOUT: {
    status: null,
    retryable: true,
    sentence: 'The server did not answer in time.',
    where: ['image', 'delivery'],
  },
  TOO_MANY_REDIRECTS: {
    status: null,
    retryable: false,
    sentence: 'The server redirects too many times.',
    where: ['image'],
  },
  INSECURE_REDIRECT: {
    status: null,
    retryable: false,
    sentence: 'The server redirects from https to http.',
    where: ['image'],
  },
  DOWNLOAD_TOO_LARGE: {
    status: null,
    retryable: false,
    sentence: 'The file is larger than MAX_IMAGE_BYTES.',
    where: ['image'],
  },
  EMPTY_BODY: {
    status: null,
    retryable: false,
    sentence: 'The server answered with an empty file.',
    where: ['image'],
  },
  CONTENT_ENCODING_REFUSED: {
    status: null,
    retryable: false,
    sentence: 'The server compressed the file in a way that the service can not undo.',
    where: ['image'],
  },
  RESPONSE_INVALID: {
    status: null,
    retryable: false,
    sentence: 'The answer of the server is no valid HTTP.',
    where: ['image', 'delivery'],
  },
} as const satisfies Record<string, ErrorFacts>;

/** A server answered with a status that is no success, such as `HTTP_404`: one code for each status. */
export type HttpStatusCode = `HTTP_${number}`;

/** Statuses under 500 that may pass: request timeout, too early, too many requests. */
const PASSING_STATUSES = [408, 425, 429];

/** The facts of a {@link HttpStatusCode}: retryable are 408, 425, 429 and 5xx. Null for any other text. */
export function httpStatusFacts(code: string): ErrorFacts | null {
  const [, digits] = /^HTTP_(\d{3})$/.exec(code) ?? [];
  if (!digits) return null;
  const status = Number(digits);
  return {
    status: null,
    retryable: status >= 500 || PASSING_STATUSES.includes(status),
    sentence: `The server answered with status ${digits}.`,
    where: ['image', 'delivery'],
  };
}
