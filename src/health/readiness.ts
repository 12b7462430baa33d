import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { JobQueue } from '../queue/job-queue.js';
import { FileStorage } from '../storage/file-storage.js';

const ANSWER_WITHIN_MS = 5_000;

/** Whether this process can do its work now. */
@Injectable()
export class Readiness {
  /** Set when the process begins to stop: load balancers should send nothing more. */
  isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly queue: JobQueue,
    private readonly storage: FileStorage,
  ) {}

  /** `ok` or `unavailable` for each thing that it takes. */
  async check(): Promise<Record<'database' | 'queue' | 'storage', string>> {
    const [database, queue, storage] = await Promise.all([
      outcome(this.database.ping()),
      outcome(this.queue.size('process-image')),
      outcome(this.storage.ping()),
    ]);
    return { database, queue, storage };
  }
}

async function outcome(check: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>(
    (resolve) => (timer = setTimeout(resolve, ANSWER_WITHIN_MS, 'unavailable')),
  );
  const ended = check.then(
    () => 'ok',
    () => 'unavailable',
  );
  return Promise.race([ended, late]).finally(() => clearTimeout(timer));
}
