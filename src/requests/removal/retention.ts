import { Inject, Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Rounds } from '../../concurrency/rounds.js';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import type { RequestStatus } from '../../database/entities/request.entity.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { SweepLock } from '../../stored-files/sweep-lock.js';
import { RequestRemoval } from './request-removal.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const EVERY_MS = 10 * MINUTE;
/** Where another process was at it. */
const AGAIN_MS = MINUTE;

/** Requests of a statement. */
const READ_AT_ONCE = 100;
/** Files of a statement: some milliseconds of the event loop with SQLite. */
const SUMMED_AT_ONCE = 1_000;

/** One range of the index `requests_by_end`. */
const ENDED = `
  SELECT request_key AS requestKey, id, completed_at AS completedAt FROM requests
  WHERE status = ? AND completed_at >= ? AND completed_at < ? AND (completed_at > ? OR request_key > ?)
  ORDER BY completed_at, request_key LIMIT ${READ_AT_ONCE}`;

/** Bytes of files to which something refers: the others are being deleted, or about to be used. */
const USED = `
  SELECT MAX(file_key) AS last, COALESCE(SUM(CASE
    WHEN EXISTS (SELECT 1 FROM outputs WHERE outputs.file_key = part.file_key)
      OR EXISTS (SELECT 1 FROM kept_files WHERE kept_files.file_key = part.file_key)
      OR EXISTS (SELECT 1 FROM requests WHERE requests.upload_key = part.file_key) THEN bytes ELSE 0 END), 0) AS bytes
  FROM (SELECT file_key, bytes FROM files WHERE file_key > ? ORDER BY file_key LIMIT ${SUMMED_AT_ONCE}) AS part`;

interface EndedRequest {
  requestKey: number;
  id: string;
  completedAt: number;
}

/**
 * Deletes requests that ended more than `RETENTION_DAYS` ago, and the oldest ones while the files of all take more than
 * `RETENTION_MAX_BYTES`. A request of which something is still to be delivered stays. One process at a time is at it; both are
 * off unless set.
 */
@Injectable()
export class Retention {
  private readonly logger = new Logger(Retention.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly rounds = new Rounds(
    EVERY_MS,
    async () => ((await this.sweep()) === null ? AGAIN_MS : EVERY_MS),
    ({ message }) => this.warning.warn(`old requests were not deleted: ${message}`),
  );
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly removal: RequestRemoval,
    private readonly lock: SweepLock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Looks now and every ten minutes until {@link stop}, where something is set. */
  start(): void {
    this.isStopping = false;
    const { RETENTION_DAYS, RETENTION_MAX_BYTES } = this.settings;
    if (RETENTION_DAYS !== undefined || RETENTION_MAX_BYTES !== undefined) this.rounds.start();
  }

  /** Returns when the round that may be under way has stopped. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.rounds.stop();
  }

  /**
   * One round; does nothing while requests are being removed somewhere, so that what each one frees is counted once.
   * @returns how many requests were deleted; null where nothing was done
   */
  async sweep(): Promise<number | null> {
    let deleted = 0;
    const isDone = await this.lock.withLock('removal', async () => {
      deleted += await this.removeOld();
      deleted += await this.removeExcess();
    });
    if (deleted > 0) this.logger.log(`deleted ${deleted} requests that are not kept any longer`);
    return isDone ? deleted : null;
  }

  private async removeOld(): Promise<number> {
    if (this.settings.RETENTION_DAYS === undefined) return 0;
    const before = this.clock.now() - this.settings.RETENTION_DAYS * DAY;
    let deleted = 0;
    for await (const request of this.ended(before))
      if ((await this.remove(request, before)) !== null) deleted++;
    return deleted;
  }

  /** Stops as soon as what was freed suffices; files that another request has free nothing. */
  private async removeExcess(): Promise<number> {
    if (this.settings.RETENTION_MAX_BYTES === undefined) return 0;
    await this.removal.removeMarked(); // what it refers to is not counted as used
    const before = this.clock.now();
    let excess = (await this.usedBytes()) - this.settings.RETENTION_MAX_BYTES;
    let deleted = 0;
    if (excess <= 0) return 0;
    for await (const request of this.ended(before)) {
      const freed = await this.remove(request, before);
      if (freed === null) continue;
      deleted++;
      excess -= freed;
      if (excess <= 0) return deleted;
    }
    this.warning.warn(
      `the files of what may not be deleted take ${excess} bytes more than RETENTION_MAX_BYTES`,
    );
    return deleted;
  }

  /** @returns the bytes that it freed; null where it is kept */
  private async remove(request: EndedRequest, before: number): Promise<number | null> {
    const isMarked = await this.removal.deleteEnded(request.requestKey, before);
    return isMarked ? this.removal.remove(request) : null;
  }

  /** Requests that ended before an instant, the oldest first. */
  private async *ended(before: number): AsyncGenerator<EndedRequest> {
    const lists = [this.endedIn('Completed', before), this.endedIn('Cancelled', before)];
    const heads = await Promise.all(lists.map((list) => list.next()));
    for (;;) {
      const ends = heads.map(({ done, value }) => (done ? Infinity : (value as EndedRequest).completedAt));
      const oldest = ends[0] <= ends[1] ? 0 : 1;
      const head = heads[oldest];
      if (head.done || this.isStopping) return;
      yield head.value;
      heads[oldest] = await lists[oldest].next();
    }
  }

  private async *endedIn(status: RequestStatus, before: number): AsyncGenerator<EndedRequest, undefined> {
    for (let last = { completedAt: 0, requestKey: 0 }; ;) {
      const { completedAt, requestKey } = last;
      const parameters = [status, completedAt, before, completedAt, requestKey];
      const page = await this.database.manager.query<EndedRequest[]>(ENDED, parameters);
      yield* page;
      if (page.length < READ_AT_ONCE) return;
      last = page[page.length - 1];
    }
  }

  private async usedBytes(): Promise<number> {
    let used = 0;
    for (let last: string | null = ''; last !== null;) {
      const [part] = (await this.database.manager.query(USED, [last])) as {
        last: string | null;
        bytes: number | string;
      }[];
      used += Number(part.bytes);
      last = part.last;
      await setImmediate(); // with SQLite nothing else happens in between
    }
    return used;
  }
}
