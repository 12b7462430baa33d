import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { toUSVString } from 'node:util';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, execute } from '../database/database.js';
import { byPrimaryKey, caseOf, forUpdate } from '../database/statements/locking.js';
import { DEFAULT_OWNER_KEY } from '../database/entities/access/owner.entity.js';
import { RequestEntity, type RequestStatus } from '../database/entities/request.entity.js';
import { canonicalOptions, type CompressionOptions } from '../compression/options.js';
import type { CsvLayout, CsvWarning } from '../tables/tables.js';
import { Files } from '../stored-files/files.js';
import type { RepeatedUrls } from './intake/repeated-urls.js';
import type { ChannelName } from './channels/channel-list.js';
import { RequestDraft } from './intake/request-draft.js';
import { type Rendition, storedRenditions } from './renditions/renditions.js';
import { RequestEvents } from './request-events.js';
import { recordUsage } from './request-usage.js';

/** What a new request is made from, besides its rows. */
export interface NewRequest {
  /** Whose it is, and the upload token that makes it; of the default owner unless given. */
  owner?: { ownerKey: number; tokenId: string | null };
  fileName: string;
  layout: CsvLayout;
  options: CompressionOptions;
  /** That its images are made for; none unless given. */
  channel?: ChannelName | null;
  /** Further forms of each image; none unless given. */
  renditions?: Rendition[];
  /** The caller's own; that of the file unless given. */
  name?: string | null;
  /** The caller's own pairs; none unless given. */
  labels?: Record<string, string> | null;
  /** 0 unless given. */
  rowsWithoutImages?: number;
  /** Whether every server is asked anew, and no earlier result is reused; no unless given. */
  isFresh?: boolean;
  /** For how many days what its images are made of is kept; 0 unless given. */
  keepSourcesDays?: number;
  /** None unless given. */
  warnings?: RequestWarnings;
  /** That has been told of all URLs of the file; without it, those that are repeated are fetched again. */
  repeated?: RepeatedUrls;
}

/** What is odd about addresses of the file, though its rows are taken: how often, and the first of it. */
export interface RequestWarnings {
  total: number;
  items: CsvWarning[];
}

/** What a transaction settled of one request. */
export interface SettledImages {
  /** How many images are done. */
  done: number;
  /** The numbers of those that failed. */
  failedNumbers: number[];
  /** How many of the done ones have an earlier result. */
  reused: number;
  /** Bytes of the sources of the done images. */
  inputBytes: number;
  /** Bytes of their outputs, of all forms. */
  outputBytes: number;
  /** Of these, bytes of the further forms. */
  renditionBytes: number;
}

/** Rows of a request deleted at a time: some milliseconds of the event loop with SQLite. */
const DELETED_AT_ONCE = 1000;

const BY_KEY = `
  SELECT requests.id AS id, idempotency_keys.digest AS digest
  FROM idempotency_keys JOIN requests ON requests.request_key = idempotency_keys.request_key
  WHERE idempotency_keys.owner_key = ? AND idempotency_keys.idempotency_key = ?`;

const COMPLETE = `
  UPDATE requests SET status = 'Completed', completed_at = ?, image_headers = NULL,
    outcome = CASE WHEN failed_count = 0 THEN 'succeeded' WHEN done_count = 0 THEN 'failed' ELSE 'partial' END
  WHERE request_key = ? AND status IN ('Pending', 'Processing') AND done_count + failed_count = image_count`;

const CANCEL = `
  UPDATE requests SET status = 'Cancelled', cancelled_at = ?, retry_codes = NULL
  WHERE request_key = ? AND status IN ('Pending', 'Processing', 'Retrying')`;

const END_CANCELLED = `
  UPDATE requests SET completed_at = ?, outcome = 'cancelled', image_headers = NULL,
    cancelled_count = image_count - done_count - failed_count
  WHERE request_key = ? AND status = 'Cancelled' AND completed_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM images WHERE request_key = ? AND images.status = 'processing')`;

/** A request whose row a transaction has locked. */
export interface LockedRequest {
  requestKey: number;
  /** The latest number that a settled image got. */
  settledNo: number;
  /** Images that are not settled. */
  open: number;
  status: RequestStatus;
  /** Null while anything of it may still be settled. */
  completedAt: number | null;
}

const SETTLED_IN: RequestStatus[] = ['Pending', 'Processing', 'Cancelled'];

/** Whether images of a request that a transaction has locked may be settled; `undefined`: there is none any more. */
export function maySettle(request: LockedRequest | undefined): boolean {
  return request?.completedAt === null && SETTLED_IN.includes(request.status);
}

