import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 20;
/** Far more than anything takes on a busy machine: what is never true fails after it, all else ends earlier. */
const MAX_WAIT_MS = 400_000;

/**
 * Returns as soon as `isTrue`, and fails when that takes longer than `maxWaitMs`. For what happens in another process
 * or on another connection.
 */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  maxWaitMs = MAX_WAIT_MS,
): Promise<void> {
  for (const deadline = Date.now() + maxWaitMs; !(await isTrue()); await sleep(EVERY_MS)) {
    if (Date.now() > deadline) throw new Error(`not true within ${maxWaitMs} ms: ${isTrue}`);
  }
}

/**
 * Lets the event loop turn `count` times. For code that must do nothing, or that waits for promises alone: what it would
 * do, it does within these turns on a machine of any speed.
 */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

/** A promise that the test resolves. Resolving it twice does no harm. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
