import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { readCompressionOptions } from '../../compression/options.js';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database, execute } from '../../database/database.js';
import type { NotedWish } from '../../database/entities/redos/redo.entity.js';
import type { AppError } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/error-codes.js';
import { hostAndPort } from '../../outbound/urls/parse-url.js';
import type { ChannelName } from '../../requests/channels/channel-list.js';
import { readRenditions } from '../../requests/renditions/renditions.js';
import type { ClaimKeeper } from '../scheduling/claim-keeper.js';
import { type ClaimedImage, failureOf } from '../scheduling/image-claims.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { LeaseRenewal } from '../scheduling/lease-renewal.js';
import { KeptSources } from '../processing/kept-sources.js';
import { RedoSettlement } from './redo-settlement.js';
import { readWish, redoneOptions } from './redo-wish.js';

const SECOND = 1000;

/** The lane of those that need not be fetched: no host has such a name. */
const KEPT = 'kept sources';

/** One range of the index `redos_by_state`; what is being deleted is left out. */
const DUE = `
  SELECT redos.request_key AS requestKey, redos.number AS number, redos.wish AS wish, redos.attempt AS attempt,
    redos.failures AS failures, redos.busy_tries AS busyTries, redos.crashes AS crashes, redos.error_code AS errorCode,
    redos.error_message AS errorMessage, images.host AS host, images.input_url AS inputUrl, requests.id AS id,
    requests.owner_key AS ownerKey, requests.options AS options, requests.channel AS channel,
    requests.renditions AS renditions, requests.is_fresh AS isFresh, requests.keep_sources_days AS keepSourcesDays
  FROM redos JOIN requests ON requests.request_key = redos.request_key AND requests.status NOT IN ('Receiving', 'Deleting')
    JOIN images ON images.request_key = redos.request_key AND images.number = redos.number
  WHERE redos.state = 'pending' AND redos.due_at <= ? ORDER BY redos.due_at LIMIT ?`;

const TAKE = `
  UPDATE redos SET state = 'processing', attempt = attempt + 1, due_at = ?
  WHERE request_key = ? AND number = ? AND state = 'pending' AND attempt = ?`;

const EXPIRED = `
  SELECT request_key AS requestKey, number, attempt FROM redos WHERE state = 'processing' AND due_at <= ? LIMIT 100`;

/** What a claim holds, whatever its lease. */
const HELD = "request_key = ? AND number = ? AND attempt = ? AND state = 'processing'";

interface Row {
  requestKey: number;
  number: number;
  wish: string;
  attempt: number;
  failures: number;
  busyTries: number;
  crashes: number;
  errorCode: ErrorCode | null;
  errorMessage: string | null;
  host: number;
  inputUrl: string;
  id: string;
  ownerKey: number;
  options: string;
  channel: ChannelName | null;
  renditions: string | null;
  isFresh: number;
  keepSourcesDays: number;
}

type Held = Pick<ClaimedImage, 'requestKey' | 'number' | 'attempt'>;

