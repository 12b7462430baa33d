import { Injectable, Logger } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { WebhookDeliveryEntity } from '../database/webhook-delivery.entity.js';
import { WebhookEventEntity } from '../database/webhook-event.entity.js';
import { JobQueue } from '../queue/job-queue.js';
import { RepeatedWarning } from '../repeated-warning.js';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const EVERY_MS = SECOND;

/** After an event was written: its transaction is most likely committed by then. */
const SOON_MS = 50;

/** How often the queue is told of a delivery that it should have already; the second where it says that it is empty. */
const RING_AGAIN_MS = 30 * SECOND;
const RING_LOST_MS = 2 * SECOND;

/** Deliveries put into the queue in one round: so many of one receiver, so many in all. */
const MOST_PER_HOST = 200;
const MOST_PER_ROUND = 2000;
/** The oldest of those that are due, among which a round chooses: so that a backlog costs it no more than this. */
const MOST_CONSIDERED = 20_000;

/** How long an event is kept with its deliveries and their log, once none of them is under way. */
export const KEPT_MS = 30 * DAY;
const SWEEP_EVERY_MS = 600 * SECOND;
const SWEPT_AT_ONCE = 500;

/** Some of each host, so that a receiver with a backlog does not keep the others' out of the queue. */
const DUE = `
  SELECT deliveryKey, attempt FROM (
    SELECT due.delivery_key AS deliveryKey, due.attempt AS attempt,
      ROW_NUMBER() OVER (PARTITION BY webhook_endpoints.host ORDER BY due.due_at) AS place
    FROM (
      SELECT delivery_key, endpoint_key, attempt, due_at FROM webhook_deliveries
      WHERE state = 'pending' AND due_at <= ? AND rung_at <= ?
      ORDER BY due_at LIMIT ${MOST_CONSIDERED}
    ) AS due LEFT JOIN webhook_endpoints ON webhook_endpoints.endpoint_key = due.endpoint_key
  ) AS placed
  WHERE place <= ${MOST_PER_HOST} ORDER BY place LIMIT ${MOST_PER_ROUND}`;

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
  private isNudged = false;
  private sweptAt = 0;
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

  /** There is something new to deliver, or will be when the caller's transaction is committed. Costs nothing. */
  nudge(): void {
    if (!this.isRunning || this.isNudged) return;
    this.isNudged = true;
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
    if (due.length >= MOST_PER_HOST) this.isNudged = true; // there may be more
    if (this.clock.now() > this.sweptAt + SWEEP_EVERY_MS) await this.sweep();
  }

  private async due(): Promise<{ deliveryKey: number; attempt: number }[]> {
    const now = this.clock.now();
    const find = (rungBefore: number) => this.database.manager.query(DUE, [now, rungBefore]);
    const due = await find(now - RING_AGAIN_MS);
    if (due.length > 0) return due;
    // What was rung is in the queue or waits for its host, unless the queue, or the process, has lost it.
    const overdue = await find(now - RING_LOST_MS);
    if (overdue.length === 0) return [];
    return (await this.queue.size('deliver-webhook')) === 0 ? overdue : [];
  }

  private async ring(due: { deliveryKey: number; attempt: number }[]): Promise<void> {
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
      await this.database.write((manager) => manager.delete(WebhookEventEntity, { key: In(keys) }));
    if (keys.length < SWEPT_AT_ONCE) this.sweptAt = this.clock.now();
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isBusy = true;
      this.isNudged = false;
      this.current = this.dispatch()
        .catch((error: Error) => this.warning.warn(`webhooks were not dispatched: ${error.message}`))
        .finally(() => {
          this.isBusy = false;
          if (this.isRunning) this.schedule(this.isNudged ? SOON_MS : EVERY_MS);
        });
    }, delayMs).unref();
  }
}
