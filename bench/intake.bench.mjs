// How fast a file of many rows is taken, with two URLs a row: rows a second from the call to its answer, the memory of the
// process, and what the queue holds in Redis afterwards. Nothing is fetched meanwhile, and the process is killed after its answer.
// node bench/intake.bench.mjs [rows]
import { createWriteStream, mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Redis from 'ioredis';
import { PrivateServers } from '../scripts/private-servers.mjs';
import { RunningService } from './helpers/running-service.mjs';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const HOSTS = 16;
/** Addresses that are taken: a warning of each would be work that usual files do not make. No server listens there. */
const ALLOW_PRIVATE = Array.from({ length: HOSTS }, (_, index) => `127.0.0.${1 + index}:8000`).join(',');
const TAKEN = { ALLOW_PRIVATE, MAX_UPLOAD_BYTES: '200000000' };
const SECRET_KEY = 'of a database that is dropped in the end';

const servers = new PrivateServers();
const folder = mkdtempSync(path.join(tmpdir(), 'intake-bench-'));
const file = path.join(folder, 'products.csv');
try {
  await pipeline(Readable.from(lines()), createWriteStream(file));
  await measure('embedded', TAKEN);
  const [mysql, redis] = [await servers.startMysql(), await servers.startRedis()];
  if (!mysql || !redis) console.log('MySQL or Redis is missing: the servers are left out');
  else
    await measure('MariaDB or MySQL, and Redis', {
      ...{ MODE: 'api', DATABASE_URL: mysql, REDIS_URL: redis, SECRET_KEY, ...TAKEN },
    });
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

function* lines() {
  yield 'S. No.,Product Name,Input Image Urls\n';
  for (let row = 1; row <= ROWS; row++) {
    const url = (photo) => `http://127.0.0.${1 + (row % HOSTS)}:8000/products/${row}/photo-${photo}.jpg`;
    yield `${row},Product ${row},"${url(1)},${url(2)}"\n`;
  }
}

async function measure(name, environment) {
  const redis = environment.REDIS_URL ? new Redis(environment.REDIS_URL) : null;
  const service = await RunningService.start(environment);
  try {
    const before = await redisMegabytes(redis);
    const cpuBefore = service.cpuSeconds();
    const startedAt = performance.now();
    const form = new FormData();
    form.append('file', await openAsBlob(file), 'products.csv');
    const answer = await fetch(`${service.url}/upload`, { method: 'POST', body: form });
    const seconds = (performance.now() - startedAt) / 1000;
    if (!answer.ok) throw new Error(await answer.text());
    const jobs = redis ? `; Redis holds ${((await redisMegabytes(redis)) - before).toFixed(1)} MB more` : '';
    console.log(
      `${name}: ${ROWS} rows in ${seconds.toFixed(1)} s, ${Math.round(ROWS / seconds)} rows/s; CPU of the process ` +
        `${(service.cpuSeconds() - cpuBefore).toFixed(1)} s; at most ${service.memory().most.toFixed(0)} MB${jobs}`,
    );
  } finally {
    await service.kill();
    redis?.disconnect();
  }
}

async function redisMegabytes(redis) {
  if (!redis) return 0;
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]) / 1_000_000;
}
