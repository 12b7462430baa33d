import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Database } from '../../database/database.js';

/**
 * At most so many deliveries of one endpoint are in the queue or parked at once, the oldest that are due; when they are
 * settled, the next ones follow. So neither the queue nor a round grows with the backlog of a receiver that hangs.
 */
const WINDOW = 100;
/** Deliveries enqueued in one round: of one host, and in all. */
const MAX_PER_HOST = 200;
const MAX_PER_ROUND = 2000;
/** Endpoints read by one statement (MySQL recurses no deeper than 1,000), and in one round; the next round goes on behind them. */
const ENDPOINTS_PER_STATEMENT = 900;
const MAX_ENDPOINTS = 5 * ENDPOINTS_PER_STATEMENT;

/**
 * Endpoints with pending deliveries, from a key on, with the time of the first: one seek in the index for each endpoint,
 * however long its backlog. Each engine has its own way to that, and would read the whole backlog in the other's way.
 */
const PENDING_IN_SQLITE = `
  WITH RECURSIVE endpoints (endpoint_key, place) AS (
    SELECT (SELECT MIN(endpoint_key) FROM webhook_deliveries WHERE state = 'pending' AND endpoint_key > ?), 1
    UNION ALL
    SELECT (SELECT MIN(deliveries.endpoint_key) FROM webhook_deliveries AS deliveries
      WHERE state = 'pending' AND deliveries.endpoint_key > endpoints.endpoint_key), place + 1
    FROM endpoints WHERE endpoints.endpoint_key IS NOT NULL AND place < ${ENDPOINTS_PER_STATEMENT}
  )
  SELECT endpoint_key, (SELECT MIN(due_at) FROM webhook_deliveries AS deliveries
    WHERE state = 'pending' AND deliveries.endpoint_key = endpoints.endpoint_key) AS due_at
  FROM endpoints WHERE endpoint_key IS NOT NULL`;

/** A loose index scan (https://dev.mysql.com/doc/refman/8.4/en/group-by-optimization.html). */
const PENDING_IN_MYSQL = `
  SELECT endpoint_key, MIN(due_at) AS due_at FROM webhook_deliveries
  WHERE state = 'pending' AND endpoint_key > ?
  GROUP BY state, endpoint_key ORDER BY state, endpoint_key LIMIT ${ENDPOINTS_PER_STATEMENT}`;

const withHosts = (pending: string) => `
  SELECT pending.endpoint_key AS endpointKey, webhook_endpoints.host AS host, pending.due_at AS dueAt
  FROM (${pending}) AS pending
    LEFT JOIN webhook_endpoints ON webhook_endpoints.endpoint_key = pending.endpoint_key
  ORDER BY pending.endpoint_key`;

const WINDOW_OF_ENDPOINT = `
  SELECT delivery_key AS deliveryKey, attempt, rung_at AS enqueuedAt FROM webhook_deliveries
  WHERE state = 'pending' AND endpoint_key = ? AND due_at <= ? ORDER BY due_at LIMIT ${WINDOW}`;

/** A delivery that is to be put into the queue. */
export interface DueDelivery {
  deliveryKey: number;
  /** The claims that it has had. */
  attempt: number;
}

/** What one round enqueues. */
export interface Round {
  /** In turns: the first of each host, then the second of each. */
  due: DueDelivery[];
  /** Whether there are most likely more, so that the next round should follow soon. */
  hasMore: boolean;
}

interface PendingEndpoint {
  endpointKey: number;
  /** Null where it has been removed in the meantime. */
  host: string | null;
  /** Of the first of its pending deliveries. */
  dueAt: number;
}

/** Finds the deliveries that are due and that the queue has not been told of lately. */
@Injectable()
export class DueDeliveries {
  /** The key of the last endpoint that was looked at; 0 before the first. */
  private lastKey = 0;

  constructor(private readonly database: Database) {}

  /**
   * The deliveries of one round. The next call goes on behind the endpoints that this one looked at.
   * @param now milliseconds since 1970 (UTC), by the database's clock
   * @param lostBefore what was enqueued before this instant is no longer in the queue; asked only where something is due
   */
  async next(now: number, lostBefore: () => Promise<number>): Promise<Round> {
    const byHost = new Map<string, DueDelivery[]>();
    let [count, hasMore] = [0, false];
    let enqueuedBefore: number | undefined;
    for (let looked = 0; looked < MAX_ENDPOINTS; looked += ENDPOINTS_PER_STATEMENT) {
      for (const { endpointKey, host, dueAt } of await this.nextEndpoints()) {
        if (dueAt > now) continue;
        enqueuedBefore ??= await lostBefore();
        const ofHost = byHost.get(host ?? '') ?? [];
        const room = Math.min(MAX_PER_HOST - ofHost.length, MAX_PER_ROUND - count);
        const window =
          room > 0 ? await this.windowOf(endpointKey, now, enqueuedBefore) : { due: [], isFull: false };
        if (window.isFull || window.due.length > room) hasMore = true;
        const taken = window.due.slice(0, room);
        byHost.set(host ?? '', [...ofHost, ...taken]);
        count += taken.length;
      }
      if (this.lastKey === 0) return { due: inTurns([...byHost.values()]), hasMore };
    }
    return { due: inTurns([...byHost.values()]), hasMore: true };
  }

  /** The endpoints behind the last one; after the end, from the first on. */
  private async nextEndpoints(): Promise<PendingEndpoint[]> {
    const sql = withHosts(this.database.isEmbedded ? PENDING_IN_SQLITE : PENDING_IN_MYSQL);
    const endpoints = await this.database.manager.query<PendingEndpoint[]>(sql, [this.lastKey]);
    this.lastKey = endpoints.length < ENDPOINTS_PER_STATEMENT ? 0 : endpoints.at(-1)!.endpointKey;
    return endpoints;
  }

  /** Those of the endpoint's window that are not in the queue; full where there may be more behind them. */
  private async windowOf(
    endpointKey: number,
    now: number,
    enqueuedBefore: number,
  ): Promise<{ due: DueDelivery[]; isFull: boolean }> {
    await setImmediate(); // with SQLite nothing else would run in between
    const window = await this.database.manager.query<(DueDelivery & { enqueuedAt: number })[]>(
      WINDOW_OF_ENDPOINT,
      [endpointKey, now],
    );
    const due = window.filter(({ enqueuedAt }) => enqueuedAt <= enqueuedBefore);
    return { due, isFull: due.length > 0 && window.length === WINDOW };
  }
}

/** The first of each list, then the second of each, so that a long list delays no other. */
function inTurns<T>(lists: T[][]): T[] {
  const placed = lists.flatMap((list) => list.map((item, place) => ({ item, place })));
  return placed.sort((one, other) => one.place - other.place).map(({ item }) => item);
}
