import { MAX_RETRY_AFTER_MS } from '../../concurrency/circuit-breaker.js';
import { AppError, UnavailableError } from '../../errors/app-error.js';
import { isBusy } from '../hosts/image-host-failures.js';
import type { ClaimedImage } from '../scheduling/image-claims.js';

const SECOND = 1000;

/** The second and the third try of an image come within so long. After the third it has failed. */
const RETRY_WITHIN_MS = [3 * SECOND, 15 * SECOND];

/** Tries of an image that end because the server is too busy, before such tries count as well. */
const MAX_FREE_TRIES = 10;

/** How long an image waits when not it, but our own database or storage is at fault. */
const UNAVAILABLE_RETRY_MS = 10 * SECOND;

/** Thrown by a try that is ended because the process stops. */
export class ShutdownError extends Error {}

/** What follows from a try that failed. */
export type NextStep =
  /** The image is next again, as if it had not been claimed. */
  | { is: 'release' }
  /** `countedAs`: what the try costs the image, one of its tries or one of those that it has free. */
  | { is: 'retry'; error: AppError; delayMs: number; countedAs: 'failure' | 'busy' | null }
  | { is: 'fail'; error: AppError };

/**
 * What follows from the error of a try. Faults of our own cost an image none of its tries; nor, for a while, does a
 * server that is too busy.
 * @param isHostGivenUp no image of its host gets another try
 */
export function nextStep(
  { busyTries, failures }: Pick<ClaimedImage, 'busyTries' | 'failures'>,
  error: unknown,
  isHostGivenUp: boolean,
): NextStep {
  if (error instanceof ShutdownError) return { is: 'release' };
  if (error instanceof UnavailableError)
    return { is: 'retry', error, delayMs: UNAVAILABLE_RETRY_MS, countedAs: null };
  const failure = error instanceof AppError ? error : new AppError('INTERNAL');
  const isCounted = !isBusy(failure) || busyTries >= MAX_FREE_TRIES; // it must come to an end
  const delayMs = isHostGivenUp ? null : retryDelayMs(isCounted ? failures : 0, failure);
  return delayMs === null
    ? { is: 'fail', error: failure }
    : { is: 'retry', error: failure, delayMs, countedAs: isCounted ? 'failure' : 'busy' };
}

/**
 * Milliseconds until the next try, or null where there is none. Full jitter (Brooker, "Exponential Backoff and Jitter",
 * 2015) keeps the images of a host from coming back all at once.
 */
function retryDelayMs(failures: number, { retryable, retryAfterMs = 0 }: AppError): number | null {
  if (!retryable || failures >= RETRY_WITHIN_MS.length) return null;
  const planned = RETRY_WITHIN_MS[failures] * Math.random();
  return Math.round(Math.max(planned, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)));
}
