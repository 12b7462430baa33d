import { Body, Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiBody, ApiParam, ApiTags } from '@nestjs/swagger';
import { AppError } from '../errors/app-error.js';
import { ApiCall, JSON_BODY_ERRORS } from '../http/description/api-call.js';
import { JsonBodyGuard } from '../http/guards/json-body.guard.js';
import { NO_OTHER_FIELDS } from '../http/unknown-fields.pipe.js';
import { RequestResponse } from '../requests/request.dto.js';
import { RequestReader } from '../requests/request-reader.js';
import { RetryBody, wantedRetry } from './retrying/retry.dto.js';
import { Cancelling } from './scheduling/cancelling.js';
import { Retrying } from './retrying/retrying.js';

/** What is done with a request after its upload. */
@ApiTags('requests')
@ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
@Controller('requests/:id')
export class RequestActionsController {
  constructor(
    private readonly requests: RequestReader,
    private readonly cancelling: Cancelling,
    private readonly retrying: Retrying,
  ) {}

  @Post('cancel')
  @HttpCode(200)
  @ApiCall({
    operationId: 'cancelRequest',
    summary: 'Stop the work on a request',
    description:
      'Images that are at work end and count, the others become `cancelled`. Calling it again, or for a request that has ' +
      'ended, changes nothing. `request.cancelled` is sent when the last image at work has ended.',
    answer: { type: RequestResponse },
    errors: ['REQUEST_NOT_FOUND'],
  })
  async cancel(@Param('id') id: string): Promise<RequestResponse> {
    const { key } = await this.requests.get(id);
    await this.cancelling.cancel(key);
    return this.requests.describe(id);
  }

  @Post('retry')
  @HttpCode(200)
  @UseGuards(JsonBodyGuard)
  @ApiBody({ type: RetryBody, required: false })
  @ApiCall({
    operationId: 'retryRequest',
    summary: 'Try the images of a request again that failed, or were cancelled',
    description:
      'For a request that has ended. Its done images stay, `run` goes up, and the events are sent again, for the new run. Where ' +
      'there is nothing to be tried again, nothing changes. An image whose address was wrong is tried with another one by `urls`.',
    answer: { type: RequestResponse },
    errors: ['REQUEST_NOT_FOUND', 'REQUEST_NOT_FINISHED', ...JSON_BODY_ERRORS],
  })
  async retry(@Param('id') id: string, @Body(NO_OTHER_FIELDS) body?: RetryBody): Promise<RequestResponse> {
    const request = await this.requests.get(id);
    const { selection, urls } = wantedRetry(id, body ?? {});
    const hasBegun = await this.retrying.retry(request, selection, urls);
    const response = await this.requests.describe(id); // a 404 where it has been deleted meanwhile
    if (!hasBegun) throw new AppError('REQUEST_NOT_FINISHED');
    return response;
  }
}