/** Claims of redos. They are leases with a fencing token, as those of images are (`ImageClaims`). */
@Injectable()
export class RedoClaims implements ClaimKeeper, OnModuleInit, OnModuleDestroy {
  /** What this process works on, and for what. */
  private readonly held = new Map<Held, NotedWish>();
  private readonly renewal: LeaseRenewal;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly settlement: RedoSettlement,
    private readonly sources: KeptSources,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.renewal = new LeaseRenewal(RedoClaims.name, settings.LEASE_SECONDS, () => this.renew());
  }

  onModuleInit(): void {
    this.renewal.start();
  }

  onModuleDestroy(): void {
    this.renewal.stop();
  }

  /** Claims up to `count` redos that are due, those that have waited longest first. */
  async claim(count: number): Promise<ClaimedImage[]> {
    const rows = await this.database.manager.query<Row[]>(DUE, [this.clock.now(), count]);
    const claims: ClaimedImage[] = [];
    for (const row of rows) if (await this.take(row)) claims.push(await this.toClaim(row));
    return claims;
  }

  /**
   * Makes redos pending again whose lease ran out because their worker died. `evenIfAlive`: leases that have not run out too, for when
   * no worker can be alive.
   */
  async releaseExpired(evenIfAlive = false): Promise<void> {
    const before = evenIfAlive ? Number.MAX_SAFE_INTEGER : this.clock.now();
    for (;;) {
      const expired = await this.database.manager.query<Held[]>(EXPIRED, [before]);
      if (expired.length === 0) return;
      for (const one of expired)
        await this.update(
          one,
          "state = 'pending', due_at = 0, crashes = CASE WHEN crashes = 0 THEN 1 ELSE crashes END",
        );
    }
  }

  async release(claim: ClaimedImage): Promise<void> {
    await this.update(claim, "state = 'pending', due_at = 0");
  }

  async defer(claim: ClaimedImage, delayMs: number): Promise<void> {
    await this.update(claim, "state = 'pending', due_at = ?", [this.later(delayMs)]);
  }

  async retryLater(
    claim: ClaimedImage,
    { code, message }: AppError,
    delayMs: number,
    countedAs: 'failure' | 'busy' | null,
  ): Promise<void> {
    const failures = claim.failures + (countedAs === 'failure' ? 1 : 0);
    const busyTries = claim.busyTries + (countedAs === 'busy' ? 1 : 0);
    await this.update(
      claim,
      "state = 'pending', due_at = ?, failures = ?, busy_tries = ?, error_code = ?, error_message = ?, error_retryable = 1",
      [this.later(delayMs), failures, busyTries, code, message.slice(0, 255)],
    );
  }

  settle(claim: ClaimedImage, settlement: Settlement): Promise<boolean> {
    return this.settlement.settle(claim, settlement, this.held.get(claim));
  }

  async noteDecoding(claim: ClaimedImage): Promise<number> {
    await this.update(claim, 'crashes = crashes + 1');
    const sql = 'SELECT crashes FROM redos WHERE request_key = ? AND number = ?';
    const [row] = await this.database.manager.query<{ crashes: number }[]>(sql, [
      claim.requestKey,
      claim.number,
    ]);
    return (row?.crashes ?? 1) - 1; // none: its request has been deleted
  }

  async noteSurvival(claim: ClaimedImage): Promise<void> {
    await this.update(claim, 'crashes = 0');
  }

  forget(claim: ClaimedImage): void {
    this.held.delete(claim);
  }

  private async take({ requestKey, number, attempt }: Row): Promise<boolean> {
    const parameters = [this.leaseEnd(), requestKey, number, attempt];
    return (await this.database.write((manager) => execute(manager, TAKE, parameters))) === 1;
  }

  private async toClaim(row: Row): Promise<ClaimedImage> {
    const { requestKey, number, attempt, host, failures, busyTries, crashes, id, ownerKey } = row;
    const wish = readWish(row.wish);
    const inputUrl = wish.url ?? row.inputUrl;
    const sourceKey = wish.url ? null : await this.sources.find(row);
    const server = sourceKey ? KEPT : hostAndPort(inputUrl);
    const claim: ClaimedImage = {
      ...{
        keeper: this,
        requestKey,
        number,
        attempt: attempt + 1,
        host,
        server,
        sourceKey,
        inputUrl,
      },
      ...{ failures, busyTries, crashes, lastFailure: failureOf(row), download: null },
      request: {
        ...{
          id,
          ownerKey,
          isFresh: row.isFresh === 1,
          keepSourcesDays: row.keepSourcesDays,
          hasRepeats: false,
        },
        options: redoneOptions(readCompressionOptions(row.options), wish, row.channel),
        renditions: readRenditions(row.renditions),
      },
    };
    this.held.set(claim, wish);
    return claim;
  }

  private async renew(): Promise<void> {
    for (const claim of this.held.keys()) await this.update(claim, 'due_at = ?', [this.leaseEnd()]);
  }

  /** Nothing where the claim has ended. */
  private async update(claim: Held, assignments: string, parameters: unknown[] = []): Promise<void> {
    const { requestKey, number, attempt } = claim;
    const sql = `UPDATE redos SET ${assignments} WHERE ${HELD}`;
    const write = (manager: EntityManager) =>
      execute(manager, sql, [...parameters, requestKey, number, attempt]);
    await this.database.write(write);
  }

  private leaseEnd(): number {
    return this.later(this.settings.LEASE_SECONDS * SECOND);
  }

  private later(delayMs: number): number {
    return Math.round(this.clock.now() + delayMs);
  }
}
