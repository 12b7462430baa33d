// Installs and builds what is missing, finds or starts MySQL and Redis, then runs Jest; arguments go to it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

prepare();
const { SWIFT_KEYS } = await import('./swift-server.mjs');
const { PrivateServers } = await import('./private-servers.mjs'); // needs the packages
// The first one draws no window of its own, which takes most of the time of a short test.
const CHROMIUMS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const servers = new PrivateServers();
process.on('SIGINT', () => {}); // a terminal sends it to Jest as well; then the servers are stopped here
process.on('SIGTERM', () => {});
try {
  await provideServers();
  provideBrowser();
  process.exitCode = await runJest();
} finally {
  await servers.stop();
}

/** Those that the variables name, or private ones from the programs on PATH; without them, suites are skipped. */
async function provideServers() {
  process.env.TEST_MYSQL_URL ||= (await servers.startMysql()) ?? '';
  process.env.TEST_MYSQL_CA ||= servers.certificates ?? '';
  process.env.TEST_REDIS_URL ||= (await servers.startRedis()) ?? '';
  const warning = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }; // as scripts/start.mjs
  Object.assign(process.env, { ...SWIFT_KEYS, ...warning, ...process.env });
  if (needsS3()) process.env.TEST_S3_URL ||= (await servers.startS3()) ?? '';
  const needed = ['TEST_MYSQL_URL', 'TEST_REDIS_URL', ...(needsS3() ? ['TEST_S3_URL'] : [])];
  const missing = needed.filter((name) => !process.env[name]);
  if (missing.length === 0) return;

  const message = `there is no server for ${missing.join(' and ')}: install mariadb-server, redis-server or swift, or set it`;
  if (process.env.CI) throw new Error(`in CI nothing may be skipped, but ${message}`);
  console.warn(`\n*** SKIPPING the suites on these servers: ${message} ***\n`);
}

/** Debian's Chromium, for the suites on the page. */
function provideBrowser() {
  process.env.TEST_CHROMIUM ||= CHROMIUMS.map((name) => `/usr/bin/${name}`).find(existsSync) ?? '';
  if (process.env.TEST_CHROMIUM) return;
  const message = 'there is no Chromium: install chromium, or name it in TEST_CHROMIUM';
  if (process.env.CI) throw new Error(`in CI nothing may be skipped, but ${message}`);
  console.warn(`\n*** SKIPPING the suites on the page: ${message} ***\n`);
}

/** Swift takes some seconds to start: only for all suites, or where those with files in a bucket are named. */
function needsS3() {
  const files = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
  return (
    files.length === 0 || files.some((file) => /storage|operations|crash|delete|stored-files/.test(file))
  );
}

function runJest() {
  const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}
