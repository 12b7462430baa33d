import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { In, IsNull, MoreThan } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookDeliveryEntity } from '../../database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { AppError } from '../../errors/app-error.js';
import { isUuid } from '../../http/json-formats.js';
import type { Principal } from '../../http/guards/principal.js';
import { MessagePoster } from '../../outbound/message-poster.js';
import { EndpointHealth } from './endpoint-health.js';
import { isWebhookSecret, webhookSecret } from './webhook-secret.js';
import { DEFAULT_EVENT_TYPES, type EventType } from '../../events/event-types.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { checkWebhookUrl, laneOf } from './webhook-url.js';

const DAY_MS = 86_400_000;

/** How long the old secret signs as well after a rotation. */
const OVERLAP_MS = DAY_MS;

/** Every event is checked against all of them. */
const MAX_SUBSCRIPTIONS = 100;

const DELETED_AT_ONCE = 1000;

/** What a client may say of a subscription; what is left out stays as it is, or as it is by default. */
export interface SubscriptionChanges {
  url?: string;
  eventTypes?: EventType[];
  description?: string | null;
  isActive?: boolean;
}

/** A subscription with the secret that signs for it, in the clear: to be shown once. */
export interface WithSecret {
  endpoint: WebhookEndpointEntity;
  secret: string;
}

