import { Inject, Injectable, Logger } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { settings, type Settings } from '../config.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { RequestEntity } from '../database/request.entity.js';
import { RequestsService } from '../requests/requests.service.js';
import { ImageClaims } from './image-claims.service.js';
import { ImageQueue } from './image-queue.service.js';

const SECOND = 1000;
const HOUR = 3_600 * SECOND;
const EVERY_MS = 2 * SECOND;

/** An upload that took longer than this was cut off by the death of its process. */
const UPLOAD_LOST_AFTER_MS = HOUR;

/**
 * Looks every few seconds for what the queue does not know or has forgotten: images whose worker died, retries that
 * are due, jobs that were lost, requests that are settled. With an empty queue it alone finishes everything. Any
 * number of processes may do this at once.
 */
@Injectable()
export class Reconciler {
  private readonly logger = new Logger(Reconciler.name);
  private timer?: NodeJS.Timeout;
  private current: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly claims: ImageClaims,
    private readonly queue: ImageQueue,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Takes up what an earlier process left, then looks again every few seconds until {@link stop}. */
  async start(): Promise<void> {
    await this.reconcile(true);
    this.schedule();
  }

  /** Returns when the round that may be under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.current;
  }

  /** One round. `isStart`: the queue may be empty, and with the embedded database all claims are of dead processes. */
  async reconcile(isStart = false): Promise<void> {
    await this.dropLostUploads(isStart);
    const open = await this.database.manager.findBy(RequestEntity, { status: In(['Pending', 'Processing']) });
    for (const request of open) await this.reconcileRequest(request, isStart);
  }

  private async reconcileRequest(request: RequestEntity, isStart: boolean): Promise<void> {
    const released = await this.claims.releaseExpired(request.key, isStart && this.database.isEmbedded);
    if (released > 0)
      this.logger.warn(`request ${request.id}: took back ${released} images from a worker that died`);
    const due = await this.claims.wakeDue(request.key, await this.queue.room(request));
    const isNews = isStart || released + due > 0;
    await this.queue.ringAgain(request, isNews ? 0 : this.settings.LEASE_SECONDS * SECOND);
    await this.queue.topUp(request.key);
    if (request.doneCount + request.failedCount === request.imageCount)
      await this.requests.complete(request.key);
  }

  private async dropLostUploads(isStart: boolean): Promise<void> {
    const age = isStart && this.database.isEmbedded ? 0 : UPLOAD_LOST_AFTER_MS;
    const lost = await this.database.manager.findBy(RequestEntity, {
      status: 'Receiving',
      createdAt: LessThan(this.clock.now() - age),
    });
    for (const request of lost) {
      await this.requests.discard(request.key);
      this.logger.warn(`request ${request.id}: dropped an upload that was cut off`);
    }
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.current = this.reconcile()
        .catch((error: unknown) =>
          this.logger.warn('a round of reconciling failed; the next one tries again', error),
        )
        .finally(() => this.timer && this.schedule());
    }, EVERY_MS);
    this.timer.unref();
  }
}
