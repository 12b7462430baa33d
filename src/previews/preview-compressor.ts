import { Inject, Injectable } from '@nestjs/common';
import { type CompressedImage, openSource } from '../compression/compress.js';
import type { CompressionOptions } from '../compression/options.js';
import type { ChannelName } from '../requests/channels/channel-list.js';
import { formsOf } from '../requests/renditions/renditions.js';
import { settings, type Settings } from '../config/settings.js';
import { AppError, ImageError, OutboundError } from '../errors/app-error.js';
import { Semaphore } from '../images/processing/semaphore.js';
import { FileDownloader } from '../outbound/download/file-downloader.js';
import { directUrl } from '../outbound/urls/share-links.js';
import { type AskedPictures, resolvedPictures } from '../uploads/presets/preset-pictures.js';

const SECOND = 1000;

/** Of the image, which is sent back in base64. */
export const MAX_PREVIEW_BYTES = 12_000_000;

/** At once in one process, beside what a worker in it does. */
const SLOTS = 2;

/** Waiting for a slot. People look at one after the other; more than these are no people. */
const MAX_WAITING = 16;

/** A person waits for it. */
const FETCHED_WITHIN_MS = 20 * SECOND;

/** One form of an image, and the channel that it is for. */
export interface PreviewForm {
  /** `image`, or the name of the rendition. */
  name: string;
  channel: ChannelName | null;
  image: CompressedImage;
}

/** An image and what compressing it came to: itself first, then its renditions. */
export interface Preview {
  source: Buffer;
  /** How long fetching it took; null where it was sent. */
  fetchMs: number | null;
  forms: PreviewForm[];
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
   * Fetches the image where `source` is its address, and compresses it to all forms that are asked for; the similarity of the image itself
   * is measured unless the fields say otherwise. `signal` is aborted when the caller has left: what has not begun then never does.
   * @throws AppError `INVALID_PARAMETER` where a channel takes no such images
   * @throws AppError 413 `PREVIEW_TOO_LARGE`, 422 `PREVIEW_IMPOSSIBLE`, 429 `TOO_MANY_PREVIEWS`; the reason of `signal`
   */
  async compress(source: Buffer | string, asked: AskedPictures, signal: AbortSignal): Promise<Preview> {
    const wanted = this.wantedForms(asked);
    if (this.waiting >= MAX_WAITING)
      throw new AppError('TOO_MANY_PREVIEWS', undefined, { retryAfterMs: SECOND });
    this.waiting++;
    try {
      return await this.slots.use(1, 0, async () => {
        signal.throwIfAborted();
        const from = performance.now();
        const isFetched = typeof source === 'string';
        const bytes = isFetched ? await this.fetch(source, signal) : source;
        const fetchMs = isFetched ? Math.round(performance.now() - from) : null;
        return { source: bytes, fetchMs, forms: await this.encodeAll(bytes, wanted, signal) };
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

  private wantedForms(asked: AskedPictures): WantedForm[] {
    const { compression, renditions } = resolvedPictures(asked);
    const forms = formsOf(compression, renditions, { quality: this.settings.QUALITY });
    const measure = asked.compression.measure ?? ('similarity' as const);
    const options = { ...forms.options, measure };
    return [{ name: 'image', channel: compression.for ?? null, options }, ...forms.renditions];
  }

  private async encodeAll(source: Buffer, wanted: WantedForm[], signal: AbortSignal): Promise<PreviewForm[]> {
    const image = await openSource(source, this.settings.MAX_IMAGE_PIXELS);
    // One weight for all: pixels are held from one form to the next.
    const weight = Math.max(...wanted.map(({ options }) => image.weight(options)));
    return this.pixels.use(weight, 0, async () => {
      const forms: PreviewForm[] = [];
      for (const { name, channel, options } of wanted) {
        signal.throwIfAborted();
        forms.push({ name, channel, image: await image.compress(options) });
      }
      return forms;
    });
  }
}

interface WantedForm {
  name: string;
  channel: ChannelName | null;
  options: CompressionOptions;
}

function asPreviewError(error: unknown): unknown {
  if (error instanceof OutboundError && error.code === 'DOWNLOAD_TOO_LARGE')
    return new AppError('PREVIEW_TOO_LARGE');
  if (!(error instanceof OutboundError) && !(error instanceof ImageError)) return error;
  const { code, message, retryable } = error;
  return new AppError('PREVIEW_IMPOSSIBLE', message, { details: [{ code, message, retryable }] });
}
