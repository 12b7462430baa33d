import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import { isDatabaseAway } from '../../database/database.js';
import { AppError, isDiskFault, UnavailableError } from '../../errors/app-error.js';
import { isBusy, MOST_RETRY_AFTER_MS, type Visitor } from '../hosts/host-breaker.js';
import { RepeatedWarning } from '../../errors/repeated-warning.js';
import { RepeatedImages } from '../scheduling/repeated-images.js';
import { RequestsService } from '../../requests/requests.service.js';
import { ImageSettlement, type Settlement } from '../scheduling/image-settlement.js';
import { type ClaimableImage, type ClaimedImage, ImageClaims } from '../scheduling/image-claims.js';
import { hostOf, ImageDownloader } from '../hosts/image-downloader.js';
import { HostLanes } from '../hosts/host-lanes.js';
import { ImageQueue } from '../scheduling/image-window.js';
import { ImageTries, ShutdownError, storageUnavailable } from './image-tries.js';

const SECOND = 1000;

/** The second and the third try of an image come within so long. After the third it has failed. */
const RETRY_WITHIN_MS = [3 * SECOND, 15 * SECOND];

/** Tries after which also those count that ended because the server was too busy. */
const MOST_BUSY_TRIES = 10;

/** Images that wait for a server come back one after the other within so long after that. */
const COME_BACK_WITHIN_MS = 2 * SECOND;

/** How long an image waits when not it, but our own database or storage is at fault. */
const UNAVAILABLE_RETRY_MS = 10 * SECOND;

/** Decides which image is tried when, and what follows from how that ends. */
@Injectable()
export class ImagesService {
  private readonly logger = new Logger(ImagesService.name);
  private readonly away = new RepeatedWarning(this.logger);
  private readonly hosts: HostLanes;

  constructor(
    private readonly claims: ImageClaims,
    private readonly queue: ImageQueue,
    private readonly downloader: ImageDownloader,
    private readonly tries: ImageTries,
    private readonly requests: RequestsService,
    private readonly settlement: ImageSettlement,
    private readonly repeats: RepeatedImages,
    @Inject(settings.KEY) { DOWNLOADS_IN_FLIGHT, DOWNLOADS_PER_HOST }: Settings,
  ) {
    this.hosts = new HostLanes(DOWNLOADS_PER_HOST, DOWNLOADS_IN_FLIGHT, (host) => downloader.widthOf(host));
  }

  /** Tells the workers that a request has images to be worked on. Never fails: the reconciler would ring again. */
  async enqueue(requestKey: number): Promise<void> {
    await this.queue
      .topUp(requestKey)
      .catch(({ message }: Error) =>
        this.away.warn(`a request was not enqueued; the reconciler will do it: ${message}`),
      );
  }

  /**
   * Downloads, compresses, stores and settles one image. Running it twice, or in two places at once, settles the image
   * once. Returns at once where the image's host is busy: then it is worked on later. Where the database can't be
   * reached, the claim runs out and the image is taken up again.
   */
  async process(requestKey: number, number: number): Promise<void> {
    const id = `${requestKey}-${number}`;
    if (this.hosts.isParked(id)) return;
    await this.orAway(async () => {
      const image = await this.claims.find(requestKey, number);
      if (!image) return;
      const refusal = this.downloader.refusalOf(image.inputUrl);
      if (refusal)
        return this.claimAndDo(image, () =>
          Promise.resolve({ status: 'failed', download: null, retryable: false, ...refusal }),
        );
      const host = hostOf(image.inputUrl);
      // Where a host is in trouble there is no line: its images are put aside, but for the few that are sent ahead.
      if (this.downloader.isInTrouble(host)) return this.claimAndWork(image, host);
      await this.hosts.run(host, {
        id,
        run: () => this.orAway(() => this.claimAndWork(image, host)),
        putAside: (delayMs) => this.queue.putAside(requestKey, number, delayMs),
      });
    });
  }

  /** Begins no more tries. */
  close(): void {
    this.hosts.close();
  }

  /** Ends the tries under way; each gives its image back. For the end of the process's grace period. */
  abort(): void {
    this.tries.abort();
  }

