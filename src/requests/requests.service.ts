import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type EntityManager, In, type QueryDeepPartialEntity } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, execute } from '../database/database.js';
import { type ImageDownload, ImageEntity, type ImageOutcome } from '../database/image.entity.js';
import { RequestEntity } from '../database/request.entity.js';
import { canonicalOptions, type CompressionOptions } from './compression-options.js';
import type { CsvLayout } from './output-csv.js';
import type { RepeatedUrls } from './repeated-urls.js';
import { RequestDraft } from './request-draft.js';
import { RequestEvents } from './request-events.service.js';

/** What a new request is made from, besides its rows. */
export interface NewRequest {
  fileName: string;
  layout: CsvLayout;
  options: CompressionOptions;
  /** That has been told of all URLs of the file; without it, those that are repeated are fetched again. */
  repeated?: RepeatedUrls;
  /** Told of the end of the request. */
  webhookUrl?: string | null;
}

/** A worker's right to settle an image: it ends when somebody else claims the image. */
export interface Claim {
  requestKey: number;
  number: number;
  attempt: number;
}

export interface ImageFacts {
  bytes: number;
  format: string;
  width: number;
  height: number;
}

/** How the output came about. */
export interface CompressionReport {
  /** Encoder quality used, 1 to 100; null where the format has none, or nothing was encoded. */
  quality: number | null;
  /** To the source, 0 to 1; null where it was not measured. */
  similarity: number | null;
  milliseconds: number;
  /** What was left out or could not be done, in words that stay the same. */
  notes: readonly string[];
}

/** How the bytes of an image were come by. */
export interface DownloadFacts {
  how: Exclude<ImageDownload, 'repeat'>;
  /** From the call to the last byte. */
  milliseconds: number;
}

/** How a try ended for good. `download` is null where there was none, or where it was what failed. */
export type Settlement =
  | {
      status: 'done';
      download: DownloadFacts | null;
      outcome: ImageOutcome;
      outputKey: string;
      input: ImageFacts;
      output: ImageFacts;
      report: CompressionReport;
    }
  | { status: 'failed'; download: DownloadFacts | null; code: string; message: string; retryable: boolean };

/** Rows of a request deleted at a time: some milliseconds of the event loop with SQLite. */
const DELETED_AT_ONCE = 2000;

const IF_CLAIMED = "WHERE request_key = ? AND number = ? AND attempt = ? AND status = 'processing'";

const SETTLE_DONE = `
  UPDATE images SET status = 'done', download = ?, download_ms = ?, outcome = ?, output_key = ?,
    error_code = NULL, error_message = NULL, error_retryable = NULL,
    input_bytes = ?, input_format = ?, input_width = ?, input_height = ?,
    output_bytes = ?, output_format = ?, output_width = ?, output_height = ?,
    quality_used = ?, similarity = ?, encode_ms = ?, notes = ?
  ${IF_CLAIMED}`;

const SETTLE_FAILED = `
  UPDATE images SET status = 'failed', download = ?, download_ms = ?,
    error_code = ?, error_message = ?, error_retryable = ?
  ${IF_CLAIMED}`;

const COUNT = `
  UPDATE requests SET done_count = done_count + ?, failed_count = failed_count + ?,
    input_bytes = input_bytes + ?, output_bytes = output_bytes + ?
  WHERE request_key = ?`;

const COMPLETE = `
  UPDATE requests SET status = 'Completed', completed_at = ?,
    outcome = CASE WHEN failed_count = 0 THEN 'succeeded' WHEN done_count = 0 THEN 'failed' ELSE 'partial' END
  WHERE request_key = ? AND status IN ('Pending', 'Processing') AND done_count + failed_count = image_count`;

/** Columns that say which image it is. */
const PLACE: (keyof ImageEntity)[] = [
  'requestKey',
  'number',
  'productNumber',
  'position',
  'inputUrl',
  'sameAs',
];

