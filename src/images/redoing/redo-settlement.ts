import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database, execute } from '../../database/database.js';
import type { NotedWish } from '../../database/entities/redos/redo.entity.js';
import { UNSEEN_STATES } from '../../database/entities/request.entity.js';
import { forUpdate } from '../../database/statements/locking.js';
import { type LockedRequest, RequestsService } from '../../requests/requests.service.js';
import { Files } from '../../stored-files/files.js';
import { dropSource, insertSources } from '../../stored-files/kept-files.js';
import type { Claim, Settlement } from '../scheduling/image-settlement.js';
import { columnsOf, outputsOf } from '../scheduling/settled-columns.js';
import {
  filesOf,
  type ImageVersion,
  isMoved,
  keepPrevious,
  readVersion,
  replaceVersion,
} from './image-version.js';
import { wishOfSame } from './redo-wish.js';

type Done = Extract<Settlement, { status: 'done' }>;

/** That of a claim. */
const HELD = "request_key = ? AND number = ? AND attempt = ? AND state = 'processing'";

const END = `
  UPDATE redos SET state = ?, due_at = 0, error_code = ?, error_message = ?, error_retryable = ? WHERE ${HELD}`;

/**
 * Writes how redos ended: the image gets the new outputs, those before are kept, and the bytes of the request move by the
 * difference; or it stays as it is, and the redo says why. Nothing else of the request changes, and no event is recorded.
 */
@Injectable()
export class RedoSettlement {
  constructor(
    private readonly database: Database,
    private readonly requests: RequestsService,
    private readonly files: Files,
  ) {}

  /**
   * Settles a redo whose claim still holds. Calling twice is safe.
   * @param wish of the redo, for which the claim was made
   * @returns false where the claim had ended, and nothing was changed; or a file of it has been deleted since, and it is
   * pending again
   */
  settle(claim: Claim, settlement: Settlement, wish: NotedWish | undefined): Promise<boolean> {
    const { requestKey } = claim;
    return this.database.transaction(async (manager) => {
      const request = (await this.requests.lock(manager, [requestKey])).get(requestKey);
      if (!isThere(request) || !(await isHeld(manager, claim))) return false;
      if (settlement.status === 'done') return this.succeed(manager, claim, settlement, wish);
      await end(manager, claim, settlement);
      return true;
    });
  }

  private async succeed(
    manager: EntityManager,
    claim: Claim,
    settlement: Done,
    wish: NotedWish | undefined,
  ): Promise<boolean> {
    const before = await readVersion(manager, claim);
    if (!before) return false;
    const after = versionOf(settlement, before, wish?.url);
    const { source } = settlement;
    const made = [...filesOf(after), ...(source ? [source.fileKey] : [])];
    // Those before as well: they change from one reference to another.
    const live = await this.files.lock(manager, [...made, ...filesOf(before)]);
    if (!made.every((key) => live.has(key))) {
      await execute(manager, `UPDATE redos SET state = 'pending', due_at = 0 WHERE ${HELD}`, held(claim));
      return false;
    }
    const dropped = source || isMoved(before, after) ? await dropSource(manager, claim) : [];
    if (source) await insertSources(manager, [{ ...claim, source }]);
    if (!isSame(before, after)) {
      await replaceVersion(manager, claim, before, after);
      dropped.push(...(await keepPrevious(manager, claim, before)));
    } else if (wish) {
      await execute(manager, `UPDATE redos SET wish = ? WHERE ${HELD}`, [wishOfSame(wish), ...held(claim)]);
    }
    await this.files.release(manager, dropped);
    await end(manager, claim, settlement);
    return true;
  }
}

/** Whether there is a request of which images may be made anew. */
export function isThere(request: LockedRequest | undefined): request is LockedRequest {
  return request !== undefined && !(UNSEEN_STATES as readonly string[]).includes(request.status);
}

function held({ requestKey, number, attempt }: Claim): number[] {
  return [requestKey, number, attempt];
}

async function isHeld(manager: EntityManager, claim: Claim): Promise<boolean> {
  const sql = `SELECT number FROM redos WHERE ${HELD}${forUpdate(manager)}`;
  return (await manager.query<unknown[]>(sql, held(claim))).length > 0;
}

async function end(manager: EntityManager, claim: Claim, settlement: Settlement): Promise<void> {
  const { status, error_code, error_message, error_retryable } = columnsOf(settlement);
  await execute(manager, END, [status, error_code, error_message, error_retryable, ...held(claim)]);
}

function versionOf(settlement: Done, before: ImageVersion, url: string | undefined): ImageVersion {
  const { input_url, file_url } = before.columns;
  const isElsewhere = url !== undefined && url !== input_url;
  const settled = columnsOf(settlement) as ImageVersion['columns'];
  const urls = isElsewhere ? { input_url: url, file_url: file_url ?? input_url } : { input_url, file_url };
  const { download, download_ms } = settlement.download ? settled : before.columns; // a source that was kept
  return { columns: { ...settled, ...urls, download, download_ms }, outputs: outputsOf(settlement) };
}

/** Whether nothing was made anew: then what can be undone stays. */
function isSame(before: ImageVersion, after: ImageVersion): boolean {
  const nameOf = (version: ImageVersion) => [version.columns.input_url, ...filesOf(version).sort()].join(' ');
  return nameOf(before) === nameOf(after);
}