  private async orAway(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      this.away.warn(`the database is away: ${(error as Error).message}`);
    }
  }

  private async claimAndWork(image: ClaimableImage, host: string): Promise<void> {
    const admission = this.downloader.admit(host, visitorOf(image));
    if (admission.is === 'early') {
      // Those that come back first are others than those that came first: whatever is wrong may be wrong with these.
      const waitMs = admission.waitMs + Math.random() * COME_BACK_WITHIN_MS;
      return this.queue.putAside(image.requestKey, image.number, waitMs);
    }
    if (admission.is === 'refused') {
      // What it has seen itself is nearer to the truth than what others have.
      return this.claimAndDo(image, () => Promise.reject(image.lastFailure ?? admission.error));
    }
    try {
      await this.claimAndDo(image, (claim) => this.tries.run(claim, admission.visit));
    } finally {
      this.downloader.leave(admission.visit);
    }
  }

  private async claimAndDo(
    image: ClaimableImage,
    attempt: (claim: ClaimedImage) => Promise<Settlement>,
  ): Promise<void> {
    const claim = await this.claims.claim(image);
    if (claim) await this.work(claim, () => attempt(claim));
  }

  private async work(claim: ClaimedImage, attempt: () => Promise<Settlement>): Promise<void> {
    try {
      if (claim.request.isNew) await this.requests.markStarted(claim.requestKey);
      await this.conclude(claim, await attempt());
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      await this.recordFailure(claim, error);
    } finally {
      this.claims.forget(claim);
      if (!claim.request.isEnqueued) this.queue.topUpSoon(claim.requestKey);
    }
  }

  private async recordFailure(claim: ClaimedImage, error: unknown): Promise<void> {
    if (error instanceof ShutdownError) return this.claims.giveBack(claim);
    const fault = isDiskFault(error) ? storageUnavailable(error) : error;
    if (fault instanceof UnavailableError) {
      this.away.warn(`images wait: ${fault.code}: ${(fault.cause as Error | undefined)?.message ?? ''}`);
      return this.claims.retryLater(claim, fault, UNAVAILABLE_RETRY_MS, false);
    }
    const failure = this.expected(claim, error);
    const isHopeless = this.downloader.isGivenUp(hostOf(claim.inputUrl));
    // Its server is to blame, which will let it in when it has time; but it must come to an end.
    const isCounted = !isBusy(failure) || claim.attempt > MOST_BUSY_TRIES;
    const delay = isHopeless ? null : retryDelay(isCounted ? claim.failures : 0, failure);
    if (delay !== null) return this.claims.retryLater(claim, failure, delay, isCounted);
    const { code, message, retryable } = failure;
    const { download } = claim;
    await this.conclude(claim, { status: 'failed', download, code, message, retryable });
  }

  private expected(claim: ClaimedImage, error: unknown): AppError {
    if (error instanceof AppError) return error;
    this.logger.error(`image ${imageName(claim)}: unexpected`, error);
    return new AppError('INTERNAL');
  }

  private async conclude(claim: ClaimedImage, settlement: Settlement): Promise<void> {
    const { requestKey, number, attempt } = claim;
    const isOurs = await this.settlement.settle({ requestKey, number, attempt }, settlement);
    if (!isOurs)
      this.logger.warn(`image ${imageName(claim)} was taken over by another worker in the meantime`);
    else
      this.logger.debug(
        `image ${imageName(claim)} ${settlement.status === 'failed' ? settlement.code : 'done'}`,
      );
    if (isOurs && claim.request.hasRepeats) await this.repeats.settle(requestKey, number);
  }
}

/**
 * Milliseconds until the next try, or null where there is none. Full jitter (Brooker, "Exponential Backoff and Jitter",
 * 2015) keeps a host's images from coming back as one.
 */
function retryDelay(failures: number, { retryable, retryAfterMs = 0 }: AppError): number | null {
  if (!retryable || failures >= RETRY_WITHIN_MS.length) return null;
  const planned = RETRY_WITHIN_MS[failures] * Math.random();
  return Math.round(Math.max(planned, Math.min(retryAfterMs, MOST_RETRY_AFTER_MS)));
}

function visitorOf({ requestKey, failures }: ClaimableImage): Visitor {
  return { requestKey, hasFailed: failures > 0 };
}

function imageName({ request, number }: ClaimedImage): string {
  return `${request.id}-${number}`;
}