/** Creates requests, and keeps their counters true while images are settled. */
@Injectable()
export class RequestsService {
  private readonly logger = new Logger(RequestsService.name);

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly events: RequestEvents,
  ) {}

  /**
   * Begins a request that nobody sees until {@link RequestDraft.publish}.
   * @throws BadRequestError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   */
  async begin({ fileName, layout, options, repeated, webhookUrl }: NewRequest): Promise<RequestDraft> {
    const id = randomUUID();
    const stored = { layout: JSON.stringify(layout), options: canonicalOptions(options) };
    const request = { id, status: 'Receiving', fileName, ...stored } as const;
    const createdAt = this.clock.now();
    const key = await this.database.transaction(
      async (manager) => {
        const row = { ...request, productCount: 0, imageCount: 0, createdAt };
        const key = Number((await manager.insert(RequestEntity, row)).identifiers[0].key);
        if (webhookUrl) await this.events.attach(manager, key, webhookUrl);
        return key;
      },
      { isUrgent: true },
    );
    return new RequestDraft(this.database, id, key, repeated);
  }

  /** Whether {@link begin} would take the URL. @throws BadRequestError `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED` */
  checkWebhookUrl(url: string): void {
    this.events.checkUrl(url);
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
   * Records how an image ended, and counts it, in one transaction: the image first, then the request's counters, and
   * only if the image was still the claimer's. Whoever settles the last one completes the request.
   * @returns false if the claim had ended, and nothing was changed. Calling twice is safe.
   */
  settle(claim: Claim, settlement: Settlement): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      if ((await settleImage(manager, claim, settlement)) !== 1) return false;

      await this.count(manager, claim.requestKey, settlement);
      if (settlement.status === 'failed')
        await this.events.imagesFailed(manager, claim.requestKey, [claim.number]);
      await this.completeIfSettled(manager, claim.requestKey);
      return true;
    });
  }

  /**
   * Settles those of the given images that are repeats of `first` as that was settled, and counts them, in one
   * transaction. Calling twice is safe.
   */
  settleLike(first: ImageEntity, numbers: number[]): Promise<void> {
    const { requestKey, status } = first;
    return this.database.transaction(async (manager) => {
      const repeats = { requestKey, number: In(numbers), status: 'repeat' as const };
      const { affected } = await manager.update(ImageEntity, repeats, settledLike(first));
      const count = affected ?? 0;
      const counts = status === 'done' ? [count, 0] : [0, count];
      const bytes = [first.inputBytes, first.outputBytes].map((each) => (each ?? 0) * count);
      await execute(manager, COUNT, [...counts, ...bytes, requestKey]);
      if (status === 'failed') await this.events.imagesFailed(manager, requestKey, numbers);
      await this.completeIfSettled(manager, requestKey);
    });
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

  private async count(manager: EntityManager, requestKey: number, settlement: Settlement): Promise<void> {
    const isDone = settlement.status === 'done';
    const bytes = isDone ? [settlement.input.bytes, settlement.output.bytes] : [0, 0];
    await execute(manager, COUNT, [isDone ? 1 : 0, isDone ? 0 : 1, ...bytes, requestKey]);
  }

  private async completeIfSettled(manager: EntityManager, requestKey: number): Promise<void> {
    const completed = await execute(manager, COMPLETE, [this.clock.now(), requestKey]);
    if (completed !== 1) return;
    await this.events.completed(manager, requestKey);
    const { id, outcome } = await manager.findOneByOrFail(RequestEntity, { key: requestKey });
    this.logger.log(`request ${id} completed: ${outcome}`);
  }
}

function settleImage(manager: EntityManager, claim: Claim, settlement: Settlement): Promise<number> {
  const key = [claim.requestKey, claim.number, claim.attempt];
  const { download } = settlement;
  const had = [download?.how ?? null, download ? Math.round(download.milliseconds) : null];
  if (settlement.status === 'failed') {
    const { code, message, retryable } = settlement;
    return execute(manager, SETTLE_FAILED, [...had, code, message.slice(0, 255), retryable ? 1 : 0, ...key]);
  }
  const { outcome, outputKey, input, output, report } = settlement;
  const facts = [input, output].flatMap(({ bytes, format, width, height }) => [bytes, format, width, height]);
  return execute(manager, SETTLE_DONE, [...had, outcome, outputKey, ...facts, ...reported(report), ...key]);
}

/** What the image became, without what it is and where it stands. */
function settledLike(first: ImageEntity): QueryDeepPartialEntity<ImageEntity> {
  const settled = Object.entries(first).filter(([column]) => !PLACE.includes(column as keyof ImageEntity));
  return { ...Object.fromEntries(settled), download: 'repeat', downloadMs: null };
}

function reported({ quality, similarity, milliseconds, notes }: CompressionReport): unknown[] {
  const tenThousandths = similarity === null ? null : Math.round(similarity * 10_000);
  return [quality, tenThousandths, Math.round(milliseconds), notes.join(',') || null];
}
