import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import { byPrimaryKey } from '../../database/statements/locking.js';
import type { ImageStatus } from '../../database/entities/image.entity.js';

/** Images of a request among which those that are due are looked for in one statement. */
const LOOKED_AT_ONCE = 20_000;

/** Rows that one statement changes: some milliseconds of the event loop with SQLite. */
const CHANGED_AT_ONCE = 500;

/** Two seeks in an index. */
const RANGE = `
  SELECT (SELECT MIN(number) FROM images WHERE request_key = ? AND status = ?) AS first,
    (SELECT MAX(number) FROM images WHERE request_key = ? AND status = ?) AS last`;

const OVERDUE = `
  SELECT number FROM images
  WHERE request_key = ? AND status = ? AND number >= ? AND number < ? AND due_at <= ? ORDER BY number`;

/**
 * Finds the images of a request whose time has come: leases that ran out, retries that are due. They are looked for without
 * a lock, and changed by their primary key; any number of processes may do it at once.
 */
@Injectable()
export class OverdueImages {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Makes images pending again whose lease ran out because their worker died. `evenIfAlive`: leases that have not run out too, for
   * when no worker can be alive.
   * @returns how many
   */
  releaseExpired(requestKey: number, evenIfAlive = false): Promise<number> {
    const before = evenIfAlive ? Number.MAX_SAFE_INTEGER : this.clock.now();
    const crashes = ', crashes = CASE WHEN crashes = 0 THEN 1 ELSE crashes END';
    return this.makePending(requestKey, 'processing', before, crashes);
  }

  /** Makes images pending again whose time for another try has come. @returns how many */
  wakeDue(requestKey: number): Promise<number> {
    return this.makePending(requestKey, 'waiting', this.clock.now(), '');
  }

  /** Looks at a part of the request at a time: with SQLite nothing else happens while a statement runs. */
  private async makePending(
    requestKey: number,
    status: ImageStatus,
    before: number,
    assignments: string,
  ): Promise<number> {
    const { manager } = this.database;
    const key = [requestKey, status];
    const [range] = await manager.query<[{ first: number | null; last: number | null }]>(RANGE, [
      ...key,
      ...key,
    ]);
    let changed = 0;
    for (let from = range.first ?? Infinity; from <= range.last!; from += LOOKED_AT_ONCE) {
      const parameters = [requestKey, status, from, from + LOOKED_AT_ONCE, before];
      const rows = await manager.query<{ number: number }[]>(OVERDUE, parameters);
      for (let at = 0; at < rows.length; at += CHANGED_AT_ONCE) {
        const numbers = rows.slice(at, at + CHANGED_AT_ONCE).map(({ number }) => number);
        const isOverdue = `request_key = ? AND number IN (${numbers.map(() => '?').join(', ')}) AND due_at <= ? AND status = ?`;
        changed += await this.database.write((writer) =>
          execute(
            writer,
            `UPDATE ${byPrimaryKey(writer, 'images')} SET status = 'pending'${assignments} WHERE ${isOverdue}`,
            [requestKey, ...numbers, before, status],
          ),
        );
      }
      await setImmediate(); // with SQLite nothing else happens in between
    }
    return changed;
  }
}
