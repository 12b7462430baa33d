import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { JobQueue } from '../queue/job-queue.js';
import { FileStorage } from '../storage/file-storage.js';

const ANSWER_WITHIN_MS = 5_000;
/** How long a result is given to further callers: anybody may ask, and a check costs the servers behind us something. */
const FRESH_MS = 1_000;

type Checks = Record<'database' | 'queue' | 'storage', 'ok' | 'unavailable'>;

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
  ) {}

  /** `ok` or `unavailable` for each thing that the work takes. One check at a time, its result at most a second old. */
  check(): Promise<Checks> {
    if (!this.latest || performance.now() > this.freshUntil) {
      this.freshUntil = Infinity; // until it has ended
      this.latest = this.checkNow().finally(() => (this.freshUntil = performance.now() + FRESH_MS));
    }
    return this.latest;
  }

  private async checkNow(): Promise<Checks> {
    const [database, queue, storage] = await Promise.all([
      outcome(this.database.ping()),
      outcome(this.queue.size('process-image')),
      outcome(this.storage.ping()),
    ]);
    return { database, queue, storage };
  }
}

async function outcome(check: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unavailable'>(
    (resolve) => (timer = setTimeout(resolve, ANSWER_WITHIN_MS, 'unavailable')),
  );
  const ended = check.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
  return Promise.race([ended, late]).finally(() => clearTimeout(timer));
}
