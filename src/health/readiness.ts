import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { JobQueue } from '../queue/job-queue.js';
import { FileStorage } from '../storage/file-storage.js';
import { FreeSpace } from '../stored-files/free-space.js';
import { Heartbeat } from './heartbeat.js';

const ANSWER_WITHIN_MS = 5_000;
/** How long a result is given to further callers: anybody may ask, and a check costs the servers behind us something. */
const FRESH_MS = 1_000;

type Check = 'ok' | 'unavailable';

/** What was found, with the number of processes that work on images; null where that is not known. */
export type Checks = Record<'database' | 'queue' | 'storage' | 'free_space', Check> & {
  workers: number | null;
};

/** Whether this process can do its work now. */
@Injectable()
export class Readiness {
  /** Set when the process begins to stop: load balancers should send nothing more. */
  isStopping = false;

  private latest?: Promise<Checks>;
  private freshUntil = 0;

  constructor(
    private readonly database: Database,
    private readonly queue: JobQueue,
    private readonly storage: FileStorage,
    private readonly space: FreeSpace,
    private readonly heartbeat: Heartbeat,
  ) {}

  /** `ok` or `unavailable` for each thing that the work takes, and how many workers there are. One check at a time, its result at most a second old. */
  check(): Promise<Checks> {
    if (!this.latest || performance.now() > this.freshUntil) {
      this.freshUntil = Infinity; // until it has ended
      this.latest = this.checkNow().finally(() => (this.freshUntil = performance.now() + FRESH_MS));
    }
    return this.latest;
  }

  private async checkNow(): Promise<Checks> {
    const [database, queue, storage, isEnough, workers] = await Promise.all([
      outcome(this.database.ping()),
      outcome(this.queue.size('work-on-request')),
      outcome(this.storage.ping()),
      this.space.isEnough(),
      within(this.heartbeat.count(), null).catch(() => null),
    ]);
    return { database, queue, storage, free_space: isEnough ? 'ok' : 'unavailable', workers };
  }
}

function outcome(check: Promise<unknown>): Promise<Check> {
  const ended = check.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
  return within(ended, 'unavailable');
}

/** What `work` gives, or `otherwise` where it takes too long. */
async function within<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<U>((resolve) => (timer = setTimeout(resolve, ANSWER_WITHIN_MS, otherwise)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
