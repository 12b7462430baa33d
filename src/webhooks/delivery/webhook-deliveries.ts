import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { EventEntity } from '../../database/entities/event.entity.js';
import { WebhookTryEntity } from '../../database/entities/webhook-try.entity.js';
import { UnavailableError } from '../../errors/app-error.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { Measurements } from '../../measurements/measurements.js';
import { EndpointHealth } from '../subscriptions/endpoint-health.js';
import { Lanes } from '../../concurrency/lanes.js';
import { ReceiverPolicy } from './receiver-policy.js';
import { PING } from '../../events/event-types.js';
import { retryWait } from './webhook-schedule.js';
import { SEND_WITHIN_MS, SendingStopped, type SendResult, WebhookSender } from './webhook-sender.js';

const SECOND = 1000;

/** How long a delivery waits for an administrator to put `SECRET_KEY` right. */
const UNREADABLE_WAIT_MS = 300 * SECOND;

/** What a try is counted as, by the state of its delivery afterwards. */
const RESULTS = { delivered: 'delivered', failed: 'failed', pending: 'retried', sending: 'retried' } as const;

interface Claim {
  delivery: WebhookDeliveryEntity;
  endpoint: WebhookEndpointEntity;
}

/** Sends deliveries: claims one, tries it, records the result and the time of the next try. */
@Injectable()
export class WebhookDeliveries {
  private readonly logger = new Logger(WebhookDeliveries.name);
  private readonly unavailable = new RepeatedWarning(this.logger);
  private readonly lanes = new Lanes(new ReceiverPolicy());
  private hasReportedKey = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly sender: WebhookSender,
    private readonly health: EndpointHealth,
    private readonly measurements: Measurements,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Sends one delivery if it is due. Running it twice, or in two places at once, sends it once; after a process has died
   * during a try it is sent again. Returns at once where the receiver's host is busy: then it is sent later, here or when
   * the dispatcher enqueues it again. Where the database can't be reached, the claim's lease ends and the delivery is taken
   * back.
   */
  async process(deliveryKey: number): Promise<void> {
    const id = String(deliveryKey);
    if (this.lanes.isWaiting(id)) return;
    await this.safely(async () => {
      const found = await this.find(deliveryKey);
      if (!found) return;
      const run = async () => (await this.safely(() => this.send(deliveryKey))) ?? false;
      await this.lanes.run(laneName(found.endpoint), { id, run });
    });
  }

  /** Begins no more tries. */
  close(): void {
    this.lanes.close();
  }

  /** Ends the tries under way; each delivery is due again at once. For the end of the process's grace period. */
  abort(): void {
    this.sender.abort();
  }

  /** @returns whether it was tried; it may have been parked for long, and sent by another process since */
  private async send(deliveryKey: number): Promise<boolean> {
    const found = await this.find(deliveryKey);
    return found !== null && (await this.claimAndSend(found));
  }

