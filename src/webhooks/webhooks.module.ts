import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { EndpointHealth } from './endpoint-health.service.js';
import { WebhookDeliveries } from './webhook-deliveries.service.js';
import { WebhookDispatcher } from './webhook-dispatcher.service.js';
import { WebhookEvents } from './webhook-events.service.js';
import { WebhookHistory } from './webhook-history.service.js';
import { WebhookSecrets } from './webhook-secrets.service.js';
import { WebhookSender } from './webhook-sender.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksProcessor } from './webhooks.processor.js';
import { WebhooksService } from './webhooks.service.js';

/** From something that happened to a receiver who was told of it. */
@Module({
  imports: [OutboundModule],
  controllers: [WebhooksController],
  providers: [
    EndpointHealth,
    WebhookDeliveries,
    WebhookDispatcher,
    WebhookEvents,
    WebhookHistory,
    WebhookSecrets,
    WebhookSender,
    WebhooksProcessor,
    WebhooksService,
  ],
  exports: [WebhookDeliveries, WebhookDispatcher, WebhookEvents, WebhookHistory],
})
export class WebhooksModule {}
