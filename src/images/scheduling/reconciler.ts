import { Injectable, Logger } from '@nestjs/common';
import { In, IsNull, LessThan } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { Rounds } from '../../concurrency/rounds.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { RepeatedImages } from './repeated-images.js';
import { RequestsService } from '../../requests/requests.service.js';
import { Cancelling } from './cancelling.js';
import { OverdueImages } from './overdue-images.js';
import { RequestTurns } from './request-turns.js';
import { Retrying } from '../retrying/retrying.js';
import { StalledRequests } from './stalled-requests.js';

const SECOND = 1000;
const HOUR = 3_600 * SECOND;
/** Between two rounds. */
const EVERY_MS = 2 * SECOND;

/** What is needed of a request here; its layout and options can be long. */
const COLUMNS = {
  ...{ key: true, id: true, imageCount: true, repeatCount: true, doneCount: true, failedCount: true },
  ...{ movedAt: true, status: true },
} as const;

const HAS_PENDING = `SELECT number FROM images WHERE request_key = ? AND status = 'pending' LIMIT 1`;

/** An upload that took longer than this was cut off by the death of its process. */
const UPLOAD_LOST_AFTER_MS = HOUR;

/**
 * Finds every few seconds what nobody knows or somebody has lost: images whose worker died, retries that are due, requests
 * with pending images of which this worker was not told, retries that were cut off, requests whose images are all settled. Without any queue it alone
 * finishes everything. Any number of processes may run it at once.
 */
@Injectable()
export class Reconciler {
  private readonly logger = new Logger(Reconciler.name);
  private readonly warning = new RepeatedWarning(this.logger);
  /** What was being received before is lost; since then, it may be an upload to this process. */
  private readonly bornAt: number;
  private readonly rounds: Rounds;
  private isStart = false;
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly overdue: OverdueImages,
    private readonly turns: RequestTurns,
    private readonly repeats: RepeatedImages,
    private readonly stalled: StalledRequests,
    private readonly cancelling: Cancelling,
    private readonly retrying: Retrying,
  ) {
    this.bornAt = clock.now();
    this.rounds = new Rounds(
      EVERY_MS,
      () => this.round(),
      ({ message }) => this.warning.warn(`a round of reconciling failed: ${message}`),
    );
  }

  /**
   * Takes up what an earlier process left, then looks again every few seconds until {@link stop}. Returns before the
   * first round has ended, unless no job may begin before that.
   */
  async start(): Promise<void> {
    this.isStopping = false;
    // With the embedded database, all claims are taken back: none of them may be ours yet.
    if (this.database.isEmbedded) await this.reconcile(true);
    this.isStart = !this.database.isEmbedded;
    this.rounds.start(this.isStart ? 0 : EVERY_MS);
  }

  /** Returns when the round that may be under way has stopped. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.rounds.stop();
  }

  private async round(): Promise<void> {
    const { isStart } = this;
    this.isStart = false;
    await this.reconcile(isStart);
  }

  /** One round. `isStart`: with the embedded database all claims are of dead processes. */
  async reconcile(isStart = false): Promise<void> {
    await this.dropLostUploads(isStart);
    const open = await this.database.manager.find(RequestEntity, {
      select: COLUMNS,
      where: [
        { status: In(['Pending', 'Processing', 'Retrying']) },
        { status: 'Cancelled', completedAt: IsNull() },
      ],
    });
    for (const request of open) {
      if (this.isStopping) return;
      try {
        await this.reconcileRequest(request, isStart);
      } catch (error) {
        this.warning.warn(`request ${request.id} was not reconciled: ${(error as Error).message}`);
      }
    }
  }

  private async reconcileRequest(request: RequestEntity, isStart: boolean): Promise<void> {
    if (request.status === 'Retrying') return this.retrying.goOn(request.key);
    const isCancelled = request.status === 'Cancelled';
    if (!isCancelled && request.doneCount + request.failedCount === request.imageCount) {
      await this.requests.complete(request.key);
      return;
    }
    if (!isCancelled && (await this.stalled.end(request))) return;
    const released = await this.overdue.releaseExpired(request.key, isStart && this.database.isEmbedded);
    if (released > 0)
      this.logger.warn(`request ${request.id}: took ${released} images back whose lease had run out`);
    if (isCancelled) return this.cancelling.end(request.key);
    if (request.repeatCount > 0) await this.repeats.settleLeftovers(request.key);
    await this.overdue.wakeDue(request.key);
    const pending = await this.database.manager.query<unknown[]>(HAS_PENDING, [request.key]);
    if (pending.length > 0) this.turns.join(request.key);
  }

  private async dropLostUploads(isStart: boolean): Promise<void> {
    const isOnlyProcess = isStart && this.database.isEmbedded;
    const before = isOnlyProcess ? this.bornAt : this.clock.now() - UPLOAD_LOST_AFTER_MS;
    const lost = await this.database.manager.findBy(RequestEntity, {
      status: 'Receiving',
      createdAt: LessThan(before),
    });
    for (const request of lost) {
      await this.requests.discard(request.key);
      this.logger.warn(`request ${request.id}: dropped an upload that was cut off`);
    }
  }
}
