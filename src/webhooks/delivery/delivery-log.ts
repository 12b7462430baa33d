import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../database/database.js';
import { WebhookTryEntity } from '../../database/entities/webhook-try.entity.js';
import type { DeliveryState } from '../../database/entities/webhook-delivery.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { isoTime } from '../../http/json-formats.js';
import { pageOf } from '../../http/page-query.dto.js';
import { SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import type { DeliveryPageResponse, DeliveryResponse, TryResponse } from './api/delivery.dto.js';

/** A delivery with what it delivers and to whom; instants in milliseconds since 1970 (UTC). */
interface Row {
  deliveryKey: number;
  id: string;
  state: DeliveryState;
  dueAt: number;
  errorCode: ErrorCode | null;
  createdAt: number;
  deliveredAt: number | null;
  /** Null where the subscription is just being removed. */
  endpointId: string | null;
  endpointRequestKey: number | null;
  url: string;
  eventId: string;
  type: DeliveryResponse['type'];
  requestId: string | null;
}

/** Outer joins, so that every engine begins with the deliveries, in the order of the page, and ends with its last one. */
const ROWS = `
  SELECT deliveries.delivery_key AS deliveryKey, deliveries.id AS id, deliveries.state AS state,
    deliveries.due_at AS dueAt, deliveries.error_code AS errorCode, deliveries.created_at AS createdAt,
    deliveries.delivered_at AS deliveredAt, endpoints.id AS endpointId, endpoints.request_key AS endpointRequestKey,
    endpoints.url AS url, events.id AS eventId, events.type AS type, events.request_id AS requestId
  FROM webhook_deliveries AS deliveries
    LEFT JOIN webhook_events AS events ON events.event_key = deliveries.event_key
    LEFT JOIN webhook_endpoints AS endpoints ON endpoints.endpoint_key = deliveries.endpoint_key`;

/** What was delivered or not, each delivery with its tries. */
@Injectable()
export class DeliveryLog {
  constructor(
    private readonly database: Database,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /**
   * One page of a subscription's deliveries, the newest first.
   * @param state only those in this state
   * @param before only those whose key is smaller
   * @throws AppError `WEBHOOK_NOT_FOUND`
   */
  async ofSubscription(
    id: string,
    state: DeliveryState | undefined,
    limit: number,
    before: number,
  ): Promise<DeliveryPageResponse> {
    const { key } = await this.subscriptions.get(id);
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

  private async page(where: string, parameters: unknown[], limit: number): Promise<DeliveryPageResponse> {
    const text = `${ROWS} ${where} ORDER BY deliveries.delivery_key DESC LIMIT ${limit + 1}`;
    const rows = await this.database.manager.query<Row[]>(text, parameters);
    const { page, next_cursor } = pageOf(rows, limit, ({ deliveryKey }) => deliveryKey);
    const tries = await this.database.manager.find(WebhookTryEntity, {
      where: { deliveryKey: In(page.map(({ deliveryKey }) => deliveryKey)) },
      order: { deliveryKey: 'ASC', attempt: 'ASC' },
    });
    return {
      items: page.filter(({ endpointId }) => endpointId !== null).map((row) => toResponse(row, tries)),
      next_cursor,
    };
  }
}

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
    delivered_at: isoTime(row.deliveredAt),
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
