import { Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { In, LessThan } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { EventEntity } from '../../database/entities/event.entity.js';
import { JobQueue } from '../../queue/job-queue.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const EVERY_MS = SECOND;

/** After an event was written: its transaction is most likely committed by then. */
const SOON_MS = 50;

/** How often the queue is told of a delivery that it should have already; the second where it says that it is empty. */
const RING_AGAIN_MS = 30 * SECOND;
const RING_LOST_MS = 2 * SECOND;

/**
 * Of one endpoint so many deliveries are in the queue or in line, the oldest that are due; the next ones follow when
 * those are settled. So neither the queue nor a round grows with what has piled up for a receiver that hangs.
 */
const WINDOW = 100;
/** Deliveries put into the queue in one round: so many of one host, so many in all. */
const MOST_PER_HOST = 200;
const MOST_PER_ROUND = 2000;
/** Endpoints that a statement looks at (MySQL goes no deeper than 1,000), and a round; the next one goes on behind them. */
const LOOKED_AT_ONCE = 900;
const MOST_LOOKED_AT = 5 * LOOKED_AT_ONCE;

/** How long an event is kept with its deliveries and their log, once none of them is under way. */
export const KEPT_MS = 30 * DAY;
const SWEEP_EVERY_MS = 600 * SECOND;
const SWEPT_AT_ONCE = 500;

/**
 * Endpoints that have something pending, from a key on, with the time of the first: a seek in the index for each of
 * them, however much it has. Each engine has its own way to that, and reads the whole backlog the other's way.
 */
const PENDING_IN_SQLITE = `
  WITH RECURSIVE endpoints (endpoint_key, place) AS (
    SELECT (SELECT MIN(endpoint_key) FROM webhook_deliveries WHERE state = 'pending' AND endpoint_key > ?), 1
    UNION ALL
    SELECT (SELECT MIN(deliveries.endpoint_key) FROM webhook_deliveries AS deliveries
      WHERE state = 'pending' AND deliveries.endpoint_key > endpoints.endpoint_key), place + 1
    FROM endpoints WHERE endpoints.endpoint_key IS NOT NULL AND place < ${LOOKED_AT_ONCE}
  )
  SELECT endpoint_key, (SELECT MIN(due_at) FROM webhook_deliveries AS deliveries
    WHERE state = 'pending' AND deliveries.endpoint_key = endpoints.endpoint_key) AS due_at
  FROM endpoints WHERE endpoint_key IS NOT NULL`;

/** A loose index scan (https://dev.mysql.com/doc/refman/8.4/en/group-by-optimization.html). */
const PENDING_IN_MYSQL = `
  SELECT endpoint_key, MIN(due_at) AS due_at FROM webhook_deliveries
  WHERE state = 'pending' AND endpoint_key > ?
  GROUP BY state, endpoint_key ORDER BY state, endpoint_key LIMIT ${LOOKED_AT_ONCE}`;

const withHosts = (pending: string) => `
  SELECT pending.endpoint_key AS endpointKey, webhook_endpoints.host AS host, pending.due_at AS dueAt
  FROM (${pending}) AS pending
    LEFT JOIN webhook_endpoints ON webhook_endpoints.endpoint_key = pending.endpoint_key
  ORDER BY pending.endpoint_key`;

const DUE_OF_ENDPOINT = `
  SELECT delivery_key AS deliveryKey, attempt, rung_at AS rungAt FROM webhook_deliveries
  WHERE state = 'pending' AND endpoint_key = ? AND due_at <= ? ORDER BY due_at LIMIT ${WINDOW}`;

interface Due {
  deliveryKey: number;
  attempt: number;
}

/** 64-bit numbers are text where mysql2 gives them. */
interface Rung extends Due {
  rungAt: number | string;
}

interface PendingEndpoint {
  endpointKey: number;
  /** Null where it has been removed in the meantime. */
  host: string | null;
  dueAt: number | string;
}

const SWEEPABLE = `
  SELECT event_key AS eventKey FROM webhook_events
  WHERE created_at < ? AND NOT EXISTS (
    SELECT 1 FROM webhook_deliveries
    WHERE webhook_deliveries.event_key = webhook_events.event_key AND state IN ('pending', 'sending'))
  LIMIT ${SWEPT_AT_ONCE}`;

/**
 * Puts deliveries into the queue when they are due, takes back those whose worker died, and sweeps old ones. The
 * schedule is in the database, so this alone delivers everything with an empty queue. Any number of processes may do
 * it at once.
 */
@Injectable()
export class WebhookDispatcher {
  private readonly logger = new Logger(WebhookDispatcher.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private timer?: NodeJS.Timeout;
  private isRunning = false;
  private isBusy = false;
  private isWoken = false;
  private sweptAt = 0;
  /** The key of an endpoint; 0 before the first. */
  private lookedUpTo = 0;
  private current: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
  ) {}

  /** Takes back what an earlier process left, then looks every second until {@link stop}. */
  async start(): Promise<void> {
    // With the embedded database nobody else can hold a claim.
    if (this.database.isEmbedded) await this.takeBack(Infinity);
    this.isRunning = true;
    this.schedule(0);
  }

  /** Returns when the round that may be under way has ended. */
  async stop(): Promise<void> {
    this.isRunning = false;
    clearTimeout(this.timer);
    await this.current;
  }

  /** Begins the next round in 50 ms, when the transaction of a caller is most likely committed. Costs nothing. */
  wake(): void {
    if (!this.isRunning || this.isWoken) return;
    this.isWoken = true;
    if (!this.isBusy) this.schedule(SOON_MS);
  }

  /**
   * One round.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`; then all of it is due again in the next round
   */
  async dispatch(): Promise<void> {
    const taken = await this.takeBack(this.clock.now());
    if (taken > 0) this.logger.warn(`took ${taken} deliveries back whose lease had run out`);
    const due = await this.due();
    if (due.length > 0) await this.ring(due);
    if (this.clock.now() > this.sweptAt + SWEEP_EVERY_MS) await this.sweep();
  }

  /** What the queue should be told of; sets {@link isWoken} where there is most likely more. */
  private async due(): Promise<Due[]> {
    const now = this.clock.now();
    const found: Record<string, Due[]> = {};
    let [count, rungBefore] = [0, NaN];
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += LOOKED_AT_ONCE) {
      for (const { endpointKey, host, dueAt } of await this.nextEndpoints()) {
        if (Number(dueAt) > now) continue;
        if (isNaN(rungBefore)) rungBefore = await this.rungBefore();
        const ofHost = (found[host ?? ''] ??= []);
        const room = Math.min(MOST_PER_HOST - ofHost.length, MOST_PER_ROUND - count);
        const due = room > 0 ? await this.dueOf(endpointKey, now, rungBefore) : [];
        if (due.length > room) this.isWoken = true;
        const taken = due.slice(0, room);
        ofHost.push(...taken);
        count += taken.length;
      }
      if (this.lookedUpTo === 0) return inTurns(Object.values(found));
    }
    this.isWoken = true;
    return inTurns(Object.values(found));
  }

  /** What was rung since then is in the queue or waits for its host, unless the queue, or the process, has lost it. */
  private async rungBefore(): Promise<number> {
    const isEmpty = (await this.queue.size('deliver-webhook')) === 0;
    return this.clock.now() - (isEmpty ? RING_LOST_MS : RING_AGAIN_MS);
  }

  /** Those behind the ones that were looked at last; after the last ones, the first ones. */
  private async nextEndpoints(): Promise<PendingEndpoint[]> {
    const sql = withHosts(this.database.isEmbedded ? PENDING_IN_SQLITE : PENDING_IN_MYSQL);
    const endpoints = await this.database.manager.query<PendingEndpoint[]>(sql, [this.lookedUpTo]);
    this.lookedUpTo = endpoints.length < LOOKED_AT_ONCE ? 0 : endpoints.at(-1)!.endpointKey;
    return endpoints;
  }

  /** Those of the endpoint's window that the queue was not told of since `rungBefore`. */
  private async dueOf(endpointKey: number, now: number, rungBefore: number): Promise<Due[]> {
    await setImmediate(); // with SQLite nothing else would happen in between
    const window = await this.database.manager.query<Rung[]>(DUE_OF_ENDPOINT, [endpointKey, now]);
    const due = window.filter(({ rungAt }) => Number(rungAt) <= rungBefore);
    if (due.length > 0 && window.length === WINDOW) this.isWoken = true;
    return due;
  }

  private async ring(due: Due[]): Promise<void> {
    const jobs = due.map(({ deliveryKey, attempt }) => {
      return { id: `${deliveryKey}-${attempt}`, data: { deliveryKey } };
    });
    await this.queue.add('deliver-webhook', jobs);
    const keys = due.map(({ deliveryKey }) => deliveryKey);
    await this.database.write((manager) =>
      manager.update(
        WebhookDeliveryEntity,
        { key: In(keys), state: 'pending' },
        { rungAt: this.clock.now() },
      ),
    );
  }

  private async takeBack(before: number): Promise<number> {
    const expired = {
      state: 'sending' as const,
      ...(before === Infinity ? {} : { dueAt: LessThan(before) }),
    };
    if (!(await this.database.manager.existsBy(WebhookDeliveryEntity, expired))) return 0;
    const pending = { state: 'pending' as const, dueAt: this.clock.now(), rungAt: 0 };
    const { affected } = await this.database.write((manager) =>
      manager.update(WebhookDeliveryEntity, expired, pending),
    );
    return affected ?? 0;
  }

  /** A part at a time: with SQLite nothing else happens while a statement runs. */
  private async sweep(): Promise<void> {
    const old = await this.database.manager.query<{ eventKey: number }[]>(SWEEPABLE, [
      this.clock.now() - KEPT_MS,
    ]);
    const keys = old.map(({ eventKey }) => eventKey);
    if (keys.length > 0)
      await this.database.write((manager) => manager.delete(EventEntity, { key: In(keys) }));
    if (keys.length < SWEPT_AT_ONCE) this.sweptAt = this.clock.now();
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isBusy = true;
      this.isWoken = false;
      this.current = this.dispatch()
        .catch((error: Error) => this.warning.warn(`webhooks were not dispatched: ${error.message}`))
        .finally(() => {
          this.isBusy = false;
          if (this.isRunning) this.schedule(this.isWoken ? SOON_MS : EVERY_MS);
        });
    }, delayMs).unref();
  }
}

/** The first of each list, then the second of each: a long list comes in nobody's way. */
function inTurns<T>(lists: T[][]): T[] {
  const placed = lists.flatMap((list) => list.map((item, place) => ({ item, place })));
  return placed.sort((one, other) => one.place - other.place).map(({ item }) => item);
}
