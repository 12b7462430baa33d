import { Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Between, In, LessThanOrEqual } from 'typeorm';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { JobQueue } from '../../queue/job-queue.js';
import { RefusedImages } from './refused-images.js';

/**
 * Most images of one request in the queue or in work at a time. Bounds what lies in Redis, and what a small request
 * that comes after a huge one has to wait for; enough for four workers' downloads.
 */
export const WINDOW = 512;
const STEP = WINDOW / 4;
const TOP_UP_AFTER_MS = 50;

/** Images looked at, and settled where they are refused, in one transaction: some milliseconds of the event loop. */
const LOOKED_AT_ONCE = 256;
/** Such looks of one call: other requests have their turn, and a process that stops need not wait for long. */
const MAX_LOOKS = 16;

const NEXT_PENDING = `
  SELECT number, input_url AS inputUrl FROM images
  WHERE request_key = ? AND status = 'pending' AND number > ? ORDER BY number LIMIT ${LOOKED_AT_ONCE}`;

/** What is put aside is gathered for so long, since one statement for many images costs little more than for one. */
const ASIDE_AFTER_MS = 50;
/** … in steps of so long. */
const ASIDE_STEP_MS = 250;

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

interface Aside {
  requestKey: number;
  dueAt: number;
  numbers: number[];
}

