import { Injectable, Logger } from '@nestjs/common';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import { byPrimaryKey, forUpdate } from '../../database/statements/locking.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { RequestEvents } from '../../requests/request-events.js';
import { RequestsService } from '../../requests/requests.service.js';
import { ImageJobs } from '../image-jobs.js';
import { addToOpen, lockHosts } from '../scheduling/host-counts.js';
import { replaceUrls } from './replaced-urls.js';
import {
  chosenBy,
  type FailedImage,
  readSelection,
  type RetrySelection,
  withFirstOnes,
} from './retry-selection.js';

/** Images of a transaction: some milliseconds of the event loop with SQLite. */
const MARKED_AT_ONCE = 500;

/** A call is answered after so long, although not all images of a large request are pending again. */
const ANSWER_WITHIN_MS = 2_000;

const BEGIN = `
  UPDATE requests SET status = 'Retrying', run = run + 1, retry_codes = ?, outcome = NULL, completed_at = NULL,
    cancelled_at = NULL, cancelled_count = 0, moved_at = ?
  WHERE request_key = ? AND run = ? AND status IN ('Completed', 'Cancelled') AND completed_at IS NOT NULL`;

const END = `
  UPDATE requests SET status = 'Processing', retry_codes = NULL, moved_at = ?,
    started_at = CASE WHEN started_at IS NULL THEN ? ELSE started_at END
  WHERE request_key = ? AND status = 'Retrying'`;

const FAILED = `
  SELECT number, host, error_code AS errorCode, same_as AS sameAs FROM images
  WHERE request_key = ? AND status = 'failed' AND number > ? ORDER BY number LIMIT ${MARKED_AT_ONCE}`;

/** As before their first try; one that was suspected of ending its worker stays a suspect. The fencing token goes on. */
const MARK = `
  status = CASE WHEN same_as IS NULL THEN 'pending' ELSE 'repeat' END, failures = 0, busy_tries = 0, due_at = 0,
  crashes = CASE WHEN crashes = 0 THEN 0 ELSE 1 END, settled_no = NULL, download = NULL, download_ms = NULL,
  error_code = NULL, error_message = NULL, error_retryable = NULL`;

/**
 * Tries the failed images of a request again, and those that were cancelled, in a new run of it. The request is `Retrying` while
 * its failed images are made pending again, some hundred in a transaction with all counters; so it can be gone on with at any
 * point by any process. What was cancelled is pending already: no row of it was ever changed.
 */
