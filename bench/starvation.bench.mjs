// How soon the service answers while it settles images whose addresses are refused: work that waits for nothing.
import { performance } from 'node:perf_hooks';
import { RunningService } from './helpers/running-service.mjs';

const ROUNDS = 2;
const IMAGES = 100_000;
const ASKED_P99_MS = 100;

const rows = Array.from({ length: IMAGES }, (_, index) => {
  const address = [10, (index >> 16) & 255, (index >> 8) & 255, index & 255].join('.');
  return `${index},Product ${index},http://${address}/${index}.jpg`;
});
const file = ['S. No.,Product Name,Input Image Urls', ...rows].join('\n');

for (let round = 0; round < ROUNDS; round++) await measure();

async function measure() {
  const service = await RunningService.start();
  try {
    await service.longestGap(); // the start has one of its own
    const health = watch(`${service.url}/health/live`);
    const form = new FormData();
    form.append('file', new Blob([file]), 'refused.csv');
    const startedAt = performance.now();
    const answer = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
    const { request_id } = await answer.json();
    const answeredAt = performance.now();
    const counts = await completed(`${service.url}/requests/${request_id}`);
    const endedAt = performance.now();
    const times = await health.stop();
    const gap = await service.longestGap();
    console.log(
      `${counts.failed} refused images: the upload was answered after ${seconds(answeredAt - startedAt)} s, all were ` +
        `settled ${seconds(endedAt - answeredAt)} s later (${perSecond(counts.failed, endedAt - answeredAt)} images/s); ` +
        `/health/live, ${times.length} calls: p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms (asked: ` +
        `${ASKED_P99_MS} at most), max ${at(times, 1)} ms; longest gap of the event loop ${gap} ms`,
    );
  } finally {
    await service.kill();
  }
}

/** Calls an address again and again, one call after the other, and remembers how long each took. */
function watch(url) {
  const times = [];
  let isStopped = false;
  const calls = (async () => {
    while (!isStopped) {
      const startedAt = performance.now();
      // A service that stands still closes kept connections when it goes on: such a call counts like any other.
      await fetch(url).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      );
      times.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await calls;
      return times.sort((one, other) => one - other);
    },
  };
}

async function completed(url) {
  for (;;) {
    const { status, counts } = await (await fetch(url)).json();
    if (status === 'Completed') return counts;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** The value below which so large a part of the sorted `times` lies. */
function at(times, part) {
  return times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(0);
}

function seconds(milliseconds) {
  return (milliseconds / 1000).toFixed(1);
}

function perSecond(count, milliseconds) {
  return Math.round((count * 1000) / milliseconds);
}
