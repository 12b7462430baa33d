import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** An endpoint that has failed for so long is disabled. */
const MAX_FAILING_MS = 5 * DAY;

/** Longer than any wait between two tries: a failure after it begins a new period of failing. */
const NEW_PERIOD_AFTER_MS = 48 * HOUR;

/** What came of one try. */
export interface TryOutcome {
  /** HTTP status, or null where there was no answer. */
  status: number | null;
  /** Null where it succeeded. */
  error: object | null;
}

/** Records since when endpoints fail, and disables those that fail for five days or answer 410. */
@Injectable()
export class EndpointHealth {
  private readonly logger = new Logger(EndpointHealth.name);

  constructor(private readonly clock: DatabaseClock) {}

  /**
   * Records the outcome of a try, in the transaction that logs it.
   * @returns whether the endpoint is to be tried again
   */
  async note(manager: EntityManager, endpointKey: number, { error, status }: TryOutcome): Promise<boolean> {
    const endpoint = await manager.findOneBy(WebhookEndpointEntity, { key: endpointKey });
    if (!endpoint) return false;
    if (error === null) {
      if (endpoint.failingSince !== null)
        // Not null itself: libsql can't bind one that is the only parameter (docs/hazards.md).
        await manager.update(WebhookEndpointEntity, { key: endpointKey }, { failingSince: () => 'NULL' });
      return true;
    }
    const now = this.clock.now();
    const isSamePeriod =
      endpoint.failingSince !== null && now - (endpoint.failedAt ?? 0) < NEW_PERIOD_AFTER_MS;
    const failingSince = isSamePeriod ? endpoint.failingSince! : now;
    await manager.update(WebhookEndpointEntity, { key: endpointKey }, { failingSince, failedAt: now });
    if (status === 410) await this.disable(manager, endpoint, 'ENDPOINT_GONE');
    else if (now - failingSince >= MAX_FAILING_MS) await this.disable(manager, endpoint, 'ENDPOINT_FAILING');
    // Read again now that the row is locked: another try may have disabled it in the meantime.
    return manager.existsBy(WebhookEndpointEntity, { key: endpointKey, isActive: 1 });
  }

  /** Fails the pending deliveries of an endpoint that is no longer active; they can be replayed. */
  async failPending(manager: EntityManager, endpointKey: number): Promise<void> {
    await manager.update(
      WebhookDeliveryEntity,
      { endpointKey, state: 'pending' },
      { state: 'failed', errorCode: 'WEBHOOK_DISABLED' },
    );
  }

  private async disable(
    manager: EntityManager,
    endpoint: WebhookEndpointEntity,
    code: 'ENDPOINT_GONE' | 'ENDPOINT_FAILING',
  ): Promise<void> {
    const disabled = { isActive: 0, disabledCode: code, disabledAt: this.clock.now() };
    const { affected } = await manager.update(
      WebhookEndpointEntity,
      { key: endpoint.key, isActive: 1 },
      disabled,
    );
    if (affected !== 1) return;
    await this.failPending(manager, endpoint.key);
    this.logger.warn(`webhook ${endpoint.id} disabled: ${code}`);
  }
}
