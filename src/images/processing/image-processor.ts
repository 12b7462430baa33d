import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Admission } from '../../concurrency/circuit-breaker.js';
import { Lanes } from '../../concurrency/lanes.js';
import { settings, type Settings } from '../../config/settings.js';
import { isDatabaseAway } from '../../database/database.js';
import { AppError, OutboundError, UnavailableError } from '../../errors/app-error.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { FileDownloader } from '../../outbound/download/file-downloader.js';
import { RequestsService } from '../../requests/requests.service.js';
import { hostAndPort, ImageDownloader } from '../hosts/image-downloader.js';
import { type ImageHost, ImageHostPolicy } from '../hosts/image-host-policy.js';
import { type ClaimableImage, type ClaimedImage, ImageClaims } from '../scheduling/image-claims.js';
import { ImageSettlement, type Settlement } from '../scheduling/image-settlement.js';
import { ImageWindow } from '../scheduling/image-window.js';
import { RepeatedImages } from '../scheduling/repeated-images.js';
import { ImageCompressor } from './image-compressor.js';
import { nextStep } from './retry-policy.js';

const SECOND = 1000;

/**
 * Images of a host that is paused come back within so long after the pause. Others come first each time: whatever is
 * wrong with the host may be wrong with those that came first.
 */
const COME_BACK_WITHIN_MS = 2 * SECOND;

type Admitted = Exclude<Admission<AppError>, { is: 'paused' }>;

/** The way of one image through a worker: wait in the lane of its host, then admit → claim → try → conclude. */
@Injectable()
export class ImageProcessor {
  private readonly logger = new Logger(ImageProcessor.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly lanes: Lanes<ImageHost>;

  constructor(
    private readonly claims: ImageClaims,
    private readonly window: ImageWindow,
    private readonly http: FileDownloader,
    private readonly downloader: ImageDownloader,
    private readonly compressor: ImageCompressor,
    private readonly requests: RequestsService,
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
    @Inject(settings.KEY) { DOWNLOADS_IN_FLIGHT, DOWNLOADS_PER_HOST }: Settings,
  ) {
    const concurrencyOf = (host: string) => downloader.circuits.concurrencyOf(host);
    this.lanes = new Lanes(new ImageHostPolicy(DOWNLOADS_PER_HOST, DOWNLOADS_IN_FLIGHT, concurrencyOf));
  }

  /**
   * Downloads, compresses, stores and settles one image. Calling it twice, or in two places at once, settles the image
   * once. Returns at once where the host of the image is busy: then it is worked on later. Never throws. Where the
   * database can't be reached, the claim runs out and the image is taken up again.
   */
  async process(requestKey: number, number: number): Promise<void> {
    const id = `${requestKey}-${number}`;
    if (this.lanes.isWaiting(id)) return;
    try {
      const image = await this.claims.find(requestKey, number);
      if (!image) return;
      const host = hostAndPort(image.inputUrl);
      // Nobody waits for a host whose circuit is open: its images are deferred, but for a few probes.
      if (!this.downloader.circuits.isClosed(host)) return await this.work(image, host);
      await this.lanes.run(host, {
        id,
        run: () => this.work(image, host).catch((error: unknown) => this.report(error)),
        defer: (delayMs) => this.window.defer(requestKey, number, delayMs),
      });
    } catch (error) {
      this.report(error);
    }
  }

  /** Begins no more tries. */
  close(): void {
    this.lanes.close();
  }

  /** Ends the tries under way; each releases its image. For the end of the process's grace period. */
  abort(): void {
    this.compressor.abort();
  }

  private async work(image: ClaimableImage, host: string): Promise<void> {
    const admission = this.admit(image, host);
    if (admission.is === 'paused') {
      const waitMs = admission.waitMs + Math.random() * COME_BACK_WITHIN_MS;
      return this.window.defer(image.requestKey, image.number, waitMs);
    }
    try {
      const claim = await this.claims.claim(image);
      if (claim) await this.workOn(claim, host, admission);
    } finally {
      if (admission.is === 'admitted') this.downloader.circuits.release(admission.permit);
    }
  }

  /** Whether the image may be downloaded now. */
  private admit({ requestKey, inputUrl, failures }: ClaimableImage, host: string): Admission<AppError> {
    const refusal = this.http.refusalOf(inputUrl);
    if (refusal) return { is: 'refused', error: new OutboundError(refusal.code, refusal.message) };
    return this.downloader.circuits.admit(host, { group: requestKey, hasFailed: failures > 0 });
  }

  private async workOn(claim: ClaimedImage, host: string, admission: Admitted): Promise<void> {
    try {
      await this.settle(claim, await this.try(claim, admission));
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      await this.concludeFailure(claim, host, error);
    } finally {
      this.claims.forget(claim);
      if (!claim.request.isEnqueued) this.window.topUpSoon(claim.requestKey);
    }
  }

  private async try(claim: ClaimedImage, admission: Admitted): Promise<Settlement> {
    if (claim.request.isNew) await this.requests.markStarted(claim.requestKey);
    // What the image has seen itself is nearer to the truth than what others have.
    if (admission.is === 'refused') throw claim.lastFailure ?? admission.error;
    return this.compressor.compress(claim, admission.permit);
  }

  private async concludeFailure(claim: ClaimedImage, host: string, error: unknown): Promise<void> {
    const step = nextStep(claim, error, this.downloader.circuits.isGivenUp(host));
    if (step.is === 'release') return this.claims.release(claim);
    if (step.error instanceof UnavailableError) {
      const { message = '' } = (step.error.cause ?? {}) as Partial<Error>;
      this.warning.warn(`images wait: ${step.error.code}: ${message}`);
    } else if (!(error instanceof AppError)) {
      this.logger.error(`image ${nameOf(claim)}: unexpected`, error);
    }
    if (step.is === 'retry') return this.claims.retryLater(claim, step.error, step.delayMs, step.isCounted);
    const { code, message, retryable } = step.error;
    await this.settle(claim, { status: 'failed', download: claim.download, code, message, retryable });
  }

  private async settle(claim: ClaimedImage, settlement: Settlement): Promise<void> {
    const { requestKey, number, attempt } = claim;
    if (!(await this.settlement.settle({ requestKey, number, attempt }, settlement))) {
      this.logger.warn(`image ${nameOf(claim)} was taken over by another worker in the meantime`);
      return;
    }
    this.logger.debug(`image ${nameOf(claim)} ${settlement.status === 'failed' ? settlement.code : 'done'}`);
    if (claim.request.hasRepeats) await this.repeats.settle(requestKey, number);
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
