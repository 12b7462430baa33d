// Installs and builds what is missing, then runs the service until it ends.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { MAIN, prepare, ROOT } from './prepare.mjs';

prepare();
const dotenv = path.join(ROOT, '.env');
if (existsSync(dotenv)) process.loadEnvFile(dotenv);

const { processEnvironment } = await import('../dist/src/config/process-environment.js'); // needs the build
// The channel tells the child when this process is gone, however it ended.
const child = spawn(process.execPath, [MAIN, ...process.argv.slice(2)], {
  cwd: ROOT,
  env: processEnvironment(),
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
