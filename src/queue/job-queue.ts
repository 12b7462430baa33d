/** Every kind of job with what its handler is given. Ids only: the state is in the database. */
export interface Jobs {
  'process-image': { requestKey: number; number: number };
  'deliver-webhook': { deliveryKey: number };
}

export type JobKind = keyof Jobs;

/** Every kind, for adapters that must know them beforehand. */
export const JOB_KINDS: JobKind[] = ['process-image', 'deliver-webhook'];

export interface Job<K extends JobKind> {
  /** Two jobs of a kind with the same id, one of them not yet finished, count as one. Letters, digits and dashes. */
  id: string;
  data: Jobs[K];
}

export type JobHandler<K extends JobKind> = (data: Jobs[K]) => Promise<void>;

/**
 * A doorbell: it says that there is work, and loses nothing when it is lost, because the database knows what is open
 * and the reconciler rings again. Each kind has a lane of its own, so that one never waits for another.
 *
 * A job runs at least once, perhaps twice, in whichever process called {@link start}. A handler that throws is logged
 * and its job is gone: tries and their schedule belong to the database, so there are no delayed jobs either.
 */
export abstract class JobQueue {
  /** Names the handler of a kind, and how many of its jobs this process runs at once. Before {@link start}. */
  abstract handle<K extends JobKind>(kind: K, concurrency: number, handler: JobHandler<K>): void;

  /**
   * Adds jobs; those that are waiting or running already are left as they are.
   * @throws UnavailableError `QUEUE_UNAVAILABLE` if the queue does not answer within a few seconds.
   */
  abstract add<K extends JobKind>(kind: K, jobs: Job<K>[]): Promise<void>;

  /** Begins to run jobs in this process. */
  abstract start(): Promise<void>;

  /** Takes no more jobs, for good, and returns when those running here have ended, or after `graceMs`. */
  abstract stop(graceMs: number): Promise<void>;

  /**
   * Jobs of a kind that are waiting or running, in all processes.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`
   */
  abstract size(kind: JobKind): Promise<number>;

  /** Lets go of connections. Call {@link stop} first. */
  abstract close(): Promise<void>;
}
