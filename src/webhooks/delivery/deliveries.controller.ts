import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { NeedsApiKey } from '../../http/api-key.guard.js';
import { JsonBodyGuard } from '../../http/json-body.guard.js';
import { NO_OTHER_FIELDS } from '../../http/unknown-fields.pipe.js';
import {
  ApiDeliveryNotFound,
  ApiInvalidBody,
  ApiNeedsActiveWebhook,
  ApiWebhookDisabled,
  ApiWebhookNotFound,
} from '../subscriptions/webhooks.api.js';
import { DeliveryLog } from './delivery-log.js';
import { beforeOf, DeliveriesQuery, ReplayBody } from './delivery-queries.dto.js';
import { DeliveryPageResponse, DeliveryResponse, ReplayResponse } from './delivery.dto.js';
import { Redelivery } from './redelivery.js';

/** What was delivered to subscriptions, and delivering it again. */
@ApiTags('webhooks')
@NeedsApiKey()
@UseGuards(JsonBodyGuard)
@Controller('webhooks')
export class DeliveriesController {
  constructor(
    private readonly log: DeliveryLog,
    private readonly redelivery: Redelivery,
  ) {}

  @Get('deliveries/:delivery_id')
  @ApiOperation({ summary: 'A delivery with the log of its tries' })
  @ApiOkResponse({ type: DeliveryResponse })
  @ApiDeliveryNotFound()
  delivery(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    return this.log.get(id);
  }

  @Post('deliveries/:delivery_id/redeliver')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a delivery again, under the same `webhook-id`' })
  @ApiAcceptedResponse({ type: DeliveryResponse })
  @ApiDeliveryNotFound()
  @ApiWebhookDisabled()
  async redeliver(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    await this.redelivery.redeliver(id);
    return this.log.get(id);
  }

  @Post(':id/test')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send it an event of the type `ping`, once' })
  @ApiAcceptedResponse({ type: DeliveryResponse })
  @ApiNeedsActiveWebhook()
  async test(@Param('id') id: string): Promise<DeliveryResponse> {
    return this.log.get(await this.redelivery.ping(id));
  }

  @Get(':id/deliveries')
  @ApiOperation({
    summary: 'What was sent to it or will be, the newest first, each with the log of its tries',
  })
  @ApiOkResponse({ type: DeliveryPageResponse })
  @ApiWebhookNotFound()
  deliveries(@Param('id') id: string, @Query() query: DeliveriesQuery): Promise<DeliveryPageResponse> {
    return this.log.ofSubscription(id, query.status, query.limit, beforeOf(query));
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send again all that failed since a time' })
  @ApiAcceptedResponse({ type: ReplayResponse })
  @ApiInvalidBody()
  @ApiNeedsActiveWebhook()
  async replay(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) { since }: ReplayBody,
  ): Promise<ReplayResponse> {
    return { replayed: await this.redelivery.replay(id, Date.parse(since)) };
  }
}
