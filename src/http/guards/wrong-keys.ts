const MINUTE_MS = 60_000;

/** Wrong keys that an address may send within a minute. */
const MAX_WRONG_KEYS = 10;
/** Addresses that are remembered; the one that was seen longest ago is forgotten for a new one. */
const MAX_ADDRESSES = 5_000;

interface Count {
  wrong: number;
  since: number;
}

/**
 * Counts the wrong keys of each address, and says when an address has to wait. IPv6 addresses count by their /64, which is
 * what one customer gets.
 *
 * A key that an address has used before is let in meanwhile: behind a proxy, many share an address, and one of them who
 * sends wrong keys shall not lock the others out. Keys that are new to the address wait, right or wrong: otherwise the
 * answers would tell a guesser which is which.
 */
export class WrongKeys {
  private readonly counts = new RecentMap<Count>(MAX_ADDRESSES);
  private readonly used = new RecentMap<Set<string>>(MAX_ADDRESSES);

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Milliseconds that `address` has to wait before a key that is new to it is looked at; 0 where it need not. */
  waitMs(address: string): number {
    const count = this.counts.get(networkOf(address));
    if (!count || count.wrong < MAX_WRONG_KEYS) return 0;
    return Math.max(0, count.since + MINUTE_MS - this.now());
  }

  /** Whether the key of this name was right from this address before. */
  isUsed(address: string, key: string): boolean {
    return this.used.get(networkOf(address))?.has(key) ?? false;
  }

  /** Records a right key, by a name that tells nothing of it. */
  right(address: string, key: string): void {
    const network = networkOf(address);
    this.used.set(network, (this.used.get(network) ?? new Set()).add(key));
  }

  /** Records a wrong key. */
  wrong(address: string): void {
    const network = networkOf(address);
    const count = this.counts.get(network);
    const isOver = !count || this.now() - count.since >= MINUTE_MS;
    this.counts.set(network, isOver ? { wrong: 1, since: this.now() } : { ...count, wrong: count.wrong + 1 });
  }
}

/** A Map that keeps the entries that were set last. */
class RecentMap<T> {
  private readonly entries = new Map<string, T>();

  constructor(private readonly maxEntries: number) {}

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  set(key: string, value: T): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.maxEntries) this.entries.delete(this.entries.keys().next().value!);
  }
}

/** An IPv4 address as it is, also where it is mapped into IPv6; of an IPv6 address the first 64 bits. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped) return mapped[1];
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('%')[0].split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
