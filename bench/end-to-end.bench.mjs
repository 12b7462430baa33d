// The whole service, from the upload of a file to `Completed`, beside what a user would write instead.
// `npm run bench -- end-to-end`; BENCH_ROUNDS=1 for a quick look, BENCH_CASES=small,large,mix for some of the cases.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import sharp from 'sharp';
import { PrivateServers } from '../scripts/private-servers.mjs';
import { startOrigins } from './helpers/origin.mjs';
import { RunningService } from './helpers/running-service.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const WANTED = (process.env.BENCH_CASES ?? 'small,large,mix').split(',');
const HOSTS = Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 1}`);
const SCRIPT = fileURLToPath(new URL('./helpers/script-by-hand.mjs', import.meta.url));
const SAMPLES = new URL('../src/samples/', import.meta.url).pathname;
/** Asking costs the service some CPU; a run takes seconds. */
const ASK_EVERY_MS = 100;
const SECRET_KEY = 'of a database that is dropped in the end';

const servers = new PrivateServers();
const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bench-'));
try {
  console.log(
    `${cpus().length} cores, ${cpus()[0].model}, Node ${process.version}; medians of ${ROUNDS} rounds`,
  );
  const ways = await allWays();
  for (const sources of await cases()) await compare(sources, ways);
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

/**
 * The pictures of each case, how many of them make a run, and how many come before the clock starts, of a script as of the
 * service: a run of small images would otherwise be one of the compiler that warms up, for seconds.
 */
async function cases() {
  const small = await jpeg(600, 450, 87);
  const large = await jpeg(2725, 2225, 88);
  const mix = [
    small,
    await jpeg(1200, 900, 90),
    await sharp(sample('blue-mug-front.jpg')).resize(600, 450).webp({ quality: 90 }).toBuffer(),
    readFileSync(sample('desk-lamp.png')),
  ];
  return [
    { name: 'small', title: '600×450 JPEG', pictures: [small], images: 1_500, warmUp: 1_500 },
    { name: 'large', title: '2,725×2,225 JPEG', pictures: [large], images: 150, warmUp: 150 },
    { name: 'mix', title: 'JPEG, WebP and PNG', pictures: mix, images: 400, warmUp: 400 },
  ].filter(({ name }) => WANTED.includes(name));
}

function jpeg(width, height, quality) {
  return sharp(sample('notebook-cover.jpg'))
    .resize(width, height, { fit: 'fill' })
    .jpeg({ quality })
    .toBuffer();
}

function sample(name) {
  return path.join(SAMPLES, name);
}

/** What is compared: each takes the URLs and the pictures, and tells its seconds and its CPU seconds. */
async function allWays() {
  const byHand = (kind) => (job) => runScript(kind, job);
  const embedded = (fields) => (job) => runService({}, fields, job);
  const ways = {
    'bare sharp loop': byHand('loop'),
    'script by hand': byHand('script'),
    'embedded, default': embedded({}),
    'embedded, fast': embedded({ effort: 'fast' }),
  };
  const mysql = process.env.TEST_MYSQL_URL || (await servers.startMysql());
  const redis = process.env.TEST_REDIS_URL || (await servers.startRedis());
  if (!mysql || !redis) {
    console.log('MySQL or Redis is missing: those set-ups are left out');
    return ways;
  }
  ways['servers, MODE=all'] = (job) =>
    withDatabase(mysql, redis, (settings) => runService(settings, {}, job));
  ways['servers, one API and two workers'] = (job) =>
    withDatabase(mysql, redis, (settings) => runService(settings, {}, job, 2));
  return ways;
}

/** All ways in turns, so that what else happens on the machine falls on all alike. */
async function compare({ title, pictures, images, warmUp }, ways) {
  const files = pictures.map((_, index) => path.join(folder, `picture-${index}`));
  pictures.forEach((picture, index) => writeFileSync(files[index], picture));
  const origins = await startOrigins(HOSTS, 0, files);
  const rates = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  const cpu = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, run] of Object.entries(ways)) {
      const urls = Array.from({ length: images }, (_, index) => urlOf(origins.port, index));
      const { seconds, cpuSeconds } = await run({ urls, files, warmUp });
      rates[way].push(images / seconds);
      cpu[way].push((1000 * cpuSeconds) / images);
    }
  }
  origins.stop();
  print(title, images, pictures, rates, cpu);
}

function urlOf(port, index) {
  return `http://${HOSTS[index % HOSTS.length]}:${port}/${index}.jpg`;
}

