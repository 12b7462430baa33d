import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, execute } from '../database/database.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import { canonicalOptions, type CompressionOptions } from '../compression/options.js';
import type { CsvLayout } from '../tables/tables.js';
import type { RepeatedUrls } from './repeated-urls.js';
import { RequestDraft } from './request-draft.js';
import { RequestEvents } from './request-events.js';

/** What a new request is made from, besides its rows. */
export interface NewRequest {
  fileName: string;
  layout: CsvLayout;
  options: CompressionOptions;
  /** That has been told of all URLs of the file; without it, those that are repeated are fetched again. */
  repeated?: RepeatedUrls;
}

/** What a transaction settled of one request. */
export interface SettledImages {
  /** How many images are done. */
  done: number;
  /** The numbers of those that failed. */
  failedNumbers: number[];
  /** Bytes of the sources of the done images. */
  inputBytes: number;
  /** Bytes of their outputs. */
  outputBytes: number;
}

/** Rows of a request deleted at a time: some milliseconds of the event loop with SQLite. */
const DELETED_AT_ONCE = 1000;

const COUNT = `
  UPDATE requests SET done_count = done_count + ?, failed_count = failed_count + ?,
    input_bytes = input_bytes + ?, output_bytes = output_bytes + ?
  WHERE request_key = ?`;

const COMPLETE = `
  UPDATE requests SET status = 'Completed', completed_at = ?,
    outcome = CASE WHEN failed_count = 0 THEN 'succeeded' WHEN done_count = 0 THEN 'failed' ELSE 'partial' END
  WHERE request_key = ? AND status IN ('Pending', 'Processing') AND done_count + failed_count = image_count`;

/** Creates requests, and keeps their counters true while images are settled. */
@Injectable()
export class RequestsService {
  private readonly logger = new Logger(RequestsService.name);

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly events: RequestEvents,
  ) {}

  /** Begins a request that nobody sees until {@link RequestDraft.publish}. */
  async begin({ fileName, layout, options, repeated }: NewRequest): Promise<RequestDraft> {
    const id = randomUUID();
    const stored = { layout: JSON.stringify(layout), options: canonicalOptions(options) };
    const counts = { productCount: 0, imageCount: 0 };
    const row = {
      id,
      status: 'Receiving',
      fileName,
      ...stored,
      ...counts,
      createdAt: this.clock.now(),
    } as const;
    const { identifiers } = await this.database.write((manager) => manager.insert(RequestEntity, row), {
      isUrgent: true,
    });
    return new RequestDraft(this.database, id, identifiers[0].key as number, repeated);
  }

  /** The request that was uploaded under an `Idempotency-Key`, with the digest of what was uploaded then. */
  async findByIdempotencyKey(idempotencyKey: string): Promise<{ id: string; digest: string | null } | null> {
    const request = await this.database.manager.findOneBy(RequestEntity, { idempotencyKey });
    return request && { id: request.id, digest: request.idempotencyDigest };
  }

  /** Removes a request that was never published, and all that was stored of it. Does nothing to any other. */
  async discard(requestKey: number): Promise<void> {
    const request = await this.database.manager.findOneBy(RequestEntity, {
      key: requestKey,
      status: 'Receiving',
    });
    if (!request) return;
    for (const table of ['images', 'faults', 'products']) await this.deleteRows(table, requestKey);
    await this.database.write((manager) =>
      manager.delete(RequestEntity, { key: requestKey, status: 'Receiving' }),
    );
  }

  /**
   * Counts images that the transaction of `manager` has just settled, records the events, and completes the request
   * when they were its last ones. Call it once for each image.
   */
  async recordSettled(manager: EntityManager, requestKey: number, settled: SettledImages): Promise<void> {
    const { done, failedNumbers, inputBytes, outputBytes } = settled;
    await execute(manager, COUNT, [done, failedNumbers.length, inputBytes, outputBytes, requestKey]);
    if (failedNumbers.length > 0) await this.events.imagesFailed(manager, requestKey, failedNumbers);
    await this.completeIfSettled(manager, requestKey);
  }

  /** Completes a request all of whose images are settled; fine to call at any time. */
  complete(requestKey: number): Promise<void> {
    return this.database.transaction((manager) => this.completeIfSettled(manager, requestKey));
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
    const { id, outcome } = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
    this.logger.log(`request ${id} completed: ${outcome}`);
  }
}
