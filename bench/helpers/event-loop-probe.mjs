// Loaded into the service by the benchmarks: tells over the IPC channel how long the event loop was held up.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on('message', (message) => {
  if (message !== 'longest gap') return;
  process.send({ longestGapMs: Math.round(delay.max / 1e6) });
  delay.reset();
});
process.channel?.unref();
