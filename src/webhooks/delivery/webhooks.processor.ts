import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobQueue } from '../../queue/job-queue.js';
import { DELIVERIES_AT_ONCE } from './receiver-policy.js';
import { WebhookDeliveries } from './webhook-deliveries.js';

/** Connects the queue to {@link WebhookDeliveries}. Registered in every mode; jobs run only where the queue is started. */
@Injectable()
export class WebhooksProcessor implements OnModuleInit {
  constructor(
    private readonly queue: JobQueue,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  onModuleInit(): void {
    this.queue.handle('deliver-webhook', DELIVERIES_AT_ONCE, ({ deliveryKey }) =>
      this.deliveries.process(deliveryKey),
    );
  }
}
