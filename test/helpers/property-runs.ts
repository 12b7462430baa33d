import fc from 'fast-check';
import { appendFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cpuMs } from './main-thread.js';

/**
 * How many examples a property tries: `usual`, or `PROPERTY_RUNS`. Every file with properties calls it, so that
 * `PROPERTY_SEED` repeats what failed, and `npm run fuzz` can go on for a given time instead. Where what is tried runs in a
 * process of its own, `isApart`, nothing is measured: this one stalls and grows by its own garbage only.
 */
export function propertyRuns(usual: number, { isApart = false } = {}): number {
  isServiceApart = isApart;
  return Number(process.env.PROPERTY_RUNS ?? usual);
}

let isServiceApart = false;

/** Lets each property run for so many seconds, and adds a line of JSON about it to a file (scripts/fuzz.mjs reads them). */
function measureProperties(report: string, seconds: number): void {
  const longest = new LongestSlice();
  let rssAtStart = 0;
  fc.configureGlobal({
    ...fc.readConfigureGlobal(),
    interruptAfterTimeLimit: seconds * 1000,
    beforeEach: () => longest.begin(),
    // fast-check waits for the promise, although its type does not say so.
    afterEach: longest.end.bind(longest) as () => void,
    reporter: ({ numRuns, seed, failed, ...details }) => {
      const test = expect.getState().currentTestName;
      const rss = process.memoryUsage.rss();
      rssAtStart ||= rss; // after the first property, when everything is loaded
      const longestMs = longest.take();
      const stallMs = isServiceApart ? null : longestMs;
      const line = { test, numRuns, seed, failed, stallMs, rssAtStart, rss };
      appendFileSync(report, `${JSON.stringify(line)}\n`);
      if (!failed) return;
      const message = fc.defaultReportMessage({ numRuns, seed, failed, ...details } as never);
      throw new Error(message, { cause: details.errorInstance });
    },
  });
}

/**
 * The most CPU time of the main thread between two turns of the event loop, which is how long others wait for it on a
 * machine with a free core. One example of a property without promises is one such slice.
 */
class LongestSlice {
  private watch?: NodeJS.Timeout;
  private last = 0;
  private longestMs = 0;
  private isInExample = false;

  begin(): void {
    this.last = cpuMs(); // fast-check has made the example before: that is no work of ours
    this.isInExample = true;
    queueMicrotask(() => {
      // So the example awaits something.
      if (this.isInExample) this.watch ??= setInterval(() => this.cut(), 1);
    });
  }

  /** For a property with promises it gives one to wait for: what awaits promises alone would hold the event loop. */
  end(): Promise<void> | void {
    this.isInExample = false;
    if (this.watch) return nextTurn();
    this.cut();
  }

  /** Milliseconds since the last call. */
  take(): number {
    const { longestMs } = this;
    clearInterval(this.watch);
    this.watch = undefined;
    this.longestMs = 0;
    return Math.round(longestMs);
  }

  private cut(): void {
    const now = cpuMs();
    this.longestMs = Math.max(this.longestMs, now - this.last);
    this.last = now;
  }
}

if (process.env.PROPERTY_SEED) fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED) });
if (process.env.FUZZ_REPORT) measureProperties(process.env.FUZZ_REPORT, Number(process.env.FUZZ_SECONDS));
