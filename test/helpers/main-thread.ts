import { readFileSync } from 'node:fs';

/** What others of this process have to wait for: CPU time, so that a busy machine changes nothing. */
export interface ThreadUse {
  totalMs: number;
  /** The most between two turns of the event loop. */
  longestSliceMs: number;
  /** Turns of the event loop. */
  turns: number;
}

/** How much of the main thread `work` takes. */
export async function mainThreadUse(work: () => Promise<unknown>): Promise<ThreadUse> {
  const begin = cpuMs();
  let last = begin;
  let longestSliceMs = 0;
  let turns = 0;
  let isOn = true;
  const turn = () => {
    const now = cpuMs();
    longestSliceMs = Math.max(longestSliceMs, now - last);
    last = now;
    turns += 1;
    if (isOn) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await work();
  } finally {
    isOn = false;
    turn();
  }
  return { totalMs: last - begin, longestSliceMs, turns };
}

/**
 * The longest slice of the main thread in the best of five tries, in milliseconds; tries end when one is below `limitMs`. What the code
 * itself does shows in each try. One try may also hold the garbage of earlier cases, or the time that others on the core cost.
 */
export async function longestSlice(limitMs: number, work: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 5 && least >= limitMs; tries++)
    least = Math.min(least, (await mainThreadUse(work)).longestSliceMs);
  return least;
}

/** CPU time of the main thread in milliseconds where the kernel tells it (Linux), else of the whole process. */
export function cpuMs(): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}