/** Subscriptions: endpoints that are told of all requests of their owner. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly http: MessagePoster,
    private readonly secrets: WebhookSecrets,
    private readonly health: EndpointHealth,
  ) {}

  /**
   * @param givenSecret the client's own, `whsec_…`; one is made unless given
   * @throws AppError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`, `WEBHOOK_SECRET_INVALID`
   * @throws AppError `TOO_MANY_WEBHOOKS` (409): the owner has a hundred already
   */
  async create(
    { ownerKey }: Principal,
    url: string,
    { eventTypes = DEFAULT_EVENT_TYPES, description = null, isActive = true }: SubscriptionChanges,
    givenSecret?: string,
  ): Promise<WithSecret> {
    const { href } = checkWebhookUrl(this.http, url);
    const secret = checkedSecret(givenSecret);
    if ((await this.count(ownerKey)) >= MAX_SUBSCRIPTIONS) throw new AppError('TOO_MANY_WEBHOOKS');
    const id = randomUUID();
    await this.database.write(
      (manager) =>
        manager.insert(WebhookEndpointEntity, {
          id,
          ownerKey,
          ...addressed(href),
          eventTypes: eventTypes.join(),
          description,
          isActive: isActive ? 1 : 0,
          secret: this.secrets.seal(id, secret),
          createdAt: this.clock.now(),
        }),
      { isUrgent: true },
    );
    if ((await this.count(ownerKey)) > MAX_SUBSCRIPTIONS) {
      // Others were created at the same moment: the last of them sees all.
      await this.database.write((manager) => manager.delete(WebhookEndpointEntity, { id }), {
        isUrgent: true,
      });
      throw new AppError('TOO_MANY_WEBHOOKS');
    }
    return { endpoint: await this.get(id), secret };
  }

  /** Up to `limit` subscriptions that the caller sees, in the order in which they were made, beginning after the key `after`. */
  list({ ownerKey, seesAll }: Principal, limit: number, after: number): Promise<WebhookEndpointEntity[]> {
    const where = { ...SUBSCRIPTION, ...(seesAll ? {} : { ownerKey }), key: MoreThan(after) };
    return this.database.manager.find(WebhookEndpointEntity, { where, order: { key: 'ASC' }, take: limit });
  }

  /** @throws AppError `WEBHOOK_NOT_FOUND` */
  async get(id: string): Promise<WebhookEndpointEntity> {
    const where = { id, ...SUBSCRIPTION };
    const endpoint = isUuid(id) && (await this.database.manager.findOneBy(WebhookEndpointEntity, where));
    if (!endpoint) throw new AppError('WEBHOOK_NOT_FOUND');
    return endpoint;
  }

  /**
   * Changes a subscription. Switched off, it gets no more deliveries, and pending ones fail (and can be replayed). Switched
   * on, or with another address, it starts again without the failures of before.
   * @throws AppError `WEBHOOK_NOT_FOUND`
   * @throws AppError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   */
  async change(id: string, changes: SubscriptionChanges): Promise<WebhookEndpointEntity> {
    const { key } = await this.get(id);
    const { url, eventTypes, description, isActive } = changes;
    const columns = {
      ...(url === undefined ? {} : addressed(checkWebhookUrl(this.http, url).href)),
      ...(eventTypes === undefined ? {} : { eventTypes: eventTypes.join() }),
      // libsql can't bind a null that is the only parameter (docs/hazards.md).
      ...(description === undefined ? {} : { description: description ?? (() => 'NULL') }),
      ...(isActive === undefined ? {} : { isActive: isActive ? 1 : 0 }),
      ...(isActive ? { disabledCode: null, disabledAt: null } : {}),
      // Another address has not failed yet.
      ...(isActive || url !== undefined ? { failingSince: null } : {}),
    };
    if (Object.keys(columns).length > 0) {
      await this.database.transaction(
        async (manager) => {
          await manager.update(WebhookEndpointEntity, { key }, columns);
          if (isActive === false) await this.health.failPending(manager, key);
        },
        { isUrgent: true },
      );
    }
    return this.get(id);
  }

  /**
   * Gives a subscription a new secret. The old one signs as well for 24 hours; an even older one no longer.
   * @param givenSecret the client's own, `whsec_…`; one is made unless given
   * @throws AppError `WEBHOOK_NOT_FOUND`
   * @throws AppError `WEBHOOK_SECRET_INVALID`
   * @throws AppError `WEBHOOK_SECRET_CHANGED` (409): another call gave it a new one at the same moment
   */
  async rotateSecret(id: string, givenSecret?: string): Promise<WithSecret> {
    const endpoint = await this.get(id);
    const secret = checkedSecret(givenSecret);
    // What can't be read any more can't sign either.
    const overlaps = this.secrets.current(endpoint) !== null;
    const columns = {
      secret: this.secrets.seal(id, secret),
      previousSecret: overlaps ? endpoint.secret : null,
      previousSecretUntil: overlaps ? this.clock.now() + OVERLAP_MS : null,
    };
    // Of several at once one wins: of the others' secrets, shown to somebody, all but one would sign nothing.
    const unchanged = { key: endpoint.key, secret: endpoint.secret ?? '' };
    const { affected } = await this.database.write(
      (manager) => manager.update(WebhookEndpointEntity, unchanged, columns),
      { isUrgent: true },
    );
    if (affected !== 1) throw new AppError('WEBHOOK_SECRET_CHANGED');
    return { endpoint: await this.get(id), secret };
  }

  /**
   * Removes a subscription with all its deliveries.
   * @throws AppError `WEBHOOK_NOT_FOUND`
   */
  async remove(id: string): Promise<void> {
    const { key } = await this.get(id);
    await this.database.write((manager) => manager.delete(WebhookEndpointEntity, { key }), {
      isUrgent: true,
    });
    await this.removeDeliveries(key);
  }

  private count(ownerKey: number): Promise<number> {
    return this.database.manager.countBy(WebhookEndpointEntity, { ...SUBSCRIPTION, ownerKey });
  }

  /** A part at a time: with SQLite nothing else happens while a statement runs. */
  private async removeDeliveries(endpointKey: number): Promise<void> {
    const select = { where: { endpointKey }, select: { key: true }, take: DELETED_AT_ONCE } as const;
    for (;;) {
      const part = await this.database.manager.find(WebhookDeliveryEntity, select);
      if (part.length === 0) return;
      const keys = In(part.map(({ key }) => key));
      await this.database.write((manager) => manager.delete(WebhookDeliveryEntity, { key: keys }));
      await setImmediate();
    }
  }
}

const SUBSCRIPTION = { requestKey: IsNull() };

function addressed(url: string): { url: string; host: string } {
  return { url, host: laneOf(url) };
}

function checkedSecret(given: string | undefined): string {
  if (given === undefined) return webhookSecret();
  if (isWebhookSecret(given)) return given;
  throw new AppError('WEBHOOK_SECRET_INVALID');
}
