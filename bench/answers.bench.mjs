// How soon the service starts and answers `GET /status/<id>`, idle and while every core encodes images.
import { execFile } from 'node:child_process';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startOrigins } from './helpers/origin.mjs';
import { RunningService } from './helpers/running-service.mjs';

const ROUNDS = 2;
const IDLE_RATE = 1_500;
const BUSY_RATE = 50;
const WARM_UP_RATE = 1_000;
const SECONDS = 10;
const BUSY_IMAGES = 6_000;
const HOSTS = Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 1}`);
const CALL_EVERY_MS = 2;

// In a process of its own: the calls of `url`, so many a second, whatever becomes of those before.
if (process.argv[2]) {
  const [, , url, rate] = process.argv;
  console.log(JSON.stringify(await callAtRate(url, Number(rate))));
} else {
  for (let round = 0; round < ROUNDS; round++) await measure();
}

async function measure() {
  const origins = await startOrigins(HOSTS, 0);
  const startedAt = performance.now();
  const service = await RunningService.start({ ALLOW_PRIVATE: '127.0.0.0/8' });
  try {
    const startMs = performance.now() - startedAt;
    const first = await upload(service, origins.port, 1);
    await sleep(2_000);
    const { now: idleMegabytes } = service.memory();
    await calls(`${service.url}/status/${first}`, WARM_UP_RATE); // else it measures the compiler
    const idle = await calls(`${service.url}/status/${first}`, IDLE_RATE);
    const request = await upload(service, origins.port, BUSY_IMAGES);
    await sleep(1_000);
    const busy = await calls(`${service.url}/status/${request}`, BUSY_RATE);
    const { status } = await (await fetch(`${service.url}/status/${request}`)).json();
    console.log(
      `start ${(startMs / 1000).toFixed(2)} s (asked: 2 at most), idle ${idleMegabytes.toFixed(0)} MB (asked: 200 at most); ` +
        `/status, ${IDLE_RATE} calls a second, idle: ${shown(idle)} (asked: p99 of 20 at most); ${BUSY_RATE} a second while ` +
        `images are encoded (${status} at the end): ${shown(busy)} (asked: p99 of 100 at most)`,
    );
  } finally {
    await service.kill();
    origins.stop();
  }
}

async function upload(service, port, images) {
  const rows = Array.from(
    { length: images },
    (_, index) => `${index},Product,http://${HOSTS[index % HOSTS.length]}:${port}/${index}.jpg`,
  );
  const form = new FormData();
  form.append('file', new Blob([['S. No.,Product Name,Input Image Urls', ...rows].join('\n')]), 'p.csv');
  const answer = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
  return (await answer.json()).request_id;
}

async function calls(url, rate) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    fileURLToPath(import.meta.url),
    url,
    String(rate),
  ]);
  return JSON.parse(stdout);
}

/** Milliseconds of each call, sorted, from the moment when it was due. */
async function callAtRate(url, rate) {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const times = [];
  const open = [];
  const startedAt = performance.now();
  for (let sent = 0; sent < rate * SECONDS;) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
    for (; sent < Math.min(due, rate * SECONDS); sent++) {
      const dueAt = startedAt + (sent / rate) * 1000;
      open.push(call(agent, url).then(() => times.push(performance.now() - dueAt)));
    }
    await sleep(CALL_EVERY_MS);
  }
  await Promise.all(open);
  agent.destroy();
  return times.sort((one, other) => one - other).map((time) => Math.round(time * 10) / 10);
}

function call(agent, url) {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode}`));
      answer.resume().on('end', resolve);
    }).on('error', reject);
  });
}

function shown(times) {
  const at = (part) => times[Math.floor((times.length - 1) * part)];
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms of ${times.length}`;
}
