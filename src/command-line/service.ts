import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../config/process-environment.js';
import type { Wish } from './arguments.js';
import { Client, Refusal } from './client.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** Settings of a service on servers, or for others: one of our own works alone, whatever the shell has for another. */
const NOT_OURS = [
  ...['DATABASE_URL', 'REDIS_URL', 'API_KEYS', 'PUBLIC_URL', 'MODE', 'HOST', 'LOG_FORMAT', 'SECRET_KEY'],
  ...['S3_BUCKET', 'S3_ENDPOINT', 'S3_REGION', 'S3_PUBLIC_URL', 'CORS_ORIGINS', 'RETENTION_DAYS'],
];

/**
 * Runs `work` with the service that the wish names, or with one of our own, which ends with it.
 * The state of one of our own is kept where `work` was interrupted, so that the next run goes on, and with `--data`.
 * @throws Refusal where the service can't be started; what `work` throws
 */
export async function withService<T>(wish: Wish, work: (client: Client) => Promise<T>): Promise<T> {
  if (wish.server !== null) return work(new Client(wish.server, wish.key));
  const folder = wish.data ?? `${wish.output}.work`;
  const service = await start(folder);
  let isOver = false;
  try {
    const result = await work(new Client(service.url, null));
    isOver = true;
    return result;
  } catch (error) {
    isOver = error instanceof Refusal;
    throw error;
  } finally {
    await stop(service.child);
    if (isOver && wish.data === null) await rm(folder, { recursive: true, force: true });
  }
}

/** The channel tells the child when this process is gone, however it ended. */
async function start(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const env = { ...processEnvironment(), DATA_DIR: folder, PORT: '0' };
  for (const name of NOT_OURS) delete (env as NodeJS.ProcessEnv)[name];
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Refusal(`The service could not be started:\n${text.trim()}`)));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        if (text.length < 100_000) text += String(chunk);
        const ready = / is ready at (http:\/\/[^\s/,]+)/.exec(text);
        if (ready) resolve(ready[1]);
      });
    }
  });
  return { child, url };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
