import { Inject, Injectable } from '@nestjs/common';
import { type CompressedImage, openSource } from '../compression/compress.js';
import { toCompressionOptions } from '../compression/options.js';
import { type PictureFields, withChannel } from '../requests/channels/channel-fields.js';
import { settings, type Settings } from '../config/settings.js';
import { AppError, ImageError, OutboundError } from '../errors/app-error.js';
import { Semaphore } from '../images/processing/semaphore.js';
import { FileDownloader } from '../outbound/download/file-downloader.js';
import { directUrl } from '../outbound/urls/share-links.js';

const SECOND = 1000;

/** Of the image, which is sent back in base64. */
export const MAX_PREVIEW_BYTES = 12_000_000;

/** At once in one process, beside what a worker in it does. */
const SLOTS = 2;

/** Waiting for a slot. People look at one after the other; more than these are no people. */
const MAX_WAITING = 16;

/** A person waits for it. */
const FETCHED_WITHIN_MS = 20 * SECOND;

/** An image and what compressing it came to. */
export interface Preview {
  source: Buffer;
  image: CompressedImage;
}

/** Compresses single images for somebody who looks at them. Nothing is stored, and no result is taken from a cache. */
@Injectable()
export class PreviewCompressor {
  private readonly slots = new Semaphore(SLOTS);
  private readonly pixels: Semaphore;
  private waiting = 0;

  constructor(
    private readonly downloader: FileDownloader,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.pixels = new Semaphore(settings.MAX_IMAGE_PIXELS);
  }

  /**
   * Fetches the image where `source` is its address, and compresses it; the similarity is measured. `signal` is aborted
   * when the caller has left: what has not begun then never does.
   * @throws AppError 413 `PREVIEW_TOO_LARGE`, 422 `PREVIEW_IMPOSSIBLE`, 429 `TOO_MANY_PREVIEWS`; the reason of `signal`
   */
  async compress(source: Buffer | string, fields: PictureFields, signal: AbortSignal): Promise<Preview> {
    if (this.waiting >= MAX_WAITING)
      throw new AppError('TOO_MANY_PREVIEWS', undefined, { retryAfterMs: SECOND });
    this.waiting++;
    try {
      return await this.slots.use(1, 0, async () => {
        signal.throwIfAborted();
        const bytes = typeof source === 'string' ? await this.fetch(source, signal) : source;
        return { source: bytes, image: await this.encode(bytes, fields, signal) };
      });
    } catch (error) {
      throw asPreviewError(error);
    } finally {
      this.waiting--;
    }
  }

  private async fetch(url: string, signal: AbortSignal): Promise<Buffer> {
    const { body } = await this.downloader.download(directUrl(url) ?? url, {
      maxBytes: Math.min(MAX_PREVIEW_BYTES, this.settings.MAX_IMAGE_BYTES),
      timeoutMs: FETCHED_WITHIN_MS,
      signal,
    });
    try {
      return Buffer.from(await body.read());
    } finally {
      await body.discard();
    }
  }

  private async encode(source: Buffer, fields: PictureFields, signal: AbortSignal): Promise<CompressedImage> {
    const options = toCompressionOptions(
      { ...withChannel(fields), measure: 'similarity' },
      this.settings.QUALITY,
    );
    const image = await openSource(source, this.settings.MAX_IMAGE_PIXELS);
    return this.pixels.use(image.weight(options), 0, () => {
      signal.throwIfAborted();
      return image.compress(options);
    });
  }
}

function asPreviewError(error: unknown): unknown {
  if (error instanceof OutboundError && error.code === 'DOWNLOAD_TOO_LARGE')
    return new AppError('PREVIEW_TOO_LARGE');
  if (!(error instanceof OutboundError) && !(error instanceof ImageError)) return error;
  const { code, message, retryable } = error;
  return new AppError('PREVIEW_IMPOSSIBLE', message, { details: [{ code, message, retryable }] });
}
