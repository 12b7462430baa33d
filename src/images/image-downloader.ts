import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config.js';
import { type Download, GuardedHttp } from '../outbound/guarded-http.js';

const SECOND = 1000;

/** From the call to the last byte. 25 MiB at 7 Mbit/s fit in. */
const DEADLINE_MS = 30 * SECOND;

/** Fetches the images that users link to. */
@Injectable()
export class ImageDownloader {
  constructor(
    private readonly http: GuardedHttp,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * The bytes behind `url`, whatever they are. The caller discards the body in the end.
   * @throws OutboundError as {@link GuardedHttp.download} does, or the reason of `signal`
   */
  download(url: string, signal: AbortSignal): Promise<Download> {
    return this.http.download(url, {
      maxBytes: this.settings.MAX_IMAGE_BYTES,
      timeoutMs: DEADLINE_MS,
      signal,
    });
  }
}
