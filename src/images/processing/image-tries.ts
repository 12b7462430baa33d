import { Inject, Injectable } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { settings, type Settings } from '../../config/settings.js';
import { ImageError, OutboundError, UnavailableError } from '../../errors/app-error.js';
import type { Validators } from '../../outbound/download/validators.js';
import type { Download } from '../../outbound/download/file-downloader.js';
import type { Visit } from '../hosts/host-breaker.js';
import type { SpooledBody } from '../../outbound/download/spooled-body.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { FileStorage } from '../../storage/file-storage.js';
import { type CompressedImage, openSource } from '../../compression/compress-image.js';
import { type ClaimedImage, ImageClaims } from '../scheduling/image-claims.js';
import { ImageDownloader } from '../hosts/image-downloader.js';
import { makeOutputKey, readOutputKey } from '../output-key.js';
import { contentTypeOf, type ImageFormat } from '../../compression/formats/image-format.js';
import { type CachedResult, ResultCache } from './result-cache.js';
import { Semaphore } from './semaphore.js';

/** Deaths in the encoder after which an image is taken to be their cause. */
const MOST_CRASHES = 3;

/** What a server may answer that doesn't understand a question for changes. */
const REFUSED = /^HTTP_(400|405|406|412|417)$/;

/** Thrown inside a try that is ended because the process stops. */
export class ShutdownError extends Error {}

/** One try of an image: from its URL to a stored file. */
@Injectable()
export class ImageTries {
  private readonly shutdown = new AbortController();
  private readonly encoderSlots: Semaphore;
  private readonly pixels: Semaphore;

  constructor(
    private readonly claims: ImageClaims,
    private readonly downloader: ImageDownloader,
    private readonly cache: ResultCache,
    private readonly storage: FileStorage,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    setMaxListeners(0, this.shutdown.signal); // one per download in flight
    this.encoderSlots = new Semaphore(settings.CONCURRENCY);
    // A decoded pixel costs up to 10 bytes, so this is what bounds the memory, not the number of images.
    this.pixels = new Semaphore(settings.MAX_IMAGE_PIXELS);
  }

  /**
   * Downloads, compresses and stores an image; or takes the stored result where the same bytes were compressed with the
   * same options before, and does not even download them where their server says that they are the same.
   * @throws OutboundError, ImageError; UnavailableError where the storage or the disk is at fault; ShutdownError
   */
  async run(claim: ClaimedImage, visit: Visit): Promise<Settlement> {
    const { options } = claim.request;
    const known = await this.cache.findByUrl(claim.inputUrl, options);
    const download = known && (await this.askAgain(claim, visit, known.source));
    if (download) return this.make(claim, download);
    if (known && claim.download) {
      const settlement = await this.reuse(claim, known.content, known.result);
      if (settlement) {
        this.cache.rememberSource(claim.inputUrl, known.source, known.content);
        return settlement;
      }
    }
    claim.download = null;
    return this.make(claim, (await this.download(claim, visit, null))!);
  }

  /** Ends the tries under way with a {@link ShutdownError}. */
  abort(): void {
    this.shutdown.abort(new ShutdownError());
  }

  /** Null where nothing has changed, or where the server refuses to be asked like that. */
  private async askAgain(claim: ClaimedImage, visit: Visit, known: Validators): Promise<Download | null> {
    try {
      return await this.download(claim, visit, known);
    } catch (error) {
      if (error instanceof OutboundError && REFUSED.test(error.code)) return null;
      throw error;
    }
  }

  private async download(
    claim: ClaimedImage,
    visit: Visit,
    known: Validators | null,
  ): Promise<Download | null> {
    const startedAt = performance.now();
    const download = await this.downloader.download(visit, known, claim.inputUrl, this.shutdown.signal);
    claim.download = {
      how: download ? 'fetched' : 'not_modified',
      milliseconds: performance.now() - startedAt,
    };
    return download;
  }

  private async make(claim: ClaimedImage, { body, ...source }: Download): Promise<Settlement> {
    try {
      const result = await this.cache.findByContent(body.sha256, claim.request.options);
      const settlement =
        (result && (await this.reuse(claim, body.sha256, result))) ?? (await this.makeAnew(claim, body));
      this.cache.rememberSource(claim.inputUrl, source, body.sha256);
      return settlement;
    } finally {
      await body.discard();
    }
  }

  private async makeAnew(claim: ClaimedImage, body: SpooledBody): Promise<Settlement> {
    const { data, contentType, outcome, input, output, report } = await this.encode(claim, body);
    const outputKey = makeOutputKey(claim.request.id, claim.number, data, output.format);
    await this.store(outputKey, data, contentType);
    return this.settle(claim, body.sha256, { outputKey, facts: { outcome, input, output, report } });
  }

  /** A copy of the stored result, or null where its file is gone. */
  private async reuse(
    claim: ClaimedImage,
    content: string,
    { outputKey, facts }: CachedResult,
  ): Promise<Settlement | null> {
    const data = await this.read(outputKey);
    if (!data) return null;
    const format = facts.output.format as ImageFormat;
    const ownKey = makeOutputKey(claim.request.id, claim.number, data, format);
    if (readOutputKey(ownKey)?.digest !== readOutputKey(outputKey)?.digest) return null;
    await this.store(ownKey, data, contentTypeOf(format));
    const report = { ...facts.report, milliseconds: 0 };
    return this.settle(claim, content, { outputKey: ownKey, facts: { ...facts, report } });
  }

  private settle(claim: ClaimedImage, content: string, result: CachedResult): Settlement {
    this.cache.rememberResult(content, claim.request.options, result);
    return { status: 'done', download: claim.download, outputKey: result.outputKey, ...result.facts };
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
    const image = await openSource(source, this.settings.MAX_IMAGE_PIXELS);
    return this.pixels.use(image.weight(request.options), () => image.compress(request.options));
  }

  private async refuseIfDeadly(claim: ClaimedImage): Promise<void> {
    if ((await this.claims.noteDecoding(claim)) > MOST_CRASHES) {
      throw new ImageError('PROCESSING_CRASHED', 'Processing this image ended the worker again and again.');
    }
  }

  /** Null also where it can't be read: it is only an earlier result, which can be made again. */
  private async read(key: string): Promise<Buffer | null> {
    try {
      const file = await this.storage.open(key);
      return file && (await buffer(file.content));
    } catch {
      return null;
    }
  }

  private async store(key: string, data: Buffer, contentType: string): Promise<void> {
    try {
      await this.storage.put(key, data, contentType);
    } catch (error) {
      throw storageUnavailable(error);
    }
  }
}

/** The fault of a disk or a storage, by which no image is to blame. */
export function storageUnavailable(cause: unknown): UnavailableError {
  return new UnavailableError('STORAGE_UNAVAILABLE', 'The image storage does not answer.', { cause });
}
