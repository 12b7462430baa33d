import { AppError, OutboundError } from '../errors.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Failures one after the other, with no answer in between, after which a host is left in peace. */
const FAILURES_TO_OPEN = 5;

/** Waits before one image is sent ahead to see whether the host is back: about those that a single image has. */
const PROBE_AFTER_MS = [2 * SECOND, 10 * SECOND];

/** After the last of these has failed, the host is given up, and one image in so long is sent ahead. */
const GIVEN_UP_MS = 20 * SECOND;

/** How long others wait before they ask again whether the one that was sent ahead is back … */
const PROBE_WAIT_MS = 2 * SECOND;
/** … and after which another one is sent, should it be lost. */
const PROBE_LOST_MS = MINUTE;

/** The longest that a server's `Retry-After` is obeyed: a request must come to its end. */
export const MOST_RETRY_AFTER_MS = 2 * MINUTE;
/** A server that answers 429 and doesn't say for how long. */
const BUSY_MS = SECOND;

/** More hosts in trouble than this are forgotten, the oldest first. */
const MOST_HOSTS = 10_000;

/** What may be done with an image of a host: try it, come back after a while, or let it fail. */
export type Admission =
  { is: 'admitted' } | { is: 'early'; waitMs: number } | { is: 'refused'; error: AppError };

interface Trouble {
  failures: number;
  /** How often it was opened since the last answer; 0 while the failures are few. */
  openings: number;
  /** Nothing is sent before this. */
  openUntil: number;
  /** One was sent ahead, and is expected back before this; 0 where none was. */
  probeUntil: number;
  lastError: AppError;
}

/**
 * A circuit breaker for each host, in the memory of one worker (Nygard, "Release It!", 2nd edition, "Circuit Breaker").
 * A host that fails again and again is left in peace, then tried with one image at a time; after three such rounds, as
 * many tries as a single image has, images that waited for it fail at once with the last error. Any answer, be it a 404, closes it.
 * A host that is too busy (429, or 503 with `Retry-After`) is left in peace from the first such answer on.
 */
export class HostBreaker {
  private readonly troubles = new Map<string, Trouble>();

  /**
   * Whether something may be sent to the host now. Refused are only those that have waited before: who comes fresh to a
   * host that was given up may find it mended.
   */
  ask(host: string, hasWaited: boolean): Admission {
    const trouble = this.troubles.get(host);
    if (!trouble || trouble.openings === 0) return { is: 'admitted' };
    const now = performance.now();
    const isOpen = trouble.openUntil > now;
    if (!isOpen && trouble.probeUntil <= now) return { is: 'admitted' };
    if (hasWaited && isGivenUp(trouble)) return { is: 'refused', error: trouble.lastError };
    return { is: 'early', waitMs: isOpen ? trouble.openUntil - now : PROBE_WAIT_MS };
  }

  /** As {@link ask}, for who then does send something, and reports how that ended to {@link note}. */
  admit(host: string, hasWaited: boolean): Admission {
    const admission = this.ask(host, hasWaited);
    const trouble = this.troubles.get(host);
    if (admission.is === 'admitted' && trouble && trouble.openings > 0) {
      trouble.probeUntil = performance.now() + PROBE_LOST_MS;
    }
    return admission;
  }

  /** Whether the host has had all its tries, so that none of its images gets another one. */
  isGivenUp(host: string): boolean {
    const trouble = this.troubles.get(host);
    return trouble !== undefined && isGivenUp(trouble);
  }

  /** Reports how a try ended: with an answer, or with the error of it. */
  note(host: string, error?: unknown): void {
    if (!(error instanceof AppError) || !isTrouble(error)) {
      this.troubles.delete(host);
      return;
    }
    const trouble = this.troubles.get(host) ?? this.begin(host, error);
    if (trouble.openUntil > performance.now()) return; // begun before it was opened
    trouble.failures++;
    trouble.lastError = error;
    const isProbe = trouble.probeUntil > 0;
    if (isProbe || isBusy(error) || trouble.failures >= FAILURES_TO_OPEN) open(trouble, error);
  }

  /** Forgets a try that was given up for reasons of our own. */
  forget(host: string): void {
    const trouble = this.troubles.get(host);
    if (trouble) trouble.probeUntil = 0;
  }

  private begin(host: string, lastError: AppError): Trouble {
    const trouble = { failures: 0, openings: 0, openUntil: 0, probeUntil: 0, lastError };
    if (this.troubles.size >= MOST_HOSTS) this.troubles.delete(this.troubles.keys().next().value!);
    this.troubles.set(host, trouble);
    return trouble;
  }
}

function open(trouble: Trouble, { retryAfterMs = 0, code }: AppError): void {
  const plannedMs = PROBE_AFTER_MS[trouble.openings] ?? GIVEN_UP_MS;
  const isFirstBusy = code === 'HTTP_429' && trouble.openings === 0;
  const waitMs = Math.max(isFirstBusy ? BUSY_MS : plannedMs, Math.min(retryAfterMs, MOST_RETRY_AFTER_MS));
  trouble.openings++;
  trouble.openUntil = performance.now() + waitMs;
  trouble.probeUntil = 0;
}

function isGivenUp({ openings }: Trouble): boolean {
  return openings > PROBE_AFTER_MS.length;
}

function isTrouble(error: AppError): boolean {
  const isAway = ['HOST_NOT_FOUND', 'CONNECTION_FAILED', 'TIMEOUT'].includes(error.code);
  return error instanceof OutboundError && !error.isElsewhere && (isAway || isBusy(error));
}

function isBusy({ code, retryAfterMs }: AppError): boolean {
  return code === 'HTTP_429' || (code === 'HTTP_503' && retryAfterMs !== undefined);
}
