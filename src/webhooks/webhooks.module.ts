import { Module } from '@nestjs/common';
import { OutboundModule } from '../outbound/outbound.module.js';
import { RequestsModule } from '../requests/requests.module.js';
import { DeliveriesController } from './delivery/api/deliveries.controller.js';
import { DeliveryLog } from './delivery/delivery-log.js';
import { DueDeliveries } from './delivery/due-deliveries.js';
import { EventRetention } from './delivery/event-retention.js';
import { Redelivery } from './delivery/redelivery.js';
import { RequestWebhooksController } from './delivery/api/request-webhooks.controller.js';
import { WebhookDeliveries } from './delivery/webhook-deliveries.js';
import { WebhookDispatcher } from './delivery/webhook-dispatcher.js';
import { WebhookFanOut } from './delivery/webhook-fan-out.js';
import { WebhookSender } from './delivery/webhook-sender.js';
import { WebhooksProcessor } from './delivery/webhooks.processor.js';
import { EndpointHealth } from './subscriptions/endpoint-health.js';
import { Resealing } from './subscriptions/resealing.js';
import { SubscriptionsService } from './subscriptions/subscriptions.service.js';
import { UploadWebhooks } from './subscriptions/upload-webhooks.js';
import { WebhookSecrets } from './subscriptions/webhook-secrets.js';
import { WebhooksController } from './subscriptions/webhooks.controller.js';

/** Passes events on to receivers: who asks for which (`subscriptions/`), and how they get them (`delivery/`). */
@Module({
  imports: [OutboundModule, RequestsModule],
  controllers: [WebhooksController, DeliveriesController, RequestWebhooksController],
  providers: [
    EndpointHealth,
    Resealing,
    SubscriptionsService,
    UploadWebhooks,
    WebhookSecrets,
    DeliveryLog,
    DueDeliveries,
    EventRetention,
    Redelivery,
    WebhookDeliveries,
    WebhookDispatcher,
    WebhookFanOut,
    WebhookSender,
    WebhooksProcessor,
  ],
  exports: [UploadWebhooks, WebhookDeliveries, WebhookDispatcher],
})
export class WebhooksModule {}
