import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { OutboundError } from '../../errors/app-error.js';
import type { DialTarget } from './allowed-private.js';
import type { HostResolver } from './host-resolver.js';
import { hostOf, portOf } from '../outbound-url.js';
import { isPublicAddress } from './public-address.js';

const PUBLIC_PORTS = [80, 443];

/**
 * Decides which addresses may be dialled: public ones on port 80 or 443, and what `exception` admits.
 * Asked at the dial itself, so that the address checked is the address dialled: a name that resolves to
 * something else a moment later (DNS rebinding) has no moment left.
 */
export class AddressGuard {
  constructor(
    private readonly resolver: HostResolver,
    private readonly exception: (target: DialTarget) => boolean,
  ) {}

  /** @throws OutboundError `ADDRESS_REFUSED` */
  check(target: DialTarget): void {
    const reason = this.reasonToRefuse(target);
    if (reason !== null) throw new OutboundError('ADDRESS_REFUSED', reason);
  }

  /** Why the target may not be dialled, as one sentence fit for a stranger; null where it may be. */
  reasonToRefuse(target: DialTarget): string | null {
    if (this.exception(target)) return null;
    if (!isPublicAddress(target.address)) return 'The host is not on the public internet.';
    return PUBLIC_PORTS.includes(target.port) ? null : 'Only the ports 80 and 443 are allowed.';
  }

  /** As {@link reasonToRefuse}, for a URL; null also where its host is a name, which only the dial can judge. */
  reasonToRefuseUrl(url: URL): string | null {
    const host = hostOf(url);
    return isIP(host) === 0 ? null : this.reasonToRefuse({ host, port: portOf(url), address: host });
  }

  /**
   * All addresses of a name, each of them checked. One address refused refuses the name: honest hosts do not
   * mix public and private addresses, while an attacker mixes them to get past a check of the first.
   * @throws OutboundError `HOST_NOT_FOUND`, `ADDRESS_REFUSED`
   */
  async resolve(host: string, port: number): Promise<LookupAddress[]> {
    const addresses = await this.resolver.resolve(host).catch((cause: unknown) => {
      throw hostNotFound(cause);
    });
    if (addresses.length === 0) throw hostNotFound();
    for (const address of addresses) this.check({ host, port, address });
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }

  /** For `net.connect`: answers with checked addresses only. Node does not call it where the host is an address. */
  lookupFor(port: number): LookupFunction {
    return (host, options, callback) => {
      this.resolve(host, port).then(
        (addresses) => {
          if (options.all) callback(null, addresses);
          else callback(null, addresses[0].address, addresses[0].family);
        },
        (error: Error) => callback(error, ''),
      );
    };
  }
}

function hostNotFound(cause?: unknown): OutboundError {
  return new OutboundError('HOST_NOT_FOUND', undefined, { cause });
}
