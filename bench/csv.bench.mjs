// A million rows with two URLs each: how fast they are read, stored and written back, and what that costs.
import { createReadStream, createWriteStream, mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { createConnection } from 'mysql2/promise';
import Papa from 'papaparse';
import { openInputTable } from '../dist/src/tables/tables.js';
import { PrivateServers } from '../scripts/private-servers.mjs';
import { RunningService } from './helpers/running-service.mjs';

const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000);
const ROUNDS = 3;
const STATUS_EVERY_MS = 50;

const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-bench-'));
const file = path.join(folder, 'products.csv');
const silent = await silentOrigin();
const servers = new PrivateServers();
try {
  const megabytes = await writeFile();
  console.log(`${ROWS} rows with two URLs each, ${megabytes.toFixed(0)} MB; Node ${process.version}`);
  await readingBench();
  await storingBench('SQLite', {});
  const mysql = process.env.TEST_MYSQL_URL || (await servers.startMysql());
  const redis = process.env.TEST_REDIS_URL || (await servers.startRedis());
  if (mysql && redis) await onServers(mysql, redis);
  else console.log('MySQL: no server found, left out');
} finally {
  silent.close();
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Accepts connections and says nothing, so that no image is worked on while we measure. */
async function silentOrigin() {
  const server = createServer(() => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return { port: server.address().port, close: () => server.close() };
}

async function writeFile() {
  const output = createWriteStream(file);
  output.write('S. No.,Product Name,Input Image Urls\n');
  for (let row = 1; row <= ROWS; row++) {
    const url = `http://127.0.0.1:${silent.port}/images/${row}`;
    if (!output.write(`${row},Product ${row},"${url}/front.jpg,${url}/back.jpg"\n`))
      await once(output, 'drain');
  }
  output.end();
  await once(output, 'finish');
  return output.bytesWritten / 1e6;
}

async function readingBench() {
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await timed(papaparseAlone);
    const ours = await timed(readAndValidate);
    ratios.push(alone / ours);
  }
  ratios.sort((a, b) => a - b);
  console.log(
    `read and validated: ${median(ratios)} × the speed of papaparse alone (${ROUNDS} pairs: ${ratios.map(two)})`,
  );
}

function papaparseAlone() {
  return new Promise((resolve, reject) => {
    Papa.parse(createReadStream(file, 'utf8'), { chunk: () => undefined, complete: resolve, error: reject });
  });
}

async function readAndValidate() {
  let rows = 0;
  for await (const batch of (await openInputTable(file)).batches()) rows += batch.rows.length;
  if (rows !== ROWS) throw new Error(`${rows} rows read`);
}

async function onServers(mysql, redis) {
  const name = `bench_${process.pid}`;
  const connection = await createConnection(mysql);
  await connection.query(`CREATE DATABASE ${name}`);
  const database = new URL(mysql);
  database.pathname = `/${name}`;
  const [[{ version }]] = await connection.query('SELECT VERSION() AS version');
  const environment = {
    DATABASE_URL: database.href,
    REDIS_URL: redis,
    QUEUE_PREFIX: `{${name}}`,
    SECRET_KEY: 'of a database that is dropped in the end',
  };
  try {
    await storingBench(`MySQL (${version})`, environment);
  } finally {
    await connection.query(`DROP DATABASE ${name}`);
    await connection.end();
  }
}

async function storingBench(engine, environment) {
  const service = await RunningService.start({
    MAX_UPLOAD_BYTES: '1000000000',
    DOWNLOADS_IN_FLIGHT: '1',
    ALLOW_PRIVATE: '127.0.0.1',
    ...environment,
  });
  try {
    await service.longestGap();
    const statuses = watchStatus(service);
    const form = new FormData();
    form.append('file', await openAsBlob(file), 'products.csv');
    const began = performance.now();
    const response = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
    const { request_id: id } = await response.json();
    const seconds = (performance.now() - began) / 1000;
    const slowest = await statuses.stop();
    const { most } = service.memory();
    const gap = await service.longestGap();
    console.log(
      `${engine}, uploaded, checked and stored: ${perSecond(seconds)}, at most ${most.toFixed(0)} MB, ` +
        `longest event-loop gap ${gap} ms, slowest /status of ${statuses.count()} ${slowest.toFixed(0)} ms`,
    );
    await outputBench(engine, service, id);
  } finally {
    await service.kill();
  }
}

async function outputBench(engine, service, id) {
  const before = service.memory().now;
  let most = before;
  let bytes = 0;
  const began = performance.now();
  const response = await fetch(`${service.url}/requests/${id}/output.csv`);
  let next = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes < next) continue;
    next = bytes + 5e6;
    most = Math.max(most, service.memory().now);
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${engine}, output streamed: ${perSecond(seconds)}, ${(most - before).toFixed(0)} MB more memory, ` +
      `longest event-loop gap ${await service.longestGap()} ms`,
  );
}

function watchStatus({ url }) {
  let slowest = 0;
  let count = 0;
  let isOn = true;
  const watching = (async () => {
    while (isOn) {
      const began = performance.now();
      const { status } = await fetch(`${url}/status/none`);
      if (status !== 404) throw new Error(`/status answered ${status}`);
      slowest = Math.max(slowest, performance.now() - began);
      count++;
      await new Promise((resolve) => setTimeout(resolve, STATUS_EVERY_MS));
    }
  })();
  return {
    count: () => count,
    stop: async () => {
      isOn = false;
      await watching;
      return slowest;
    },
  };
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function perSecond(seconds) {
  return `${Math.round(ROWS / seconds).toLocaleString('en')} rows/s`;
}

function median(sorted) {
  return two(sorted[Math.floor(sorted.length / 2)]);
}

function two(value) {
  return value.toFixed(2);
}
