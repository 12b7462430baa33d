// Installs and builds what is missing, finds or starts MySQL and Redis, then runs Jest; arguments go to it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

prepare();
const { PrivateServers } = await import('./private-servers.mjs'); // needs the packages
const servers = new PrivateServers();
process.on('SIGINT', () => {}); // a terminal sends it to Jest as well; then the servers are stopped here
process.on('SIGTERM', () => {});
try {
  await provideServers();
  process.exitCode = await runJest();
} finally {
  await servers.stop();
}

/** Those that the variables name, or private ones from the programs on PATH; without them, suites are skipped. */
async function provideServers() {
  process.env.TEST_MYSQL_URL ||= (await servers.startMysql()) ?? '';
  process.env.TEST_REDIS_URL ||= (await servers.startRedis()) ?? '';
  const missing = ['TEST_MYSQL_URL', 'TEST_REDIS_URL'].filter((name) => !process.env[name]);
  if (missing.length === 0) return;

  const message = `there is no server for ${missing.join(' and ')}: install mariadb-server and redis-server, or set it`;
  if (process.env.CI) throw new Error(`in CI nothing may be skipped, but ${message}`);
  console.warn(`\n*** SKIPPING every suite on MySQL + Redis: ${message} ***\n`);
}

function runJest() {
  const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}
