import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { type EntityManager, In } from 'typeorm';
import { Database } from '../../database/database.js';
import { ImageEntity, type ImageStatus } from '../../database/entities/image.entity.js';
import { outputsOf } from '../../requests/image-outputs.js';
import { addToOpen, lockHosts } from './host-counts.js';
import { ImageSettlement } from './image-settlement.js';

/** Rows of a transaction: some milliseconds of the event loop with SQLite. */
const SETTLED_AT_ONCE = 500;

/** The first of them: to find all their firsts, a million rows would be read. The next round takes the next ones. */
const LEFT_OVER = `
  SELECT same_as AS sameAs FROM images WHERE request_key = ? AND status = 'repeat'
  ORDER BY number LIMIT ${SETTLED_AT_ONCE}`;

const REPEATS = `
  SELECT number, same_as AS sameAs, host, input_url AS inputUrl FROM images
  WHERE request_key = ? AND same_as IN (`;

type Repeat = Pick<ImageEntity, 'number' | 'host' | 'inputUrl'> & { sameAs: number };

/** Settles the images that have the same URL as one before them: it is fetched once, and every cell is filled. */
@Injectable()
export class RepeatedImages {
  constructor(
    private readonly database: Database,
    private readonly settlement: ImageSettlement,
  ) {}

  /**
   * Settles all images with the URLs of the given ones, some hundred at most, as those were settled; does nothing for one
   * that is not. Calling it again, or in two places at once, counts none of them twice.
   */
  async settle(requestKey: number, numbers: number[]): Promise<void> {
    if (numbers.length === 0) return;
    while (await this.settleSome(requestKey, numbers)) await setImmediate(); // with SQLite nothing else happens in between
  }

  /** For a request with nothing else left to do: settles what a process left that died between an image and its repeats. */
  async settleLeftovers(requestKey: number): Promise<void> {
    if (await this.hasOpenImages(requestKey)) return;
    const repeats = await this.database.manager.query<{ sameAs: number }[]>(LEFT_OVER, [requestKey]);
    await this.settle(requestKey, [...new Set(repeats.map(({ sameAs }) => sameAs))]);
  }

  /** Some hundred repeats. @returns whether there may be more */
  private async settleSome(requestKey: number, numbers: number[]): Promise<boolean> {
    const { manager } = this.database;
    const places = numbers.map(() => '?').join(', ');
    const sql = `${REPEATS}${places}) AND status = 'repeat' LIMIT ${SETTLED_AT_ONCE}`;
    const repeats = await manager.query<Repeat[]>(sql, [requestKey, ...numbers]);
    if (repeats.length === 0) return false;
    const number = In([...new Set(repeats.map(({ sameAs }) => sameAs))]);
    const settled = await manager.findBy(ImageEntity, { requestKey, number, status: In(['done', 'failed']) });
    const firsts = new Map(settled.map((first) => [first.number, first]));
    const ready = repeats.filter(({ sameAs }) => firsts.has(sameAs));
    const isLike = ({ sameAs, inputUrl }: Repeat) => firsts.get(sameAs)!.inputUrl === inputUrl;
    const outputs = await outputsOf(manager, requestKey, [...firsts.keys()]);
    const alike = ready.filter(isLike).map((repeat) => ({
      number: repeat.number,
      first: firsts.get(repeat.sameAs)!,
      outputs: outputs.get(repeat.sameAs) ?? [],
    }));
    const others = ready.filter((repeat) => !isLike(repeat));
    await this.settlement.settleLike(alike);
    if (others.length > 0)
      await this.database.transaction((transaction) => separate(transaction, requestKey, others));
    return repeats.length === SETTLED_AT_ONCE && ready.length > 0;
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
async function separate(
  manager: EntityManager,
  requestKey: number,
  images: Pick<ImageEntity, 'number' | 'host'>[],
): Promise<void> {
  await lockHosts(
    manager,
    images.map(({ host }) => ({ requestKey, host })),
  );
  for (const { number, host } of images) {
    const repeat = { requestKey, number, status: 'repeat' as const };
    const { affected } = await manager.update(ImageEntity, repeat, { status: 'pending', sameAs: null });
    if (affected === 1) await addToOpen(manager, [{ requestKey, host }], 1);
  }
}
