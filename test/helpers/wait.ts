import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 20;

/** Returns as soon as `isTrue`, and fails if that takes too long. For what happens in another process or connection. */
export async function until(isTrue: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await isTrue()); await sleep(EVERY_MS)) {
    if (Date.now() > deadline) throw new Error(`not true within ${withinMs} ms: ${isTrue}`);
  }
}

/** A promise that a test settles when it likes. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
