import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { EventEntity } from '../../database/entities/event.entity.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** How long an event is kept with its deliveries and their log, once none of them is under way. */
export const KEPT_MS = 30 * DAY;
const SWEEP_EVERY_MS = 10 * MINUTE;
const SWEPT_AT_ONCE = 500;

const SWEEPABLE = `
  SELECT event_key AS eventKey FROM webhook_events
  WHERE created_at < ? AND NOT EXISTS (
    SELECT 1 FROM webhook_deliveries
    WHERE webhook_deliveries.event_key = webhook_events.event_key AND state IN ('pending', 'sending'))
  LIMIT ${SWEPT_AT_ONCE}`;

/** Removes old events with their deliveries. */
@Injectable()
export class EventRetention {
  private sweptAt = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Removes a part of what is too old, unless that was done in the last ten minutes. A part at a time: with SQLite nothing
   * else runs during a statement.
   */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    if (now <= this.sweptAt + SWEEP_EVERY_MS) return;
    const old = await this.database.manager.query<{ eventKey: number }[]>(SWEEPABLE, [now - KEPT_MS]);
    const keys = old.map(({ eventKey }) => eventKey);
    if (keys.length > 0)
      await this.database.write((manager) => manager.delete(EventEntity, { key: In(keys) }));
    if (keys.length < SWEPT_AT_ONCE) this.sweptAt = now;
  }
}
