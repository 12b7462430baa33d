import { hostAndPort } from '../../outbound/urls/parse-url.js';

/** Further hosts of a request share one row: a file of 100 MB can name millions. */
export const MAX_HOSTS = 100_000;
/** The name of that row. */
export const OTHER_HOSTS = '';
/** Characters of a host that the table holds: more than a name in the DNS can have. */
const MAX_HOST_LENGTH = 255;

/** Up to the path: what a URL's host is read from. */
const ORIGIN = /^https?:\/\/[^/?#\\]*/i;

/** The name under which the host of a URL is counted. */
export function hostNameOf(url: string): string {
  return hostAndPort(url).slice(0, MAX_HOST_LENGTH);
}

/** A host, and how many images of a request are on it. */
export interface CountedHost {
  number: number;
  host: string;
  images: number;
  /** Of those, such as do not repeat another. */
  open: number;
}

/** Numbers the hosts of a file in the order in which they come, and counts their images. */
export class HostNumbers {
  private readonly byHost = new Map<string, CountedHost>();
  /** Reading a URL costs a microsecond; most have the origin of one before. */
  private readonly byOrigin = new Map<string, CountedHost>();

  /** Every host so far, in the order of its number. */
  get hosts(): Iterable<CountedHost> {
    return this.byHost.values();
  }

  /** Counts one more image, `isOpen` if it is to be worked on. @returns the number of its host, 1 or more */
  add(url: string, isOpen: boolean): number {
    const host = this.find(url);
    host.images++;
    if (isOpen) host.open++;
    return host.number;
  }

  private find(url: string): CountedHost {
    const origin = ORIGIN.exec(url)?.[0] ?? '';
    const known = this.byOrigin.get(origin);
    if (known) return known;
    const found = this.findByName(hostNameOf(url));
    // Copied: a slice would keep a piece of the file alive.
    if (this.byOrigin.size < MAX_HOSTS) this.byOrigin.set(Buffer.from(origin).toString(), found);
    return found;
  }

  private findByName(host: string): CountedHost {
    const name = this.byHost.has(host) || this.byHost.size < MAX_HOSTS ? host : OTHER_HOSTS;
    const known = this.byHost.get(name);
    if (known) return known;
    const counted = { number: this.byHost.size + 1, host: name, images: 0, open: 0 };
    this.byHost.set(name, counted);
    return counted;
  }
}
