import { Controller, Get, Headers, Logger, Param, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AppError } from '../../errors/app-error.js';
import { ApiCall } from '../../http/description/api-call.js';
import { mayGoOn } from '../../http/guards/principal.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { LiveListeners } from './live-listeners.js';
import { endId, LiveStream } from './live-stream.js';
import { SettledImages } from './settled-images.js';

const STREAM = {
  description:
    'Server-sent events:\n' +
    '- `request`: what `GET /requests/{id}` gives, at once and at most every 500 ms while it changes\n' +
    '- `image`: an item of `GET /requests/{id}/images`, as each has ended\n' +
    '- `end`: `{"id", "run", "status", "outcome"}`, when the request has ended; then the answer ends',
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};

/** The number of the run, that of the last image, and `end` where the client has everything of the run. */
const EVENT_ID = /^(\d{1,9})\.(\d{1,9})(\.end)?$/;

/** What happens to a request, while it happens. */
@ApiTags('requests')
@Controller('requests')
export class LiveController {
  private readonly warning = new RepeatedWarning(new Logger(LiveController.name));

  constructor(
    private readonly listeners: LiveListeners,
    private readonly images: SettledImages,
  ) {}

  @Get(':id/events')
  @ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event that the client has: it is sent what came after it',
  })
  @ApiCall({
    operationId: 'watchRequest',
    summary: 'What happens to a request, live',
    description:
      'A comment every 15 s shows that the connection is alive. Without `Last-Event-ID` the images are those that end from ' +
      'now on. After 15 minutes the answer ends without `end`; go on with `Last-Event-ID`, as `EventSource` does by itself. ' +
      'So it does some seconds after the key or token of the call has ceased to be. ' +
      'A client that has `end` already is answered with 204, which ends an `EventSource`; after a retry it is sent the next run.',
    answer: STREAM,
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND', 'TOO_MANY_LISTENERS'],
  })
  @ApiNoContentResponse({ description: 'Nothing more will come' })
  async events(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const place = lastEventId ? placeOf(lastEventId) : null;
    await this.listeners.watching(id, async (watch, state) => {
      const { settledNo } = state.request;
      if (state.response.is_final && lastEventId === endId(state)) {
        response.status(204).end();
      } else if (response.req.method === 'HEAD') {
        response.type('text/event-stream').end();
      } else {
        const sentNo = Math.min(place ?? settledNo, settledNo);
        await new LiveStream(response, watch, this.images, sentNo, () => mayGoOn(response.req))
          .run()
          .catch((error: Error) => {
            this.warning.warn(`a client that watched request ${id} was cut off: ${error.message}`);
            response.destroy(); // it comes back with the id of the last event that it has
          });
      }
    });
  }
}

/** @throws AppError `INVALID_PARAMETER` */
function placeOf(eventId: string): number {
  const [, , settledNo] = EVENT_ID.exec(eventId) ?? [];
  if (settledNo === undefined)
    throw new AppError('INVALID_PARAMETER', 'Last-Event-ID must be the id of an event of this request');
  return Number(settledNo);
}
