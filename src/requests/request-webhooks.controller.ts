import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsApiKey } from '../http/api-key.guard.js';
import { DeliveryPageResponse } from '../webhooks/subscriptions/webhook.dto.js';
import { WebhookHistory } from '../webhooks/subscriptions/webhook-history.js';
import { beforeOf, PageQuery } from '../webhooks/subscriptions/webhooks-query.dto.js';
import { errorExample, ErrorResponse } from './request.dto.js';
import { RequestReader } from './request-reader.js';

/** Who was told of a request. */
@ApiTags('requests')
@NeedsApiKey()
@Controller('requests')
export class RequestWebhooksController {
  constructor(
    private readonly requests: RequestReader,
    private readonly history: WebhookHistory,
  ) {}

  @Get(':id/webhooks')
  @ApiOperation({
    summary: 'Its webhook deliveries, the newest first, each with the log of its tries',
    description: 'Those to the `webhook_url` of its upload, and those to subscriptions.',
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
  @ApiOkResponse({ type: DeliveryPageResponse })
  @ApiNotFoundResponse({
    type: ErrorResponse,
    description: 'There is no such request',
    example: errorExample('REQUEST_NOT_FOUND', 'There is no such request.'),
  })
  async webhooks(@Param('id') id: string, @Query() query: PageQuery): Promise<DeliveryPageResponse> {
    const { key } = await this.requests.get(id);
    return this.history.ofRequest(key, query.limit, beforeOf(query));
  }
}
