import { Injectable } from '@nestjs/common';
import { type EntityManager, In, MoreThanOrEqual } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import type { WebhookEventEntity } from '../../database/entities/webhook-event.entity.js';
import { WebhookTryEntity } from '../../database/entities/webhook-try.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { DeliveryPageResponse, DeliveryResponse, TryResponse } from './webhook.dto.js';
import { WebhookDispatcher } from '../delivery/webhook-dispatcher.js';
import { refuseDisabled, WebhooksService } from './webhooks.service.js';

/** A delivery with what it delivers and to whom. */
type Row = Pick<
  WebhookDeliveryEntity,
  'id' | 'state' | 'attempt' | 'dueAt' | 'errorCode' | 'createdAt' | 'deliveredAt'
> & { deliveryKey: number; endpointId: string | null; endpointRequestKey: number | null; url: string } & Pick<
    WebhookEventEntity,
    'type' | 'requestId'
  > & { eventId: string };

/** Outer joins, so that every engine begins with the deliveries, in the order of the page, and ends with its last one. */
const ROWS = `
  SELECT deliveries.delivery_key AS deliveryKey, deliveries.id AS id, deliveries.state AS state, deliveries.attempt AS attempt,
    deliveries.due_at AS dueAt, deliveries.error_code AS errorCode, deliveries.created_at AS createdAt,
    deliveries.delivered_at AS deliveredAt, endpoints.id AS endpointId, endpoints.request_key AS endpointRequestKey,
    endpoints.url AS url, events.id AS eventId, events.type AS type, events.request_id AS requestId
  FROM webhook_deliveries AS deliveries
    LEFT JOIN webhook_events AS events ON events.event_key = deliveries.event_key
    LEFT JOIN webhook_endpoints AS endpoints ON endpoints.endpoint_key = deliveries.endpoint_key`;

const AFRESH = { state: 'pending', failures: 0, rungAt: 0, errorCode: null } as const;

/** What was delivered or not, and sending it again. */
@Injectable()
export class WebhookHistory {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly webhooks: WebhooksService,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  /**
   * One page of a subscription's deliveries, the newest first.
   * @param state only those in this state, of `pending`, `sending`, `delivered` and `failed`
   * @throws AppError `WEBHOOK_NOT_FOUND`
   */
  async ofWebhook(
    id: string,
    state: string | undefined,
    limit: number,
    before: number,
  ): Promise<DeliveryPageResponse> {
    const { key } = await this.webhooks.get(id);
    const filter = state ? ' AND deliveries.state = ?' : '';
    const where = `WHERE deliveries.endpoint_key = ?${filter} AND deliveries.delivery_key < ?`;
    return this.page(where, [key, ...(state ? [state] : []), before], limit);
  }

  /** One page of the deliveries of a request's events, to subscriptions and to its own URL, the newest first. */
  ofRequest(requestKey: number, limit: number, before: number): Promise<DeliveryPageResponse> {
    return this.page(
      'WHERE deliveries.request_key = ? AND deliveries.delivery_key < ?',
      [requestKey, before],
      limit,
    );
  }

  /** @throws AppError `DELIVERY_NOT_FOUND` */
  async get(id: string): Promise<DeliveryResponse> {
    const { items } = await this.page('WHERE deliveries.id = ?', [id.slice(0, 64)], 1);
    if (items.length === 0) throw new AppError('DELIVERY_NOT_FOUND');
    return items[0];
  }

  /**
   * Sends a delivery again from the start of the schedule, under the same `webhook-id`; one that waits for its next
   * try is tried at once. Calling twice is safe. To the URL of an upload it is sent even if that was disabled.
   * @throws AppError `DELIVERY_NOT_FOUND`
   * @throws AppError `WEBHOOK_DISABLED` (409)
   */
  async redeliver(id: string): Promise<DeliveryResponse> {
    await this.database.transaction((manager) => this.begin(manager, id), { isUrgent: true });
    this.dispatcher.nudge();
    return this.get(id);
  }

