import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from './config/settings.js';
import { Readiness } from './health/readiness.js';
import { ImageProcessor } from './images/processing/image-processor.js';
import { Reconciler } from './images/scheduling/reconciler.js';
import { JobQueue } from './queue/job-queue.js';
import { WebhookDeliveries } from './webhooks/delivery/webhook-deliveries.js';
import { WebhookDispatcher } from './webhooks/delivery/webhook-dispatcher.js';

const SECOND = 1000;

/** How long the jobs under way may take to end by themselves; container platforms kill after 30 s. */
const GRACE_MS = 15 * SECOND;
/** Of that, the webhooks: a receiver that takes longer most likely hangs, and will get it again. */
const WEBHOOK_GRACE_MS = 5 * SECOND;
/** How long they may take to give their images and deliveries back after that. */
const GIVE_BACK_MS = 5 * SECOND;

/**
 * The working half of a process: takes jobs while it runs, and in the end stops in the one order that loses nothing.
 * All of it happens before Nest lets go of connections (`onApplicationShutdown` has no order of its own).
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

  /** Begins to work, where this process does. After the start of the HTTP side, which may fail. */
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
