import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { EntityManager, FindOptionsWhere, QueryDeepPartialEntity } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import { byPrimaryKey } from '../../database/statements/locking.js';
import { ImageEntity } from '../../database/entities/image.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { hostAndPort } from '../../outbound/urls/parse-url.js';
import type { KnownUrl } from '../processing/result-cache.js';
import { groupBy, lockHosts } from './host-counts.js';
import type { ClaimKeeper } from './claim-keeper.js';
import type { Claim, DownloadFacts, Settlement } from './image-settlement.js';
import { LeaseRenewal } from './lease-renewal.js';
import type { OpenRequest } from './open-request.js';
import { SettlementBatches } from './settlement-batches.js';

const SECOND = 1000;

/** The codes of UnavailableError. */
const OWN_FAULT = /_UNAVAILABLE$/;

/** How many images of one host are to be claimed. */
export interface HostShare {
  /** Its number in the request. */
  host: number;
  /** Its name, as `hostAndPort` gives it; empty where the row stands for several hosts. */
  server: string;
  /** Images at most. */
  count: number;
  /** Only such as have not failed. */
  freshOnly?: boolean;
  /** Only images behind this number. */
  after?: number;
}

/** An image that this process may work on; `attempt` is that of the claim. */
export interface ClaimedImage extends Claim {
  /** Who gave the claim out. */
  keeper: ClaimKeeper;
  request: Omit<OpenRequest, 'key' | 'isNew' | 'imageCount'>;
  /** The number of its host in the request. */
  host: number;
  /** The name of its host, as `hostAndPort` gives it. */
  server: string;
  inputUrl: string;
  /** The stored file with its source, where that need not be fetched. */
  sourceKey?: string | null;
  /** Earlier tries that ended in a retryable error. */
  failures: number;
  /** Earlier tries for which its host was too busy. */
  busyTries: number;
  /** How its latest try ended, unless that was a fault of our own. */
  lastFailure: AppError | null;
  /** 0, or 1 since a lease of it ran out, and 1 more for each time that its worker died while it was in the encoder. */
  crashes: number;
  /** What is known of its URL, where that has been looked up beforehand. */
  known?: Promise<KnownUrl | null>;
  /** Of this try; null before it. */
  download: DownloadFacts | null;
}

interface CandidateRow {
  number: number;
  host: number;
  attempt: number;
  failures: number;
  busyTries: number;
  crashes: number;
  inputUrl: string;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
}

/** Rows that only a claim takes away, and only under the lock of their host. */
const CANDIDATES = `
  SELECT number, host, attempt, failures, busy_tries AS busyTries, crashes, input_url AS inputUrl,
    error_code AS errorCode, error_message AS errorMessage
  FROM images WHERE request_key = ? AND host = ? AND status = 'pending' AND number > ?`;

const IS_OPEN =
  "EXISTS (SELECT 1 FROM requests WHERE request_key = ? AND status IN ('Pending', 'Processing'))";

/**
 * Claims of images. A claim is a lease by the database's clock that this process renews while it lives; when it dies,
 * the lease runs out and another process claims the image. `attempt` is the fencing token: a worker whose lease ran
 * out while it was frozen changes nothing when it goes on.
 */
