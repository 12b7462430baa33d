import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../../config/settings.js';
import type { Validators } from '../../outbound/download/validators.js';
import { type Download, FileDownloader, type Refusal } from '../../outbound/download/file-downloader.js';
import { type Admission, HostBreaker, type Visit, type Visitor } from './host-breaker.js';
import { parseUrl } from '../../outbound/parse-url.js';

const SECOND = 1000;

/** Fetches the images that users link to, and leaves hosts in peace that don't answer. */
@Injectable()
export class ImageDownloader {
  private readonly breaker = new HostBreaker();

  constructor(
    private readonly http: FileDownloader,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Whether the host is left in peace, but for a few images that are sent ahead. */
  isInTrouble(host: string): boolean {
    return this.breaker.isInTrouble(host);
  }

  /** Why the image can't be had whatever the network says, or null; see {@link FileDownloader.refusalOf}. */
  refusalOf(url: string): Refusal | null {
    return this.http.refusalOf(url);
  }

  /** Whether an image of this host may be fetched now. Whoever is admitted calls {@link leave} in the end. */
  admit(host: string, visitor: Visitor): Admission {
    return this.breaker.admit(host, visitor);
  }

  /** How many downloads at once the host bears, as far as that is known. */
  widthOf(host: string): number {
    return this.breaker.widthOf(host);
  }

  leave(visit: Visit): void {
    this.breaker.leave(visit);
  }

  /** Whether the host was tried so often in vain that none of its images gets another try. */
  isGivenUp(host: string): boolean {
    return this.breaker.isGivenUp(host);
  }

  /**
   * The bytes behind `url`, whatever they are, or null where they are still the `known` ones. The caller discards the
   * body in the end.
   * @throws OutboundError as {@link FileDownloader.download} does, or the reason of `signal`
   */
  async download(
    visit: Visit,
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
      this.breaker.note(visit);
      return download;
    } catch (error) {
      if (!signal.aborted) this.breaker.note(visit, error);
      throw error;
    }
  }
}

/** Host and port of a URL, as one name for whoever has to be treated with care. */
export function hostOf(url: string): string {
  return parseUrl(url)?.host ?? '';
}
