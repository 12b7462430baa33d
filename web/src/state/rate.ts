/** How many images were settled at a time, in milliseconds. */
export interface Sample {
  at: number;
  settled: number;
}

const WINDOW_MS = 30_000;

/** Images a second over the last half minute; null before the first change. Samples that are too old are dropped. */
export function rateOf(samples: Sample[]): number | null {
  const last = samples.at(-1)!;
  while (samples.length > 2 && last.at - samples[0].at > WINDOW_MS) samples.shift();
  const seconds = (last.at - samples[0].at) / 1000;
  const settled = last.settled - samples[0].settled;
  return seconds > 0 && settled > 0 ? settled / seconds : null;
}
