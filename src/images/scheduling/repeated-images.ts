import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { type EntityManager, In } from 'typeorm';
import { Database } from '../../database/database.js';
import { ImageEntity, type ImageStatus } from '../../database/entities/image.entity.js';
import { ImageSettlement } from './image-settlement.js';

/** Rows of a transaction: some milliseconds of the event loop with SQLite. */
const SETTLED_AT_ONCE = 500;

/** The first of them: to find all their firsts, a million rows would be read. The next round takes the next ones. */
const LEFT_OVER = `
  SELECT same_as AS sameAs FROM images WHERE request_key = ? AND status = 'repeat'
  ORDER BY number LIMIT ${SETTLED_AT_ONCE}`;

/** Settles the images that have the same URL as one before them: it is fetched once, and every cell is filled. */
@Injectable()
export class RepeatedImages {
  constructor(
    private readonly database: Database,
    private readonly settlement: ImageSettlement,
  ) {}

  /**
   * Settles all images with the URL of the given one as that one was settled; does nothing while it is not. Calling it
   * again, or in two places at once, counts none of them twice.
   */
  async settle(requestKey: number, number: number): Promise<void> {
    const first = await this.database.manager.findOneBy(ImageEntity, { requestKey, number });
    if (first?.status !== 'done' && first?.status !== 'failed') return;
    while (await this.settleSome(first)) await setImmediate(); // with SQLite nothing else happens in between
  }

  /** As {@link settle}, for some hundred images of which few or none have repeats. */
  async settleAll(requestKey: number, numbers: number[]): Promise<void> {
    const places = numbers.map(() => '?').join(', ');
    const sql = `SELECT DISTINCT same_as AS number FROM images WHERE request_key = ? AND same_as IN (${places})`;
    const firsts = await this.database.manager.query<{ number: number }[]>(sql, [requestKey, ...numbers]);
    for (const { number } of firsts) await this.settle(requestKey, number);
  }

  /** For a request with nothing else left to do: settles what a process left that died between an image and its repeats. */
  async settleLeftovers(requestKey: number): Promise<void> {
    if (await this.hasOpenImages(requestKey)) return;
    const repeats = await this.database.manager.query<{ sameAs: number }[]>(LEFT_OVER, [requestKey]);
    for (const number of new Set(repeats.map(({ sameAs }) => sameAs))) await this.settle(requestKey, number);
  }

  /** Some hundred repeats. @returns whether there may be more */
  private async settleSome(first: ImageEntity): Promise<boolean> {
    const { requestKey, number, inputUrl } = first;
    const repeats = await this.database.manager.find(ImageEntity, {
      select: { number: true, inputUrl: true },
      where: { requestKey, sameAs: number, status: 'repeat' },
      take: SETTLED_AT_ONCE,
    });
    const numbers = repeats.filter((image) => image.inputUrl === inputUrl).map((image) => image.number);
    const others = repeats.filter((image) => image.inputUrl !== inputUrl).map((image) => image.number);
    if (numbers.length > 0) await this.settlement.settleLike(first, numbers);
    if (others.length > 0) await this.database.write((manager) => separate(manager, requestKey, others));
    return repeats.length === SETTLED_AT_ONCE;
  }

  /** One after the other: SQLite would read the whole request for all in one. */
  private async hasOpenImages(requestKey: number): Promise<boolean> {
    for (const status of ['processing', 'pending', 'waiting'] satisfies ImageStatus[]) {
      const open = { select: { number: true }, where: { requestKey, status } } as const;
      if (await this.database.manager.findOne(ImageEntity, open)) return true;
    }
    return false;
  }
}

/** Two URLs can have the same fingerprint (see `RepeatedUrls`): then they are worked on like any other. */
async function separate(manager: EntityManager, requestKey: number, numbers: number[]): Promise<void> {
  const where = { requestKey, number: In(numbers), status: 'repeat' as const };
  await manager.update(ImageEntity, where, { status: 'pending', sameAs: null });
}
