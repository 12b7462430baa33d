// Runs the benchmarks, or those whose names are given: npm run bench -- csv
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

prepare();
const folder = path.join(ROOT, 'bench');
const wanted = process.argv.slice(2);
const names = readdirSync(folder).filter((name) => name.endsWith('.bench.mjs'));
for (const name of names) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const { status } = spawnSync(process.execPath, [path.join(folder, name)], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
