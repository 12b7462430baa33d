import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { type FindOptionsWhere, In, LessThan, type QueryDeepPartialEntity } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { assignments } from '../../database/assignments.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import type { RequestStatus } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { type CompressionOptions, readCompressionOptions } from '../../compression/options.js';
import type { Claim, DownloadFacts } from './image-settlement.js';

const SECOND = 1000;

/** Images of a request among which those that are due are looked for in one statement. */
const LOOKED_AT_ONCE = 20_000;

const DUE = `
  SELECT number, due_at AS dueAt FROM images
  WHERE request_key = ? AND status = 'waiting' AND number > ? AND number <= ? AND due_at <= ?
  ORDER BY due_at, number LIMIT ?`;

interface DueRow {
  number: number;
  /** Text where it comes from MySQL. */
  dueAt: number | string;
}

/** The codes of UnavailableError. */
const OWN_FAULT = /_UNAVAILABLE$/;

/** An image that this process may claim; then `attempt` is that of the claim. */
export interface ClaimableImage extends Claim {
  request: {
    id: string;
    options: CompressionOptions;
    /** Whether this may be the first of its images that is worked on. */
    isNew: boolean;
    /** Whether some of its images have the same URL. */
    hasRepeats: boolean;
    /** Whether all its images have been put into the queue. */
    isEnqueued: boolean;
  };
  inputUrl: string;
  /** Earlier tries that ended in a retryable error. */
  failures: number;
  /** How its latest try ended, unless that was a fault of our own. */
  lastFailure: AppError | null;
  /** 0, or 1 since a lease of it ran out, and 1 more for each time that its worker died while it was in the encoder. */
  crashes: number;
}

/** An image that this process may work on. */
export interface ClaimedImage extends ClaimableImage {
  /** Of this try; null before it. */
  download: DownloadFacts | null;
}

interface ClaimableRow {
  attempt: number;
  failures: number;
  crashes: number;
  inputUrl: string;
  requestId: string;
  options: string;
  status: RequestStatus;
  repeatCount: number;
  allEnqueued: number | string;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
}

const CLAIMABLE = `
  SELECT images.attempt AS attempt, images.failures AS failures, images.crashes AS crashes,
    images.error_code AS errorCode, images.error_message AS errorMessage,
    images.input_url AS inputUrl, requests.id AS requestId, requests.options AS options, requests.status AS status,
    requests.repeat_count AS repeatCount, requests.enqueued_count >= requests.image_count AS allEnqueued
  FROM images JOIN requests ON requests.request_key = images.request_key
  WHERE images.request_key = ? AND images.number = ? AND images.status = 'pending'`;

const IF_UNCHANGED = "request_key = ? AND number = ? AND attempt = ? AND status = 'pending'";

/**
 * Claims of images. A claim is a lease by the database's clock that this process renews while it lives; when it dies,
 * the lease runs out and another process claims the image. `attempt` is the fencing token: a worker whose lease ran
 * out while it was frozen changes nothing when it goes on.
 */
