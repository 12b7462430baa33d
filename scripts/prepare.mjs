// What every command needs first: the right Node, the packages, and a build of the sources as they are now.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MAIN = path.join(ROOT, 'dist/src/main.js');

const SOURCES = ['src', 'migrations', 'ormconfig.ts', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'];
const BUILT = path.join(ROOT, 'dist/.built');
const PAGE_SOURCES = ['web', 'package-lock.json'];
const PAGE_BUILT = path.join(ROOT, 'dist/.page-built'); // gone with dist/, which a build of the sources empties
/** Names the process that installs or builds. */
const TURN = path.join(ROOT, '.preparing');
const LOOK_AGAIN_MS = 200;
/** After so long, its file holds the number of the process … */
const WRITTEN_WITHIN_MS = 2_000;
/** … and after so long that is another's: no step takes as much. */
const TURN_MS = 15 * 60_000;
const INSTALLED = path.join(ROOT, 'node_modules/.package-lock.json');

/** Installs and builds what is missing or older than its sources; takes a fraction of a second when nothing is. */
export function prepare() {
  refuseOldNode();
  if (!isPrepared()) alone(prepareAll);
}

function isPrepared() {
  return !(
    arePackagesOld() ||
    newest(SOURCES) > changedAt(BUILT) ||
    newest(PAGE_SOURCES) > changedAt(PAGE_BUILT)
  );
}

function prepareAll() {
  if (arePackagesOld()) install();
  const isOld = newest(SOURCES) > changedAt(BUILT);
  const isPageOld = isOld || newest(PAGE_SOURCES) > changedAt(PAGE_BUILT);
  if (isPageOld) console.log('Building …');
  if (isOld) build();
  if (isPageOld) buildPage();
}

/** Installs the packages when they are missing or older than the lock file, and builds nothing. */
function preparePackages() {
  refuseOldNode();
  if (arePackagesOld()) alone(() => arePackagesOld() && install());
}

function arePackagesOld() {
  return changedAt(path.join(ROOT, 'package-lock.json')) > changedAt(INSTALLED);
}

/** One process at a time: a build empties the folder from which another, started a moment before, is about to run. */
function alone(work) {
  while (!takeTurn()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
  process.once('exit', giveTurnBack); // `run` ends the process where a step fails
  work();
  process.off('exit', giveTurnBack);
  giveTurnBack();
}

/** @returns false while another process has it; one that was killed has it no more */
function takeTurn() {
  try {
    writeFileSync(TURN, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const age = Date.now() - changedAt(TURN);
  if (age > TURN_MS || (age > WRITTEN_WITHIN_MS && !isAnother(holderOfTurn()))) giveTurnBack();
  return false;
}

function giveTurnBack() {
  rmSync(TURN, { force: true });
}

function holderOfTurn() {
  return existsSync(TURN) ? Number(readFileSync(TURN, 'utf8')) : 0;
}

/** Whether it is a process that lives, and not this one: containers give each first process the same number. */
function isAnother(pid) {
  try {
    return pid > 0 && pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
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
