import { Body, Controller, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCall } from '../../../http/description/api-call.js';
import { JsonBodyGuard } from '../../../http/guards/json-body.guard.js';
import { NO_OTHER_FIELDS } from '../../../http/unknown-fields.pipe.js';
import { DELIVERY_CALLS } from './deliveries.api.js';
import { DeliveryLog } from '../delivery-log.js';
import { beforeOf, DeliveriesQuery, ReplayBody } from './delivery-queries.dto.js';
import type { DeliveryPageResponse, DeliveryResponse, ReplayResponse } from './delivery.dto.js';
import { Redelivery } from '../redelivery.js';

/** What was delivered to subscriptions, and delivering it again. */
@ApiTags('webhooks')
@UseGuards(JsonBodyGuard)
@Controller('webhooks')
export class DeliveriesController {
  constructor(
    private readonly log: DeliveryLog,
    private readonly redelivery: Redelivery,
  ) {}

  @Get('deliveries/:delivery_id')
  @ApiCall(DELIVERY_CALLS.delivery)
  delivery(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    return this.log.get(id);
  }

  @Post('deliveries/:delivery_id/redeliver')
  @HttpCode(202)
  @ApiCall(DELIVERY_CALLS.redeliver)
  async redeliver(@Param('delivery_id') id: string): Promise<DeliveryResponse> {
    await this.redelivery.redeliver(id);
    return this.log.get(id);
  }

  @Post(':id/test')
  @HttpCode(202)
  @ApiCall(DELIVERY_CALLS.test)
  async test(@Param('id') id: string): Promise<DeliveryResponse> {
    return this.log.get(await this.redelivery.ping(id));
  }

  @Get(':id/deliveries')
  @ApiCall(DELIVERY_CALLS.deliveries)
  deliveries(@Param('id') id: string, @Query() query: DeliveriesQuery): Promise<DeliveryPageResponse> {
    return this.log.ofSubscription(id, query.status, query.limit, beforeOf(query));
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiCall(DELIVERY_CALLS.replay)
  async replay(
    @Param('id') id: string,
    @Body(NO_OTHER_FIELDS) { since }: ReplayBody,
  ): Promise<ReplayResponse> {
    return { replayed: await this.redelivery.replay(id, Date.parse(since)) };
  }
}
