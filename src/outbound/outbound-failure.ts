import { OutboundError } from '../errors/app-error.js';
import { parseRetryAfter } from './retry-after.js';

const TIMEOUTS = new Set(['ETIMEDOUT', 'ECONNABORTED', 'ESOCKETTIMEDOUT']);

/** OpenSSL's verdicts on certificates, as Node spells them, and its own codes. */
const TLS =
  /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|EPROTO|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** The failure of a status that is no success. Codes: `HTTP_<status>`; retryable are 408, 425, 429 and 5xx. */
export function statusError(status: number, retryAfter?: unknown): OutboundError {
  return new OutboundError(`HTTP_${status}`, undefined, {
    retryAfterMs: parseRetryAfter(retryAfter),
  });
}

/**
 * The failure of a connection, a handshake or a half-read answer in our terms. Codes: `TIMEOUT`, `TLS_FAILED`,
 * `RESPONSE_INVALID`, `CONNECTION_FAILED`, or that of an {@link OutboundError} inside. The original goes to `cause`,
 * without what axios hangs on it: the request with its headers, which are secrets where a webhook is signed.
 */
export function connectionError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const inner = error instanceof Error ? error.cause : undefined;
  if (inner instanceof OutboundError) return inner;

  const cause = inner ?? error;
  const code = codeOf(error) || codeOf(inner);
  if (TIMEOUTS.has(code)) {
    return new OutboundError('TIMEOUT', undefined, { cause });
  }
  if (TLS.test(code)) {
    return new OutboundError('TLS_FAILED', undefined, { cause });
  }
  if (code.startsWith('HPE_')) {
    return new OutboundError('RESPONSE_INVALID', undefined, { cause });
  }
  return new OutboundError('CONNECTION_FAILED', undefined, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
