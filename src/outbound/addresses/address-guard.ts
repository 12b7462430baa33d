import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { OutboundError } from '../../errors/app-error.js';
import type { AllowedPrivate, DialTarget } from './allowed-private.js';
import { hostOf, portOf } from '../urls/outbound-url.js';
import { isBlockedPort } from './blocked-ports.js';
import type { HostResolver } from './host-resolver.js';
import { isPublicAddress } from './public-address.js';

/** Names that stand for this machine (RFC 6761, section 6.3), with or without the dot of a full name. */
const LOCALHOST = /(^|\.)localhost\.?$/;

const NOT_PUBLIC =
  'The host is not on the public internet; the operator of the service can allow it with ALLOW_PRIVATE.';

/**
 * Decides which addresses may be dialled: public ones, on every port that browsers fetch from, and what
 * `ALLOW_PRIVATE` or `isOwn` admits. Asked at the dial itself, so that the address checked is the address dialled: a
 * name that resolves to another address a moment later (DNS rebinding) gains nothing.
 */
export class AddressGuard {
  /** @param isOwn admits further targets, such as the service's own address */
  constructor(
    private readonly resolver: HostResolver,
    private readonly allowed: AllowedPrivate,
    private readonly isOwn: (target: DialTarget) => boolean = () => false,
  ) {}

  /** @throws OutboundError `ADDRESS_REFUSED` */
  check(target: DialTarget): void {
    const reason = this.reasonToRefuse(target);
    if (reason !== null) throw new OutboundError('ADDRESS_REFUSED', reason);
  }

  /**
   * Why the URL may never be dialled, independent of what a name server answers, as one sentence fit for a stranger; null
   * where only the dial can tell. Needs no network, so users are told at once what is wrong with an address.
   */
  reasonToRefuseUrl(url: URL): string | null {
    const host = hostOf(url);
    const port = portOf(url);
    if (isIP(host) !== 0) return this.reasonToRefuse({ host, port, address: host });
    if (this.allowed.mayAdmit(host, port)) return null;
    return LOCALHOST.test(host) ? NOT_PUBLIC : reasonAgainstPort(port);
  }

  private reasonToRefuse(target: DialTarget): string | null {
    if (this.allowed.admits(target) || this.isOwn(target)) return null;
    return isPublicAddress(target.address) ? reasonAgainstPort(target.port) : NOT_PUBLIC;
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

function reasonAgainstPort(port: number): string | null {
  return isBlockedPort(port)
    ? `Port ${port} is refused, as it is by browsers; the operator of the service can allow it with ALLOW_PRIVATE.`
    : null;
}

function hostNotFound(cause?: unknown): OutboundError {
  return new OutboundError('HOST_NOT_FOUND', undefined, { cause });
}
