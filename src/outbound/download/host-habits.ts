/** Hosts that are remembered. */
const MAX_HOSTS = 10_000;

/** What a host needs before it gives its images. */
export interface HostHabits {
  /** It refuses calls without a `Referer` header. */
  wantsReferer?: boolean;
  /** Its header sections can only be read leniently. */
  needsLeniency?: boolean;
}

/** Remembers what was learned of each host, so that its next image costs one call and not two. */
export class KnownHosts {
  private readonly habits = new Map<string, HostHabits>();

  /** @param host host and port, as in a URL */
  of(host: string): HostHabits {
    return this.habits.get(host) ?? {};
  }

  /** Adds to what is known of a host; of more than 10,000 hosts, the one learned first is forgotten. */
  learn(host: string, habit: HostHabits): void {
    this.habits.set(host, { ...this.of(host), ...habit });
    if (this.habits.size > MAX_HOSTS) this.habits.delete(this.habits.keys().next().value!);
  }
}
