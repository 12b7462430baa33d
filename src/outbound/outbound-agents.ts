import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { isLoopback } from '../config/loopback.js';
import { type Settings, settings } from '../config/settings.js';
import { AddressGuard } from './addresses/address-guard.js';
import { AllowedPrivate, type DialTarget } from './addresses/allowed-private.js';
import { HostResolver } from './addresses/host-resolver.js';
import { guardedAgents, type GuardedAgents } from './guarded-agents.js';
import { hostOf, portOf } from './urls/outbound-url.js';

/** The agents of all outbound calls: every name and address is checked at the dial (see {@link AddressGuard}). */
@Injectable()
export class OutboundAgents implements OnApplicationShutdown {
  /** For downloads: connections are kept for reuse. */
  readonly downloads: GuardedAgents;
  /** For posts: a receiver is called rarely, and a connection that was kept would often break at the next call. */
  readonly posts: GuardedAgents;
  private readonly downloadGuard: AddressGuard;
  private readonly postGuard: AddressGuard;

  /** @throws SettingsError where `ALLOW_PRIVATE` can't be read */
  constructor(
    @Inject(settings.KEY) private readonly current: Settings,
    resolver: HostResolver,
  ) {
    const allowed = new AllowedPrivate(current.ALLOW_PRIVATE);
    this.downloadGuard = new AddressGuard(resolver, allowed, (target) => this.isOwnOrigin(target));
    this.postGuard = new AddressGuard(resolver, allowed);
    this.downloads = guardedAgents(this.downloadGuard, { keepAlive: true });
    this.posts = guardedAgents(this.postGuard, { keepAlive: false });
  }

  onApplicationShutdown(): void {
    for (const { http, https } of [this.downloads, this.posts]) {
      http.destroy();
      https.destroy();
    }
  }

  /** Why a download from the URL is refused, or null where only the dial can tell; see {@link AddressGuard}. */
  reasonToRefuseDownload(url: URL): string | null {
    return this.downloadGuard.reasonToRefuseUrl(url);
  }

  /** As {@link reasonToRefuseDownload}, for a URL that is to be called with a POST. */
  reasonToRefusePost(url: URL): string | null {
    return this.postGuard.reasonToRefuseUrl(url);
  }

  /**
   * In the default set-up (loopback, no keys, no public URL) our own compressed images may be the input of another
   * upload. Read at each call: where `PORT` is 0, the port is known only after the server listens.
   */
  private isOwnOrigin({ host, port, address }: DialTarget): boolean {
    const { HOST, API_KEYS, PUBLIC_URL, publicUrl } = this.current;
    if (!isLoopback(HOST) || API_KEYS.length > 0 || PUBLIC_URL !== undefined) return false;
    const own = new URL(publicUrl);
    return host === hostOf(own) && port === portOf(own) && isLoopback(address);
  }
}
