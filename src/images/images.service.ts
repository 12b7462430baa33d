import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { settings, type Settings } from '../config.js';
import { isDatabaseAway } from '../database/database.js';
import { AppError, ImageError, isDiskFault, UnavailableError } from '../errors.js';
import type { Download } from '../outbound/guarded-http.js';
import { MOST_RETRY_AFTER_MS } from '../outbound/host-breaker.js';
import { HostLanes } from '../outbound/host-lanes.js';
import type { SpooledBody } from '../outbound/spooled-body.js';
import { RepeatedWarning } from '../repeated-warning.js';
import { RepeatedImages } from '../requests/repeated-images.service.js';
import { RequestsService, type Settlement } from '../requests/requests.service.js';
import { FileStorage } from '../storage/file-storage.js';
import { compressImage, inspectImage, type CompressedImage } from './compress-image.js';
import { type ClaimableImage, type ClaimedImage, ImageClaims } from './image-claims.service.js';
import { hostOf, ImageDownloader } from './image-downloader.js';
import { extensionOf } from './image-format.js';
import { ImageQueue } from './image-queue.service.js';
import { Semaphore } from './semaphore.js';

const SECOND = 1000;

/** Waits before the second and the third try of an image, before jitter. After the third it has failed. */
const RETRY_AFTER_MS = [2 * SECOND, 10 * SECOND];

/** How long an image waits when not it, but our own database or storage is at fault. */
const UNAVAILABLE_RETRY_MS = 10 * SECOND;

/** Deaths in the encoder after which an image is taken to be their cause. */
const MOST_CRASHES = 3;

/** Thrown inside a try that is ended because the process stops. */
class ShutdownError extends Error {}

/** Takes one image at a time from its URL to its settlement. */
@Injectable()
export class ImagesService {
  private readonly logger = new Logger(ImagesService.name);
  private readonly away = new RepeatedWarning(this.logger);
  private readonly shutdown = new AbortController();
  private readonly hosts: HostLanes;
  private readonly encoderSlots: Semaphore;
  private readonly pixels: Semaphore;

