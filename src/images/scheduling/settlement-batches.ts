import { Injectable, Logger } from '@nestjs/common';
import { isDatabaseAway } from '../../database/database.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { groupBy } from './host-counts.js';
import type { ClaimedImage } from './image-claims.js';
import { ImageSettlement, type Settlement } from './image-settlement.js';
import { RepeatedImages } from './repeated-images.js';

/** A settlement waits so long for others: a transaction for many costs little more than for one … */
const GATHER_MS = 50;
/** … and so long while this process has many images in hand, which do not wait for it. */
const GATHER_MANY_MS = 250;
const MANY = 64;

/** Images of a transaction: some milliseconds of the event loop with SQLite. */
const MAX_AT_ONCE = 256;

interface Waiting {
  claim: ClaimedImage;
  settlement: Settlement;
  since: number;
  resolve: (isSettled: boolean) => void;
  reject: (error: unknown) => void;
}

/** Gathers the settlements of this process for some milliseconds, and writes them together. */
@Injectable()
export class SettlementBatches {
  /** How many images this process has in hand: when all of them wait here, nothing more is waited for. */
  inHand: () => number = () => 0;

  private readonly warning = new RepeatedWarning(new Logger(SettlementBatches.name));
  private waiting: Waiting[] = [];
  private isWriting = false;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
  ) {}

  /**
   * Settles an image, and those with the same URL. Resolves when that is committed.
   * @returns false if the claim had ended, and nothing was changed
   * @throws UnavailableError `DATABASE_UNAVAILABLE`; the claim runs out then
   */
  settle(claim: ClaimedImage, settlement: Settlement): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ claim, settlement, since: performance.now(), resolve, reject });
      void this.run();
    });
  }

  /** One batch after the other, so that they do not wait for each other's locks. Never rejects. */
  private async run(): Promise<void> {
    if (this.isWriting) return;
    this.isWriting = true;
    while (this.isDue()) await this.write(this.waiting.splice(0, MAX_AT_ONCE));
    this.isWriting = false;
    if (this.waiting.length > 0) this.timer ??= setTimeout(() => this.runAgain(), GATHER_MS);
  }

  private runAgain(): void {
    this.timer = undefined;
    void this.run();
  }

  private isDue(): boolean {
    const { length } = this.waiting;
    if (length === 0) return false;
    const inHand = this.inHand();
    if (length >= Math.min(MAX_AT_ONCE, inHand)) return true;
    const gatherMs = inHand >= MANY && length < MANY ? GATHER_MANY_MS : GATHER_MS;
    return performance.now() - this.waiting[0].since >= gatherMs - 1; // a timer may be early
  }

  private async write(batch: Waiting[]): Promise<void> {
    try {
      const settled = await this.settlement.settle(batch);
      await this.settleRepeats(batch).catch(({ message }: Error) =>
        this.warning.warn(`repeats were not settled; the reconciler will do it: ${message}`),
      );
      batch.forEach(({ resolve }, index) => resolve(settled[index]));
    } catch (error) {
      // One image with which something is wrong must not keep the others from being settled.
      if (batch.length > 1 && !isDatabaseAway(error)) for (const one of batch) await this.write([one]);
      else batch.forEach(({ reject }) => reject(error));
    }
  }

  private async settleRepeats(batch: Waiting[]): Promise<void> {
    const firsts = groupBy(
      batch.filter(({ claim }) => claim.request.hasRepeats),
      ({ claim }) => claim.requestKey,
      ({ claim }) => claim.number,
    );
    for (const [requestKey, numbers] of firsts) await this.repeats.settle(requestKey, numbers);
  }
}
