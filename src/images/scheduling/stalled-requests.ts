import { Inject, Injectable, Logger } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import type { ImageStatus } from '../../database/entities/image.entity.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import { ImageSettlement } from './image-settlement.js';
import { RepeatedImages } from './repeated-images.js';

const HOUR = 3_600_000;

/** Images settled in one transaction: some milliseconds of the event loop with SQLite. */
const SETTLED_AT_ONCE = 256;

const OPEN: ImageStatus[] = ['pending', 'waiting', 'processing'];

const NEXT = `
  SELECT number, host FROM images WHERE request_key = ? AND status = ? ORDER BY number LIMIT ${SETTLED_AT_ONCE}`;

/** Ends requests that nothing moves any more, so that none lives for ever. */
@Injectable()
export class StalledRequests {
  private readonly logger = new Logger(StalledRequests.name);

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Fails all open images of a request of which none was settled for `MAX_REQUEST_HOURS`, also those that are claimed.
   * @returns false where it is not that old, and nothing was changed
   */
  async end({ key, id, movedAt }: Pick<RequestEntity, 'key' | 'id' | 'movedAt'>): Promise<boolean> {
    if (this.clock.now() - movedAt < this.settings.MAX_REQUEST_HOURS * HOUR) return false;
    this.logger.warn(
      `request ${id}: no image was settled for ${this.settings.MAX_REQUEST_HOURS} hours, ended`,
    );
    for (const status of OPEN) while (await this.failSome(key, status)) await setImmediate();
    return true;
  }

  /** @returns whether there may be more */
  private async failSome(requestKey: number, status: ImageStatus): Promise<boolean> {
    const { code, message, retryable } = new AppError('REQUEST_STALLED');
    const { manager } = this.database;
    const images = await manager.query<{ number: number; host: number }[]>(NEXT, [requestKey, status]);
    const failures = images.map((image) => ({ ...image, code, message, retryable }));
    await this.settlement.failUnclaimed(requestKey, failures, OPEN);
    await this.repeats.settle(
      requestKey,
      images.map(({ number }) => number),
    );
    return images.length === SETTLED_AT_ONCE;
  }
}