/** Warnings kept of a request: they are part of every event's body, which should stay small. */
const MAX_WARNINGS = 20;
const MAX_COLUMN_NAME_LENGTH = 80;

/** Creates requests, and keeps their counters true while images are settled. */
@Injectable()
export class RequestsService {
  private readonly logger = new Logger(RequestsService.name);

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly events: RequestEvents,
    private readonly files: Files,
  ) {}

  /** Begins a request that nobody sees until {@link RequestDraft.publish}. */
  async begin(request: NewRequest): Promise<RequestDraft> {
    const { fileName, layout, options, rowsWithoutImages = 0, isFresh = false, warnings, repeated } = request;
    const owner = request.owner ?? { ownerKey: DEFAULT_OWNER_KEY, tokenId: null };
    const id = randomUUID();
    const now = this.clock.now();
    const stored = {
      layout: JSON.stringify(layout),
      options: canonicalOptions(options),
      channel: request.channel ?? null,
      renditions: storedRenditions(request.renditions ?? []),
      rowsWithoutImages,
      isFresh: Number(isFresh),
      keepSourcesDays: request.keepSourcesDays ?? 0,
      warnings: warnings ? storedWarnings(warnings) : null,
      name: request.name ?? null,
      labels: request.labels ? JSON.stringify(request.labels) : null,
    };
    const counts = { productCount: 0, imageCount: 0 };
    const row = {
      id,
      status: 'Receiving',
      fileName,
      ...stored,
      ...counts,
      ...owner,
      createdAt: now,
      movedAt: now,
    } as const;
    const { identifiers } = await this.database.write((manager) => manager.insert(RequestEntity, row), {
      isUrgent: true,
    });
    const names = { id, key: identifiers[0].key as number, ownerKey: owner.ownerKey };
    return new RequestDraft(this.database, this.files, names, repeated);
  }

  /** The request that an owner uploaded under an `Idempotency-Key`, with the digest of what was uploaded then. */
  async findByIdempotencyKey(
    ownerKey: number,
    idempotencyKey: string,
  ): Promise<{ id: string; digest: string | null } | null> {
    const parameters = [ownerKey, idempotencyKey];
    const found = await this.database.manager.query<{ id: string; digest: string | null }[]>(
      BY_KEY,
      parameters,
    );
    return found[0] ?? null;
  }

  /** Removes a request that was never published, and all that was stored of it. Does nothing to any other. */
  async discard(requestKey: number): Promise<void> {
    const request = await this.database.manager.findOneBy(RequestEntity, {
      key: requestKey,
      status: 'Receiving',
    });
    if (!request) return;
    for (const table of ['images', 'faults', 'products', 'request_hosts'])
      await this.deleteRows(table, requestKey);
    await this.database.write((manager) =>
      manager.delete(RequestEntity, { key: requestKey, status: 'Receiving' }),
    );
  }

  /**
   * Locks requests in the transaction of `manager`, before anything else of them is locked.
   * @returns those that there are, by their key
   */
  async lock(manager: EntityManager, requestKeys: number[]): Promise<Map<number, LockedRequest>> {
    const keys = [...new Set(requestKeys)].sort((one, other) => one - other);
    const places = keys.map(() => '?').join(', ');
    const rows = await manager.query<LockedRequest[]>(
      `SELECT request_key AS requestKey, settled_no AS settledNo, image_count - done_count - failed_count AS open,
         status, completed_at AS completedAt
       FROM ${byPrimaryKey(manager, 'requests')} WHERE request_key IN (${places})
       ORDER BY request_key${forUpdate(manager)}`,
      keys,
    );
    return new Map(rows.map((row) => [row.requestKey, row]));
  }

  /**
   * Counts images that the transaction of `manager` has just settled, records the events, and completes the requests whose
   * last ones they were. Call it once for each image.
   * @param requests as {@link lock} gave them
   */
  async recordSettled(
    manager: EntityManager,
    requests: Map<number, LockedRequest>,
    counts: Map<number, SettledImages>,
  ): Promise<void> {
    await this.count(manager, counts);
    for (const [key, { done, failedNumbers }] of counts) {
      if (failedNumbers.length > 0) await this.events.imagesFailed(manager, key, failedNumbers);
      const { open, status } = requests.get(key)!;
      if (status === 'Cancelled') await this.endIfIdle(manager, key);
      else if (open === done + failedNumbers.length) await this.completeIfSettled(manager, key);
    }
  }

  /** Completes a request all of whose images are settled; fine to call at any time. */
  complete(requestKey: number): Promise<void> {
    return this.database.transaction((manager) => this.completeIfSettled(manager, requestKey));
  }

  /**
   * Cancels a request in the transaction of `manager`, which has locked it: from its commit on, none of its images is
   * claimed. Those at work end and count.
   * @returns false where it has ended already, or was cancelled before; then nothing was changed
   */
  async cancel(manager: EntityManager, requestKey: number): Promise<boolean> {
    return (await execute(manager, CANCEL, [this.clock.now(), requestKey])) === 1;
  }

  /**
   * Ends a cancelled request of which no image is at work any more; fine to call at any time. The transaction of `manager` has
   * locked the request, and no claim of its images is under way.
   */
  async endIfIdle(manager: EntityManager, requestKey: number): Promise<void> {
    const ended = await execute(manager, END_CANCELLED, [this.clock.now(), requestKey, requestKey]);
    if (ended !== 1) return;
    await this.events.cancelled(manager, requestKey);
    await recordUsage(manager, requestKey, this.clock.now());
    const { id, cancelledCount } = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
    this.logger.log(`request ${id} cancelled: ${cancelledCount} images left out`, { request_id: id });
  }

  /** The first claim of one of its images begins a request. */
  async markStarted(requestKey: number): Promise<void> {
    const startedAt = this.clock.now();
    await this.database.transaction(async (manager) => {
      const pending = { key: requestKey, status: 'Pending' as const };
      const { affected } = await manager.update(RequestEntity, pending, { status: 'Processing', startedAt });
      if (affected === 1) await this.events.processing(manager, requestKey);
    });
  }

  /** Requests of which so many images were settled, all in one statement. */
  private async count(manager: EntityManager, counts: Map<number, SettledImages>): Promise<void> {
    const by = (valueOf: (settled: SettledImages) => number) =>
      caseOf(
        'request_key = ?',
        [...counts].map(([key, settled]) => [[key], valueOf(settled)]),
      );
    const added = {
      done_count: by(({ done }) => done),
      failed_count: by(({ failedNumbers }) => failedNumbers.length),
      settled_no: by(({ done, failedNumbers }) => done + failedNumbers.length),
      reused_count: by(({ reused }) => reused),
      input_bytes: by(({ inputBytes }) => inputBytes),
      output_bytes: by(({ outputBytes }) => outputBytes),
      rendition_bytes: by(({ renditionBytes }) => renditionBytes),
    };
    const columns = Object.entries(added).map(([column, { sql }]) => `${column} = ${column} + ${sql}`);
    const keys = [...counts.keys()];
    await execute(
      manager,
      `UPDATE ${byPrimaryKey(manager, 'requests')} SET ${columns.join(', ')}, moved_at = ?
       WHERE request_key IN (${keys.map(() => '?').join(', ')})`,
      [...Object.values(added).flatMap(({ parameters }) => parameters), this.clock.now(), ...keys],
    );
  }

  /** A part at a time, with a breath in between: with SQLite nothing else happens while a statement runs. */
  private async deleteRows(table: string, requestKey: number): Promise<void> {
    const last = `SELECT MAX(number) AS last FROM ${table} WHERE request_key = ?`;
    const [row] = await this.database.manager.query<[{ last: number | null }]>(last, [requestKey]);
    for (let from = 0; from < (row.last ?? 0); from += DELETED_AT_ONCE) {
      const part = `DELETE FROM ${table} WHERE request_key = ? AND number > ? AND number <= ?`;
      await this.database.write((manager) => manager.query(part, [requestKey, from, from + DELETED_AT_ONCE]));
      await setImmediate();
    }
  }

  private async completeIfSettled(manager: EntityManager, requestKey: number): Promise<void> {
    const completed = await execute(manager, COMPLETE, [this.clock.now(), requestKey]);
    if (completed !== 1) return;
    await this.events.completed(manager, requestKey);
    await recordUsage(manager, requestKey, this.clock.now());
    const { id, outcome } = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
    this.logger.log(`request ${id} completed: ${outcome}`, { request_id: id, outcome });
  }
}

function storedWarnings({ total, items }: RequestWarnings): string | null {
  if (total === 0) return null;
  const kept = items.slice(0, MAX_WARNINGS).map(({ column, ...warning }) => {
    return { ...warning, column: column && toUSVString(column.slice(0, MAX_COLUMN_NAME_LENGTH)) };
  });
  return JSON.stringify({ total, items: kept });
}
