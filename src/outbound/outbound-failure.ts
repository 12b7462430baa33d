import { OutboundError } from '../errors/app-error.js';
import { parseRetryAfter } from './retry-after.js';

/** Addresses named in a message; a host with more has the others for the same reason. */
const MAX_NAMED_ADDRESSES = 4;

const TIMEOUTS = new Set(['ETIMEDOUT', 'ECONNABORTED', 'ESOCKETTIMEDOUT']);

/** OpenSSL's verdicts on certificates, as Node spells them, and its own codes. */
const TLS =
  /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|EPROTO|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** What is wrong with a certificate, where that is all that is wrong. */
const TLS_REASONS: [RegExp, string][] = [
  [/^CERT_HAS_EXPIRED$/, "the server's certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate is not valid yet"],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, "the server's certificate is for another host name"],
  [/SELF_SIGNED/, "the server's certificate is not signed by a known authority"],
  [/^UNABLE_TO_(VERIFY_LEAF|GET_ISSUER)/, 'the server does not send the certificate that signed its own'],
  [/^CERT_REVOKED$/, "the server's certificate was revoked"],
];

/** Why an address could not be connected to. */
const ADDRESS_REASONS: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ETIMEDOUT: 'did not answer',
  EHOSTUNREACH: 'can not be reached',
  ENETUNREACH: 'can not be reached',
  ECONNRESET: 'closed the connection',
};

/**
 * The failure of a status that is no success. Codes: `HTTP_<status>`, of which 408, 425, 429 and 5xx are retryable, or
 * `RESPONSE_INVALID` for {@link isNoStatus}.
 */
export function statusError(status: number, retryAfter?: unknown): OutboundError {
  if (isNoStatus(status))
    return new OutboundError(
      'RESPONSE_INVALID',
      `The server answered with ${status}, which is no status of HTTP.`,
    );
  return new OutboundError(`HTTP_${status}`, undefined, {
    retryAfterMs: parseRetryAfter(retryAfter),
  });
}

/** Whether three digits are no status of HTTP (RFC 9110, section 15): Node's parser also takes 000 to 099. */
export function isNoStatus(status: number): boolean {
  return status < 100;
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
    return new OutboundError('TIMEOUT', `The server did not answer in time${addressesOf(cause)}.`, { cause });
  }
  if (TLS.test(code)) {
    const reason = TLS_REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'its TLS is faulty';
    return new OutboundError('TLS_FAILED', `No secure connection: ${reason}.`, { cause });
  }
  if (code.startsWith('HPE_')) {
    const { reason } = error as { reason?: unknown };
    const detail = typeof reason === 'string' ? ` (${reason})` : '';
    return new OutboundError('RESPONSE_INVALID', `The server's answer is no valid HTTP${detail}.`, { cause });
  }
  const message = `The connection to the server failed${addressesOf(cause)}.`;
  return new OutboundError('CONNECTION_FAILED', message, { cause });
}

/** Whether a parser found no HTTP in what a server sent. */
export function isUnreadable(error: unknown): boolean {
  return codeOf(error).startsWith('HPE_');
}

/** Each address that was dialled, and what became of it. They have passed the address check. */
function addressesOf(error: unknown): string {
  const { errors = [error] } = (error ?? {}) as { errors?: unknown[] }; // an AggregateError where there were several
  const reasons = errors.flatMap((failure) => {
    const { address } = (failure ?? {}) as { address?: string };
    const reason = ADDRESS_REASONS[codeOf(failure)];
    return address !== undefined && reason !== undefined ? [`${address} ${reason}`] : [];
  });
  return reasons.length > 0 ? ` (${reasons.slice(0, MAX_NAMED_ADDRESSES).join(', ')})` : '';
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
