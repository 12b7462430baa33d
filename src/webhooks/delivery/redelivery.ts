import { Injectable } from '@nestjs/common';
import { type EntityManager, In, MoreThanOrEqual } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { AppError } from '../../errors/app-error.js';
import { PING } from '../../events/event-types.js';
import { Outbox } from '../../events/outbox.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';
import { WebhookFanOut } from './webhook-fan-out.js';

/** The columns of a delivery at the start of its schedule. */
const RESTARTED = { state: 'pending', failures: 0, enqueuedAt: 0, errorCode: null } as const;

const ENABLED = { isActive: 1, disabledCode: null, disabledAt: null, failingSince: null };

/** Sends on demand: what was sent before, what failed, and pings. */
@Injectable()
export class Redelivery {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly subscriptions: SubscriptionsService,
    private readonly outbox: Outbox,
    private readonly fanOut: WebhookFanOut,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  /**
   * Sends a delivery again from the start of the schedule, under the same `webhook-id`; one that waits for its next
   * try is tried at once. Calling twice is safe. To the URL of an upload it is sent even if that was disabled.
   * @throws AppError `DELIVERY_NOT_FOUND`
   * @throws AppError `WEBHOOK_DISABLED` (409)
   */
  async redeliver(id: string): Promise<void> {
    await this.database.transaction((manager) => this.restart(manager, id), { isUrgent: true });
    this.dispatcher.wake();
  }

  /**
   * Sends again all that failed of a subscription's events since an instant (milliseconds since 1970, UTC).
   * @returns how many
   * @throws AppError `WEBHOOK_NOT_FOUND`
   * @throws AppError `WEBHOOK_DISABLED` (409)
   */
  async replay(id: string, since: number): Promise<number> {
    const endpoint = await this.subscriptions.get(id);
    refuseDisabled(endpoint);
    const failed = {
      endpointKey: endpoint.key,
      state: 'failed' as const,
      createdAt: MoreThanOrEqual(since),
    };
    const { affected } = await this.database.write(
      (manager) => manager.update(WebhookDeliveryEntity, failed, { ...RESTARTED, dueAt: this.clock.now() }),
      { isUrgent: true },
    );
    this.dispatcher.wake();
    return affected ?? 0;
  }

  /**
   * Sends a subscription an event of the type `ping`, with one try.
   * @returns the id of the delivery
   * @throws AppError `WEBHOOK_NOT_FOUND`
   * @throws AppError `WEBHOOK_DISABLED` (409)
   */
  async ping(id: string): Promise<string> {
    const endpoint = await this.subscriptions.get(id);
    refuseDisabled(endpoint);
    return this.database.transaction(
      async (manager) => {
        const eventKey = await this.outbox.recordPing(manager, PING, { webhook_id: endpoint.id });
        const [deliveryId] = await this.fanOut.addDeliveries(manager, null, [eventKey], [endpoint.key]);
        return deliveryId;
      },
      { isUrgent: true },
    );
  }

  private async restart(manager: EntityManager, id: string): Promise<void> {
    const delivery = await manager.findOneBy(WebhookDeliveryEntity, { id: id.slice(0, 64) });
    const endpoint =
      delivery && (await manager.findOneBy(WebhookEndpointEntity, { key: delivery.endpointKey }));
    if (!delivery || !endpoint) throw new AppError('DELIVERY_NOT_FOUND');
    // There is no other way to enable the URL of an upload.
    if (endpoint.requestKey === null) refuseDisabled(endpoint);
    else if (endpoint.isActive === 0)
      await manager.update(WebhookEndpointEntity, { key: endpoint.key }, ENABLED);
    const notSending = In(['pending', 'delivered', 'failed'] as const);
    await manager.update(
      WebhookDeliveryEntity,
      { key: delivery.key, state: notSending },
      { ...RESTARTED, dueAt: this.clock.now(), deliveredAt: null },
    );
  }
}

/** @throws AppError `WEBHOOK_DISABLED` (409) */
function refuseDisabled(endpoint: WebhookEndpointEntity): void {
  if (endpoint.isActive === 0) throw new AppError('WEBHOOK_DISABLED');
}
