import { Injectable } from '@nestjs/common';
import { randomBytes, randomUUID } from 'node:crypto';
import { type EntityManager, In } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { insertRows } from '../database/insert-rows.js';
import { WebhookEndpointEntity } from '../database/entities/webhook-endpoint.entity.js';
import { WebhookEventEntity } from '../database/entities/webhook-event.entity.js';
import { MessagePoster } from '../outbound/message-poster.js';
import { checkWebhookUrl, laneOf } from './subscriptions/webhook-url.js';
import { WebhookDispatcher } from './delivery/webhook-dispatcher.js';
import { type EventType, PING, UPLOAD_EVENT_TYPES } from '../events/event-types.js';

/** In place of an image's number where an event is about the whole request. */
export const WHOLE_REQUEST = 0;

/** What events of one type are about. */
export interface EventSubject {
  type: EventType;
  requestKey: number;
  /** One event for each: images, or {@link WHOLE_REQUEST}. */
  imageNumbers: number[];
}

/** What an event says. */
export interface EventContent {
  imageNumber: number;
  /** What clients know the request by. */
  requestId: string | null;
  data: object;
}

const EVENT_COLUMNS = ['id', 'type', 'request_key', 'request_id', 'image_number', 'body', 'created_at'];
const DELIVERY_COLUMNS = ['id', 'event_key', 'endpoint_key', 'request_key', 'state', 'due_at', 'created_at'];

/** Events of a statement: less than 2 MB, which every server takes. */
const INSERTED_AT_ONCE = 100;

/** Two seeks in an index, one for the subscriptions and one for what the upload named. */
const LISTENING = `
  SELECT endpoint_key AS endpointKey, event_types AS eventTypes, url, 'subscription' AS kind FROM webhook_endpoints
    WHERE request_key IS NULL AND is_active = 1
  UNION ALL
  SELECT endpoint_key AS endpointKey, event_types AS eventTypes, url, 'upload' AS kind FROM webhook_endpoints
    WHERE request_key = ? AND is_active = 1`;

interface Listening {
  endpointKey: number;
  eventTypes: string;
  url: string;
  /** As text: MySQL 9 gives a 0 of a UNION as '0', which counts as true. */
  kind: 'subscription' | 'upload';
}

/** Writes down what happened, for whoever wants to hear of it, inside the transaction in which it happens. */
@Injectable()
export class WebhookEvents {
  constructor(
    private readonly clock: DatabaseClock,
    private readonly dispatcher: WebhookDispatcher,
    private readonly http: MessagePoster,
  ) {}

  /** Whether {@link attach} would take the URL. @throws AppError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED` */
  checkUrl(url: string): void {
    checkWebhookUrl(this.http, url);
  }

  /**
   * Has `url` told of the end of a request.
   * @throws AppError as {@link checkUrl}
   */
  async attach(manager: EntityManager, requestKey: number, url: string): Promise<void> {
    const { href } = checkWebhookUrl(this.http, url);
    await manager.insert(WebhookEndpointEntity, {
      id: randomUUID(),
      requestKey,
      url: href,
      host: laneOf(href),
      eventTypes: UPLOAD_EVENT_TYPES.join(),
      createdAt: this.clock.now(),
    });
  }

  /**
   * Records events with a delivery for each endpoint that wants them; does nothing where none does, or where the same
   * has been recorded before. They are sent once the transaction of `manager` is committed. `compose` is given the
   * numbers to be recorded, and awaits database calls only.
   */
  async record(
    manager: EntityManager,
    { type, requestKey, imageNumbers }: EventSubject,
    compose: (imageNumbers: number[]) => Promise<EventContent[]>,
  ): Promise<void> {
    const listening = await manager.query<Listening[]>(LISTENING, [requestKey]);
    const endpoints = toldOnce(listening.filter(({ eventTypes }) => eventTypes.split(',').includes(type)));
    if (endpoints.length === 0) return;
    // Whoever causes an event holds its row's lock, so nobody can be writing the same one now.
    const where = { requestKey, type, imageNumber: In(imageNumbers) };
    const known = await manager.find(WebhookEventEntity, { select: { imageNumber: true }, where });
    const isKnown = new Set(known.map(({ imageNumber }) => imageNumber));
    const fresh = imageNumbers.filter((number) => !isKnown.has(number));
    if (fresh.length === 0) return;

    const contents = await compose(fresh);
    const endpointKeys = endpoints.map(({ endpointKey }) => endpointKey);
    for (let at = 0; at < contents.length; at += INSERTED_AT_ONCE)
      await this.write(manager, type, requestKey, contents.slice(at, at + INSERTED_AT_ONCE), endpointKeys);
  }

  /** Records a ping for one subscription. @returns the id of the delivery */
  async ping(manager: EntityManager, endpoint: WebhookEndpointEntity): Promise<string> {
    const content = { imageNumber: WHOLE_REQUEST, requestId: null, data: { webhook_id: endpoint.id } };
    const [id] = await this.write(manager, PING, null, [content], [endpoint.key]);
    return id;
  }

  private async write(
    manager: EntityManager,
    type: string,
    requestKey: number | null,
    contents: EventContent[],
    endpointKeys: number[],
  ): Promise<string[]> {
    const now = this.clock.now();
    const timestamp = new Date(now).toISOString();
    const events = contents.map(({ imageNumber, requestId, data }) => {
      const id = `evt_${randomBytes(18).toString('base64url')}`;
      return [id, type, requestKey, requestId, imageNumber, JSON.stringify({ type, timestamp, data }), now];
    });
    await insertRows(manager, 'webhook_events', EVENT_COLUMNS, events);
    const ids = In(events.map(([id]) => id as string));
    const written = await manager.find(WebhookEventEntity, { select: { key: true }, where: { id: ids } });
    const deliveries = written.flatMap(({ key }) =>
      endpointKeys.map((endpointKey) => [randomUUID(), key, endpointKey, requestKey, 'pending', now, now]),
    );
    await insertRows(manager, 'webhook_deliveries', DELIVERY_COLUMNS, deliveries);
    this.dispatcher.nudge();
    return deliveries.map(([id]) => id as string);
  }
}

/** Where an upload names what is subscribed anyway, the subscription's secret signs, and nobody is told twice. */
function toldOnce(endpoints: Listening[]): Listening[] {
  const subscribed = new Set(endpoints.filter(({ kind }) => kind === 'subscription').map(({ url }) => url));
  return endpoints.filter(({ kind, url }) => kind === 'subscription' || !subscribed.has(url));
}
