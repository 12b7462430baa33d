/** Every kind of job with what its handler is given. Ids only: the state is in the database. */
export interface Jobs {
  /** `hop`: how many workers took a job for this request one after the other before this one was added. */
  'work-on-request': { requestKey: number; hop: number };
  'deliver-webhook': { deliveryKey: number };
}

export type JobKind = keyof Jobs;

/** Every kind, for adapters that must know them beforehand. */
export const JOB_KINDS: JobKind[] = ['work-on-request', 'deliver-webhook'];

export interface Job<K extends JobKind> {
  /** Two jobs of a kind with the same id, one of them not yet finished, count as one. Letters, digits and dashes. */
  id: string;
  data: Jobs[K];
}

export type JobHandler<K extends JobKind> = (data: Jobs[K]) => Promise<void>;

/** How a process runs the jobs of a kind. */
export interface Registration {
  /** Jobs of the kind that this process runs at once. */
  concurrency: number;
  handler: JobHandler<JobKind>;
}

/**
 * Tells workers that there is work. Losing jobs, or all of the queue, loses nothing: the database knows what is open, and
 * the reconciler enqueues it again. Each kind is run apart, so that one never waits for another.
 *
 * A job runs at least once, perhaps twice, in any process that called {@link start}. A handler that throws is logged
 * and its job is gone: tries and their schedule belong to the database, so there are no delayed jobs either.
 */
export abstract class JobQueue {
  private readonly registrations = new Map<JobKind, Registration>();

  /**
   * Names the handler of a kind, and how many of its jobs this process runs at once. Call it before {@link start}.
   * @throws Error where the kind has a handler already
   */
  handle<K extends JobKind>(kind: K, concurrency: number, handler: JobHandler<K>): void {
    if (this.registrations.has(kind)) throw new Error(`two handlers for ${kind}`);
    this.registrations.set(kind, { concurrency, handler: handler as JobHandler<JobKind> });
  }

  /**
   * Begins to run jobs in this process.
   * @throws Error where a kind has no handler, and then runs none: jobs of that kind would be enqueued and never run
   */
  start(): void {
    const missing = JOB_KINDS.filter((kind) => !this.registrations.has(kind));
    if (missing.length > 0) throw new Error(`no handler for ${missing.join(' and ')}`);
    for (const [kind, registration] of this.registrations) this.run(kind, registration);
  }

  /**
   * Adds jobs; those that are waiting or running already are left as they are.
   * @throws UnavailableError `QUEUE_UNAVAILABLE` if the queue does not answer within a few seconds.
   */
  abstract add<K extends JobKind>(kind: K, jobs: Job<K>[]): Promise<void>;

  /** Takes no more jobs, for good, and returns when those running here have ended, or after `graceMs`. */
  abstract stop(graceMs: number): Promise<void>;

  /**
   * Jobs of a kind that are waiting or running, in all processes.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`
   */
  abstract size(kind: JobKind): Promise<number>;

  /** Closes the connections. Call {@link stop} first. */
  abstract close(): Promise<void>;

  /** Begins to run the jobs of one kind. */
  protected abstract run(kind: JobKind, registration: Registration): void;
}
