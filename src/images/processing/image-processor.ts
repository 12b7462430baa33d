import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admission, Outlook } from '../../concurrency/circuit-breaker.js';
import { Lanes } from '../../concurrency/lanes.js';
import { settings, type Settings } from '../../config/settings.js';
import { isDatabaseAway } from '../../database/database.js';
import { AppError, OutboundError, UnavailableError } from '../../errors/app-error.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { FileDownloader } from '../../outbound/download/file-downloader.js';
import { ImageDownloader } from '../hosts/image-downloader.js';
import { type ImageHost, ImageHostPolicy } from '../hosts/image-host-policy.js';
import type { ClaimedImage } from '../scheduling/image-claims.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { SettlementBatches } from '../scheduling/settlement-batches.js';
import { ImageCompressor } from './image-compressor.js';
import { nextStep } from './retry-policy.js';

const SECOND = 1000;

/**
 * Images of a host that is paused come back within so long after the pause. Others come first each time: whatever is
 * wrong with the host may be wrong with those that came first.
 */
const COME_BACK_WITHIN_MS = 2 * SECOND;

const LOOK_AGAIN_MS = 20;

/** What became of a try. */
type Outcome =
  | { is: 'settled'; settlement: Settlement }
  | { is: 'failed'; error: unknown }
  /** It was not made; `delayMs`: until the image may be claimed again. */
  | { is: 'deferred'; delayMs: number };

/** How much of its slots a process uses. */
export interface ProcessorLoad {
  /** Images that it has claimed and not settled. */
  inHand: number;
  downloads: { used: number; total: number };
  encoders: { used: number; total: number };
  /** Hosts to which it makes no calls for a while, but for probes. */
  pausedHosts: number;
}

/** The way of a claimed image through a worker: wait in the lane of its host, then admit → try → conclude. */
@Injectable()
export class ImageProcessor {
  /** Told the name of a host when one of its images makes room for another. */
  onRoom: (server: string) => void = () => undefined;

