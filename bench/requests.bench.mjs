// What a page of the list and a deletion cost with many requests in the database: CPU of the whole process, the client's included, and of
// the database server where there is one. Each request has one product, one image and one output.
// node bench/requests.bench.mjs [requests] [server]: the embedded database, or with `server` MariaDB or MySQL as found on PATH.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { readSettings } from '../dist/src/config/settings.js';
import { createApp, startApp } from '../dist/src/create-app.js';
import { PrivateServers } from '../scripts/private-servers.mjs';
import { insertRows } from '../dist/src/database/statements/insert-rows.js';

const REQUESTS = Number(process.argv[2] ?? 1_000_000);
const AT_ONCE = 2_000;
const CALLS = 7;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

const folder = mkdtempSync(path.join(tmpdir(), 'requests-bench-'));
const servers = new PrivateServers();
const server = process.argv[3] === 'server' ? await startServer() : null;
const settings = readSettings({ DATA_DIR: folder, PORT: '0', ...server?.environment });
const app = await createApp(settings, false);
try {
  await startApp(app, settings);
  const dataSource = app.get(DataSource);
  const filledAt = performance.now();
  await fill(dataSource);
  console.log(`${REQUESTS} requests stored in ${Math.round((performance.now() - filledAt) / 1000)} s`);
  await measure();
} finally {
  await app.close();
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function startServer() {
  const url = await servers.startMysql();
  if (!url) throw new Error('there is no mariadbd or mysqld on PATH');
  const { pid } = servers.children.at(-1);
  return { pid, environment: { DATABASE_URL: url, SECRET_KEY: Buffer.alloc(32, 7).toString('base64') } };
}

async function fill(dataSource) {
  for (let from = 1; from <= REQUESTS; from += AT_ONCE) {
    const keys = Array.from({ length: Math.min(AT_ONCE, REQUESTS - from + 1) }, (_, at) => from + at);
    await dataSource.transaction((manager) => fillSome(manager, keys));
  }
}

async function fillSome(manager, keys) {
  await insert(manager, 'requests', keys, (key) => ({
    ...{
      request_key: key,
      id: idOf(key),
      owner_key: 1,
      file_name: 'a.csv',
      layout: '{"columns":[]}',
      options: '{"quality":50}',
    },
    ...{ product_count: 1, image_count: 1, done_count: 1, created_at: START + key * MINUTE },
    ...{ completed_at: START + (key + 1) * MINUTE, ...stateOf(key) },
  }));
  await insert(manager, 'products', keys, (key) => ({
    ...{
      request_key: key,
      number: 1,
      line: 2,
      serial_number: '1',
      product_name: 'Mug',
      first_image: 1,
      image_count: 1,
    },
  }));
  await insert(manager, 'images', keys, (key) => ({
    ...{
      request_key: key,
      number: 1,
      product_number: 1,
      position: 1,
      input_url: `https://images.example.com/${key}.jpg`,
    },
    ...{ status: 'done', host: 1, settled_no: 1 },
  }));
  await insert(manager, 'request_hosts', keys, (key) => ({
    ...{ request_key: key, number: 1, host: 'images.example.com', image_count: 1, open_count: 0 },
  }));
  await insert(manager, 'files', keys, (key) => ({
    ...{ file_key: fileOf(key), owner_key: 1, kind: 'output', bytes: 20_000, content_type: 'image/jpeg' },
    ...{ state: 'live', created_at: START },
  }));
  await insert(manager, 'outputs', keys, (key) => ({
    ...{
      request_key: key,
      image_number: 1,
      name: 'image',
      file_key: fileOf(key),
      bytes: 20_000,
      format: 'jpeg',
    },
    ...{ width: 600, height: 450, milliseconds: 10 },
  }));
}

async function insert(manager, table, keys, rowOf) {
  const rows = keys.map(rowOf);
  await insertRows(
    manager,
    table,
    Object.keys(rows[0]),
    rows.map((row) => Object.values(row)),
  );
}

function stateOf(key) {
  if (key % 1000 === 0) return { status: 'Cancelled', outcome: 'cancelled' };
  return { status: 'Completed', outcome: key % 100 === 0 ? 'failed' : 'succeeded' };
}

function idOf(key) {
  return `00000000-0000-4000-8000-${String(key).padStart(12, '0')}`;
}

function fileOf(key) {
  return `${String(key).padStart(32, '0')}/image.jpg`;
}

async function measure() {
  const middle = new Date(START + (REQUESTS / 2) * MINUTE).toISOString();
  const pages = [
    ...[
      '',
      '?status=Completed',
      '?status=Cancelled&limit=100',
      '?outcome=failed&limit=100',
      '?status=Processing',
    ],
    ...[
      `?created_before=${middle}`,
      `?created_after=${middle}`,
      `?outcome=cancelled&created_before=${middle}`,
    ],
  ];
  await call('GET', '/requests');
  for (const page of pages) await reportCalls(`GET /requests${page}`, () => call('GET', `/requests${page}`));
  const { next_cursor } = await call('GET', `/requests?created_before=${middle}`);
  await reportCalls('the page after one in the middle', () => call('GET', `/requests?cursor=${next_cursor}`));
  for (const key of [1, REQUESTS / 2, REQUESTS - 1]) {
    await report(`DELETE the one numbered ${key}, with all its rows`, async () => {
      await call('DELETE', `/requests/${idOf(key)}`);
      const left = () => app.get(DataSource).query(`SELECT 1 FROM requests WHERE request_key = ${key}`);
      while ((await left()).length > 0) await sleep(5);
    });
  }
}

async function call(method, path) {
  const answer = await fetch(settings.publicUrl + path, { method });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

/** The middle one of some calls, and the most: the garbage collector runs in one or the other. */
async function reportCalls(what, work) {
  const calls = [];
  for (let call = 0; call < CALLS; call++) calls.push(await measured(work));
  calls.sort((one, other) => one.total - other.total);
  console.log(`${calls[CALLS >> 1].text}, at most ${Math.round(calls[CALLS - 1].total)} ms of CPU: ${what}`);
}

async function report(what, work) {
  console.log(`${(await measured(work)).text}: ${what}`);
}

async function measured(work) {
  const before = process.cpuUsage();
  const ofServerBefore = serverCpuMs();
  const startedAt = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  const own = ((user + system) / 1000).toFixed(1);
  const ofServer = serverCpuMs() - ofServerBefore;
  const total = (user + system) / 1000 + ofServer;
  const text = `${own} ms of CPU${server ? ` and ${ofServer} ms of the server's` : ''}, ${Math.round(performance.now() - startedAt)} ms`;
  return { total, text };
}

/** CPU of the database server so far, to ten milliseconds. */
function serverCpuMs() {
  if (!server) return 0;
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // ticks of user and system, a hundred a second
}
