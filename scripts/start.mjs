// Installs and builds what is missing, then runs the service until it ends.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { MAIN, prepare, ROOT } from './prepare.mjs';

prepare();
const dotenv = path.join(ROOT, '.env');
if (existsSync(dotenv)) process.loadEnvFile(dotenv);

const encoders = Number(process.env.CONCURRENCY) || availableParallelism() + 1; // as src/config/settings.ts
const env = {
  // Both are read before any JavaScript runs, so they must be set here (docs/hazards.md).
  UV_THREADPOOL_SIZE: String(encoders + 16), // encoders, and the file and name look-ups that must not wait for them
  MALLOC_ARENA_MAX: '2', // halves the memory that glibc keeps
  MALLOC_MMAP_THRESHOLD_: '16777216', // what is larger goes back to the system at once, not only up to 32 MB
  ...process.env,
};
// The channel tells the child when this process is gone, however it ended.
const child = spawn(process.execPath, [MAIN, ...process.argv.slice(2)], {
  cwd: ROOT,
  env,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});

// npm passes a signal on to its shell only, whose end we notice by having another parent.
const parent = process.ppid;
if (process.env.npm_lifecycle_event) {
  setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500).unref();
}
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGINT', () => child.kill('SIGINT')); // from a terminal it has it already, and ignores the second
child.on('exit', (code, signal) =>
  process.exit(code ?? (signal === 'SIGTERM' || signal === 'SIGINT' ? 0 : 1)),
);
