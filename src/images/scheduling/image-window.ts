import { Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { In, LessThanOrEqual } from 'typeorm';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { type Job, JobQueue } from '../../queue/job-queue.js';
import { RefusedImages } from './refused-images.js';

/**
 * Most images of one request in the queue or in work at a time. Bounds what lies in Redis, and what a small request
 * that comes after a huge one has to wait for; enough for four workers' downloads.
 */
export const MAX_WINDOW = 512;
/** The window moves when there is room for so many images, or for all that are left. */
const MIN_STEP = MAX_WINDOW / 4;
const TOP_UP_AFTER_MS = 50;

/** Images looked at, and settled where they are refused, in one transaction: some milliseconds of the event loop. */
const LOOKED_AT_ONCE = 256;
/** Such looks of one call: other requests have their turn, and a process that stops need not wait for long. */
const MAX_LOOKS = 16;

/** Deferrals are gathered for so long, since one statement for many images costs little more than for one … */
const DEFER_AFTER_MS = 50;
/** … and their times rounded up to multiples of this. */
const DEFER_STEP_MS = 250;

const NEXT_PENDING = `
  SELECT number, input_url AS inputUrl FROM images
  WHERE request_key = ? AND status = 'pending' AND number > ? ORDER BY number LIMIT ${LOOKED_AT_ONCE}`;

const PENDING_BETWEEN = `
  SELECT number, attempt FROM images
  WHERE request_key = ? AND status = 'pending' AND number BETWEEN ? AND ? ORDER BY number`;

/** What is needed of a request here; its layout and options can be long. */
const COLUMNS = {
  key: true,
  status: true,
  imageCount: true,
  enqueuedCount: true,
  repeatCount: true,
} as const;

type WindowedRequest = Pick<RequestEntity, keyof typeof COLUMNS>;

interface NextImage {
  number: number;
  inputUrl: string;
}

type ImageJob = Job<'process-image'>;

interface JobRow {
  number: number;
  attempt: number;
}

/** Images that are deferred to the same time. */
interface Deferral {
  requestKey: number;
  dueAt: number;
  numbers: number[];
}

/**
 * Puts images into the job queue: a window of each request, which moves on as images are settled. A pending image up to
 * the end of its request's window should be in the queue.
 */
@Injectable()
export class ImageWindow {
  private readonly warning = new RepeatedWarning(new Logger(ImageWindow.name));
  private readonly scheduled = new Set<number>();
  /** By request: one call at a time, since each may settle thousands of refused images. */
  private readonly toppingUp = new Map<number, Promise<void>>();
  private deferrals = new Map<string, Deferral>();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
    private readonly refused: RefusedImages,
  ) {}

  /** Whether the queue answers, and whether it holds no jobs at all. */
  async queueState(): Promise<{ isQueueAway: boolean; isQueueEmpty: boolean }> {
    try {
      return { isQueueAway: false, isQueueEmpty: (await this.queue.size('process-image')) === 0 };
    } catch (error) {
      this.warning.warn((error as Error).message);
      return { isQueueAway: true, isQueueEmpty: false };
    }
  }

  /** {@link topUp} for a new request. Never fails: the reconciler enqueues what this did not. */
  async enqueue(requestKey: number): Promise<void> {
    await this.topUp(requestKey).catch((error: Error) =>
      this.warning.warn(`a request was not enqueued; the reconciler will do it: ${error.message}`),
    );
  }

  /** Calls {@link topUp} a moment later; many calls at once cost no more than one. */
  topUpSoon(requestKey: number): void {
    if (this.scheduled.has(requestKey)) return;
    this.scheduled.add(requestKey);
    setTimeout(() => {
      this.scheduled.delete(requestKey);
      this.topUp(requestKey).catch((error: Error) =>
        this.warning.warn(`jobs were not added: ${error.message}`),
      );
    }, TOP_UP_AFTER_MS).unref();
  }

  /**
   * Moves the window of a request on as far as there is room. Images with refused URLs are settled on the way, and take
   * none of it. Safe to call at any time, from any process.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`; the reconciler enqueues again what was not added
   */
  topUp(requestKey: number): Promise<void> {
    const current = this.toppingUp.get(requestKey);
    if (current) {
      this.topUpSoon(requestKey); // there may be more room than when it began
      return current;
    }
    const work = this.moveOn(requestKey).finally(() => this.toppingUp.delete(requestKey));
    this.toppingUp.set(requestKey, work);
    return work;
  }

  /** How many more images of the request may be in the queue or in work now, 0 to {@link MAX_WINDOW}. */
  async room({ key, enqueuedCount }: Pick<RequestEntity, 'key' | 'enqueuedCount'>): Promise<number> {
    const { manager } = this.database;
    const inWork = await manager.countBy(ImageEntity, { requestKey: key, status: 'processing' });
    const inQueue = await manager.countBy(ImageEntity, {
      requestKey: key,
      status: 'pending',
      number: LessThanOrEqual(enqueuedCount),
    });
    return Math.max(0, MAX_WINDOW - inWork - inQueue);
  }

  /**
   * Enqueues every image again that should be in the queue, unless somebody did so within `unlessWithinMs`: jobs that
   * the queue lost come back, those that it still has are left alone.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`
   */
  async enqueueAgain({ key, rungAt, enqueuedCount }: RequestEntity, unlessWithinMs: number): Promise<void> {
    const now = this.clock.now();
    if (now - rungAt < unlessWithinMs) return;
    const { affected } = await this.database.write((manager) =>
      manager.update(RequestEntity, { key, rungAt }, { rungAt: now }),
    );
    // In any order, so that those that failed before are not always the first again.
    if (affected === 1) await this.addJobs(shuffled(await this.jobs(key, 1, enqueuedCount)));
  }

  /**
   * Takes an unclaimed image out of the window for `delayMs`, so that others get its place. Where the process ends
   * before that is written, the image is still in the window.
   */
  defer(requestKey: number, number: number, delayMs: number): void {
    if (this.deferrals.size === 0) setTimeout(() => void this.writeDeferrals(), DEFER_AFTER_MS).unref();
    const dueAt = Math.ceil((this.clock.now() + delayMs) / DEFER_STEP_MS) * DEFER_STEP_MS;
    const name = `${requestKey} ${dueAt}`;
    const deferral = this.deferrals.get(name) ?? { requestKey, dueAt, numbers: [] };
    this.deferrals.set(name, deferral);
    deferral.numbers.push(number);
  }

  private async moveOn(requestKey: number): Promise<void> {
    const { manager } = this.database;
    const request = await manager.findOne(RequestEntity, { select: COLUMNS, where: { key: requestKey } });
    if (!request || request.enqueuedCount >= request.imageCount) return;

    const { enqueuedCount } = request;
    const room = await this.room(request);
    if (room < Math.min(MIN_STEP, request.imageCount - enqueuedCount)) return;

    const { end, isRoomLeft } = await this.findEnd(request, room);
    const { affected } = await this.database.write((writer) =>
      writer.update(
        RequestEntity,
        { key: requestKey, enqueuedCount },
        { enqueuedCount: end, rungAt: this.clock.now() },
      ),
    );
    if (affected === 1) await this.addJobs(await this.jobs(requestKey, enqueuedCount + 1, end));
    if (isRoomLeft) this.topUpSoon(requestKey);
  }

  /**
   * The number up to which `room` more images are in the window: repeats and settled images don't count. `isRoomLeft`:
   * so many were refused that the next call has to go on with the images behind them.
   */
  private async findEnd(
    request: WindowedRequest,
    room: number,
  ): Promise<{ end: number; isRoomLeft: boolean }> {
    let end = request.enqueuedCount;
    let count = 0;
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const images = await this.database.manager.query<NextImage[]>(NEXT_PENDING, [request.key, end]);
      const open = await this.refused.settle(request, images);
      if (count + open.length >= room) return { end: open[room - count - 1], isRoomLeft: false };
      if (images.length < LOOKED_AT_ONCE) return { end: request.imageCount, isRoomLeft: false };
      count += open.length;
      end = images.at(-1)!.number;
      await setImmediate(); // with SQLite nothing else happens in between
    }
    return { end, isRoomLeft: true };
  }

  private async jobs(requestKey: number, first: number, last: number): Promise<ImageJob[]> {
    const parameters = [requestKey, first, last];
    const images = await this.database.manager.query<JobRow[]>(PENDING_BETWEEN, parameters);
    return images.map(({ number, attempt }) => ({
      // With the attempt in it, a job of an earlier claim that the queue still holds is no obstacle.
      id: `${requestKey}-${number}-${attempt}`,
      data: { requestKey, number },
    }));
  }

  private addJobs(jobs: ImageJob[]): Promise<void> {
    return this.queue.add('process-image', jobs);
  }

  /** Never fails: what was not written is still in the window. */
  private async writeDeferrals(): Promise<void> {
    const deferrals = [...this.deferrals.values()];
    this.deferrals = new Map();
    for (const { requestKey, dueAt, numbers } of deferrals) {
      const where = { requestKey, number: In(numbers), status: 'pending' as const };
      await this.database
        .write((manager) => manager.update(ImageEntity, where, { status: 'waiting', dueAt }))
        .catch((error: Error) => this.warning.warn(`images were not deferred: ${error.message}`));
      this.topUpSoon(requestKey);
    }
  }
}

/** Fisher and Yates' shuffle, in place. */
function shuffled<T>(items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [items[at], items[other]] = [items[other], items[at]];
  }
  return items;
}
