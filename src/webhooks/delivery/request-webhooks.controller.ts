import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { NeedsApiKey } from '../../http/api-key.guard.js';
import { errorExample, ErrorResponse } from '../../requests/request.dto.js';
import { RequestReader } from '../../requests/request-reader.js';
import { PageQuery } from '../page-query.dto.js';
import { DeliveryLog } from './delivery-log.js';
import { beforeOf } from './delivery-queries.dto.js';
import { DeliveryPageResponse } from './delivery.dto.js';

/** The deliveries of a request's events. */
@ApiTags('requests')
@NeedsApiKey()
@Controller('requests')
export class RequestWebhooksController {
  constructor(
    private readonly requests: RequestReader,
    private readonly log: DeliveryLog,
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
    return this.log.ofRequest(key, query.limit, beforeOf(query));
  }
}
