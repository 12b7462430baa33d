import { tmpdir } from 'node:os';
import { Settings } from '../../../src/config/settings.js';
import { HostResolver } from '../../../src/outbound/addresses/host-resolver.js';
import { failureOf, type OutboundClients, outboundClients } from './clients.js';

// Where Node hands an address to the kernel: nothing reaches the network that does not pass here.
type Connect = (this: unknown, request: unknown, address: string, port: number) => number;
const kernel = (
  process as unknown as { binding(name: string): { TCP: { prototype: Record<string, Connect> } } }
).binding('tcp_wrap').TCP.prototype;
const REFUSED = -111;

const NAMES: Record<string, string[]> = {
  'public.test': ['93.184.215.14'],
  'public.test.': ['93.184.215.14'],
  'six.test': ['2606:4700::1111'],
  'two.test': ['93.184.215.14', '93.184.215.15'],
  'xn--bcher-kva.test': ['93.184.215.16'],
  'under_score.test': ['93.184.215.17'],
  'private.test': ['10.0.0.1'],
  'mixed.test': ['93.184.215.14', '127.0.0.1'],
  'mixed-first.test': ['169.254.169.254', '93.184.215.14'],
  'mixed-six.test': ['93.184.215.14', '::1'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'zone.test': ['fe80::1%eth0'],
  'nonsense.test': ['not an address'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'intranet.test': ['10.0.0.9'],
};

/** Knows the names above, and no other. */
export class FakeResolver extends HostResolver {
  resolve(hostName: string): Promise<string[]> {
    const addresses = NAMES[hostName];
    return addresses ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND'));
  }
}

/** What is dialled while a spec runs; nothing leaves this machine. */
export interface Dialled {
  /** As `address:port`, since the test began. */
  addresses: string[];
  /** Ports of 127.0.0.1 that are dialled for real; all else is refused. */
  openPorts: Set<number>;
}

/** Watches what the tests of this file dial. */
export function watchDialled(): Dialled {
  const dialled: Dialled = { addresses: [], openPorts: new Set() };
  beforeAll(() => {
    for (const name of ['connect', 'connect6']) {
      const original = kernel[name];
      jest.spyOn(kernel, name).mockImplementation(function (this: unknown, request, address, port) {
        dialled.addresses.push(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
        const isOpen = address === '127.0.0.1' && dialled.openPorts.has(port);
        return isOpen ? original.call(this, request, address, port) : REFUSED;
      });
    }
  });
  afterAll(() => jest.restoreAllMocks());
  beforeEach(() => dialled.addresses.splice(0));
  return dialled;
}

/** Clients with the default settings but for `settings`. */
export function guarded(settings: Partial<Settings> = {}, resolver?: HostResolver): OutboundClients {
  return resolvingClients(Object.assign(new Settings(), { DATA_DIR: tmpdir() }, settings), resolver);
}

/** Clients that know the names of {@link FakeResolver}. */
export function resolvingClients(settings: Settings, resolver: HostResolver = new FakeResolver()) {
  return outboundClients(settings, resolver);
}

/** @returns why it failed */
export const download = ({ downloader }: OutboundClients, url: string) =>
  failureOf(downloader.download(url, { maxBytes: 1000, timeoutMs: 30_000 }));

/** @returns why it failed */
export const post = ({ poster }: OutboundClients, url: string) =>
  failureOf(poster.post(url, '{}', {}, { timeoutMs: 30_000 }));
