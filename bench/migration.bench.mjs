// How long a database of the version before `files` and `outputs` takes to be migrated, killed in the middle once.
// node bench/migration.bench.mjs [images]: SQLite, or the server that DATABASE_URL names (a database of its own, emptied before).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { readSettings } from '../dist/src/config/settings.js';
import { dataSourceOptions } from '../dist/src/database/data-source.js';
import { insertRows } from '../dist/src/database/statements/insert-rows.js';

const MAIN = new URL('../dist/src/main.js', import.meta.url).pathname;
const IMAGES = Number(process.argv[2] ?? 100_000);
const REQUESTS = 10;
const AT_ONCE = 10_000;
const OLD_MIGRATIONS = 3;
const HOSTS = 5;

const folder = mkdtempSync(path.join(tmpdir(), 'migration-bench-'));
const environment = {
  DATA_DIR: folder,
  SECRET_KEY: 'a secret key of the bench, not used',
  ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
};
const options = dataSourceOptions(readSettings(environment));
const server = { maxQueryExecutionTime: undefined, enableQueryTimeout: false };

try {
  await fill();
  const killed = await migrate(2);
  console.log(`killed after ${seconds(killed.ms)}: ${killed.lines.at(-1)}`);
  const rest = await migrate(Infinity);
  console.log(`${rest.lines.join('\n')}\nfinished in ${seconds(rest.ms)}, exit code ${rest.code}`);
  await check();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function fill() {
  const dataSource = new DataSource({
    ...options,
    ...server,
    entities: [],
    migrations: options.migrations.slice(0, OLD_MIGRATIONS),
  });
  await dataSource.initialize();
  if (process.env.DATABASE_URL) await dataSource.dropDatabase();
  await dataSource.runMigrations();
  const startedAt = performance.now();
  const each = IMAGES / REQUESTS;
  for (let request = 1; request <= REQUESTS; request++) {
    await dataSource.query(
      `INSERT INTO requests (id, status, file_name, layout, options, product_count, image_count, done_count, failed_count, created_at)
       VALUES (?, 'Processing', 'a.csv', '{}', '{}', ?, ?, ?, ?, 1767225600123)`,
      [`request-${request}`, each, each, each * 0.8, each * 0.1],
    );
    for (let first = 1; first <= each; first += AT_ONCE) {
      const rows = Array.from({ length: Math.min(AT_ONCE, each - first + 1) }, (_, at) =>
        imageRow(request, first + at),
      );
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await insertRows(runner.manager, 'images', COLUMNS(), rows);
      await runner.commitTransaction();
      if (options.type !== 'better-sqlite3') await runner.release();
    }
  }
  console.log(
    `${IMAGES.toLocaleString('en')} images of the earlier version in ${seconds(performance.now() - startedAt)}`,
  );
  await dataSource.destroy();
}

function COLUMNS() {
  return [
    ...[
      'request_key',
      'number',
      'product_number',
      'position',
      'input_url',
      'status',
      'attempt',
      'outcome',
      'error_code',
    ],
    ...[
      'output_key',
      'input_bytes',
      'input_format',
      'output_bytes',
      'output_format',
      'output_width',
      'output_height',
    ],
    ...['quality_used', 'encode_ms'],
  ];
}

/** Eight of ten are done, one has failed, one is open. */
function imageRow(request, number) {
  const url = `https://cdn-${number % HOSTS}.example.com/pictures/${request}/${number}.jpg`;
  const kind = number % 10;
  const row = [request, number, number, 1, url];
  if (kind === 0) return [...row, 'pending', 0, ...Array(11).fill(null)];
  if (kind === 1) return [...row, 'failed', 1, null, 'HTTP_404', ...Array(9).fill(null)];
  const key = `4010a3f5-e94e-461d-bb2f-${String(request).padStart(12, '0')}/${number}-0123456789abcdef.jpg`;
  return [...row, 'done', 1, 'compressed', null, key, 5000, 'jpeg', 1000, 'jpeg', 600, 450, 50, 12];
}

/** By a process of its own, killed when it has said that so many parts are done. */
async function migrate(killAfterLines) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN, '--migrate'], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  child.stdout.on('data', (chunk) => {
    lines.push(...String(chunk).trim().split('\n'));
    if (lines.length >= killAfterLines) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  return { ms: performance.now() - startedAt, lines, code };
}

async function check() {
  const dataSource = new DataSource({ ...options, ...server, entities: [], migrations: [] });
  await dataSource.initialize();
  const counts = {};
  for (const [name, rows] of Object.entries({
    outputs: 'outputs',
    files: 'files',
    'images without host': 'images WHERE host = 0',
    'settled images without number': "images WHERE settled_no IS NULL AND status IN ('done', 'failed')",
    'hosts of requests': 'request_hosts',
  })) {
    const [{ count }] = await dataSource.query(`SELECT COUNT(*) AS count FROM ${rows}`);
    counts[name] = Number(count);
  }
  console.log(JSON.stringify(counts));
  await dataSource.destroy();
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
