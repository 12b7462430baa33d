const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits before each try, from the specification (https://www.standardwebhooks.com): ten tries in three days. */
const WAITS_MS = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** The share by which a wait is longer or shorter, so that what failed together is not tried again together. */
const JITTER = 0.1;

/** Tries of a delivery, if none succeeds. */
export const MAX_TRIES = WAITS_MS.length;

/**
 * Milliseconds until the next try after `failures` failed ones, or null where there is none. `retryAfterMs`, what the
 * receiver asked for, makes the wait longer and never shorter.
 */
export function retryWait(failures: number, retryAfterMs = 0): number | null {
  if (failures >= MAX_TRIES) return null;
  const planned = WAITS_MS[failures] * (1 - JITTER + 2 * JITTER * Math.random());
  return Math.round(Math.max(planned, retryAfterMs));
}
