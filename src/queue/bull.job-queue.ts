import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Job as BullJob, Queue, QueueOptions } from 'bull';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../errors/app-error.js';
import { EventLoopTurns } from '../concurrency/event-loop-turns.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import {
  type Job,
  type JobHandler,
  type JobKind,
  JobQueue,
  type Jobs,
  type Registration,
} from './job-queue.js';

const SECOND = 1000;
const ANSWER_WITHIN_MS = 5 * SECOND;
const PAUSE_WITHIN_MS = SECOND;
const STALLED_EVERY_MS = 5 * SECOND;
const MAX_LOCK_MS = 30 * SECOND;
/** A job that has been stored for longer is looked up in the lists: it may be in none of them. */
const OLD_AFTER_MS = 60 * SECOND;

/**
 * Removes what would make adding an id a silent no-op although the job never runs: Bull's key of a job that is in no
 * list. Where Redis was flushed under load, Bull itself writes such keys, without the job's data, and keeps them for
 * ever. KEYS: wait, active, paused, failed, completed; then the jobs'. ARGV: the time before which a whole job is old;
 * then the ids. Lists are searched for few of the old ones at a time, so that Redis is not held up.
 */
const REMOVE_ORPHANS = `
  local searches = 20
  local function isListed(id)
    for list = 1, 3 do
      if redis.call('LPOS', KEYS[list], id) then return true end
    end
    return false
  end
  for at = 6, #KEYS do
    local id = ARGV[at - 4]
    local stored = redis.call('HMGET', KEYS[at], 'data', 'timestamp')
    local isOrphan = false
    if redis.call('EXISTS', KEYS[at]) == 1 then
      if not stored[1] then
        isOrphan = true
      elseif searches > 0 and tonumber(stored[2] or 0) < tonumber(ARGV[1]) then
        searches = searches - 1
        isOrphan = not isListed(id)
      end
    end
    if isOrphan then
      redis.call('DEL', KEYS[at])
      redis.call('ZREM', KEYS[4], id)
      redis.call('ZREM', KEYS[5], id)
    end
  end`;

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
      // A connection that ends before Redis has answered to its client's name would be taken for a ready one ever after, and
      // closing it would never end (ioredis 5.11, `connectHandler`).
      disableClientInfo: true,
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
      lockDuration: Math.min(lockMs, MAX_LOCK_MS),
      // A job whose worker was stopped while it was being handed over has no lock at all: it need not wait for one.
      stalledInterval: STALLED_EVERY_MS,
    },
  };
}

