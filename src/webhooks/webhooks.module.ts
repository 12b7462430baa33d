import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { EndpointHealth } from './subscriptions/endpoint-health.js';
import { WebhookDeliveries } from './delivery/webhook-deliveries.js';
import { WebhookDispatcher } from './delivery/webhook-dispatcher.js';
import { WebhookEvents } from './webhook-events.js';
import { WebhookHistory } from './subscriptions/webhook-history.js';
import { WebhookSecrets } from './subscriptions/webhook-secrets.js';
import { WebhookSender } from './delivery/webhook-sender.js';
import { WebhooksController } from './subscriptions/webhooks.controller.js';
import { WebhooksProcessor } from './delivery/webhooks.processor.js';
import { WebhooksService } from './subscriptions/webhooks.service.js';

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