@Injectable()
export class ImageClaims implements ClaimKeeper, OnModuleInit, OnModuleDestroy {
  private readonly held = new Set<Claim>();
  private readonly renewal: LeaseRenewal;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly batches: SettlementBatches,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.renewal = new LeaseRenewal(ImageClaims.name, settings.LEASE_SECONDS, () => this.renew());
  }

  onModuleInit(): void {
    this.renewal.start();
  }

  onModuleDestroy(): void {
    this.renewal.stop();
  }

  /**
   * Claims pending images of some hosts of a request, of each host those that come first in the file; none where the request
   * is not open. One transaction: who claims locks the hosts, so that two never look at the same images.
   * @param shares at most 100
   */
  async claim(request: OpenRequest, shares: HostShare[]): Promise<ClaimedImage[]> {
    const rows = await this.database.transaction(async (manager) => {
      await lockHosts(
        manager,
        shares.map(({ host }) => ({ requestKey: request.key, host })),
      );
      const found = await findCandidates(manager, request.key, shares);
      if (found.length > 0) await this.take(manager, request.key, found);
      return found;
    });
    const servers = new Map(shares.map(({ host, server }) => [host, server]));
    return rows.map((row) => {
      const claim = this.toClaim(request, servers.get(row.host)!, row);
      this.held.add(claim);
      return claim;
    });
  }

  forget(claim: Claim): void {
    this.held.delete(claim);
  }

  async release(claim: ClaimedImage): Promise<void> {
    await this.end(claim, { status: 'pending' });
  }

  async defer(claim: ClaimedImage, delayMs: number): Promise<void> {
    await this.end(claim, { status: 'waiting', dueAt: Math.round(this.clock.now() + delayMs) });
  }

  async retryLater(
    claim: ClaimedImage,
    error: AppError,
    delayMs: number,
    countedAs: 'failure' | 'busy' | null,
  ): Promise<void> {
    await this.end(claim, {
      status: 'waiting',
      dueAt: this.clock.now() + delayMs,
      failures: claim.failures + (countedAs === 'failure' ? 1 : 0),
      busyTries: claim.busyTries + (countedAs === 'busy' ? 1 : 0),
      errorCode: error.code,
      errorMessage: error.message.slice(0, 255),
      errorRetryable: 1,
    });
  }

  /** With those that have the same URL, and together with other images. */
  settle(claim: ClaimedImage, settlement: Settlement): Promise<boolean> {
    return this.batches.settle(claim, settlement);
  }

  async noteDecoding(claim: ClaimedImage): Promise<number> {
    const { requestKey, number, attempt } = claim;
    await this.database.write((manager) =>
      manager.increment(ImageEntity, { requestKey, number, attempt }, 'crashes', 1),
    );
    const image = await this.database.manager.findOneBy(ImageEntity, { requestKey, number });
    return (image?.crashes ?? 1) - 1; // none: its request has been deleted
  }

  async noteSurvival(claim: ClaimedImage): Promise<void> {
    const { requestKey, number, attempt } = claim;
    await this.update({ requestKey, number, attempt }, { crashes: 0 });
  }

  private toClaim(request: OpenRequest, server: string, row: CandidateRow): ClaimedImage {
    const { number, host, attempt, inputUrl, failures, busyTries, crashes } = row;
    return {
      keeper: this,
      requestKey: request.key,
      number,
      attempt: attempt + 1,
      request,
      host,
      server: server || hostAndPort(inputUrl),
      inputUrl,
      failures,
      busyTries,
      lastFailure: failureOf(row),
      crashes,
      download: null,
    };
  }

  private async take(manager: EntityManager, requestKey: number, rows: CandidateRow[]): Promise<void> {
    const places = rows.map(() => '?').join(', ');
    const claim = `UPDATE ${byPrimaryKey(manager, 'images')}
      SET status = 'processing', attempt = attempt + 1, due_at = ?
      WHERE request_key = ? AND number IN (${places}) AND status = 'pending'`;
    const numbers = rows.map(({ number }) => number);
    const taken = await execute(manager, claim, [this.leaseEnd(), requestKey, ...numbers]);
    if (taken !== rows.length) throw new Error(`${taken} of ${rows.length} images could be claimed`);
  }

  private async end(claim: Claim, columns: QueryDeepPartialEntity<ImageEntity>): Promise<void> {
    const { requestKey, number, attempt } = claim;
    await this.update({ requestKey, number, attempt, status: 'processing' }, columns);
  }

  private async renew(): Promise<void> {
    const groups = groupBy(
      [...this.held],
      ({ requestKey, attempt }) => `${requestKey} ${attempt}`,
      (claim) => claim,
    );
    for (const group of groups.values()) {
      const [{ requestKey, attempt }] = group;
      const places = group.map(() => '?').join(', ');
      const held = `request_key = ? AND number IN (${places}) AND attempt = ? AND status = 'processing'`;
      const numbers = group.map(({ number }) => number);
      await this.database.write((manager) =>
        execute(manager, `UPDATE ${byPrimaryKey(manager, 'images')} SET due_at = ? WHERE ${held}`, [
          this.leaseEnd(),
          requestKey,
          ...numbers,
          attempt,
        ]),
      );
    }
  }

  private leaseEnd(): number {
    return this.clock.now() + this.settings.LEASE_SECONDS * SECOND;
  }

  private async update(
    where: FindOptionsWhere<ImageEntity>,
    columns: QueryDeepPartialEntity<ImageEntity>,
  ): Promise<void> {
    await this.database.write((manager) => manager.update(ImageEntity, where, columns));
  }
}

/** All shares in one statement, each of them one range of the index `images_by_host`. */
async function findCandidates(
  manager: EntityManager,
  requestKey: number,
  shares: HostShare[],
): Promise<CandidateRow[]> {
  const parts = shares.map(({ freshOnly }, index) => {
    const fresh = freshOnly ? ' AND failures = 0' : '';
    return `SELECT * FROM (${CANDIDATES}${fresh} ORDER BY number LIMIT ?) AS share${index}`;
  });
  const parameters = shares.flatMap(({ host, after = 0, count }) => [requestKey, host, after, count]);
  const all = `SELECT * FROM (${parts.join(' UNION ALL ')}) AS candidates WHERE ${IS_OPEN}`;
  return manager.query<CandidateRow[]>(all, [...parameters, requestKey]);
}

/** How the latest try ended, unless that was a fault of our own. */
export function failureOf(row: {
  errorCode: ErrorCode | null;
  errorMessage: string | null;
}): AppError | null {
  const { errorCode, errorMessage } = row;
  return errorCode === null || OWN_FAULT.test(errorCode) ? null : new AppError(errorCode, errorMessage ?? '');
}
