import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { insertObjects } from '../../database/statements/insert-rows.js';
import type { EventReader, RecordedEvents } from '../../events/event-reader.js';
import type { EventType } from '../../events/event-types.js';
import { Outbox } from '../../events/outbox.js';
import { WebhookDispatcher } from './webhook-dispatcher.js';

/** Two seeks in an index: the subscriptions of its owner, and the URL of the request's upload. */
const ENDPOINTS = `
  SELECT endpoint_key AS endpointKey, event_types AS eventTypes, url, 'subscription' AS kind FROM webhook_endpoints
    WHERE owner_key = (SELECT owner_key FROM requests WHERE request_key = ?) AND request_key IS NULL AND is_active = 1
  UNION ALL
  SELECT endpoint_key AS endpointKey, event_types AS eventTypes, url, 'upload' AS kind FROM webhook_endpoints
    WHERE request_key = ? AND is_active = 1`;

interface Endpoint {
  endpointKey: number;
  eventTypes: string;
  url: string;
  kind: 'subscription' | 'upload';
}

/** Gives each recorded event one delivery for each endpoint that asks for its type, in the transaction that records it. */
@Injectable()
export class WebhookFanOut implements EventReader, OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly dispatcher: WebhookDispatcher,
    private readonly clock: DatabaseClock,
  ) {}

  onModuleInit(): void {
    this.outbox.addReader(this);
  }

  async wants(manager: EntityManager, type: EventType, requestKey: number): Promise<boolean> {
    return (await this.endpointsOf(manager, type, requestKey)).length > 0;
  }

  async take(manager: EntityManager, { type, requestKey, eventKeys }: RecordedEvents): Promise<void> {
    const endpointKeys = await this.endpointsOf(manager, type, requestKey);
    if (endpointKeys.length > 0) await this.addDeliveries(manager, requestKey, eventKeys, endpointKeys);
  }

  /** Adds a delivery of each event to each endpoint, due at once. @returns the ids of the deliveries */
  async addDeliveries(
    manager: EntityManager,
    requestKey: number | null,
    eventKeys: number[],
    endpointKeys: number[],
  ): Promise<string[]> {
    const now = this.clock.now();
    const deliveries = eventKeys.flatMap((eventKey) =>
      endpointKeys.map((endpointKey) => ({
        id: randomUUID(),
        event_key: eventKey,
        endpoint_key: endpointKey,
        request_key: requestKey,
        state: 'pending',
        due_at: now,
        created_at: now,
      })),
    );
    await insertObjects(manager, 'webhook_deliveries', deliveries);
    this.dispatcher.wake();
    return deliveries.map(({ id }) => id);
  }

  /**
   * The keys of the endpoints that ask for events of this type about this request. Where an upload names the URL of a
   * subscription, only the subscription is among them: its secret signs, and nothing is delivered twice.
   */
  private async endpointsOf(manager: EntityManager, type: EventType, requestKey: number): Promise<number[]> {
    const endpoints = await manager.query<Endpoint[]>(ENDPOINTS, [requestKey, requestKey]);
    const asking = endpoints.filter(({ eventTypes }) => eventTypes.split(',').includes(type));
    const subscribed = new Set(asking.filter(({ kind }) => kind === 'subscription').map(({ url }) => url));
    return asking
      .filter(({ kind, url }) => kind === 'subscription' || !subscribed.has(url))
      .map(({ endpointKey }) => endpointKey);
  }
}
