import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, execute } from '../database/database.js';
import { isServer } from '../database/statements/locking.js';
import { AppError } from '../errors/app-error.js';
import type { Principal } from '../http/guards/principal.js';

const SECOND = 1000;
const DAY_MS = 86_400_000;

/** Images end all the time: who has too many open ones may look again soon. */
const OPEN_AGAIN_MS = 30 * SECOND;

const OPEN_IMAGES = `
  SELECT COALESCE(SUM(image_count - done_count - failed_count), 0) AS total FROM requests
  WHERE owner_key = ? AND status IN ('Pending', 'Processing', 'Retrying')`;

const STORED_BYTES = `SELECT COALESCE(SUM(bytes), 0) AS total FROM files WHERE owner_key = ?`;

const ACCEPTED_TODAY =
  'SELECT COALESCE(SUM(accepted_images), 0) AS total FROM usage_days WHERE owner_key = ? AND day = ?';

const ACCEPT = `
  UPDATE usage_days SET accepted_images = accepted_images + ?
  WHERE owner_key = ? AND day = ? AND accepted_images + ? <= ?`;

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** What quotas are compared with. */
export interface Used {
  images_per_day: number;
  open_images: number;
  stored_bytes: number;
}

/** Keeps owners within the quotas of the keys that they call with. */
@Injectable()
export class QuotaKeeper {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Counts the images of a new request, as the last thing in the transaction that publishes it. The row of the owner's day
   * is locked from then to its end, which is not long: of several requests at once each one sees those before it.
   * @throws AppError `QUOTA_EXCEEDED` (429, with a time to wait), `STORED_BYTES_EXCEEDED` (403)
   */
  async accept(manager: EntityManager, { ownerKey, quotas }: Principal, images: number): Promise<void> {
    const now = this.clock.now();
    const day = dayOf(now);
    await openDay(manager, ownerKey, day);
    const perDay = quotas.images_per_day ?? NO_LIMIT;
    const counted = await execute(manager, ACCEPT, [images, ownerKey, day, images, perDay]);
    if (counted !== 1) throw perDayExceeded(perDay, images, now);
    if (quotas.open_images !== undefined) {
      const open = await totalOf(manager, OPEN_IMAGES, [ownerKey]);
      if (open > quotas.open_images) throw openExceeded(quotas.open_images, open - images, images);
    }
    if (quotas.stored_bytes !== undefined) {
      const stored = await totalOf(manager, STORED_BYTES, [ownerKey]);
      if (stored >= quotas.stored_bytes) throw new AppError('STORED_BYTES_EXCEEDED');
    }
  }

  /** What the owner uses of everything that can be limited. */
  async used(ownerKey: number): Promise<Used> {
    const { manager } = this.database;
    return {
      images_per_day: await totalOf(manager, ACCEPTED_TODAY, [ownerKey, dayOf(this.clock.now())]),
      open_images: await totalOf(manager, OPEN_IMAGES, [ownerKey]),
      stored_bytes: await totalOf(manager, STORED_BYTES, [ownerKey]),
    };
  }
}

/** The day of an instant, such as `2026-01-31` (UTC). */
export function dayOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/** Makes the row of an owner's day where there is none. */
export async function openDay(manager: EntityManager, ownerKey: number, day: string): Promise<void> {
  const orNothing = isServer(manager) ? 'ON DUPLICATE KEY UPDATE day = day' : 'ON CONFLICT DO NOTHING';
  await manager.query(
    `INSERT INTO usage_days (owner_key, day, requests, images, input_bytes, output_bytes, accepted_images)
     VALUES (?, ?, 0, 0, 0, 0, 0) ${orNothing}`,
    [ownerKey, day],
  );
}

async function totalOf(manager: EntityManager, sql: string, parameters: unknown[]): Promise<number> {
  const [{ total }] = await manager.query<[{ total: number | string }]>(sql, parameters);
  return Number(total);
}

function perDayExceeded(limit: number, images: number, now: number): AppError {
  const message = `This key may bring ${limit} images a day (UTC); these ${images} are too many for today.`;
  return new AppError('QUOTA_EXCEEDED', message, { retryAfterMs: DAY_MS - (now % DAY_MS) });
}

function openExceeded(limit: number, open: number, images: number): AppError {
  const message = `This key may have ${limit} images open; ${open} are, and these ${images} are too many.`;
  return new AppError('QUOTA_EXCEEDED', message, { retryAfterMs: OPEN_AGAIN_MS });
}
