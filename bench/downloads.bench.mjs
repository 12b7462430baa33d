// How a slow, a dead and a silent host change the pace of the others.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { startOrigins } from './helpers/origin.mjs';
import { RunningService } from './helpers/running-service.mjs';

const ROUNDS = 3;
const SLOW_MS = 300;
const IMAGES = 1_500;
const GOOD = 500;
const DEAD = 5_000;
/** As many hosts as one worker's downloads, with the cap for each, are spread over. */
const HOSTS = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 1}`);

await delayBench();
for (const [name, start] of [
  ['refuses connections', refusingHost],
  ['accepts and never answers', silentHost],
])
  await deadHostBench(name, start);

/** Images a second with an origin that answers at once, and with one that takes 300 ms. */
async function delayBench() {
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) {
    const pace = {};
    for (const delayMs of [0, SLOW_MS]) {
      const origins = await startOrigins(HOSTS, delayMs);
      const urls = Array.from({ length: IMAGES }, (_, index) => goodUrl(origins.port, index));
      pace[delayMs] = IMAGES / (await run(urls)).seconds;
      origins.stop();
    }
    ratios.push(pace[SLOW_MS] / pace[0]);
    console.log(`at once: ${pace[0].toFixed(0)} images/s; after ${SLOW_MS} ms: ${pace[SLOW_MS].toFixed(0)}`);
  }
  console.log(`ratio: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} (asked: 0.9 or more)`);
}

/** 500 good images alone, and among 5,000 of a host that is dead. */
async function deadHostBench(name, start) {
  const origins = await startOrigins(HOSTS, 0);
  const dead = await start();
  const good = Array.from({ length: GOOD }, (_, index) => goodUrl(origins.port, index));
  const mixed = [];
  for (let index = 0; index < DEAD; index++) {
    mixed.push(`http://127.0.0.1:${dead.port}/${index}.jpg`);
    if (index % (DEAD / GOOD) === 0) mixed.push(goodUrl(origins.port, mixed.length));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await run(good);
    const among = await run(mixed, GOOD);
    console.log(
      `a host that ${name}: ${GOOD} good images alone ${alone.seconds.toFixed(1)} s, among ${DEAD} of it ` +
        `${among.goodSeconds.toFixed(1)} s, ratio ${(among.goodSeconds / alone.seconds).toFixed(2)} (asked: 1.5 at ` +
        `most); the whole ${among.seconds.toFixed(1)} s (asked: 60 at most); ${among.done} done, ${among.failed} failed`,
    );
  }
  dead.close();
  origins.stop();
}

function goodUrl(port, index) {
  return `http://${HOSTS[index % HOSTS.length]}:${port}/${index}.jpg`;
}

/** Uploads the URLs to a fresh service, and measures how long it takes to its end, and until so many are done. */
async function run(urls, goodCount = urls.length) {
  const service = await RunningService.start({ ALLOW_PRIVATE: '127.0.0.0/8' });
  try {
    const rows = urls.map((url, index) => `${index},Product ${index},${url}`);
    const form = new FormData();
    form.append('file', new Blob([['S. No.,Product Name,Input Image Urls', ...rows].join('\n')]), 'p.csv');
    const startedAt = performance.now();
    const { request_id } = await (
      await fetch(`${service.url}/upload`, { method: 'POST', body: form })
    ).json();
    let goodSeconds;
    for (;;) {
      const { status, counts } = await (await fetch(`${service.url}/requests/${request_id}`)).json();
      const seconds = (performance.now() - startedAt) / 1000;
      if (counts.done >= goodCount) goodSeconds ??= seconds;
      if (status === 'Completed') return { seconds, goodSeconds, ...counts };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await service.kill();
  }
}

async function refusingHost() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return { port, close: () => undefined };
}

async function silentHost() {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, close: () => server.close() };
}
