import { AppError, OutboundError } from '../../errors/app-error.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Failures, none of them begun before the latest answer, after which a host is left in peace. */
const FAILURES_TO_OPEN = 5;

/** Waits before some images are sent ahead to see whether the host is back: about those that a single image has. */
const AWAY_MS = [2 * SECOND, 10 * SECOND];
/** … where it answers that it is too busy. Limits of so many calls a minute are common. */
const BUSY_MS = [SECOND, 10 * SECOND, 30 * SECOND, MINUTE];
/** After the last of these the host is given up, and images are sent ahead once in so long. */
const GIVEN_UP_MS = 20 * SECOND;

/** Images sent ahead at a time: one may be the very one that makes the host hang. */
const PROBES = 3;
/** For so long only those are sent ahead that have not failed themselves. */
const FRESH_ONLY_MS = 3 * SECOND;
/** How long others wait before they ask again whether those that were sent ahead are back … */
const PROBE_WAIT_MS = 2 * SECOND;
/** … and after which others are sent, should they be lost. */
const PROBE_LOST_MS = MINUTE;

/** Failed visits of a request's own before others of its images are refused untried. */
const OWN_FAILURES = 3;

/** The longest that a server's `Retry-After` is obeyed: a request must come to its end. */
export const MOST_RETRY_AFTER_MS = 2 * MINUTE;

/** Answers after which a host that was too busy gets one image more at once. */
const ANSWERS_TO_WIDEN = 10;

/** Hosts that are remembered, and requests of each; the oldest are forgotten. */
const MOST_HOSTS = 10_000;
const MOST_REQUESTS = 1_000;

/** Who wants to visit a host. */
export interface Visitor {
  requestKey: number;
  /** It has been there in vain. */
  hasFailed: boolean;
}

/** An image on its way to a host. */
export interface Visit {
  readonly host: string;
  readonly requestKey: number;
  readonly startedAt: number;
  readonly isProbe: boolean;
  /** How it went is known. */
  isNoted: boolean;
}

/** What may be done with an image of a host: try it, come back after a while, or let it fail. */
export type Admission =
  { is: 'admitted'; visit: Visit } | { is: 'early'; waitMs: number } | { is: 'refused'; error: AppError };

interface Host {
  answeredAt: number;
  failures: number;
  /** Failed visits since the latest answer, by request. */
  failuresOf: Map<number, number>;
  /** How often it was opened since the latest answer. */
  openings: number;
  openedAt: number;
  /** Nothing is sent before this. */
  openUntil: number;
  probes: { out: number; left: number; lostAt: number };
  lastError?: AppError;
  /** Visits at once that it bears, where it was too busy; one more after some answers. */
  width: number;
  answers: number;
}

/**
 * A circuit breaker for each host, in the memory of one worker (Nygard, "Release It!", 2nd edition, "Circuit Breaker").
 * A host that fails again and again is left in peace; then a few images are sent ahead; after three such rounds it is
 * given up: images of a request that has been there some times in vain fail untried, with the last error. Any answer, be
 * it a 404, closes it. A host that is too busy (429, or 503 with `Retry-After`) is left in peace from the first such
 * answer on, for longer, and gets few images at once for a while.
 */
export class HostBreaker {
  private readonly hosts = new Map<string, Host>();

  /** Whether something may be sent to the host now. */
  ask(name: string, visitor: Visitor): 'admitted' | Exclude<Admission, { is: 'admitted' }> {
    const host = this.hosts.get(name);
    if (!host) return 'admitted';
    const now = performance.now();
    if (host.openings === 0) return 'admitted';
    if (host.openUntil <= now && this.takesProbe(host, visitor, now)) return 'admitted';
    const own = host.failuresOf.get(visitor.requestKey) ?? 0;
    if (isGivenUp(host) && own >= OWN_FAILURES) return { is: 'refused', error: host.lastError! };
    return { is: 'early', waitMs: host.openUntil > now ? host.openUntil - now : PROBE_WAIT_MS };
  }

  /** As {@link ask}, for who then goes. Every visit ends with {@link leave}, and is reported to {@link note} before. */
  admit(name: string, visitor: Visitor): Admission {
    const answer = this.ask(name, visitor);
    if (answer !== 'admitted') return answer;
    const host = this.hostOf(name);
    const now = performance.now();
    const isProbe = host.openings > 0;
    if (isProbe) sendAhead(host, now);
    const visit = { host: name, requestKey: visitor.requestKey, startedAt: now, isProbe, isNoted: false };
    return { is: 'admitted', visit };
  }

