// Runs in a thread of its own (durable-files.ts): gives files their content and their names, so that both are there also after
// a power cut. Plain JavaScript, as tests load it as it stands.
import nodeFs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', async ({ id, files }) => {
  const errors = await makeDurable(files);
  parentPort.postMessage({ id, errors: errors.map((error) => error && copyOf(error)) });
});

/**
 * Makes each of `{partial, file, content?}` durable under the name `file`: writes `content` to `partial`, or takes what is there,
 * and renames it. Where that fails, `partial` is gone. What the disk has to do for all of them is asked for at once, so that
 * it may do it in one go.
 * @returns for each, null or why it failed
 */
export async function makeDurable(files, fs = nodeFs) {
  const fsync = promisify(fs.fsync);
  const works = files.map((file) => ({ ...file, error: null }));
  const each = (work) => Promise.all(works.filter(({ error }) => !error).map((one) => attempt(one, work)));

  await each((one) => (one.descriptor = openPartial(fs, one)));
  await each((one) => fsync(one.descriptor));
  closeAll(fs, works);
  const folders = new Set();
  await each((one) => rename(fs, one, folders));
  await each((one) => folders.add(path.dirname(one.file)));
  const synced = new Map([...folders].map((folder) => [folder, syncFolder(fs, fsync, folder)]));
  const results = await Promise.allSettled(synced.values());
  const failed = results.find(({ status }) => status === 'rejected');
  for (const one of works) {
    if (failed) one.error ??= failed.reason;
    if (one.error) fs.rmSync(one.partial, { force: true });
  }
  return works.map(({ error }) => error);
}

async function attempt(one, work) {
  try {
    await work(one);
  } catch (error) {
    one.error = error;
  }
}

function openPartial(fs, { partial, content }) {
  if (!content) return fs.openSync(partial, 'r');
  const descriptor = inFolder(fs, partial, () => fs.openSync(partial, 'wx'));
  try {
    fs.writeFileSync(descriptor, content);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function closeAll(fs, works) {
  for (const { descriptor } of works) if (descriptor !== undefined) fs.closeSync(descriptor);
}

function rename(fs, { partial, file }, folders) {
  inFolder(fs, file, () => fs.renameSync(partial, file), folders);
}

/** Makes the folder of `file` where `work` finds none, which is the case for the first file only; adds what must be synced. */
function inFolder(fs, file, work, folders) {
  try {
    return work();
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const folder = path.resolve(path.dirname(file));
  const first = fs.mkdirSync(folder, { recursive: true });
  if (first && folders)
    for (let made = folder; made.length >= first.length; made = path.dirname(made))
      folders.add(path.dirname(made));
  return work();
}

async function syncFolder(fs, fsync, folder) {
  const descriptor = fs.openSync(folder, 'r');
  try {
    await fsync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What an error keeps on its way to another thread. */
function copyOf({ message, code, syscall, errno }) {
  return { message, code, syscall, errno };
}
