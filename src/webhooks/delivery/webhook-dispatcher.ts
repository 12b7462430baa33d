import { Injectable, Logger } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { Rounds } from '../../concurrency/rounds.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { JobQueue } from '../../queue/job-queue.js';
import { type DueDelivery, DueDeliveries } from './due-deliveries.js';
import { EventRetention } from './event-retention.js';

const SECOND = 1000;
const EVERY_MS = SECOND;

/** After a wake-up: the transaction of the caller is most likely committed by then. */
const SOON_MS = 50;

/** After so long a delivery is enqueued again; the shorter time applies where the queue says that it is empty. */
const ENQUEUE_AGAIN_MS = 30 * SECOND;
const LOST_AFTER_MS = 2 * SECOND;

/**
 * Enqueues deliveries when they are due, takes back those whose worker died, and has old ones removed. The schedule is in
 * the database, so this alone delivers everything with an empty queue. Any number of processes may run it at once.
 */
@Injectable()
export class WebhookDispatcher {
  private readonly logger = new Logger(WebhookDispatcher.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly rounds = new Rounds(
    EVERY_MS,
    () => this.dispatch(),
    ({ message }) => this.warning.warn(`webhooks were not dispatched: ${message}`),
  );
  /** Whether a round follows soon already: each further wake-up would put it off. */
  private isWoken = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
    private readonly dueDeliveries: DueDeliveries,
    private readonly retention: EventRetention,
  ) {}

  /** Takes back what an earlier process left, then runs a round every second until {@link stop}. */
  async start(): Promise<void> {
    // With the embedded database no other process can hold a claim.
    if (this.database.isEmbedded) await this.takeBack(Infinity);
    this.rounds.start();
  }

  /** Returns when the round that may be under way has ended. */
  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Begins the next round in 50 ms, when the transaction of a caller is most likely committed. Costs nothing. */
  wake(): void {
    if (this.isWoken) return;
    this.isWoken = true;
    this.rounds.hurry(SOON_MS);
  }

  /**
   * Runs one round.
   * @returns milliseconds until the next one
   * @throws UnavailableError `QUEUE_UNAVAILABLE`; then everything is due again in the next round
   */
  async dispatch(): Promise<number> {
    this.isWoken = false;
    const taken = await this.takeBack(this.clock.now());
    if (taken > 0) this.logger.warn(`took ${taken} deliveries back whose lease had run out`);
    const { due, hasMore } = await this.dueDeliveries.next(this.clock.now(), () => this.lostBefore());
    if (due.length > 0) await this.enqueue(due);
    await this.retention.sweep();
    return hasMore ? SOON_MS : EVERY_MS;
  }

  /** What was enqueued since then is in the queue or parked, unless the queue or the process has lost it. */
  private async lostBefore(): Promise<number> {
    const isEmpty = (await this.queue.size('deliver-webhook')) === 0;
    return this.clock.now() - (isEmpty ? LOST_AFTER_MS : ENQUEUE_AGAIN_MS);
  }

  private async enqueue(due: DueDelivery[]): Promise<void> {
    const jobs = due.map(({ deliveryKey, attempt }) => {
      return { id: `${deliveryKey}-${attempt}`, data: { deliveryKey } };
    });
    await this.queue.add('deliver-webhook', jobs);
    const enqueued = { key: In(due.map(({ deliveryKey }) => deliveryKey)), state: 'pending' as const };
    await this.database.write((manager) =>
      manager.update(WebhookDeliveryEntity, enqueued, { enqueuedAt: this.clock.now() }),
    );
  }

  /** @returns how many deliveries were claimed by a worker whose lease ended before `before` */
  private async takeBack(before: number): Promise<number> {
    const expired = {
      state: 'sending' as const,
      ...(before === Infinity ? {} : { dueAt: LessThan(before) }),
    };
    if (!(await this.database.manager.existsBy(WebhookDeliveryEntity, expired))) return 0;
    const pending = { state: 'pending' as const, dueAt: this.clock.now(), enqueuedAt: 0 };
    const { affected } = await this.database.write((manager) =>
      manager.update(WebhookDeliveryEntity, expired, pending),
    );
    return affected ?? 0;
  }
}
