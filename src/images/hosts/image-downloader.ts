import { Inject, Injectable } from '@nestjs/common';
import { CircuitBreaker, type Permit } from '../../concurrency/circuit-breaker.js';
import { settings, type Settings } from '../../config/settings.js';
import type { Validators } from '../../outbound/download/validators.js';
import { type Download, FileDownloader } from '../../outbound/download/file-downloader.js';
import { parseUrl } from '../../outbound/parse-url.js';
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
   * The bytes behind `url`, whatever they are, or null where they are still the `known` ones. The caller discards the
   * body in the end.
   * @throws OutboundError as {@link FileDownloader.download} does, or the reason of `signal`
   */
  async download(
    permit: Permit,
    known: Validators | null,
    url: string,
    signal: AbortSignal,
  ): Promise<Download | null> {
    try {
      const download = await this.http.downloadUnless(known, url, {
        maxBytes: this.settings.MAX_IMAGE_BYTES,
        timeoutMs: this.settings.DOWNLOAD_TIMEOUT_SECONDS * SECOND,
        signal,
      });
      this.circuits.report(permit);
      return download;
    } catch (error) {
      if (!signal.aborted) this.circuits.report(permit, error);
      throw error;
    }
  }
}

/** The host of a URL, with its port unless it is that of the scheme: the name of one server. Empty for no URL. */
export function hostAndPort(url: string): string {
  return parseUrl(url)?.host ?? '';
}
