import { Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { Rounds } from '../../concurrency/rounds.js';
import { recordUsage } from '../request-usage.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import { EmbeddedSpace } from '../../database/embedded-space.js';
import { byPrimaryKey, forUpdate } from '../../database/statements/locking.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { Files, places } from '../../stored-files/files.js';
import { SweepLock } from '../../stored-files/sweep-lock.js';
import { RequestsService } from '../requests.service.js';

/** Between two rounds that look for what another process, or an earlier one, has left. */
const EVERY_MS = 2_000;
/** Rows of a transaction: some milliseconds of the event loop with SQLite. */
const REMOVED_AT_ONCE = 500;
/** Events of a transaction: each may have some deliveries, and these some tries. */
const EVENTS_AT_ONCE = 100;

const MARK = `
  UPDATE requests SET status = 'Deleting', outcome = NULL, image_headers = NULL, retry_codes = NULL
  WHERE request_key = ? AND status NOT IN ('Receiving', 'Deleting')`;

const MARKED = "SELECT request_key AS requestKey, id FROM requests WHERE status = 'Deleting' LIMIT 100";

const IS_AWAITED = `
  SELECT delivery_key FROM webhook_deliveries WHERE request_key = ? AND state IN ('pending', 'sending') LIMIT 1`;

/** Tables whose rows of a request are numbered. */
const NUMBERED = ['redos', 'images', 'faults', 'products', 'request_hosts'];

/** Tables whose rows refer to files. */
const REFERRING = ['outputs', 'kept_files'] as const;

interface MarkedRequest {
  requestKey: number;
  id: string;
}

/**
 * Removes requests. One that is `Deleting` is there for nobody: nothing of it is claimed, settled or shown. Its rows go in the
 * background, some hundred in a transaction, children first; files that nothing else refers to are deleted an hour later. Killed
 * at any point, it is gone on with by the next round of any process.
 */
@Injectable()
export class RequestRemoval {
  private readonly logger = new Logger(RequestRemoval.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly rounds = new Rounds(
    EVERY_MS,
    async () => {
      if ((await this.marked()).length > 0) await this.lock.withLock('removal', () => this.removeMarked());
      await this.space.giveBack(() => this.isStopping);
    },
    ({ message }) =>
      this.warning.warn(`deleted requests were not removed; the next round goes on: ${message}`),
  );
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly files: Files,
    private readonly space: EmbeddedSpace,
    private readonly lock: SweepLock,
  ) {}

  /** Removes what is marked, now and every few seconds until {@link stop}. */
  start(): void {
    this.isStopping = false;
    this.rounds.start();
  }

  /** Returns when the round that may be under way has stopped. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.rounds.stop();
  }

  /**
   * Deletes a request in whatever state it is: when this returns, it is there for nobody, also after a power cut, and its
   * idempotency key is free.
   * @returns false where there is no such request (any more)
   */
  async delete(requestKey: number): Promise<boolean> {
    const isMarked = await this.database.transaction(
      async (manager) => {
        const request = (await this.requests.lock(manager, [requestKey])).get(requestKey);
        if (!(await mark(manager, requestKey))) return false;
        // What ended before is counted already.
        if (request?.completedAt === null) await recordUsage(manager, requestKey, this.clock.now());
        return true;
      },
      { durable: true, isUrgent: true },
    );
    if (isMarked) this.rounds.hurry(0);
    return isMarked;
  }

  /**
   * As {@link delete}, of one that ended before an instant; {@link remove} is left to the caller.
   * @returns false where it has not, or where events of it are still to be delivered
   */
  deleteEnded(requestKey: number, before: number): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const request = (await this.requests.lock(manager, [requestKey])).get(requestKey);
      if (!request || request.completedAt === null || request.completedAt >= before) return false;
      if ((await manager.query<unknown[]>(IS_AWAITED, [requestKey])).length > 0) return false;
      return mark(manager, requestKey);
    });
  }

  /**
   * Removes all rows of a request that is `Deleting`, unless this process stops before. Fine to call in several processes.
   * @returns bytes of the files to which nothing refers any more
   */
  async remove({ requestKey, id }: MarkedRequest): Promise<number> {
    let freed = 0;
    for (const table of REFERRING) freed += await this.removeReferences(table, requestKey);
    await this.removeEvents(requestKey);
    for (const table of NUMBERED)
      for await (const range of this.partsOf(table, 'number', requestKey)) {
        const part = `DELETE FROM ${table} WHERE request_key = ? AND number > ? AND number <= ?`;
        await this.database.write((manager) => manager.query(part, range));
      }
    if (this.isStopping) return freed;
    freed += await this.database.transaction((manager) => this.removeRow(manager, requestKey));
    this.logger.log(`request ${id} deleted`, { request_id: id });
    return freed;
  }

  /** Removes what is marked. Under the lock `removal`, so that not all processes do it. */
  async removeMarked(): Promise<void> {
    for (;;) {
      const marked = await this.marked();
      if (marked.length === 0 || this.isStopping) return;
      for (const request of marked) await this.remove(request);
    }
  }

  private marked(): Promise<MarkedRequest[]> {
    return this.database.manager.query<MarkedRequest[]>(MARKED);
  }

  private async removeReferences(table: (typeof REFERRING)[number], requestKey: number): Promise<number> {
    let freed = 0;
    for await (const range of this.partsOf(table, 'image_number', requestKey))
      freed += await this.database.transaction(async (manager) => {
        const part = `FROM ${table} WHERE request_key = ? AND image_number > ? AND image_number <= ?`;
        const references = await manager.query<{ fileKey: string }[]>(
          `SELECT file_key AS fileKey ${part}`,
          range,
        );
        if (references.length === 0) return 0;
        await manager.query(`DELETE ${part}`, range);
        return this.release(manager, new Set(references.map(({ fileKey }) => fileKey)));
      });
    return freed;
  }

  /** With their deliveries and tries, which go with them. */
  private async removeEvents(requestKey: number): Promise<void> {
    const some = `SELECT event_key AS eventKey FROM webhook_events WHERE request_key = ? LIMIT ${EVENTS_AT_ONCE}`;
    while (!this.isStopping) {
      const events = await this.database.manager.query<{ eventKey: number }[]>(some, [requestKey]);
      if (events.length === 0) break;
      const keys = events.map(({ eventKey }) => eventKey);
      const sql = `DELETE FROM webhook_events WHERE event_key IN (${places(keys)})`;
      await this.database.write((manager) => manager.query(sql, keys));
      await setImmediate();
    }
  }

  /** The request itself, when it has no other rows. */
  private async removeRow(manager: EntityManager, requestKey: number): Promise<number> {
    await this.requests.lock(manager, [requestKey]);
    const sql = "SELECT upload_key AS uploadKey FROM requests WHERE request_key = ? AND status = 'Deleting'";
    const [row] = await manager.query<{ uploadKey: string | null }[]>(sql, [requestKey]);
    if (!row) return 0;
    await manager.query('DELETE FROM requests WHERE request_key = ?', [requestKey]);
    return row.uploadKey ? this.release(manager, new Set([row.uploadKey])) : 0;
  }

  /** @returns bytes of those to which nothing refers any more */
  private async release(manager: EntityManager, fileKeys: Set<string>): Promise<number> {
    await this.files.release(manager, fileKeys);
    const sql = `
      SELECT COALESCE(SUM(bytes), 0) AS bytes FROM files WHERE file_key IN (${places([...fileKeys])})
        AND NOT EXISTS (SELECT 1 FROM outputs WHERE outputs.file_key = files.file_key)
        AND NOT EXISTS (SELECT 1 FROM kept_files WHERE kept_files.file_key = files.file_key)
        AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.upload_key = files.file_key)`;
    const [{ bytes }] = await manager.query<[{ bytes: number | string }]>(sql, [...fileKeys]);
    return Number(bytes);
  }

  /** Ranges of the numbers that rows of a request have in a table: its key, the number before the first, and the last one. */
  private async *partsOf(table: string, column: string, requestKey: number): AsyncGenerator<number[]> {
    const sql = `SELECT MIN(${column}) AS first, MAX(${column}) AS last FROM ${table} WHERE request_key = ?`;
    const [row] = await this.database.manager.query<[{ first: number | null; last: number }]>(sql, [
      requestKey,
    ]);
    if (row.first === null) return;
    for (let from = row.first - 1; from < row.last && !this.isStopping; from += REMOVED_AT_ONCE) {
      yield [requestKey, from, from + REMOVED_AT_ONCE];
      await setImmediate(); // with SQLite nothing else happens in between
    }
  }
}

/** The transaction of `manager` has locked the request. @returns false where there is nothing to mark */
async function mark(manager: EntityManager, requestKey: number): Promise<boolean> {
  await lockAllHosts(manager, requestKey);
  if ((await execute(manager, MARK, [requestKey])) !== 1) return false;
  await manager.query('DELETE FROM idempotency_keys WHERE request_key = ?', [requestKey]);
  return true;
}

/** Every claim locks the hosts first: so none is under way, and the next one sees that the request is not open. */
async function lockAllHosts(manager: EntityManager, requestKey: number): Promise<void> {
  const hosts = byPrimaryKey(manager, 'request_hosts');
  await manager.query(
    `SELECT number FROM ${hosts} WHERE request_key = ? ORDER BY number${forUpdate(manager)}`,
    [requestKey],
  );
}