  private readonly logger = new Logger(ImageProcessor.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly lanes: Lanes<ImageHost>;
  private readonly maxInHand: number;
  private inHand = 0;
  private isClosed = false;

  constructor(
    private readonly http: FileDownloader,
    private readonly downloader: ImageDownloader,
    private readonly compressor: ImageCompressor,
    batches: SettlementBatches,
    @Inject(settings.KEY) { DOWNLOADS_IN_FLIGHT, DOWNLOADS_PER_HOST }: Settings,
  ) {
    const concurrencyOf = (host: string) => downloader.circuits.concurrencyOf(host);
    this.lanes = new Lanes(new ImageHostPolicy(DOWNLOADS_PER_HOST, DOWNLOADS_IN_FLIGHT, concurrencyOf));
    // Some wait for their turn and some for their settlement, while the others are worked on.
    this.maxInHand = 2 * DOWNLOADS_IN_FLIGHT;
    batches.inHand = () => this.inHand;
  }

  /** How many more images this worker may have in hand. */
  get room(): number {
    return this.maxInHand - this.inHand;
  }

  /** What this process is busy with, as far as it is bounded. */
  load(): ProcessorLoad {
    return {
      inHand: this.inHand,
      downloads: { used: this.lanes.runningInAllLanes, total: this.maxInHand / 2 },
      encoders: this.compressor.encoders,
      pausedHosts: this.downloader.circuits.pausedServers,
    };
  }

  /** Whether a host stands still, or will soon, although this worker has slots for its images. */
  isDry(server: string): boolean {
    return this.inHand < this.maxInHand / 2 && !this.lanes.hasWaiting(server);
  }

  /** How many images of a host are worth being claimed now for a request. */
  outlookOf(server: string, requestKey: number): Outlook {
    const outlook = this.downloader.circuits.outlook(server, requestKey);
    if (!this.downloader.circuits.isClosed(server)) return outlook;
    return { ...outlook, calls: this.lanes.room(server) };
  }

  /**
   * Downloads, compresses, stores and settles an image that this process has claimed, and returns when that is committed, or
   * when the image was given back. Never throws. Where the database can't be reached, the claim runs out and the image is
   * taken up again.
   */
  async process(claim: ClaimedImage): Promise<void> {
    this.inHand++;
    try {
      const outcome = await this.inTurn(claim);
      this.onRoom(claim.server);
      await this.conclude(claim, outcome);
    } catch (error) {
      this.report(error);
    } finally {
      this.inHand--;
      claim.keeper.forget(claim);
      this.onRoom(claim.server);
    }
  }

  /** Begins no more tries: what waits for its turn is given back. */
  close(): void {
    this.isClosed = true;
    this.lanes.close();
  }

  /** Ends the tries under way; each releases its image. For the end of the process's grace period. */
  abort(): void {
    this.compressor.abort();
  }

  /** Returns when no image is in hand any more, or after `graceMs`. */
  async whenIdle(graceMs: number): Promise<void> {
    for (const end = performance.now() + graceMs; this.inHand > 0 && performance.now() < end;)
      await sleep(LOOK_AGAIN_MS);
  }

  /** Nobody waits for a host whose circuit is open: its images are probes, or refused. */
  private inTurn(claim: ClaimedImage): Promise<Outcome> {
    const { server, requestKey, number, attempt } = claim;
    if (!this.downloader.circuits.isClosed(server)) return this.attempt(claim);
    this.compressor.prepare(claim);
    return new Promise((resolve) => {
      void this.lanes.run(server, {
        id: `${requestKey}-${number}-${attempt}`,
        run: async () => resolve(await this.attempt(claim)),
        defer: () => resolve({ is: 'deferred', delayMs: this.isClosed ? 0 : COME_BACK_WITHIN_MS }),
      });
    });
  }

  /** Never throws. */
  private async attempt(claim: ClaimedImage): Promise<Outcome> {
    const admission = this.admit(claim);
    if (admission.is === 'paused')
      return { is: 'deferred', delayMs: admission.waitMs + Math.random() * COME_BACK_WITHIN_MS };
    // What the image has seen itself is nearer to the truth than what others have.
    if (admission.is === 'refused') return { is: 'failed', error: claim.lastFailure ?? admission.error };
    try {
      return { is: 'settled', settlement: await this.compressor.compress(claim, admission.permit) };
    } catch (error) {
      return { is: 'failed', error };
    } finally {
      this.downloader.circuits.release(admission.permit);
    }
  }

  /** Whether the image may be downloaded now. */
  private admit({ requestKey, inputUrl, server, failures }: ClaimedImage): Admission<AppError> {
    const refusal = this.http.refusalOf(inputUrl);
    if (refusal) return { is: 'refused', error: new OutboundError(refusal.code, refusal.message) };
    return this.downloader.circuits.admit(server, { group: requestKey, hasFailed: failures > 0 });
  }

  private async conclude(claim: ClaimedImage, outcome: Outcome): Promise<void> {
    if (outcome.is === 'settled') return this.settle(claim, outcome.settlement);
    if (outcome.is === 'failed') return this.concludeFailure(claim, outcome.error);
    if (outcome.delayMs > 0) await claim.keeper.defer(claim, outcome.delayMs);
    else await claim.keeper.release(claim);
  }

  private async concludeFailure(claim: ClaimedImage, error: unknown): Promise<void> {
    if (isDatabaseAway(error)) throw error;
    const step = nextStep(claim, error, this.downloader.circuits.isGivenUp(claim.server));
    if (step.is === 'release') return claim.keeper.release(claim);
    if (step.error instanceof UnavailableError) {
      const { message = '' } = (step.error.cause ?? {}) as Partial<Error>;
      this.warning.warn(`images wait: ${step.error.code}: ${message}`);
    } else if (!(error instanceof AppError)) {
      this.logger.error(`image ${nameOf(claim)}: unexpected`, error);
    }
    if (step.is === 'retry') return claim.keeper.retryLater(claim, step.error, step.delayMs, step.countedAs);
    const { code, message, retryable } = step.error;
    await this.settle(claim, { status: 'failed', download: claim.download, code, message, retryable });
  }

  private async settle(claim: ClaimedImage, settlement: Settlement): Promise<void> {
    if (await claim.keeper.settle(claim, settlement))
      this.logger.debug(
        `image ${nameOf(claim)} ${settlement.status === 'failed' ? settlement.code : 'done'}`,
      );
    else this.logger.warn(`image ${nameOf(claim)} was taken over by another worker in the meantime`);
  }

  private report(error: unknown): void {
    if (isDatabaseAway(error)) this.warning.warn(`the database is away: ${(error as Error).message}`);
    else this.logger.error('an image was not processed: unexpected', error);
  }
}

/** As clients know the image. */
function nameOf({ request, number }: ClaimedImage): string {
  return `${request.id}-${number}`;
}
