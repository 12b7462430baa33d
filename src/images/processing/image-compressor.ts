import { Inject, Injectable } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { settings, type Settings } from '../../config/settings.js';
import { ImageError, OutboundError } from '../../errors/app-error.js';
import type { Validators } from '../../outbound/download/validators.js';
import type { Download } from '../../outbound/download/file-downloader.js';
import type { Permit } from '../../concurrency/circuit-breaker.js';
import type { SpooledBody } from '../../outbound/download/spooled-body.js';
import type { Settlement } from '../scheduling/image-settlement.js';
import { FileStorage } from '../../storage/file-storage.js';
import { type CompressedImage, openSource } from '../../compression/compress.js';
import { type ClaimedImage, ImageClaims } from '../scheduling/image-claims.js';
import { ImageDownloader } from '../hosts/image-downloader.js';
import { makeOutputKey, readOutputKey } from '../output-key.js';
import { contentTypeOf, type ImageFormat } from '../../compression/formats/image-format.js';
import { type CachedResult, ResultCache } from './result-cache.js';
import { ShutdownError, storageUnavailable } from './retry-policy.js';
import { Semaphore } from './semaphore.js';

/** Deaths while an image was in the encoder after which it is taken to be their cause (decision 0004). */
const MAX_CRASHES = 3;

/** What servers answer that do not understand a conditional request. */
const CONDITION_REFUSED = /^HTTP_(400|405|406|412|417)$/;

/** One try of an image: from its URL to a stored file. */
@Injectable()
export class ImageCompressor {
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
  async compress(claim: ClaimedImage, permit: Permit): Promise<Settlement> {
    const { options } = claim.request;
    const known = await this.cache.findByUrl(claim.inputUrl, options);
    const changed = known && (await this.revalidate(claim, permit, known.source));
    if (changed) return this.compressDownload(claim, changed);
    const isUnchanged = known && claim.download !== null;
    const reused = isUnchanged ? await this.reuse(claim, known.content, known.result) : null;
    if (isUnchanged && reused) {
      this.cache.rememberSource(claim.inputUrl, known.source, known.content);
      return reused;
    }
    claim.download = null;
    return this.compressDownload(claim, (await this.download(claim, permit, null))!);
  }

  /** Ends the tries under way with a {@link ShutdownError}. */
  abort(): void {
    this.shutdown.abort(new ShutdownError());
  }

  /** Null where nothing has changed, or where the server refuses conditional requests: then `claim.download` is null. */
  private async revalidate(claim: ClaimedImage, permit: Permit, known: Validators): Promise<Download | null> {
    try {
      return await this.download(claim, permit, known);
    } catch (error) {
      if (error instanceof OutboundError && CONDITION_REFUSED.test(error.code)) return null;
      throw error;
    }
  }

  private async download(
    claim: ClaimedImage,
    permit: Permit,
    known: Validators | null,
  ): Promise<Download | null> {
    const startedAt = performance.now();
    const download = await this.downloader.download(permit, known, claim.inputUrl, this.shutdown.signal);
    claim.download = {
      how: download ? 'fetched' : 'not_modified',
      milliseconds: performance.now() - startedAt,
    };
    return download;
  }

  private async compressDownload(claim: ClaimedImage, { body, ...source }: Download): Promise<Settlement> {
    try {
      const result = await this.cache.findByContent(body.sha256, claim.request.options);
      const settlement =
        (result && (await this.reuse(claim, body.sha256, result))) ?? (await this.compressBody(claim, body));
      this.cache.rememberSource(claim.inputUrl, source, body.sha256);
      return settlement;
    } finally {
      await body.discard();
    }
  }

  private async compressBody(claim: ClaimedImage, body: SpooledBody): Promise<Settlement> {
    const { data, contentType, outcome, input, output, report } = await this.encode(claim, body);
    const outputKey = makeOutputKey(claim.request.id, claim.number, data, output.format);
    await this.store(outputKey, data, contentType);
    return this.done(claim, body.sha256, { outputKey, facts: { outcome, input, output, report } });
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
    return this.done(claim, content, { outputKey: ownKey, facts: { ...facts, report } });
  }

  private done(claim: ClaimedImage, content: string, result: CachedResult): Settlement {
    this.cache.rememberResult(content, claim.request.options, result);
    return { status: 'done', download: claim.download, outputKey: result.outputKey, ...result.facts };
  }

  /** Waits for the encoder with the download on disk, and brings it into memory only when its turn has come. */
  private encode(claim: ClaimedImage, body: SpooledBody): Promise<CompressedImage> {
    const slots = claim.crashes > 1 ? this.settings.CONCURRENCY : 1; // alone: it ends nobody else's work
    return this.encoderSlots.use(slots, async () => {
      this.shutdown.signal.throwIfAborted();
      const source = await body.read();
      if (claim.crashes === 0) return this.decodeAndEncode(claim, source);
      await this.refuseCauseOfCrashes(claim);
      try {
        return await this.decodeAndEncode(claim, source);
      } finally {
        await this.claims.noteSurvival(claim);
      }
    });
  }

  private async decodeAndEncode({ request }: ClaimedImage, source: Buffer): Promise<CompressedImage> {
    const image = await openSource(source, this.settings.MAX_IMAGE_PIXELS);
    return this.pixels.use(image.weight(request.options), () => image.compress(request.options));
  }

  private async refuseCauseOfCrashes(claim: ClaimedImage): Promise<void> {
    if ((await this.claims.noteDecoding(claim)) > MAX_CRASHES) {
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
