import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../../../http/description/api-call.js';
import { PageQuery } from '../../../http/page-query.dto.js';
import { RequestReader } from '../../../requests/request-reader.js';
import { DeliveryLog } from '../delivery-log.js';
import { beforeOf } from './delivery-queries.dto.js';
import { DeliveryPageResponse } from './delivery.dto.js';

/** The deliveries of a request's events. */
@ApiTags('requests')
@Controller('requests')
export class RequestWebhooksController {
  constructor(
    private readonly requests: RequestReader,
    private readonly log: DeliveryLog,
  ) {}

  @Get(':id/webhooks')
  @ApiCall({
    operationId: 'listRequestDeliveries',
    summary: 'The webhook deliveries of a request, the newest first, each with the log of its tries',
    description: 'Those to the `webhook_url` of its upload, and those to subscriptions.',
    answer: { type: DeliveryPageResponse },
    errors: ['INVALID_PARAMETER', 'REQUEST_NOT_FOUND'],
  })
  @ApiParam({ name: 'id', format: 'uuid', description: 'The `request_id` of the upload' })
  async webhooks(@Param('id') id: string, @Query() query: PageQuery): Promise<DeliveryPageResponse> {
    const { key } = await this.requests.get(id);
    return this.log.ofRequest(key, query.limit, beforeOf(query));
  }
}
