import { Inject, Injectable } from '@nestjs/common';
import { CircuitBreaker, type Permit } from '../../concurrency/circuit-breaker.js';
import { settings, type Settings } from '../../config/settings.js';
import type { Validators } from '../../outbound/download/validators.js';
import { type Download, FileDownloader } from '../../outbound/download/file-downloader.js';
import type { HostHeaders } from '../../outbound/download/host-headers.js';
import { directUrl } from '../../outbound/urls/share-links.js';
import { IMAGE_HOST_FAILURES } from './image-host-failures.js';

const SECOND = 1000;

/** Fetches the images that users link to, and tells the circuit breaker how their hosts behave. */
@Injectable()
export class ImageDownloader {
  /** Which hosts are away or too busy, as far as this worker has seen; by {@link hostAndPort}. */
  readonly circuits = new CircuitBreaker(IMAGE_HOST_FAILURES);

  constructor(
    private readonly http: FileDownloader,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * The bytes behind `url` (of a share link: of the file that it shows), whatever they are, or null where they are still
   * the `known` ones. The caller discards the body in the end.
   * @param headers of the user's own, by host
   * @throws OutboundError as {@link FileDownloader.download} does, or the reason of `signal`
   */
  async download(
    permit: Permit,
    known: Validators | null,
    url: string,
    signal: AbortSignal,
    headers?: HostHeaders,
  ): Promise<Download | null> {
    try {
      const download = await this.http.downloadUnless(known, directUrl(url) ?? url, {
        maxBytes: this.settings.MAX_IMAGE_BYTES,
        timeoutMs: this.settings.DOWNLOAD_TIMEOUT_SECONDS * SECOND,
        signal,
        headers,
      });
      this.circuits.report(permit);
      return download;
    } catch (error) {
      if (!signal.aborted) this.circuits.report(permit, error);
      throw error;
    }
  }
}
