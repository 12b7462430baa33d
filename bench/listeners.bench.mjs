// What it costs that 500 clients watch one request live and 500 others as many others: CPU of the service for each image of the one, beside
// the same without them. The others wait for a server that has no time.
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { RunningService } from './helpers/running-service.mjs';

const IMAGES = Number(process.env.BENCH_IMAGES ?? 600);
const LISTENERS = Number(process.env.BENCH_LISTENERS ?? 500);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const ASKED_PERCENT = 5;
const AT_ONCE = 20;

const pictures = await Promise.all(Array.from({ length: 20 }, (_, index) => picture(index)));
const origin = createServer((request, response) => {
  response.end(pictures[Number(/\d+/.exec(request.url)[0]) % pictures.length]);
});
const busy = createServer((_request, response) => response.writeHead(429, { 'retry-after': '3000' }).end());
for (const server of [origin, busy]) await once(server.listen(0, '127.0.0.1'), 'listening');
const service = await RunningService.start({ ALLOW_PRIVATE: '127.0.0.1', CACHE_RESULTS: '0' });
const agent = new Agent({ maxSockets: Infinity });
try {
  const others = await inTurns(LISTENERS, (index) => upload([`${addressOf(busy)}/${index}`]));
  await sleep(3000);
  await round([]);
  const cost = { without: [], with: [] };
  for (let index = 0; index < ROUNDS; index++) {
    cost.without.push(await round([]));
    cost.with.push(await round(others));
  }
  const [alone, watched] = [middle(cost.without), middle(cost.with)];
  const percent = ((watched / alone - 1) * 100).toFixed(1);
  console.log(
    `${2 * LISTENERS} listeners: ${watched.toFixed(1)} ms of CPU an image, ${alone.toFixed(1)} without them: ${percent} % more (asked: ${ASKED_PERCENT})`,
  );
} finally {
  agent.destroy();
  await service.kill();
  origin.close();
  busy.close();
}

/** Compresses the images of a request, which half of the listeners watch. @returns milliseconds of the service's CPU for each */
async function round(others) {
  const id = await upload(Array.from({ length: IMAGES }, (_, index) => `${addressOf(origin)}/${index}`));
  const watched = others.flatMap((other) => [id, other]);
  const listeners = watched.map((each) => listen(each));
  await Promise.all(listeners.map((listener) => listener.begun));
  const before = service.cpuSeconds();
  const first = await (await fetch(`${service.url}/requests/${id}`)).json();
  const startedAt = performance.now();
  let last = first;
  while (last.status !== 'Completed') {
    await sleep(500);
    last = await (await fetch(`${service.url}/requests/${id}`)).json();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const images = last.counts.done - first.counts.done;
  const cpuMs = ((service.cpuSeconds() - before) * 1000) / images;
  const heard = listeners.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  listeners.forEach((listener) => listener.leave());
  console.log(
    `${listeners.length} listeners: ${images} images, ${(images / seconds).toFixed(1)} a second, ${cpuMs.toFixed(1)} ms of CPU each, ` +
      `${heard.toFixed(0)} MB heard, longest event-loop gap ${await service.longestGap()} ms`,
  );
  return cpuMs;
}

/** A client that watches; `bytes` is what it has heard. */
function listen(id) {
  const listener = { bytes: 0 };
  listener.begun = new Promise((resolve, reject) => {
    const request = get(`${service.url}/requests/${id}/events`, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a listener got ${response.statusCode}`));
      response.on('data', (chunk) => (listener.bytes += chunk.length));
      response.on('error', () => undefined);
      resolve();
    });
    request.on('error', reject);
    listener.leave = () => request.destroy();
  });
  return listener;
}

async function picture(seed) {
  const noise = { type: 'gaussian', mean: 128, sigma: 8 + (seed % 5) };
  const image = sharp({ create: { width: 1200, height: 900, channels: 3, background: '#888', noise } });
  return image.jpeg({ quality: 90 }).toBuffer();
}

function addressOf(server) {
  return `http://127.0.0.1:${server.address().port}`;
}

async function upload(urls) {
  const rows = urls.map((url, row) => `${row},P${row},${url}`);
  const form = new FormData();
  form.append('file', new Blob([['S. No.,Product Name,Input Image Urls', ...rows].join('\n')]), 'a.csv');
  const answer = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
  return (await answer.json()).request_id;
}

async function inTurns(count, work) {
  const results = [];
  for (let from = 0; from < count; from += AT_ONCE)
    results.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => work(from + at)),
      )),
    );
  return results;
}

function middle(numbers) {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1];
}
