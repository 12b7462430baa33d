import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../database/database.js';
import { byPrimaryKey, forUpdate } from '../../database/statements/locking.js';
import { RequestsService } from '../../requests/requests.service.js';

/**
 * Cancels requests. One UPDATE of the request; no row of an image is touched, however many there are: claims leave the images
 * of a cancelled request alone, and readers show them as `cancelled`. Images at work end and count.
 */
@Injectable()
export class Cancelling {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestsService,
  ) {}

  /** Does nothing to a request that has ended, or was cancelled before. */
  cancel(requestKey: number): Promise<void> {
    return this.database.transaction(async (manager) => {
      await this.requests.lock(manager, [requestKey]);
      if (!(await this.requests.cancel(manager, requestKey))) return;
      await this.endIfIdle(manager, requestKey);
    });
  }

  /** Ends a cancelled request of which no image is at work any more. Calling it again does nothing. */
  end(requestKey: number): Promise<void> {
    return this.database.transaction(async (manager) => {
      await this.requests.lock(manager, [requestKey]);
      await this.endIfIdle(manager, requestKey);
    });
  }

  /**
   * Claims lock the hosts of their images first, so when all hosts are locked, none is under way: what it took is seen, and
   * the next one sees that the request is cancelled.
   */
  private async endIfIdle(manager: EntityManager, requestKey: number): Promise<void> {
    const hosts = byPrimaryKey(manager, 'request_hosts');
    await manager.query(
      `SELECT number FROM ${hosts} WHERE request_key = ? ORDER BY number${forUpdate(manager)}`,
      [requestKey],
    );
    await this.requests.endIfIdle(manager, requestKey);
  }
}
