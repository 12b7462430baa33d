import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobQueue } from '../queue/job-queue.js';
import { WebhookDeliveries } from './webhook-deliveries.service.js';

/** Deliveries under way at once in one worker. Nearly all of their time is waiting for receivers. */
const AT_ONCE = 128;

/** Connects the queue to {@link WebhookDeliveries}. Registered in every mode; jobs run only where the queue is started. */
@Injectable()
export class WebhooksProcessor implements OnModuleInit {
  constructor(
    private readonly queue: JobQueue,
    private readonly deliveries: WebhookDeliveries,
  ) {}

  onModuleInit(): void {
    this.queue.handle('deliver-webhook', AT_ONCE, ({ deliveryKey }) => this.deliveries.process(deliveryKey));
  }
}