@Injectable()
export class Retrying {
  private readonly warning = new RepeatedWarning(new Logger(Retrying.name));
  /** What this process is about, by the key of the request. */
  private readonly underWay = new Map<number, Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly events: RequestEvents,
    private readonly jobs: ImageJobs,
  ) {}

  /**
   * Begins a new run of a request that has ended. Does nothing where no image is to be tried again.
   * @param wanted which of the failed images
   * @param urls in place of theirs, by the numbers of such images
   * @returns false where the request has not ended, or another call was quicker: then nothing was changed
   */
  async retry(
    request: RequestEntity,
    wanted: RetrySelection,
    urls: Map<number, string> = new Map(),
  ): Promise<boolean> {
    const { key, run } = request;
    if (request.completedAt === null) return false;
    const selection = await withFirstOnes(this.database.manager, key, wanted);
    if (request.cancelledCount === 0 && !(await this.hasFailed(key, selection))) return true;
    const isAll = Object.keys(selection).length === 0;
    const parameters = [isAll ? null : JSON.stringify(selection), this.clock.now(), key, run];
    const hasBegun = await this.database.transaction(
      async (manager) => {
        if ((await execute(manager, BEGIN, parameters)) !== 1) return false;
        await replaceUrls(manager, key, urls);
        return true;
      },
      { isUrgent: true },
    );
    if (!hasBegun) return false;
    const marked = this.goOn(key).catch(({ message }: Error) =>
      this.warning.warn(`a retry was not begun; the reconciler will do it: ${message}`),
    );
    await Promise.race([marked, sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]);
    return true;
  }

  /** Goes on with a retry that was begun, here or in a process that has died. Fine to call at any time, in several processes. */
  goOn(requestKey: number): Promise<void> {
    const known = this.underWay.get(requestKey);
    if (known) return known;
    const work = this.mark(requestKey).finally(() => this.underWay.delete(requestKey));
    this.underWay.set(requestKey, work);
    return work;
  }

  private async hasFailed(requestKey: number, selection: RetrySelection): Promise<boolean> {
    for await (const images of this.failed(requestKey, selection)) if (images.length > 0) return true;
    return false;
  }

  private async mark(requestKey: number): Promise<void> {
    const request = await this.database.manager.findOneBy(RequestEntity, {
      key: requestKey,
      status: 'Retrying',
    });
    if (!request) return;
    const selection = readSelection(request.retryCodes);
    for await (const images of this.failed(requestKey, selection))
      if (images.length > 0 && !(await this.markSome(requestKey, images))) return;
    await this.end(requestKey);
  }

  /** The failed images of a request that are chosen, some hundred rows at a time. */
  private async *failed(requestKey: number, selection: RetrySelection): AsyncGenerator<FailedImage[]> {
    for (let after = 0; ;) {
      const page = await this.database.manager.query<FailedImage[]>(FAILED, [requestKey, after]);
      yield page.filter(chosenBy(selection));
      if (page.length < MARKED_AT_ONCE) return;
      after = page[page.length - 1].number;
      await setImmediate(); // with SQLite nothing else happens in between
    }
  }

  /** @returns false where the request is no longer being retried: it was cancelled, deleted, or another process was quicker */
  private markSome(requestKey: number, images: FailedImage[]): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const request = (await this.requests.lock(manager, [requestKey])).get(requestKey);
      if (request?.status !== 'Retrying') return false;
      await lockHosts(
        manager,
        images.map(({ host }) => ({ requestKey, host })),
      );
      const numbers = images.map(({ number }) => number);
      const marked = await stillFailed(manager, requestKey, numbers);
      if (marked.length === 0) return true;
      await addToOpen(
        manager,
        marked.filter(({ sameAs }) => sameAs === null).map(({ host }) => ({ requestKey, host })),
        1,
      );
      const places = marked.map(() => '?').join(', ');
      await execute(
        manager,
        `UPDATE ${byPrimaryKey(manager, 'images')} SET ${MARK} WHERE request_key = ? AND number IN (${places})`,
        [requestKey, ...marked.map(({ number }) => number)],
      );
      await execute(
        manager,
        'UPDATE requests SET failed_count = failed_count - ?, moved_at = ? WHERE request_key = ?',
        [marked.length, this.clock.now(), requestKey],
      );
      return true;
    });
  }

  /** From here on its images are claimed. */
  private async end(requestKey: number): Promise<void> {
    const hasEnded = await this.database.transaction(async (manager) => {
      await this.requests.lock(manager, [requestKey]);
      const now = this.clock.now();
      if ((await execute(manager, END, [now, now, requestKey])) !== 1) return false;
      await this.events.processing(manager, requestKey);
      return true;
    });
    if (hasEnded) void this.jobs.enqueue(requestKey);
  }
}

/** Under a lock: another process may have marked some of them. */
function stillFailed(
  manager: EntityManager,
  requestKey: number,
  numbers: number[],
): Promise<{ number: number; host: number; sameAs: number | null }[]> {
  const places = numbers.map(() => '?').join(', ');
  return manager.query(
    `SELECT number, host, same_as AS sameAs FROM ${byPrimaryKey(manager, 'images')}
     WHERE request_key = ? AND number IN (${places}) AND status = 'failed' ORDER BY number${forUpdate(manager)}`,
    [requestKey, ...numbers],
  );
}
