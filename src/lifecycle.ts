import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { settings, type Settings } from './config/settings.js';
import { Heartbeat } from './health/heartbeat.js';
import { Readiness } from './health/readiness.js';
import { ImageProcessor } from './images/processing/image-processor.js';
import { RedoRounds } from './images/redoing/redo-rounds.js';
import { Reconciler } from './images/scheduling/reconciler.js';
import { RequestTurns } from './images/scheduling/request-turns.js';
import { JobQueue } from './queue/job-queue.js';
import { RequestRemoval } from './requests/removal/request-removal.js';
import { Retention } from './requests/removal/retention.js';
import { FileSweeper } from './stored-files/file-sweeper.js';
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
    private readonly heartbeat: Heartbeat,
    private readonly queue: JobQueue,
    private readonly turns: RequestTurns,
    private readonly redos: RedoRounds,
    private readonly images: ImageProcessor,
    private readonly reconciler: Reconciler,
    private readonly removal: RequestRemoval,
    private readonly retention: Retention,
    private readonly sweeper: FileSweeper,
    private readonly deliveries: WebhookDeliveries,
    private readonly dispatcher: WebhookDispatcher,
  ) {}

  /** Starts the heartbeat, and taking jobs, in processes that run jobs. Call it once, after the HTTP server, whose start may fail. */
  async start(): Promise<void> {
    await this.heartbeat.start();
    if (!this.settings.runsJobs) return;
    await this.reconciler.start();
    await this.dispatcher.start();
    this.turns.start();
    this.redos.start();
    this.removal.start();
    this.retention.start();
    this.sweeper.start();
    this.queue.start();
  }

  /** The work stops at once; calls are answered until load balancers have noticed. */
  async beforeApplicationShutdown(): Promise<void> {
    this.readiness.isStopping = true;
    await Promise.all([this.stopWork(), sleep(this.settings.DRAIN_SECONDS * SECOND)]);
    await this.queue.close();
  }

  private async stopWork(): Promise<void> {
    await this.heartbeat.stop();
    await this.reconciler.stop();
    await this.dispatcher.stop();
    await this.retention.stop();
    await this.removal.stop();
    await this.sweeper.stop();
    this.logger.log('stopping: waiting for the images in work');
    await this.turns.stop();
    await this.redos.stop();
    this.images.close();
    this.deliveries.close();
    await this.queue.stop(WEBHOOK_GRACE_MS);
    this.deliveries.abort();
    await this.images.whenIdle(GRACE_MS - WEBHOOK_GRACE_MS);
    this.images.abort();
    await Promise.all([this.queue.stop(GIVE_BACK_MS), this.images.whenIdle(GIVE_BACK_MS)]);
  }
}
