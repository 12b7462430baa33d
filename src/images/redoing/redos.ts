import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { QuotaKeeper } from '../../access/quotas.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { RedoEntity, type RedoState, type RedoWish } from '../../database/entities/redos/redo.entity.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../../http/guards/principal.js';
import { RequestsService } from '../../requests/requests.service.js';
import { Files } from '../../stored-files/files.js';
import { dropSource, type ImagePlace } from '../../stored-files/kept-files.js';
import { ImageJobs } from '../image-jobs.js';
import {
  dropPrevious,
  filesOf,
  isMoved,
  readPrevious,
  readVersion,
  replaceVersion,
} from './image-version.js';
import { KeptSources } from '../processing/kept-sources.js';
import { isThere } from './redo-settlement.js';
import { afterUndo, isSameWish, isUndone, notedWish, readWish } from './redo-wish.js';

const IN_WORK: RedoState[] = ['pending', 'processing'];

/** As before the first try; the fencing token goes on. */
const ANEW = {
  failures: 0,
  busyTries: 0,
  crashes: 0,
  errorCode: null,
  errorMessage: null,
  errorRetryable: null,
};

/** Takes wishes to make done images anew, and undoes what came of them. */
@Injectable()
export class Redos {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly requests: RequestsService,
    private readonly files: Files,
    private readonly quotas: QuotaKeeper,
    private readonly jobs: ImageJobs,
    private readonly sources: KeptSources,
  ) {}

  /**
   * Notes that an image is to be made anew, which a worker does soon. It counts among the images that the caller may bring a day. The
   * same wish as the one that is in work changes nothing.
   * @throws AppError `REQUEST_NOT_FOUND`, `REQUEST_NOT_FINISHED`, `IMAGE_NOT_FOUND`, `IMAGE_NOT_DONE`, `REDO_IN_WORK`,
   * `SOURCE_GONE`, `QUOTA_EXCEEDED`, `STORED_BYTES_EXCEEDED`
   */
  async ask(request: RequestEntity, number: number, wish: RedoWish, caller: Principal): Promise<void> {
    const place = { requestKey: request.key, number };
    const needsHeaders = !wish.url && request.hadImageHeaders === 1 && !(await this.sources.find(place));
    await this.changing(place, async (manager) => {
      const known = await manager.findOneBy(RedoEntity, place);
      if (known && IN_WORK.includes(known.state)) {
        if (isSameWish(readWish(known.wish), wish)) return;
        throw new AppError('REDO_IN_WORK');
      }
      if (needsHeaders) throw new AppError('SOURCE_GONE');
      const text = notedWish(wish, known);
      const columns = { wish: text, state: 'pending' as const, dueAt: this.clock.now(), ...ANEW };
      if (known) await manager.update(RedoEntity, place, columns);
      else await manager.insert(RedoEntity, { ...place, ...columns });
      await this.quotas.accept(manager, caller, 1);
    });
    void this.jobs.enqueue(place.requestKey);
  }

  /**
   * Makes an image be what it was before the latest redo that succeeded; where a redo had made that, it is the latest again. Doing it
   * twice is doing it once.
   * @throws AppError `REQUEST_NOT_FOUND`, `REQUEST_NOT_FINISHED`, `IMAGE_NOT_FOUND`, `IMAGE_NOT_DONE`, `REDO_IN_WORK`,
   * `NOTHING_TO_UNDO`
   */
  async undo(place: ImagePlace): Promise<void> {
    await this.changing(place, async (manager) => {
      const redo = await manager.findOneBy(RedoEntity, place);
      if (redo && IN_WORK.includes(redo.state)) throw new AppError('REDO_IN_WORK');
      if (redo && isUndone(redo)) return;
      await this.restore(manager, place, redo);
    });
  }

  private async restore(manager: EntityManager, place: ImagePlace, redo: RedoEntity | null): Promise<void> {
    const present = await readVersion(manager, place);
    const previous = await readPrevious(manager, place);
    if (!redo || !present || !previous) throw new AppError('NOTHING_TO_UNDO');
    await this.files.lock(manager, [...filesOf(previous), ...filesOf(present)]);
    await replaceVersion(manager, place, present, previous);
    await dropPrevious(manager, place);
    await manager.update(RedoEntity, place, { ...ANEW, ...afterUndo(redo) });
    const dropped = isMoved(present, previous) ? await dropSource(manager, place) : [];
    await this.files.release(manager, [...filesOf(present), ...dropped]);
  }

  /** In a transaction that has locked the request, of an image that may be made anew. */
  private changing(place: ImagePlace, work: (manager: EntityManager) => Promise<void>): Promise<void> {
    return this.database.transaction(
      async (manager) => {
        const request = (await this.requests.lock(manager, [place.requestKey])).get(place.requestKey);
        if (!isThere(request)) throw new AppError('REQUEST_NOT_FOUND');
        const image = await manager.findOneBy(ImageEntity, place);
        if (!image) throw new AppError('IMAGE_NOT_FOUND');
        if (request.completedAt === null) throw new AppError('REQUEST_NOT_FINISHED');
        if (image.status !== 'done') throw new AppError('IMAGE_NOT_DONE');
        await work(manager);
      },
      { isUrgent: true },
    );
  }
}
