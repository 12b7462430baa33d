import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { WebhookEndpointEntity } from '../../database/entities/webhook-endpoint.entity.js';
import { UPLOAD_EVENT_TYPES } from '../../events/event-types.js';
import { MessagePoster } from '../../outbound/message-poster.js';
import { checkWebhookUrl, laneOf } from './webhook-url.js';

/** The `webhook_url` of uploads. */
@Injectable()
export class UploadWebhooks {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly http: MessagePoster,
  ) {}

  /** Whether {@link attach} would take the URL. @throws AppError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED` */
  check(url: string): void {
    checkWebhookUrl(this.http, url);
  }

  /**
   * Has `url` called at the end of a request of this owner. Call it once, before the request is published; what removes the request
   * removes this.
   * @throws AppError as {@link check}
   */
  async attach(requestKey: number, ownerKey: number, url: string): Promise<void> {
    const { href } = checkWebhookUrl(this.http, url);
    const endpoint = {
      id: randomUUID(),
      requestKey,
      ownerKey,
      url: href,
      host: laneOf(href),
      eventTypes: UPLOAD_EVENT_TYPES.join(),
      createdAt: this.clock.now(),
    };
    await this.database.write((manager) => manager.insert(WebhookEndpointEntity, endpoint), {
      isUrgent: true,
    });
  }
}