@Injectable()
export class ImageClaims implements OnModuleInit, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(new Logger(ImageClaims.name));
  private readonly held = new Set<Claim>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(
      () => {
        this.renew().catch(({ message }: Error) => this.warning.warn(`leases were not renewed: ${message}`));
      },
      (this.settings.LEASE_SECONDS * SECOND) / 3,
    );
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** The image as it may be claimed, or null where it is settled, claimed by another, waiting, or gone. */
  async find(requestKey: number, number: number): Promise<ClaimableImage | null> {
    const [row] = await this.database.manager.query<ClaimableRow[]>(CLAIMABLE, [requestKey, number]);
    if (!row) return null;
    const { attempt, inputUrl, failures, crashes, requestId, options, status, errorCode, errorMessage } = row;
    const isOfHost = errorCode !== null && !OWN_FAULT.test(errorCode);
    const lastFailure = isOfHost ? new AppError(errorCode, errorMessage ?? '') : null;
    const request = {
      id: requestId,
      options: readCompressionOptions(options),
      isNew: status === 'Pending',
      hasRepeats: row.repeatCount > 0,
      isEnqueued: Number(row.allEnqueued) === 1,
    };
    return { requestKey, number, attempt, request, inputUrl, failures, lastFailure, crashes };
  }

  /** Claims an image that {@link find} gave, or gives null where anything has become of it since. */
  async claim(found: ClaimableImage): Promise<ClaimedImage | null> {
    const { requestKey, number, attempt } = found;
    const { sql, parameters } = assignments({
      status: 'processing',
      attempt: attempt + 1,
      due_at: this.leaseEnd(),
    });
    const claim = `UPDATE images SET ${sql} WHERE ${IF_UNCHANGED}`;
    const unchanged = [requestKey, number, attempt];
    const changed = await this.database.write((manager) =>
      execute(manager, claim, [...parameters, ...unchanged]),
    );
    if (changed !== 1) return null;

    const claimed = { ...found, attempt: attempt + 1, download: null };
    this.held.add(claimed);
    return claimed;
  }

  /** This process no longer works on the image; its lease is not renewed. */
  forget(claim: Claim): void {
    this.held.delete(claim);
  }

  /** Ends a claim as if it had not been made: the image is pending again. */
  async release(claim: ClaimedImage): Promise<void> {
    await this.end(claim, { status: 'pending' });
  }

  /** Ends a claim; the image is tried again after `delayMs`. `isCounted`: the try counts as one of those it has. */
  async retryLater(claim: ClaimedImage, error: AppError, delayMs: number, isCounted: boolean): Promise<void> {
    await this.end(claim, {
      status: 'waiting',
      dueAt: this.clock.now() + delayMs,
      failures: claim.failures + (isCounted ? 1 : 0),
      errorCode: error.code,
      errorMessage: error.message.slice(0, 255),
      errorRetryable: 1,
    });
  }

  /**
   * Notes that a suspect is about to be decoded. If the process dies of it, the note stays.
   * @returns how often that has been noted, this time included.
   */
  async noteDecoding(claim: ClaimedImage): Promise<number> {
    const { requestKey, number, attempt } = claim;
    await this.database.write((manager) =>
      manager.increment(ImageEntity, { requestKey, number, attempt }, 'crashes', 1),
    );
    const image = await this.database.manager.findOneByOrFail(ImageEntity, { requestKey, number });
    return image.crashes - 1;
  }

  /** Notes that a suspect was decoded, or refused, and the process lives: it is none any more. */
  async noteSurvival(claim: ClaimedImage): Promise<void> {
    const { requestKey, number, attempt } = claim;
    await this.update({ requestKey, number, attempt }, { crashes: 0 });
  }

  /** Makes images pending again whose lease ran out because their worker died. `evenIfAlive`: whoever holds the lease, for
   * when no worker can be alive. */
  releaseExpired(requestKey: number, evenIfAlive = false): Promise<number> {
    return this.update(
      { requestKey, status: 'processing', ...(evenIfAlive ? {} : { dueAt: LessThan(this.clock.now()) }) },
      { status: 'pending', crashes: () => 'CASE WHEN crashes = 0 THEN 1 ELSE crashes END' },
    );
  }

  /** Makes up to `limit` images pending again whose time for another try has come, the longest due first. */
  async wakeDue(requestKey: number, imageCount: number, limit: number): Promise<number> {
    const due = await this.findDue(requestKey, imageCount, limit);
    if (due.length === 0) return 0;
    return this.update({ requestKey, number: In(due), status: 'waiting' }, { status: 'pending' });
  }

  /** Looks at a part of the request at a time: with SQLite nothing else happens while a statement runs. */
  private async findDue(requestKey: number, imageCount: number, limit: number): Promise<number[]> {
    const now = this.clock.now();
    let due: DueRow[] = [];
    for (let from = 0; from < imageCount; from += LOOKED_AT_ONCE) {
      const parameters = [requestKey, from, from + LOOKED_AT_ONCE, now, limit];
      const found = await this.database.manager.query<DueRow[]>(DUE, parameters);
      if (found.length > 0) due = [...due, ...found].sort(byDueAt).slice(0, limit);
      await setImmediate();
    }
    return due.map(({ number }) => number);
  }

  private async end(claim: Claim, columns: QueryDeepPartialEntity<ImageEntity>): Promise<void> {
    const { requestKey, number, attempt } = claim;
    await this.update({ requestKey, number, attempt, status: 'processing' }, columns);
  }

  private async renew(): Promise<void> {
    const groups = new Map<string, Claim & { numbers: number[] }>();
    for (const { requestKey, attempt, number } of this.held) {
      const name = `${requestKey} ${attempt}`;
      const group = groups.get(name) ?? { requestKey, attempt, number, numbers: [] };
      group.numbers.push(number);
      groups.set(name, group);
    }
    for (const { requestKey, attempt, numbers } of groups.values()) {
      const held = { requestKey, attempt, number: In(numbers), status: 'processing' as const };
      await this.update(held, { dueAt: this.leaseEnd() });
    }
  }

  private leaseEnd(): number {
    return this.clock.now() + this.settings.LEASE_SECONDS * SECOND;
  }

  private async update(
    where: FindOptionsWhere<ImageEntity>,
    columns: QueryDeepPartialEntity<ImageEntity>,
  ): Promise<number> {
    const { affected } = await this.database.write((manager) => manager.update(ImageEntity, where, columns));
    return affected ?? 0;
  }
}

function byDueAt(one: DueRow, other: DueRow): number {
  return Number(one.dueAt) - Number(other.dueAt) || one.number - other.number;
}
