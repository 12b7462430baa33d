import { BlockList, isIP } from 'node:net';
import { SettingsError } from '../../errors/app-error.js';
import { parseUrl } from '../urls/parse-url.js';
import { isHostName } from './host-name.js';

/** One host about to be dialled: what the URL calls it, and one address that it stands for. */
export interface DialTarget {
  /** Host of the URL: a name, or an address without brackets. */
  host: string;
  port: number;
  /** The address that would be dialled. */
  address: string;
}

interface Rule {
  hostName?: string;
  block?: BlockList;
  /** Absent where the entry opens every port. */
  port?: number;
}

/**
 * The list `ALLOW_PRIVATE`: hosts, addresses and CIDR blocks that may be called although they are not public.
 * `host:port` and `address:port` (`[address]:port` for IPv6) open that port only; without a port, every port.
 * A name is trusted with any address that it resolves to; an address or a block is trusted under every name.
 */
export class AllowedPrivate {
  private readonly rules: Rule[];

  /** @throws SettingsError for an entry of no known form; it tells the entry's position, never its text. */
  constructor(entries: readonly string[]) {
    this.rules = entries.map((entry, index) => {
      const rule = parseEntry(entry.trim().toLowerCase());
      if (rule) return rule;
      throw new SettingsError(
        `ALLOW_PRIVATE: entry ${index + 1} is none of: host name, address, CIDR block, host:port, [IPv6 address]:port.`,
      );
    });
  }

  /** Whether an entry lets us dial this address for this host and port. */
  admits({ host, port, address }: DialTarget): boolean {
    const hostName = host.replace(/\.$/, '');
    return this.rules.some(
      (rule) =>
        (rule.port === undefined || rule.port === port) &&
        (rule.block ? contains(rule.block, address) : rule.hostName === hostName),
    );
  }

  /**
   * Whether an entry could let us dial some address of this host name: false means that no answer of a name server
   * makes {@link admits} true.
   */
  mayAdmit(host: string, port: number): boolean {
    const hostName = host.replace(/\.$/, '');
    return this.rules.some(
      (rule) =>
        (rule.port === undefined || rule.port === port) &&
        (rule.block !== undefined || rule.hostName === hostName),
    );
  }
}

/** BlockList can read neither names nor the zone of a link-local address. */
function contains(block: BlockList, address: string): boolean {
  const [plain] = address.split('%');
  return block.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

function parseEntry(entry: string): Rule | null {
  if (entry.includes('/')) return parseCidr(entry);
  if (isIP(entry) === 6) return parseHost(`[${entry}]`);
  const [, host, port] = /^(\[[^\]]*\]|[^:@?#\\\s]*)(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const rule = host ? parseHost(host) : null;
  if (!rule || port === undefined) return rule;
  return Number(port) >= 1 && Number(port) <= 65_535 ? { ...rule, port: Number(port) } : null;
}

function parseCidr(entry: string): Rule | null {
  const [, network, prefix] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(network ?? '');
  if (family === 0 || Number(prefix) > (family === 6 ? 128 : 32)) return null;
  const block = new BlockList();
  block.addSubnet(network, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
  return { block };
}

function parseHost(host: string): Rule | null {
  // As the URL parser reads it, so that an entry and a URL that spell one host differently still meet.
  const canonical = parseUrl(`http://${host}`)?.hostname ?? '';
  const address = canonical.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family === 0) return isHostName(canonical) ? { hostName: canonical.replace(/\.$/, '') } : null;
  const block = new BlockList();
  block.addAddress(address, family === 6 ? 'ipv6' : 'ipv4');
  return { block };
}
