import type { FailureRules } from '../../concurrency/circuit-breaker.js';
import { type AppError, OutboundError } from '../../errors/app-error.js';

const AWAY = ['HOST_NOT_FOUND', 'CONNECTION_FAILED', 'TIMEOUT'];

/** Whether a server says that it has too much to do, which is no failure of the image that was asked for. */
export function isBusy({ code, retryAfterMs }: AppError): boolean {
  return code === 'HTTP_429' || (code === 'HTTP_503' && retryAfterMs !== undefined);
}

/** Which errors of downloads say that a host is away or too busy. Any other is an answer, also a 404. */
export const IMAGE_HOST_FAILURES: FailureRules<OutboundError> = {
  classify(error) {
    if (!(error instanceof OutboundError)) return null;
    if (isBusy(error)) return { failure: 'busy', error };
    return AWAY.includes(error.code) ? { failure: 'away', error } : null;
  },
  retryAfterMs: ({ retryAfterMs = 0 }) => retryAfterMs,
};