  /**
   * Sends again all that failed of the events since an instant.
   * @returns how many
   * @throws AppError `WEBHOOK_NOT_FOUND`
   * @throws AppError `WEBHOOK_DISABLED` (409)
   */
  async replay(id: string, since: number): Promise<number> {
    const endpoint = await this.webhooks.get(id);
    refuseDisabled(endpoint);
    const failed = {
      endpointKey: endpoint.key,
      state: 'failed' as const,
      createdAt: MoreThanOrEqual(since),
    };
    const { affected } = await this.database.write(
      (manager) => manager.update(WebhookDeliveryEntity, failed, { ...AFRESH, dueAt: this.clock.now() }),
      { isUrgent: true },
    );
    this.dispatcher.nudge();
    return affected ?? 0;
  }

  private async begin(manager: EntityManager, id: string): Promise<void> {
    const delivery = await manager.findOneBy(WebhookDeliveryEntity, { id: id.slice(0, 64) });
    const endpoint =
      delivery && (await manager.findOneBy(WebhookEndpointEntity, { key: delivery.endpointKey }));
    if (!delivery || !endpoint) throw new AppError('DELIVERY_NOT_FOUND');
    // Nobody else could switch the URL of an upload on again.
    if (endpoint.requestKey === null) refuseDisabled(endpoint);
    else if (endpoint.isActive === 0)
      await manager.update(WebhookEndpointEntity, { key: endpoint.key }, ENABLED);
    const settled = In(['pending', 'delivered', 'failed'] as const);
    await manager.update(
      WebhookDeliveryEntity,
      { key: delivery.key, state: settled },
      { ...AFRESH, dueAt: this.clock.now(), deliveredAt: null },
    );
  }

  private async page(where: string, parameters: unknown[], limit: number): Promise<DeliveryPageResponse> {
    const text = `${ROWS} ${where} ORDER BY deliveries.delivery_key DESC LIMIT ${limit + 1}`;
    const rows = await this.database.manager.query<Row[]>(text, parameters);
    const page = rows.slice(0, limit);
    const tries = await this.database.manager.find(WebhookTryEntity, {
      where: { deliveryKey: In(page.map(({ deliveryKey }) => deliveryKey)) },
      order: { deliveryKey: 'ASC', attempt: 'ASC' },
    });
    return {
      // Those of a subscription that is just being removed have lost it already.
      items: page.filter(({ endpointId }) => endpointId !== null).map((row) => toResponse(row, tries)),
      next_cursor: rows.length > limit ? String(page[limit - 1].deliveryKey) : null,
    };
  }
}

const ENABLED = { isActive: 1, disabledCode: null, disabledAt: null, failingSince: null };

function toResponse(row: Row, tries: WebhookTryEntity[]): DeliveryResponse {
  return {
    id: row.id,
    webhook_id: row.endpointRequestKey === null ? row.endpointId : null,
    url: row.url,
    event_id: row.eventId,
    type: row.type,
    request_id: row.requestId,
    status: row.state,
    error_code: row.errorCode,
    created_at: isoTime(row.createdAt),
    delivered_at: row.deliveredAt === null ? null : isoTime(row.deliveredAt),
    next_try_at: row.state === 'pending' ? isoTime(row.dueAt) : null,
    tries: tries.filter(({ deliveryKey }) => deliveryKey === row.deliveryKey).map(toTryResponse),
  };
}

function toTryResponse(entity: WebhookTryEntity): TryResponse {
  const { errorCode: code, errorMessage } = entity;
  return {
    at: isoTime(entity.triedAt),
    duration_ms: entity.durationMs,
    status: entity.status,
    error: code === null ? null : { code, message: errorMessage ?? '' },
    answer: entity.answer,
  };
}

/** A column of a raw query: mysql2 gives 64-bit numbers as text. */
function isoTime(instant: number | string): string {
  return new Date(Number(instant)).toISOString();
}
