import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { Database, execute } from '../database/database.js';
import type { ImageOutcome } from '../database/image.entity.js';
import { insertRows } from '../database/insert-rows.js';
import { RequestEntity } from '../database/request.entity.js';
import type { CsvLayout } from './output-csv.js';

/** What a new request is made from, besides its rows. */
export interface NewRequest {
  fileName: string;
  layout: CsvLayout;
  /** Encoder quality, 1 to 100. */
  quality: number;
}

/** One row of the user's file. */
export interface NewProduct {
  line: number;
  serialNumber: string;
  productName: string;
  urls: string[];
  extra: string[];
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

/** How a try ended for good. */
export type Settlement =
  | { status: 'done'; outcome: ImageOutcome; outputKey: string; input: ImageFacts; output: ImageFacts }
  | { status: 'failed'; code: string; message: string; retryable: boolean };

const PRODUCT_COLUMNS = [
  'request_key',
  'number',
  'line',
  'serial_number',
  'product_name',
  'first_image',
  'image_count',
  'extra',
];
const IMAGE_COLUMNS = ['request_key', 'number', 'product_number', 'position', 'input_url', 'status'];

const IF_CLAIMED = "WHERE request_key = ? AND number = ? AND attempt = ? AND status = 'processing'";

const SETTLE_DONE = `
  UPDATE images SET status = 'done', outcome = ?, output_key = ?,
    error_code = NULL, error_message = NULL, error_retryable = NULL,
    input_bytes = ?, input_format = ?, input_width = ?, input_height = ?,
    output_bytes = ?, output_format = ?, output_width = ?, output_height = ?
  ${IF_CLAIMED}`;

const SETTLE_FAILED = `
  UPDATE images SET status = 'failed', error_code = ?, error_message = ?, error_retryable = ? ${IF_CLAIMED}`;

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
  ) {}

  /** Begins a request that nobody sees until {@link RequestDraft.publish}. */
  async begin({ fileName, layout, quality }: NewRequest): Promise<RequestDraft> {
    const id = randomUUID();
    const request = { id, status: 'Receiving', fileName, layout: JSON.stringify(layout), quality } as const;
    const createdAt = this.clock.now();
    const inserted = await this.database.write((manager) =>
      manager.insert(RequestEntity, { ...request, productCount: 0, imageCount: 0, createdAt }),
    );
    return new RequestDraft(this.database, id, Number(inserted.identifiers[0].key));
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
      await this.completeIfSettled(manager, claim.requestKey);
      return true;
    });
  }

  /** Completes a request all of whose images are settled; fine to call at any time. */
  complete(requestKey: number): Promise<void> {
    return this.database.transaction((manager) => this.completeIfSettled(manager, requestKey));
  }

  /** The first claim of one of its images begins a request. */
  async markStarted(requestKey: number): Promise<void> {
    const startedAt = this.clock.now();
    await this.database.write((manager) =>
      manager.update(
        RequestEntity,
        { key: requestKey, status: 'Pending' },
        { status: 'Processing', startedAt },
      ),
    );
  }

  private async count(manager: EntityManager, requestKey: number, settlement: Settlement): Promise<void> {
    const isDone = settlement.status === 'done';
    const bytes = isDone ? [settlement.input.bytes, settlement.output.bytes] : [0, 0];
    await execute(manager, COUNT, [isDone ? 1 : 0, isDone ? 0 : 1, ...bytes, requestKey]);
  }

  private async completeIfSettled(manager: EntityManager, requestKey: number): Promise<void> {
    const completed = await execute(manager, COMPLETE, [this.clock.now(), requestKey]);
    if (completed === 1) this.logger.log(`request ${requestKey} completed`);
  }
}

/** A request whose rows are being stored. Ends with {@link publish} or {@link discard}. */
export class RequestDraft {
  private products = 0;
  private images = 0;

  constructor(
    private readonly database: Database,
    /** What clients know the request by. */
    readonly id: string,
    readonly key: number,
  ) {}

  /** Stores some hundred rows, in order, in one transaction. */
  async add(rows: NewProduct[]): Promise<void> {
    const products: unknown[][] = [];
    const images: unknown[][] = [];
    for (const { line, serialNumber, productName, urls, extra } of rows) {
      const product = ++this.products;
      const further = extra.length > 0 ? JSON.stringify(extra) : null;
      products.push([
        this.key,
        product,
        line,
        serialNumber,
        productName,
        this.images + 1,
        urls.length,
        further,
      ]);
      urls.forEach((url, index) =>
        images.push([this.key, ++this.images, product, index + 1, url, 'pending']),
      );
    }
    await this.database.transaction(async (manager) => {
      await insertRows(manager, 'products', PRODUCT_COLUMNS, products);
      await insertRows(manager, 'images', IMAGE_COLUMNS, images);
    });
  }

  /** Makes the request visible and durable: from here on it will be finished, whatever is killed. */
  async publish(): Promise<void> {
    const counts = { productCount: this.products, imageCount: this.images };
    await this.database.transaction(
      (manager) =>
        manager.update(
          RequestEntity,
          { key: this.key, status: 'Receiving' },
          { ...counts, status: 'Pending' },
        ),
      { durable: true },
    );
  }

  /** Removes what was stored; its rows go with it. */
  async discard(): Promise<void> {
    await this.database.write((manager) =>
      manager.delete(RequestEntity, { key: this.key, status: 'Receiving' }),
    );
  }
}

function settleImage(manager: EntityManager, claim: Claim, settlement: Settlement): Promise<number> {
  const key = [claim.requestKey, claim.number, claim.attempt];
  if (settlement.status === 'failed') {
    const { code, message, retryable } = settlement;
    return execute(manager, SETTLE_FAILED, [code, message.slice(0, 255), retryable ? 1 : 0, ...key]);
  }
  const { outcome, outputKey, input, output } = settlement;
  const facts = [input, output].flatMap(({ bytes, format, width, height }) => [bytes, format, width, height]);
  return execute(manager, SETTLE_DONE, [outcome, outputKey, ...facts, ...key]);
}