  /** Does not throw, which would stop the lane. What was claimed is taken back when the lease ends. */
  private async safely<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UnavailableError)
        this.unavailable.warn(`webhooks wait: ${error.code}: ${(error.cause as Error | undefined)?.message}`);
      else this.logger.error('a webhook was not delivered: unexpected', error);
      return undefined;
    }
  }

  /** The delivery and its endpoint; null where it is not due, is claimed, or has lost its endpoint and is removed. */
  private async find(key: number): Promise<Claim | null> {
    const { manager } = this.database;
    const delivery = await manager.findOneBy(WebhookDeliveryEntity, { key, state: 'pending' });
    if (!delivery || delivery.dueAt > this.clock.now()) return null;
    const endpoint = await manager.findOneBy(WebhookEndpointEntity, { key: delivery.endpointKey });
    if (endpoint) return { delivery, endpoint };
    await this.database.write((writer) => writer.delete(WebhookDeliveryEntity, { key }));
    return null;
  }

  private async claimAndSend(found: Claim): Promise<boolean> {
    const claim = await this.claim(found);
    if (!claim) return false;
    if (claim.endpoint.isActive === 0) {
      await this.update(claim, { state: 'failed', errorCode: 'WEBHOOK_DISABLED' });
      return false;
    }
    const { eventKey } = claim.delivery;
    const event = await this.database.manager.findOneBy(EventEntity, { key: eventKey });
    if (!event) return false; // its request has just been deleted, and the delivery goes with it
    try {
      const result = await this.sender.send(claim.endpoint, event);
      if (result === null) await this.waitForKey(claim);
      else await this.conclude(claim, event, result);
      return result !== null;
    } catch (error) {
      if (!(error instanceof SendingStopped)) throw error;
      await this.update(claim, { state: 'pending', dueAt: this.clock.now(), enqueuedAt: 0 });
      return false;
    }
  }

  /** Claims with a lease by the database's clock, longer than any try; `attempt` is the fencing token of the claim. */
  private async claim({ delivery, endpoint }: Claim): Promise<Claim | null> {
    const { key, attempt } = delivery;
    const dueAt = this.clock.now() + SEND_WITHIN_MS + this.settings.LEASE_SECONDS * SECOND;
    const { affected } = await this.database.write((manager) =>
      manager.update(
        WebhookDeliveryEntity,
        { key, attempt, state: 'pending' },
        { state: 'sending', attempt: attempt + 1, dueAt },
      ),
    );
    return affected === 1 ? { delivery: { ...delivery, attempt: attempt + 1 }, endpoint } : null;
  }

  /** Not a failure of the receiver, so no try is counted. */
  private async waitForKey(claim: Claim): Promise<void> {
    if (!this.hasReportedKey)
      this.logger.error(
        'SECRET_KEY is not the one that webhook secrets were encrypted with: put the old one back, or rotate the ' +
          `secrets. Until then deliveries wait (webhook ${claim.endpoint.id} and perhaps others).`,
      );
    this.hasReportedKey = true;
    const dueAt = this.clock.now() + UNREADABLE_WAIT_MS;
    await this.update(claim, { state: 'pending', dueAt, enqueuedAt: 0, errorCode: 'SECRET_UNREADABLE' });
  }

  private async conclude(claim: Claim, event: EventEntity, result: SendResult): Promise<void> {
    const { delivery, endpoint } = claim;
    const next = this.next(claim, event, result);
    const state = await this.database.transaction(async (manager) => {
      if (!(await updateClaimed(manager, claim, next))) return null;
      await manager.insert(WebhookTryEntity, logRow(delivery, result));
      const isWanted = await this.health.note(manager, endpoint.key, result);
      if (isWanted || next.state !== 'pending') return next.state;
      await manager.update(WebhookDeliveryEntity, { key: delivery.key }, { state: 'failed' });
      return 'failed';
    });
    if (state) this.measurements.deliveryTried(RESULTS[state], result.durationMs);
    const what = `webhook ${event.id} to ${endpoint.id}, try ${delivery.attempt}`;
    const ids = { request_id: event.requestId ?? undefined, event_type: event.type };
    if (state === null) this.logger.warn(`${what}: taken over by another worker in the meantime`, ids);
    else if (state === 'failed') this.logger.warn(`${what}: given up after ${result.error?.code}`, ids);
    else if (result.error) this.logger.debug(`${what}: ${result.error.code}`, ids);
    else this.logger.log(`${what}: delivered`, ids);
  }

  private next({ delivery }: Claim, event: EventEntity, result: SendResult): Next {
    const now = this.clock.now();
    if (result.error === null) return { state: 'delivered', deliveredAt: now, errorCode: null };
    const failures = delivery.failures + 1;
    const failed = { failures, errorCode: result.error.code };
    const wait = retryWait(failures, result.retryAfterMs);
    // A ping has one try: its sender wants to see the first answer.
    if (wait === null || result.status === 410 || event.type === PING) return { state: 'failed', ...failed };
    return { state: 'pending', dueAt: now + wait, enqueuedAt: 0, ...failed };
  }

  private async update(claim: Claim, columns: Next): Promise<void> {
    await this.database.write((manager) => updateClaimed(manager, claim, columns));
  }
}

type Next = Partial<WebhookDeliveryEntity> & Pick<WebhookDeliveryEntity, 'state'>;

/** Endpoints that fail have a lane of their own, so that they do not slow the host's other endpoints. */
function laneName({ host, failingSince }: WebhookEndpointEntity): string {
  return failingSince === null ? host : `${host} failing`;
}

/** @returns false where the claim had ended, and nothing was changed */
async function updateClaimed(manager: EntityManager, { delivery }: Claim, columns: Next): Promise<boolean> {
  const claimed = { key: delivery.key, attempt: delivery.attempt, state: 'sending' as const };
  const { affected } = await manager.update(WebhookDeliveryEntity, claimed, columns);
  return affected === 1;
}

function logRow({ key, attempt }: WebhookDeliveryEntity, result: SendResult): WebhookTryEntity {
  return {
    deliveryKey: key,
    attempt,
    triedAt: result.triedAt,
    durationMs: result.durationMs,
    status: result.status,
    errorCode: result.error?.code ?? null,
    errorMessage: result.error?.message.slice(0, 255) ?? null,
    answer: result.answer || null,
  };
}
