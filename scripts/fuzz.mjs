// Runs every suite that has properties (fast-check) with fresh seeds for a given time, ten minutes if none is given:
// npm run fuzz -- 20, or for some suites alone: npm run fuzz -- 5 src/tables
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

const [first, ...others] = process.argv.slice(2);
const isTime = Number(first) > 0;
const minutes = isTime ? Number(first) : 10;
const wanted = isTime || !first ? others : [first, ...others];

prepare();
const suites = ['src', 'test']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true }).map((name) => path.join(folder, name)),
  )
  .filter((file) => /spec\.ts$/.test(file) && wanted.every((word) => file.includes(word)))
  .map((file) => ({ file, properties: propertiesIn(file) }))
  .filter(({ properties }) => properties > 0);
const seconds = (minutes * 60) / suites.reduce((sum, { properties }) => sum + properties, 0);

const seed = Math.floor(Math.random() * 2 ** 31);
console.log(`${suites.length} suites, ${seconds.toFixed(0)} s for each property, PROPERTY_SEED=${seed}`);
for (const { file, properties } of suites) fuzz(file, properties);

/** How many properties a suite has, or 0. */
function propertiesIn(file) {
  return readFileSync(path.join(ROOT, file), 'utf8').split('fc.assert(').length - 1;
}

function fuzz(file, properties) {
  const folder = mkdtempSync(path.join(tmpdir(), 'image-processing-fuzz-'));
  const report = path.join(folder, 'report');
  const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
  const testTimeout = Math.ceil(seconds * properties * 4 + 120) * 1000;
  const { status } = spawnSync(
    process.execPath,
    [jest, '--runInBand', `--testTimeout=${testTimeout}`, '--silent', '--runTestsByPath', file],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        PROPERTY_RUNS: String(2 ** 31),
        PROPERTY_SEED: String(seed),
        FUZZ_SECONDS: String(seconds),
        FUZZ_REPORT: report,
      },
    },
  );
  if (status !== 0) process.exitCode = 1;
  console.log(`\n${file}${status === 0 ? '' : ': FAILED'}`);
  if (existsSync(report)) {
    for (const line of readFileSync(report, 'utf8').trim().split('\n')) print(JSON.parse(line), file);
  }
  rmSync(folder, { recursive: true });
}

function print({ test, numRuns, seed, failed, stallMs, rssAtStart, rss }, file) {
  const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
  const memory = `${megabytes(rssAtStart)} → ${megabytes(rss)} MB`;
  console.log(`  ${failed ? 'FAILED' : 'passed'} ${test}`);
  const stall =
    stallMs === null
      ? 'nothing measured: the service is a process of its own'
      : `longest stall ${stallMs} ms, memory ${memory}`;
  console.log(`    ${numRuns} examples, seed ${seed}, ${stall}`);
  if (failed) console.log(`    repeat: PROPERTY_SEED=${seed} PROPERTY_RUNS=${numRuns} npm test -- ${file}`);
}
