import { Injectable, Logger } from '@nestjs/common';
import { In, LessThan } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { UnavailableError } from '../../errors/app-error.js';
import { Rounds } from '../../concurrency/rounds.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { RepeatedImages } from './repeated-images.js';
import { RequestsService } from '../../requests/requests.service.js';
import { ImageClaims } from './image-claims.js';
import { ImageWindow } from './image-window.js';

const SECOND = 1000;
const HOUR = 3_600 * SECOND;
/** Between two rounds … */
const EVERY_MS = 2 * SECOND;
/** … where more was due than there was room for. */
const SOON_MS = SECOND / 4;

/** How often images are enqueued again that should be in the queue already. */
const ENQUEUE_AGAIN_MS = 15 * SECOND;

/** What is needed of a request here; its layout and options can be long. */
const COLUMNS = {
  ...{ key: true, id: true, imageCount: true, repeatCount: true, doneCount: true, failedCount: true },
  ...{ enqueuedCount: true, rungAt: true },
} as const;

/** An upload that took longer than this was cut off by the death of its process. */
const UPLOAD_LOST_AFTER_MS = HOUR;

/**
 * Finds every few seconds what the queue does not know or has lost: images whose worker died, retries that are due, lost
 * jobs, requests whose images are all settled. With an empty queue it alone finishes everything. Any number of
 * processes may run it at once.
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
  private isBehind = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly claims: ImageClaims,
    private readonly window: ImageWindow,
    private readonly repeats: RepeatedImages,
  ) {
    this.bornAt = clock.now();
    this.rounds = new Rounds(
      () => this.round(),
      ({ message }) => {
        this.warning.warn(`a round of reconciling failed: ${message}`);
        return EVERY_MS;
      },
    );
  }

  /**
   * Takes up what an earlier process left, then looks again every few seconds until {@link stop}. Returns before the
   * first round has ended, unless no job may begin before that.
   */
  async start(): Promise<void> {
    this.isStopping = false;
    // With the embedded database, claims are taken back whoever holds them: it must not be one of ours yet.
    if (this.database.isEmbedded) await this.reconcile(true);
    this.isStart = !this.database.isEmbedded;
    this.rounds.start(this.isStart ? 0 : EVERY_MS);
  }

  /** Returns when the round that may be under way has stopped. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.rounds.stop();
  }

  private async round(): Promise<number> {
    const { isStart } = this;
    this.isStart = false;
    await this.reconcile(isStart);
    return this.isBehind ? SOON_MS : EVERY_MS;
  }

  /** One round. `isStart`: the queue may be empty, and with the embedded database all claims are of dead processes. */
  async reconcile(isStart = false): Promise<void> {
    this.isBehind = false;
    await this.dropLostUploads(isStart);
    const open = await this.database.manager.find(RequestEntity, {
      select: COLUMNS,
      where: { status: In(['Pending', 'Processing']) },
    });
    if (open.length === 0) return;
    const round = { isStart, ...(await this.window.queueState()) };
    for (const request of open) {
      if (this.isStopping) return;
      try {
        await this.reconcileRequest(request, round);
      } catch (error) {
        this.warning.warn(`request ${request.id} was not reconciled: ${(error as Error).message}`);
      }
    }
  }

  private async reconcileRequest(request: RequestEntity, round: Round): Promise<void> {
    if (request.doneCount + request.failedCount === request.imageCount) {
      await this.requests.complete(request.key);
      return;
    }
    const released = await this.claims.releaseExpired(request.key, round.isStart && this.database.isEmbedded);
    if (released > 0)
      this.logger.warn(`request ${request.id}: took ${released} images back whose lease had run out`);
    if (request.repeatCount > 0) await this.repeats.settleLeftovers(request.key);
    const room = await this.window.room(request);
    const due = await this.claims.wakeDue(request.key, request.imageCount, room);
    if (due > 0 && due === room) this.isBehind = true;
    const isNews = round.isStart || round.isQueueEmpty || released + due > 0;
    if (!round.isQueueAway) await this.enqueue(request, isNews, round);
  }

  /** The queue takes seconds to say that it is away; once in a round is enough. */
  private async enqueue(request: RequestEntity, isNews: boolean, round: Round): Promise<void> {
    try {
      await this.window.enqueueAgain(request, isNews ? 0 : ENQUEUE_AGAIN_MS);
      await this.window.topUp(request.key);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      round.isQueueAway = true;
      this.warning.warn(`jobs were not added: ${error.message}`);
    }
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

interface Round {
  isStart: boolean;
  isQueueAway: boolean;
  /** Then whatever should be in it has been lost. */
  isQueueEmpty: boolean;
}
