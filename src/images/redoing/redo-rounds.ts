import { Injectable, Logger } from '@nestjs/common';
import { Rounds } from '../../concurrency/rounds.js';
import { Database } from '../../database/database.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { FreeSpace } from '../../stored-files/free-space.js';
import { ImageProcessor } from '../processing/image-processor.js';
import { RedoClaims } from './redo-claims.js';

/** Between two rounds that look for what nobody told this worker of. */
const EVERY_MS = 2_000;

/** Redos claimed at once: people ask for them one by one. */
const CLAIMED_AT_ONCE = 16;

/**
 * Finds redos for this worker as it has room for them, and puts them on the way of images. The queue says when to look, the
 * rounds forget none; any number of processes may look at once.
 */
@Injectable()
export class RedoRounds {
  private readonly warning = new RepeatedWarning(new Logger(RedoRounds.name));
  private readonly rounds = new Rounds(
    EVERY_MS,
    () => this.look(),
    ({ message }) => this.warning.warn(`images were not made anew; the next round goes on: ${message}`),
  );
  private isStart = false;

  constructor(
    private readonly database: Database,
    private readonly claims: RedoClaims,
    private readonly images: ImageProcessor,
    private readonly space: FreeSpace,
  ) {}

  /** Looks now and every two seconds until {@link stop}. */
  start(): void {
    this.isStart = true;
    this.rounds.start();
  }

  /** Claims nothing more, and returns when the round that may be under way has ended. */
  async stop(): Promise<void> {
    await this.rounds.stop();
  }

  /** There may be something to do, as far as the caller knows. */
  hurry(): void {
    this.rounds.hurry(0);
  }

  private async look(): Promise<void> {
    // At the start of the only process there can be, all claims are of dead ones.
    await this.claims.releaseExpired(this.isStart && this.database.isEmbedded);
    this.isStart = false;
    if (!(await this.space.isEnough())) return;
    for (;;) {
      const room = Math.min(CLAIMED_AT_ONCE, this.images.room);
      const claimed = room > 0 ? await this.claims.claim(room) : [];
      for (const claim of claimed) void this.images.process(claim);
      if (claimed.length === 0) return;
    }
  }
}
