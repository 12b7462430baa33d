// What every command needs first: the right Node, the packages, and a build of the sources as they are now.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MAIN = path.join(ROOT, 'dist/src/main.js');

const SOURCES = ['src', 'migrations', 'ormconfig.ts', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'];
const BUILT = path.join(ROOT, 'dist/.built');
const PAGE_SOURCES = ['web', 'package-lock.json'];
const PAGE_BUILT = path.join(ROOT, 'dist/.page-built'); // gone with dist/, which a build of the sources empties
const INSTALLED = path.join(ROOT, 'node_modules/.package-lock.json');

/** Installs and builds what is missing or older than its sources; takes a fraction of a second when nothing is. */
export function prepare() {
  preparePackages();
  const isOld = newest(SOURCES) > changedAt(BUILT);
  const isPageOld = isOld || newest(PAGE_SOURCES) > changedAt(PAGE_BUILT);
  if (isPageOld) console.log('Building …');
  if (isOld) build();
  if (isPageOld) buildPage();
}

/** Installs the packages when they are missing or older than the lock file, and builds nothing. */
function preparePackages() {
  refuseOldNode();
  if (changedAt(path.join(ROOT, 'package-lock.json')) > changedAt(INSTALLED)) install();
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // As `engines` in package.json says: what the packages are made for.
  const least = { 20: 19, 22: 13, 24: 11 }[major] ?? (major > 24 ? 0 : Infinity);
  if (minor >= least) return;
  console.error(`This needs Node 20.19, 22.13, 24.11 or newer; here is ${process.versions.node}.`);
  process.exit(1);
}

function install() {
  console.log('Installing packages (about half a minute) …');
  // Under npm its own path is known; NODE_ENV=production must not leave out what the build needs.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  run([...npm, 'ci', '--include=dev', '--loglevel=error', '--no-progress']);
  writeStamp(INSTALLED, readFileSync(INSTALLED));
}

function build() {
  run([process.execPath, path.join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js'), 'build']);
  writeStamp(BUILT, '');
}

function buildPage() {
  run([process.execPath, path.join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', 'web']);
  writeStamp(PAGE_BUILT, '');
}

function run([command, ...args]) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** Written when the step has ended well, so that one that was cut off is done again. */
function writeStamp(file, content) {
  writeFileSync(file, content);
}

function newest(names) {
  return Math.max(...names.map((name) => newestBelow(path.join(ROOT, name))));
}

/** Folders count too: theirs changes when a file in them is removed. */
function newestBelow(file) {
  if (!existsSync(file)) return 0;
  if (!statSync(file).isDirectory()) return changedAt(file);
  return Math.max(changedAt(file), ...readdirSync(file).map((name) => newestBelow(path.join(file, name))));
}

function changedAt(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--packages')) preparePackages();
  else prepare();
}
