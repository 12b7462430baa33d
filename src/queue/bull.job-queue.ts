import { Logger } from '@nestjs/common';
import type { Queue, QueueOptions } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../errors.js';
import { type Job, type JobHandler, type JobKind, JobQueue } from './job-queue.js';

const SECOND = 1000;
const ANSWER_WITHIN_MS = 5 * SECOND;
const WARN_EVERY_MS = 30 * SECOND;

/**
 * Options of every queue. Each line is a measured trap of Bull 4 (docs/hazards.md).
 * `redisUrl` as in `REDIS_URL`; `prefix` starts every key; the jobs of a worker that died come back after about
 * `lockMs`. A lock that is lost for another reason does no harm: claims in the database decide who works on what.
 */
export function bullOptions(redisUrl: string, prefix: string, lockMs: number): QueueOptions {
  return {
    prefix,
    redis: {
      ...redisAddress(redisUrl),
      // Bull's own needs: its connections wait for Redis rather than fail.
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      // Without it a connection that is black-holed hangs for ever, silently. Above Bull's drainDelay (5 s).
      socketTimeout: 15 * SECOND,
    } as QueueOptions['redis'],
    defaultJobOptions: {
      // Tries belong to the database.
      attempts: 1,
      // A job that stays stored, finished or failed, makes adding its id again a silent no-op.
      removeOnComplete: true,
      removeOnFail: true,
    },
    settings: {
      // With the default of 1, a job whose worker is killed twice fails for ever.
      maxStalledCount: 1_000_000,
      lockDuration: lockMs,
      stalledInterval: lockMs,
    },
  };
}

/** Bull's own reading of an address knows neither `rediss:` nor escaped passwords. */
function redisAddress(text: string): QueueOptions['redis'] & object {
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    db: Number(pathname.slice(1) || 0),
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** Jobs in Redis, shared by all processes that name the same Redis and prefix. One Bull queue per kind. */
export class BullJobQueue extends JobQueue {
  private readonly logger = new Logger(BullJobQueue.name);
  private quietUntil = 0;
  private readonly handlers = new Map<JobKind, { concurrency: number; handler: JobHandler<JobKind> }>();

  constructor(private readonly queues: Map<JobKind, Queue>) {
    super();
    for (const queue of queues.values()) queue.on('error', (error) => this.warn(error));
  }

  handle<K extends JobKind>(kind: K, concurrency: number, handler: JobHandler<K>): void {
    if (this.handlers.has(kind)) throw new Error(`two handlers for ${kind}`);
    this.handlers.set(kind, { concurrency, handler: handler as JobHandler<JobKind> });
  }

  async add<K extends JobKind>(kind: K, jobs: Job<K>[]): Promise<void> {
    if (jobs.length === 0) return;
    await answered(this.queue(kind).addBulk(jobs.map(({ id, data }) => ({ data, opts: { jobId: id } }))));
  }

  async start(): Promise<void> {
    for (const [kind, { concurrency, handler }] of this.handlers) {
      this.queue(kind)
        .process(concurrency, (job) => handler(job.data))
        .catch((error: unknown) => this.logger.error(`${kind} stopped`, error));
      this.queue(kind).on('failed', (job, error) => this.logger.error(`${kind} ${job.id} threw`, error));
    }
  }

  async stop(graceMs: number): Promise<void> {
    const timeout = new AbortController();
    await Promise.race([
      // Resolves when the jobs that run here have ended.
      Promise.all([...this.handlers.keys()].map((kind) => this.queue(kind).pause(true))).catch(
        () => undefined,
      ),
      sleep(graceMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  async size(kind: JobKind): Promise<number> {
    const counts = await answered(this.queue(kind).getJobCounts());
    return counts.waiting + counts.active;
  }

  async close(): Promise<void> {
    const closing = Promise.all([...this.queues.values()].map((queue) => queue.close(true)));
    await answered(closing).catch((error: Error) => this.logger.warn(`closing the queue: ${error.message}`));
  }

  /** Each of several connections reports every try to connect. */
  private warn({ message }: Error): void {
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + WARN_EVERY_MS;
    this.logger.warn(`Redis: ${message || 'no connection'}`);
  }

  private queue(kind: JobKind): Queue {
    return this.queues.get(kind)!;
  }
}

/** While Redis is away, Bull's calls never settle. */
async function answered<T>(call: Promise<T>): Promise<T> {
  const timeout = new AbortController();
  try {
    return await Promise.race([
      call,
      sleep(ANSWER_WITHIN_MS, undefined, { signal: timeout.signal }).then((): never => {
        throw new UnavailableError('QUEUE_UNAVAILABLE', 'The job queue does not answer.');
      }),
    ]);
  } finally {
    timeout.abort();
    call.catch(() => undefined);
  }
}
