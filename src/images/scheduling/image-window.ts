import { Injectable, Logger } from '@nestjs/common';
import { Between, In, LessThanOrEqual, MoreThan } from 'typeorm';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import { JobQueue } from '../../queue/job-queue.js';

/**
 * Most images of one request in the queue or in work at a time. Bounds what lies in Redis, and what a small request
 * that comes after a huge one has to wait for; enough for four workers' downloads.
 */
export const WINDOW = 512;
const STEP = WINDOW / 4;
const TOP_UP_AFTER_MS = 50;

/** What is put aside is gathered for so long, since one statement for many images costs little more than for one. */
const ASIDE_AFTER_MS = 50;
/** … in steps of so long. */
const ASIDE_STEP_MS = 250;

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
  private aside = new Map<string, Aside>();

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly queue: JobQueue,
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
   * Moves the request's window on as far as there is room. Safe to call at any time, from any process.
   * @throws UnavailableError `QUEUE_UNAVAILABLE`; the reconciler rings again for what was not added
   */
  async topUp(requestKey: number): Promise<void> {
    const { manager } = this.database;
    const request = await manager.findOneBy(RequestEntity, { key: requestKey });
    if (!request || request.enqueuedCount >= request.imageCount) return;

    const { enqueuedCount } = request;
    const room = await this.room(request);
    if (room < Math.min(STEP, request.imageCount - enqueuedCount)) return;

    const moved = await this.edge(request, room);
    const { affected } = await this.database.write((writer) =>
      writer.update(
        RequestEntity,
        { key: requestKey, enqueuedCount },
        { enqueuedCount: moved, rungAt: this.clock.now() },
      ),
    );
    if (affected === 1) await this.ring(requestKey, enqueuedCount + 1, moved);
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

  /** The number up to which `room` more images are in line: repeats and others that are settled don't count. */
  private async edge({ key, enqueuedCount, imageCount }: RequestEntity, room: number): Promise<number> {
    const next = await this.database.manager.find(ImageEntity, {
      select: { number: true },
      where: { requestKey: key, status: 'pending', number: MoreThan(enqueuedCount) },
      order: { number: 'ASC' },
      take: room,
    });
    return next.length < room ? imageCount : next[room - 1].number;
  }

  /** How many more of the request's images may be put in line now, 0 to {@link WINDOW}. */
  async room({ key, enqueuedCount }: RequestEntity): Promise<number> {
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
