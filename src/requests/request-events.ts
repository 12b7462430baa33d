import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RequestEntity } from '../database/entities/request.entity.js';
import { WebhookEvents, WHOLE_REQUEST } from '../webhooks/webhook-events.js';
import type { EventType } from '../events/event-types.js';
import { RequestReader } from './request-reader.js';

/**
 * Tells the webhooks what became of requests. Each call belongs into the transaction in which it happens, costs one look
 * into a small index where nobody wants to hear of it, and does nothing the second time.
 */
@Injectable()
export class RequestEvents {
  constructor(
    private readonly webhooks: WebhookEvents,
    private readonly reader: RequestReader,
  ) {}

  /** @throws AppError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED` */
  checkUrl(url: string): void {
    this.webhooks.checkUrl(url);
  }

  /** Has `url` told of the end of a request. @throws AppError as {@link checkUrl} */
  attach(manager: EntityManager, requestKey: number, url: string): Promise<void> {
    return this.webhooks.attach(manager, requestKey, url);
  }

  /** The work on a request has begun. */
  processing(manager: EntityManager, requestKey: number): Promise<void> {
    return this.ofRequest(manager, 'request.processing', requestKey);
  }

  /** All its images are settled. */
  completed(manager: EntityManager, requestKey: number): Promise<void> {
    return this.ofRequest(manager, 'request.completed', requestKey);
  }

  /** Images have failed for good: some hundred at most. */
  async imagesFailed(manager: EntityManager, requestKey: number, imageNumbers: number[]): Promise<void> {
    const subject = { type: 'image.failed', requestKey, imageNumbers } as const;
    await this.webhooks.record(manager, subject, async (numbers) => {
      const request = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
      const images = await this.reader.imageResponsesOf(manager, request, numbers);
      return images.map(({ number, response }) => ({
        imageNumber: number,
        requestId: request.id,
        data: { ...response, request_id: request.id },
      }));
    });
  }

  private async ofRequest(manager: EntityManager, type: EventType, requestKey: number): Promise<void> {
    await this.webhooks.record(manager, { type, requestKey, imageNumbers: [WHOLE_REQUEST] }, async () => {
      const request = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
      const response = await this.reader.responseOf(manager, request);
      // The names that receivers of such systems look for.
      const data = { ...response, request_id: response.id, output_csv_url: response.links.output_csv };
      return [{ imageNumber: WHOLE_REQUEST, requestId: request.id, data }];
    });
  }
}