/** Tells the job queue which images are to be worked on: a window of each request that moves on as images are settled. */
@Injectable()
export class ImageQueue {
  private readonly warning = new RepeatedWarning(new Logger(ImageQueue.name));
  private readonly scheduled = new Map<number, NodeJS.Timeout>();
  /** By request: one call at a time, since each may settle thousands of refused images. */
  private readonly toppingUp = new Map<number, Promise<void>>();
  private aside = new Map<string, Aside>();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
    private readonly refused: RefusedImages,
  ) {}

  /** Whether the queue answers, and whether it holds no jobs at all. */
  async look(): Promise<{ isQueueAway: boolean; isQueueEmpty: boolean }> {
    try {
      return { isQueueAway: false, isQueueEmpty: (await this.queue.size('process-image')) === 0 };
    } catch (error) {
      this.warning.warn((error as Error).message);
      return { isQueueAway: true, isQueueEmpty: false };
    }
  }

  /** Soon moves the request's window on; many calls at once cost no more than one. */
  topUpSoon(requestKey: number): void {
    if (this.scheduled.has(requestKey)) return;
    const timer = setTimeout(() => {
      this.scheduled.delete(requestKey);
      this.topUp(requestKey).catch(({ message }: Error) =>
        this.warning.warn(`jobs were not added: ${message}`),
      );
    }, TOP_UP_AFTER_MS);
    this.scheduled.set(requestKey, timer.unref());
  }

  /**
   * Moves the request's window on as far as there is room. Images with refused URLs are settled on the way, and take
   * none of it. Safe to call at any time, from any process.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`; the reconciler rings again for what was not added
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

  private async moveOn(requestKey: number): Promise<void> {
    const { manager } = this.database;
    const request = await manager.findOne(RequestEntity, { select: COLUMNS, where: { key: requestKey } });
    if (!request || request.enqueuedCount >= request.imageCount) return;

    const { enqueuedCount } = request;
    const room = await this.room(request);
    if (room < Math.min(STEP, request.imageCount - enqueuedCount)) return;

    const { moved, isRoomLeft } = await this.edge(request, room);
    const { affected } = await this.database.write((writer) =>
      writer.update(
        RequestEntity,
        { key: requestKey, enqueuedCount },
        { enqueuedCount: moved, rungAt: this.clock.now() },
      ),
    );
    if (affected === 1) await this.ring(requestKey, enqueuedCount + 1, moved);
    if (isRoomLeft) this.topUpSoon(requestKey);
  }

  /**
   * Takes an unclaimed image out of the line for `delayMs`, so that others get its place. Where the process ends before
   * that is written, the image is still in line.
   */
  putAside(requestKey: number, number: number, delayMs: number): void {
    if (this.aside.size === 0) setTimeout(() => void this.writeAside(), ASIDE_AFTER_MS).unref();
    const dueAt = Math.ceil((this.clock.now() + delayMs) / ASIDE_STEP_MS) * ASIDE_STEP_MS;
    const name = `${requestKey} ${dueAt}`;
    const group = this.aside.get(name) ?? { requestKey, dueAt, numbers: [] };
    this.aside.set(name, group);
    group.numbers.push(number);
  }

  /**
   * The number up to which `room` more images are in line: repeats and what is settled don't count. `isRoomLeft`: there
   * are more images, and so many were refused that the next call has to go on with them.
   */
  private async edge(
    request: WindowedRequest,
    room: number,
  ): Promise<{ moved: number; isRoomLeft: boolean }> {
    const { key, enqueuedCount, imageCount } = request;
    let moved = enqueuedCount;
    let count = 0;
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const images = await this.database.manager.query<NextImage[]>(NEXT_PENDING, [key, moved]);
      const open = await this.refused.settle(request, images);
      if (count + open.length >= room) return { moved: open[room - count - 1], isRoomLeft: false };
      if (images.length < LOOKED_AT_ONCE) return { moved: imageCount, isRoomLeft: false };
      count += open.length;
      moved = images.at(-1)!.number;
      await setImmediate(); // with SQLite nothing else happens in between
    }
    return { moved, isRoomLeft: true };
  }

  /** How many more of the request's images may be put in line now, 0 to {@link WINDOW}. */
  async room({ key, enqueuedCount }: Pick<RequestEntity, 'key' | 'enqueuedCount'>): Promise<number> {
    const { manager } = this.database;
    const inWork = await manager.countBy(ImageEntity, { requestKey: key, status: 'processing' });
    const inLine = await manager.countBy(ImageEntity, {
      requestKey: key,
      status: 'pending',
      number: LessThanOrEqual(enqueuedCount),
    });
    return Math.max(0, WINDOW - inWork - inLine);
  }

  /**
   * Tells the queue again of every image that should be in it, if nobody did so for `unlessWithinMs`: jobs that the
   * queue lost come back, those that it still has are left alone.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`
   */
  async ringAgain({ key, rungAt, enqueuedCount }: RequestEntity, unlessWithinMs: number): Promise<void> {
    const now = this.clock.now();
    if (now - rungAt < unlessWithinMs) return;
    const { affected } = await this.database.write((manager) =>
      manager.update(RequestEntity, { key, rungAt }, { rungAt: now }),
    );
    if (affected === 1) await this.ring(key, 1, enqueuedCount, true);
  }

  /** Never fails: what was not written is still in line. */
  private async writeAside(): Promise<void> {
    const groups = [...this.aside.values()];
    this.aside = new Map();
    for (const { requestKey, dueAt, numbers } of groups) {
      const where = { requestKey, number: In(numbers), status: 'pending' as const };
      await this.database
        .write((manager) => manager.update(ImageEntity, where, { status: 'waiting', dueAt }))
        .catch(({ message }: Error) => this.warning.warn(`images were not put aside: ${message}`));
      this.topUpSoon(requestKey);
    }
  }

  /** `isMixed`: in any order, so that those that failed before are not always the first again. */
  private async ring(requestKey: number, first: number, last: number, isMixed = false): Promise<void> {
    const images = await this.database.manager.find(ImageEntity, {
      select: { number: true, attempt: true },
      where: { requestKey, status: 'pending', number: Between(first, last) },
      order: { number: 'ASC' },
    });
    const jobs = images.map(({ number, attempt }) => ({
      // With the attempt in it, a job of an earlier claim that the queue still holds is no obstacle.
      id: `${requestKey}-${number}-${attempt}`,
      data: { requestKey, number },
    }));
    await this.queue.add('process-image', isMixed ? mixed(jobs) : jobs);
  }
}

/** Fisher and Yates' shuffle. */
function mixed<T>(items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [items[at], items[other]] = [items[other], items[at]];
  }
  return items;
}
