import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from './config/settings.js';
import { Readiness } from './health/readiness.js';
import { ImageProcessor } from './images/processing/image-processor.js';
import { Reconciler } from './images/scheduling/reconciler.js';
import { JobQueue } from './queue/job-queue.js';
import { WebhookDeliveries } from './webhooks/delivery/webhook-deliveries.js';
import { WebhookDispatcher } from './webhooks/delivery/webhook-dispatcher.js';

const SECOND = 1000;

/** How long running jobs may take to end by themselves; container platforms kill a process after 30 s. */
const GRACE_MS = 15 * SECOND;
/** How long of that running webhooks may take: a receiver that takes longer most likely hangs, and is called again. */
const WEBHOOK_GRACE_MS = 5 * SECOND;
/** How long the rest may take after that to release their images and deliveries to other workers. */
const GIVE_BACK_MS = 5 * SECOND;

/**
 * Starts and stops the work of a process. It stops in the one order that loses nothing, and before Nest closes the
 * connections to the database and the queue: `onApplicationShutdown` calls the modules in no fixed order.
 */
@Injectable()
export class Lifecycle implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Lifecycle.name);

  constructor(
    @Inject(settings.KEY) private readonly settings: Settings,
    private readonly readiness: Readiness,
    private readonly queue: JobQueue,
    private readonly images: ImageProcessor,
    private readonly reconciler: Reconciler,
    private readonly deliveries: WebhookDeliveries,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  /** Starts taking jobs, in processes that run jobs. Call it once, after the HTTP server, whose start may fail. */
  async start(): Promise<void> {
    if (!this.settings.runsJobs) return;
    await this.reconciler.start();
    await this.dispatcher.start();
    this.queue.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.readiness.isStopping = true;
    await this.reconciler.stop();
    await this.dispatcher.stop();
    this.logger.log('stopping: waiting for the images in work');
    this.images.close();
    this.deliveries.close();
    await this.queue.stop(WEBHOOK_GRACE_MS);
    this.deliveries.abort();
    await this.queue.stop(GRACE_MS - WEBHOOK_GRACE_MS);
    this.images.abort();
    await this.queue.stop(GIVE_BACK_MS);
    await this.queue.close();
  }
}
