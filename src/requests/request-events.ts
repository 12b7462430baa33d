import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RequestEntity } from '../database/entities/request.entity.js';
import type { EventType } from '../events/event-types.js';
import { Outbox, WHOLE_REQUEST } from '../events/outbox.js';
import type { ImageEventData, RequestEventData } from './request-events.dto.js';
import { RequestReader } from './request-reader.js';

/** Records the events of requests. Call each method in the transaction that causes the event; again, it does nothing. */
@Injectable()
export class RequestEvents {
  constructor(
    private readonly outbox: Outbox,
    private readonly reader: RequestReader,
  ) {}

  /** The work on a request has begun. */
  processing(manager: EntityManager, requestKey: number): Promise<void> {
    return this.ofRequest(manager, 'request.processing', requestKey);
  }

  /** All its images are settled. */
  completed(manager: EntityManager, requestKey: number): Promise<void> {
    return this.ofRequest(manager, 'request.completed', requestKey);
  }

  /** It was cancelled, and the last image at work has ended. */
  cancelled(manager: EntityManager, requestKey: number): Promise<void> {
    return this.ofRequest(manager, 'request.cancelled', requestKey);
  }

  /** Images have failed for good; some hundred at most. Costs one seek in an index where no reader wants to know. */
  async imagesFailed(manager: EntityManager, requestKey: number, imageNumbers: number[]): Promise<void> {
    const subject = { type: 'image.failed', requestKey, imageNumbers } as const;
    await this.outbox.record(manager, subject, async (numbers) => {
      const request = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
      const images = await this.reader.imageResponsesOf(manager, request, numbers);
      return images.map(({ number, response }) => ({
        imageNumber: number,
        requestId: request.id,
        data: { ...response, request_id: request.id, run: request.run } satisfies ImageEventData,
      }));
    });
  }

  private async ofRequest(manager: EntityManager, type: EventType, requestKey: number): Promise<void> {
    await this.outbox.record(manager, { type, requestKey, imageNumbers: [WHOLE_REQUEST] }, async () => {
      const request = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
      const response = await this.reader.responseOf(manager, request);
      // The last two are the names that receivers written for other systems of this kind expect.
      const data: RequestEventData = {
        ...response,
        request_id: response.id,
        output_csv_url: response.links.output_csv,
      };
      return [{ imageNumber: WHOLE_REQUEST, requestId: request.id, data }];
    });
  }
}