  /** Reports how a visit went: with an answer, or with the error of it. */
  note(visit: Visit, error?: unknown): void {
    const host = this.hostOf(visit.host);
    visit.isNoted = true;
    if (!(error instanceof AppError) || !isTrouble(error)) return answered(host);
    if (visit.startedAt < host.answeredAt && !isBusy(error)) return; // it has answered others since
    host.failures++;
    host.lastError = error;
    const own = host.failuresOf.get(visit.requestKey) ?? 0;
    if (own > 0 || host.failuresOf.size < MOST_REQUESTS) host.failuresOf.set(visit.requestKey, own + 1);
    if (visit.startedAt < host.openedAt) return; // old news, also of one that was sent ahead in an earlier round
    if (visit.isProbe) host.probes.out--;
    const isLastProbe = visit.isProbe && host.probes.out <= 0;
    const isEnough = host.openings === 0 && host.failures >= FAILURES_TO_OPEN;
    if (isLastProbe || isEnough || isBusy(error)) open(host, error);
  }

  /** Ends a visit, whether or not anything came of it. */
  leave({ host: name, isProbe, isNoted, startedAt }: Visit): void {
    const host = this.hosts.get(name);
    if (!host) return;
    if (!isProbe || isNoted || startedAt < host.openedAt) return;
    host.probes.out--; // another one may go in its place
    host.probes.left++;
  }

  /** Whether it is open, or was and has not answered since. */
  isInTrouble(name: string): boolean {
    return (this.hosts.get(name)?.openings ?? 0) > 0;
  }

  /** How many visits at once the host bears, as far as that is known; before its first answer as many as tell that it is away. */
  widthOf(name: string): number {
    const host = this.hosts.get(name);
    return host && host.answeredAt > -Infinity ? host.width : FAILURES_TO_OPEN;
  }

  /** Whether the host has had all its tries, so that an image that failed gets no other one. */
  isGivenUp(name: string): boolean {
    const host = this.hosts.get(name);
    return host !== undefined && isGivenUp(host);
  }

  private takesProbe(host: Host, { hasFailed }: Visitor, now: number): boolean {
    const { probes } = host;
    if (probes.out > 0 && probes.lostAt <= now) Object.assign(probes, { out: 0, left: PROBES });
    return probes.left > 0 && (!hasFailed || now >= host.openUntil + FRESH_ONLY_MS);
  }

  private hostOf(name: string): Host {
    const known = this.hosts.get(name);
    if (known) return known;
    if (this.hosts.size >= MOST_HOSTS) this.hosts.delete(this.hosts.keys().next().value!);
    const host: Host = {
      ...{ answeredAt: -Infinity, failures: 0, failuresOf: new Map() },
      ...{ openings: 0, openedAt: -Infinity, openUntil: 0, probes: { out: 0, left: 0, lostAt: 0 } },
      ...{ width: Infinity, answers: 0 },
    };
    this.hosts.set(name, host);
    return host;
  }
}

/** Whether a server says that it has too much to do, which is no failure of the image that was asked for. */
export function isBusy({ code, retryAfterMs }: AppError): boolean {
  return code === 'HTTP_429' || (code === 'HTTP_503' && retryAfterMs !== undefined);
}

function isTrouble(error: AppError): boolean {
  const isAway = ['HOST_NOT_FOUND', 'CONNECTION_FAILED', 'TIMEOUT'].includes(error.code);
  return error instanceof OutboundError && (isAway || isBusy(error));
}

function isGivenUp({ openings, lastError }: Host): boolean {
  return openings > (lastError && isBusy(lastError) ? BUSY_MS : AWAY_MS).length;
}

function sendAhead({ probes }: Host, now: number): void {
  probes.left--;
  probes.out++;
  probes.lostAt = now + PROBE_LOST_MS;
}

function answered(host: Host): void {
  host.answeredAt = performance.now();
  host.failures = 0;
  host.failuresOf.clear();
  host.openings = 0;
  host.openUntil = 0;
  host.answers++;
  if (host.width < Infinity && host.answers % ANSWERS_TO_WIDEN === 0) host.width++;
}

function open(host: Host, error: AppError): void {
  const plan = isBusy(error) ? BUSY_MS : AWAY_MS;
  const waitMs = Math.max(
    plan[host.openings] ?? GIVEN_UP_MS,
    Math.min(error.retryAfterMs ?? 0, MOST_RETRY_AFTER_MS),
  );
  host.openings++;
  host.openedAt = performance.now();
  host.openUntil = host.openedAt + waitMs;
  host.probes = { out: 0, left: isBusy(error) ? 1 : PROBES, lostAt: 0 };
  if (isBusy(error)) Object.assign(host, { width: 1, answers: 0 });
}
