import fc from 'fast-check';
import { appendFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * How many examples a property tries: `usual`, or `PROPERTY_RUNS`. Every file with properties calls it, so that
 * `PROPERTY_SEED` repeats what failed, and `npm run fuzz` can go on for a given time instead.
 */
export function propertyRuns(usual: number): number {
  return Number(process.env.PROPERTY_RUNS ?? usual);
}

/** Lets each property run for so many seconds, and adds a line of JSON about it to a file (scripts/fuzz.mjs reads them). */
function measureProperties(report: string, seconds: number): void {
  const longest = new LongestStall();
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
      const line = { test, numRuns, seed, failed, stallMs: longest.take(), rssAtStart, rss };
      appendFileSync(report, `${JSON.stringify(line)}\n`);
      if (failed) throw new Error(fc.defaultReportMessage({ numRuns, seed, failed, ...details } as never));
    },
  });
}

/** The longest time the event loop stood still. One example of a property without promises is one piece of work. */
class LongestStall {
  private readonly delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 5 });
  private startedAt = 0;
  private longestMs = 0;
  private isAsync = false;

  begin(): void {
    this.startedAt = performance.now();
    queueMicrotask(() => {
      if (!this.isAsync) this.delay.enable();
      this.isAsync = true; // set before the end of the example only where that awaits something
    });
  }

  /** For a property with promises it gives one to wait for: what awaits promises alone would hold the event loop. */
  end(): Promise<void> | void {
    if (this.isAsync) return nextTurn();
    this.longestMs = Math.max(this.longestMs, performance.now() - this.startedAt);
  }

  /** Milliseconds since the last call. */
  take(): number {
    const longestMs = this.isAsync ? this.delay.max / 1e6 : this.longestMs;
    this.isAsync = false;
    this.longestMs = 0;
    this.delay.disable();
    this.delay.reset();
    return Math.round(longestMs);
  }
}

if (process.env.PROPERTY_SEED) fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED) });
if (process.env.FUZZ_REPORT) measureProperties(process.env.FUZZ_REPORT, Number(process.env.FUZZ_SECONDS));