/** Bull's own parser of addresses knows neither `rediss:` nor escaped passwords. */
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
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly running = new Set<Promise<void>>();
  private readonly turns = new EventLoopTurns();
  private readonly started: Queue[] = [];
  private pauses?: Promise<void>[];

  constructor(private readonly queues: Map<JobKind, Queue>) {
    super();
    for (const queue of queues.values() as Iterable<Queue & Partial<OnApplicationShutdown> & Named>) {
      queue.on('error', ({ message }) => this.warning.warn(`Redis: ${message || 'no connection'}`));
      // Bull lets go of this promise: when Redis freezes before it answers, its rejection ends the process. And a name is
      // what `disableClientInfo` is against.
      queue.setWorkerName = () => Promise.resolve();
      // Nest's own waits for Bull without a limit: for ever where Redis is frozen. `close` has done it by then.
      queue.onApplicationShutdown = () => undefined;
    }
  }

  async add<K extends JobKind>(kind: K, jobs: Job<K>[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.removeOrphans(
      kind,
      jobs.map(({ id }) => id),
    );
    await answered(this.queue(kind).addBulk(jobs.map(({ id, data }) => ({ data, opts: { jobId: id } }))));
  }

  /**
   * Does not use Bull's own waiting for running jobs: while Redis is away, that rejects where it can't be caught, and the
   * process ends.
   */
  async stop(graceMs: number): Promise<void> {
    this.pauses ??= this.started.map((queue) => queue.pause(true, true));
    await within(PAUSE_WITHIN_MS, Promise.allSettled(this.pauses));
    await within(graceMs, Promise.allSettled(this.running));
  }

  async size(kind: JobKind): Promise<number> {
    const counts = await answered(this.queue(kind).getJobCounts());
    return counts.waiting + counts.active;
  }

  async close(): Promise<void> {
    const closing = Promise.all([...this.queues.values()].map((queue) => queue.close(true)));
    await answered(closing).catch((error: Error) => this.logger.warn(`closing the queue: ${error.message}`));
    this.dropConnections();
    // Bull connects once more after each pause.
    await within(PAUSE_WITHIN_MS, Promise.allSettled([closing, ...(this.pauses ?? [])]));
    this.dropConnections();
  }

  protected run(kind: JobKind, { concurrency, handler }: Registration): void {
    const queue = this.queue(kind);
    this.started.push(queue);
    queue
      .process(concurrency, (job) => this.handleJob(handler, job))
      .catch((error: unknown) => this.logger.error(`${kind} stopped`, error));
    queue.on('failed', (job, error) => this.logger.error(`${kind} ${job.id} threw`, error));
  }

  private handleJob(handler: JobHandler<JobKind>, job: BullJob<Jobs[JobKind]>): Promise<void> {
    // Redis was flushed while the id was on its way here: the options that would remove the job are gone with its data.
    if (Object.keys(job.data).length === 0) {
      job.opts.removeOnComplete = true;
      return Promise.resolve();
    }
    // A job may need no I/O, and an answer of Redis may bring many: so many of them would stop the process.
    const work = this.turns
      .next()
      .then(() => handler(job.data))
      .finally(() => this.running.delete(work));
    this.running.add(work);
    return work;
  }

  /** See {@link REMOVE_ORPHANS}. */
  private async removeOrphans(kind: JobKind, ids: string[]): Promise<void> {
    const queue = this.queue(kind);
    const keys = ['wait', 'active', 'paused', 'failed', 'completed', ...ids].map((name) => queue.toKey(name));
    const before = Date.now() - OLD_AFTER_MS;
    await answered(queue.client.eval(REMOVE_ORPHANS, keys.length, ...keys, before, ...ids));
  }

  /**
   * Ends what Bull has not closed, and would keep the process alive: ioredis waits for the other end to close a connection,
   * and keeps the timer of `socketTimeout` when one is closed while a command waits.
   */
  private dropConnections(): void {
    for (const queue of this.queues.values())
      for (const client of (queue as unknown as { clients: Connection[] }).clients) {
        clearTimeout(client.socketTimeoutTimer);
        if (client.status === 'end') continue;
        client.disconnect();
        client.stream?.destroy();
      }
  }

  private queue(kind: JobKind): Queue {
    return this.queues.get(kind)!;
  }
}

/** What of a queue of Bull its types do not tell: gives its connections a name, which only Bull's list of workers reads. */
interface Named {
  setWorkerName(): Promise<void>;
}

/** What of a client of ioredis its types do not tell. */
interface Connection {
  status: string;
  stream?: { destroy(): void };
  socketTimeoutTimer?: NodeJS.Timeout;
  disconnect(): void;
}

/** While Redis is away, Bull's calls never settle. */
async function answered<T>(call: Promise<T>): Promise<T> {
  const late = Symbol('late');
  const answer = await within(ANSWER_WITHIN_MS, call, late);
  if (answer === late) throw new UnavailableError('QUEUE_UNAVAILABLE');
  return answer as T;
}

/** What `promise` gives, or `late` where that takes longer; what the promise does after that is ignored. */
async function within<T, L>(milliseconds: number, promise: Promise<T>, late?: L): Promise<T | L | undefined> {
  const timeout = new AbortController();
  promise.catch(() => undefined);
  try {
    const timer = sleep(milliseconds, late, { signal: timeout.signal }).catch(() => late);
    return await Promise.race([promise, timer]);
  } finally {
    timeout.abort();
  }
}