  constructor(
    private readonly claims: ImageClaims,
    private readonly queue: ImageQueue,
    private readonly downloader: ImageDownloader,
    private readonly storage: FileStorage,
    private readonly requests: RequestsService,
    private readonly repeats: RepeatedImages,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    setMaxListeners(0, this.shutdown.signal); // one per download in flight
    this.hosts = new HostLanes(settings.DOWNLOADS_PER_HOST);
    this.encoderSlots = new Semaphore(settings.CONCURRENCY);
    // A decoded pixel costs up to 10 bytes, so this is what bounds the memory, not the number of images.
    this.pixels = new Semaphore(settings.MAX_IMAGE_PIXELS);
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
      const host = hostOf(image.inputUrl);
      // Whoever is not to be sent anyway takes no place in the host's line.
      if (this.downloader.ask(host, image.hasWaited).is !== 'admitted') {
        return this.claimAndWork(image, host);
      }
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
    this.shutdown.abort(new ShutdownError());
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
    const admission = this.downloader.admit(host, image.hasWaited);
    if (admission.is === 'early') {
      return this.queue.putAside(image.requestKey, image.number, admission.waitMs);
    }
    const claim = await this.claims.claim(image);
    if (!claim) return this.downloader.forgo(host);
    if (admission.is === 'admitted') await this.work(claim, () => this.attempt(claim));
    else await this.work(claim, () => Promise.reject(admission.error));
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

  private async attempt(claim: ClaimedImage): Promise<Settlement> {
    const { body } = await this.download(claim);
    try {
      const image = await this.encode(claim, body);
      const outputKey = storageKey(claim, image);
      await this.store(outputKey, image);
      const { outcome, input, output, report } = image;
      return { status: 'done', download: claim.download, outcome, outputKey, input, output, report };
    } finally {
      await body.discard();
    }
  }

  private async download(claim: ClaimedImage): Promise<Download> {
    const startedAt = performance.now();
    const download = await this.downloader.download(claim.inputUrl, this.shutdown.signal);
    claim.download = { how: 'fetched', milliseconds: performance.now() - startedAt };
    return download;
  }

  /** Waits for the encoder with the download on disk, and brings it into memory only when its turn has come. */
  private encode(claim: ClaimedImage, body: SpooledBody): Promise<CompressedImage> {
    const slots = claim.crashes > 1 ? this.settings.CONCURRENCY : 1; // next time it takes nobody with it
    return this.encoderSlots.use(slots, async () => {
      this.shutdown.signal.throwIfAborted();
      const source = await body.read();
      if (claim.crashes === 0) return this.compress(claim, source);
      await this.refuseIfDeadly(claim);
      try {
        return await this.compress(claim, source);
      } finally {
        await this.claims.noteSurvival(claim);
      }
    });
  }

  private async compress({ request }: ClaimedImage, source: Buffer): Promise<CompressedImage> {
    const maxPixels = this.settings.MAX_IMAGE_PIXELS;
    const { pixels } = await inspectImage(source, maxPixels);
    return this.pixels.use(pixels, () => compressImage(source, { ...request.options, maxPixels }));
  }

  private async refuseIfDeadly(claim: ClaimedImage): Promise<void> {
    if ((await this.claims.noteDecoding(claim)) > MOST_CRASHES) {
      throw new ImageError('PROCESSING_CRASHED', 'Processing this image ended the worker again and again.');
    }
  }

  private async store(key: string, { data, contentType }: CompressedImage): Promise<void> {
    try {
      await this.storage.put(key, data, contentType);
    } catch (error) {
      throw storageUnavailable(error);
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
    const delay = isHopeless ? null : retryDelay(claim.failures, failure);
    if (delay !== null) return this.claims.retryLater(claim, failure, delay, true);
    const { code, message, retryable } = failure;
    const { download } = claim;
    await this.conclude(claim, { status: 'failed', download, code, message, retryable });
  }

  private expected(claim: ClaimedImage, error: unknown): AppError {
    if (error instanceof AppError) return error;
    this.logger.error(`image ${imageName(claim)}: unexpected`, error);
    return new AppError('INTERNAL', 'Something went wrong on our side.', { retryable: true });
  }

  private async conclude(claim: ClaimedImage, settlement: Settlement): Promise<void> {
    const { requestKey, number, attempt } = claim;
    const isOurs = await this.requests.settle({ requestKey, number, attempt }, settlement);
    if (!isOurs)
      this.logger.warn(`image ${imageName(claim)} was taken over by another worker in the meantime`);
    else
      this.logger.debug(
        `image ${imageName(claim)} ${settlement.status === 'failed' ? settlement.code : 'done'}`,
      );
    if (isOurs && claim.request.hasRepeats) await this.repeats.settle(requestKey, number);
  }
}

function storageUnavailable(cause: unknown): UnavailableError {
  return new UnavailableError('STORAGE_UNAVAILABLE', 'The image storage does not answer.', cause);
}

/** Milliseconds until the next try, or null where there is none. The jitter keeps a host's images from coming back as one. */
function retryDelay(failures: number, { retryable, retryAfterMs = 0 }: AppError): number | null {
  if (!retryable || failures >= RETRY_AFTER_MS.length) return null;
  const planned = RETRY_AFTER_MS[failures] * (0.5 + Math.random() / 2);
  return Math.round(Math.max(planned, Math.min(retryAfterMs, MOST_RETRY_AFTER_MS)));
}

/** Named by content, so that a key's content never changes, not even if two workers were at it. */
function storageKey({ request, number }: ClaimedImage, { data, output }: CompressedImage): string {
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return `${request.id}/${number}-${hash}.${extensionOf(output.format)}`;
}

function imageName({ request, number }: ClaimedImage): string {
  return `${request.id}-${number}`;
}