function print(title, images, pictures, rates, cpu) {
  const kilobytes = pictures.reduce((sum, picture) => sum + picture.length, 0) / pictures.length / 1000;
  console.log(`\n${title}, ${kilobytes.toFixed(0)} kB, ${images} images a run\n`);
  console.log('| | images/s | least to most | ms of CPU an image | beside the script | beside the loop |');
  console.log('|---|---|---|---|---|---|');
  const [loop, script] = Object.values(rates).map(median);
  for (const [way, values] of Object.entries(rates)) {
    const rate = median(values);
    console.log(
      `| ${way} | ${rate.toFixed(1)} | ${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)} ` +
        `| ${median(cpu[way]).toFixed(2)} | ${(rate / script).toFixed(2)} | ${(rate / loop).toFixed(2)} |`,
    );
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** With Node's usual four threads, as a user would run it: an empty setting would give it one. */
async function runScript(kind, { urls, files, warmUp }) {
  const results = mkdtempSync(path.join(folder, 'results-'));
  const env = { ...process.env };
  delete env.UV_THREADPOOL_SIZE;
  const child = fork(SCRIPT, [], { env });
  child.send({ kind, urls, files, results, warmUp });
  const [answer] = await once(child, 'message');
  child.kill();
  rmSync(results, { recursive: true });
  return answer;
}

/** One process, or an API beside so many workers. CPU is that of our processes alone. */
async function runService(settings, fields, { urls, warmUp }, workers = 0) {
  const shared = { ALLOW_PRIVATE: '127.0.0.0/8', ...settings };
  const services = [await RunningService.start({ ...shared, MODE: workers > 0 ? 'api' : 'all' })];
  const { folder: DATA_DIR, url } = services[0];
  for (let i = 0; i < workers; i++)
    services.push(await RunningService.start({ ...shared, DATA_DIR, PUBLIC_URL: url, MODE: 'worker' }));
  try {
    const others = urls.slice(0, warmUp).map((one) => `${one}?warm-up`);
    await upload(url, others, fields);
    const before = services.map((service) => service.cpuSeconds());
    const began = performance.now();
    await upload(url, urls, fields);
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = services.reduce((sum, service, i) => sum + service.cpuSeconds() - before[i], 0);
    return { seconds, cpuSeconds };
  } finally {
    for (const service of services) await service.kill();
  }
}

/** From the upload to `Completed`. */
async function upload(url, urls, fields) {
  const rows = urls.map((address, index) => `${index},Product ${index},${address}`);
  const form = new FormData();
  form.append('file', new Blob([['S. No.,Product Name,Input Image Urls', ...rows].join('\n')]), 'p.csv');
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const { request_id } = await (await fetch(`${url}/upload`, { method: 'POST', body: form })).json();
  for (;;) {
    const { status } = await (await fetch(`${url}/status/${request_id}`)).json();
    if (status === 'Completed') break;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  const { counts } = await (await fetch(`${url}/requests/${request_id}`)).json();
  if (counts.done !== urls.length) throw new Error(`only ${counts.done} of ${urls.length} images are done`);
}

async function withDatabase(mysql, redis, work) {
  const name = `bench_${process.pid}_${Date.now()}`;
  const connection = await createConnection(mysql);
  await connection.query(`CREATE DATABASE ${name}`);
  const database = new URL(mysql);
  database.pathname = `/${name}`;
  try {
    return await work({
      DATABASE_URL: database.href,
      REDIS_URL: redis,
      QUEUE_PREFIX: `{${name}}`,
      SECRET_KEY,
    });
  } finally {
    await connection.query(`DROP DATABASE ${name}`);
    await connection.end();
  }
}
