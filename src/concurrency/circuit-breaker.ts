/** A server did not answer, or answered that it has too much to do. */
export type Failure = 'away' | 'busy';

/** What a {@link CircuitBreaker} knows of errors. */
export interface FailureRules<E extends Error> {
  /** Null: the server answered, or the error says nothing of it. */
  classify(error: unknown): { failure: Failure; error: E } | null;
  /** Milliseconds that the server asked to wait; 0 where it did not. */
  retryAfterMs(error: E): number;
}

/** Who wants to call a server. */
export interface Caller {
  /** Callers of one group, such as the images of a request, share what they have seen of a server. */
  group: number;
  /** It has failed there before. */
  hasFailed: boolean;
}

/** The right to make one call. Ends with {@link CircuitBreaker.release}. */
export interface Permit {
  readonly server: string;
  readonly group: number;
  readonly startedAt: number;
  readonly isProbe: boolean;
  /** The call was reported. */
  isReported: boolean;
}

/** Whether a call may be made: now, after `waitMs`, or not at all because the server has failed too often. */
export type Admission<E extends Error> =
  { is: 'admitted'; permit: Permit } | { is: 'paused'; waitMs: number } | { is: 'refused'; error: E };

/** What {@link CircuitBreaker.admit} is going to say. */
export interface Outlook {
  /** Calls that would not be told to wait: all of them where the circuit is closed, or where they would be refused. */
  calls: number;
  /** Of callers that have not failed there. */
  isForFreshOnly: boolean;
  /** Milliseconds after which there may be more; 0 where all calls may be made. */
  waitMs: number;
}

const EVERY_CALL: Outlook = { calls: Infinity, isForFreshOnly: false, waitMs: 0 };

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Failures after which the circuit opens; none of them may have begun before the latest answer. */
const FAILURES_TO_OPEN = 5;

/** Pauses before each round of probes: about those that a single call has between its tries … */
const PAUSES_MS: Record<Failure, number[]> = {
  away: [2 * SECOND, 10 * SECOND],
  // … and where the server is too busy. Limits of so many calls a minute are common.
  busy: [SECOND, 10 * SECOND, 30 * SECOND, MINUTE],
};
/** After the last of these the server is given up, and probed once in so long. */
const GIVEN_UP_PAUSE_MS = 20 * SECOND;

/** Probes at a time: one may be the very call that makes the server hang. */
const PROBES: Record<Failure, number> = { away: 3, busy: 1 };
/** For so long only callers that have not failed themselves are sent as probes. */
const FRESH_PROBES_MS = 3 * SECOND;
/** When callers come again while probes are under way. */
const PROBE_WAIT_MS = 2 * SECOND;
/** After this a probe counts as lost, and another one takes its place. */
const PROBE_LOST_MS = MINUTE;

/** Failed calls of a group before others of it are refused without a call. */
const MAX_FAILURES_OF_GROUP = 3;

/** The longest that a server's `Retry-After` is obeyed: everything must come to its end. */
export const MAX_RETRY_AFTER_MS = 2 * MINUTE;

/** Answers after which a server that was too busy gets one call more at once. */
const ANSWERS_TO_WIDEN = 10;

/** Servers that are remembered, and groups of each; the oldest are forgotten. */
const MAX_SERVERS = 10_000;
const MAX_GROUPS = 1_000;

interface Circuit<E> {
  answeredAt: number;
  failures: number;
  /** Failed calls since the latest answer, by group. */
  failuresOf: Map<number, number>;
  /** How often it was opened since the latest answer; 0: it is closed. */
  openings: number;
  openedAt: number;
  /** Half-open from then on. */
  openUntil: number;
  probes: { underWay: number; left: number; lostAt: number };
  lastFailure?: { failure: Failure; error: E };
  /** Calls at once that the server bears, where it was too busy; one more after some answers. */
  concurrency: number;
  answers: number;
}

/**
 * A circuit breaker for each server, in the memory of one process (Nygard, "Release It!", 2nd edition, "Circuit Breaker").
 * A circuit opens after some failures; after a pause it is half-open, and a few probes are sent. When the last round of
 * probes has failed, the server is given up: callers of a group that has failed there some times are refused with the
 * last error. Any answer, also a 404, closes the circuit. A server that is too busy opens it at the first such answer,
 * for longer, and gets few calls at once for a while.
 */
export class CircuitBreaker<E extends Error> {
  private readonly circuits = new Map<string, Circuit<E>>();

  constructor(private readonly rules: FailureRules<E>) {}

  /** Whether a call may be made. A caller that is admitted reports how its call ended, and releases the permit in the end. */
  admit(server: string, caller: Caller): Admission<E> {
    const now = performance.now();
    const circuit = this.circuits.get(server);
    const isOpen = circuit !== undefined && circuit.openings > 0;
    if (isOpen && !takesProbe(circuit, caller, now)) return turnedAway(circuit, caller, now);
    if (isOpen) countProbe(circuit, now);
    const permit = { server, group: caller.group, startedAt: now, isProbe: isOpen, isReported: false };
    return { is: 'admitted', permit };
  }

  /** How many callers of a group are worth being sent now. Admits nobody. */
  outlook(server: string, group: number): Outlook {
    const now = performance.now();
    const circuit = this.circuits.get(server);
    if (!circuit || circuit.openings === 0) return EVERY_CALL;
    const isFresh = takesProbe(circuit, { group, hasFailed: false }, now);
    const turned = isFresh ? null : turnedAway(circuit, { group, hasFailed: false }, now);
    if (turned?.is === 'refused') return EVERY_CALL;
    if (turned?.is === 'paused') return { calls: 0, isForFreshOnly: false, waitMs: turned.waitMs };
    const isForFreshOnly = !takesProbe(circuit, { group, hasFailed: true }, now);
    return { calls: circuit.probes.left, isForFreshOnly, waitMs: PROBE_WAIT_MS };
  }

  /** Reports how a call ended: with an answer, or with its error. */
  report(permit: Permit, error?: unknown): void {
    const circuit = this.circuitOf(permit.server);
    permit.isReported = true;
    const failed = this.rules.classify(error);
    if (!failed) return close(circuit);
    const isBusy = failed.failure === 'busy';
    if (permit.startedAt < circuit.answeredAt && !isBusy) return; // the server has answered others since
    circuit.failures++;
    circuit.lastFailure = failed;
    const ofGroup = circuit.failuresOf.get(permit.group) ?? 0;
    if (ofGroup > 0 || circuit.failuresOf.size < MAX_GROUPS)
      circuit.failuresOf.set(permit.group, ofGroup + 1);
    if (permit.startedAt < circuit.openedAt) return; // a call, or a probe, of an earlier round
    if (permit.isProbe) circuit.probes.underWay--;
    const isLastProbe = permit.isProbe && circuit.probes.underWay <= 0;
    const isEnough = circuit.openings === 0 && circuit.failures >= FAILURES_TO_OPEN;
    if (isLastProbe || isEnough || isBusy)
      open(circuit, failed.failure, this.rules.retryAfterMs(failed.error));
  }

  /** Ends a permit, whether or not a call was made. */
  release({ server, isProbe, isReported, startedAt }: Permit): void {
    const circuit = this.circuits.get(server);
    if (!circuit || !isProbe || isReported || startedAt < circuit.openedAt) return;
    circuit.probes.underWay--; // another one may go in its place
    circuit.probes.left++;
  }

  /** Whether calls are made as usual: the circuit is neither open nor half-open. */
  isClosed(server: string): boolean {
    return (this.circuits.get(server)?.openings ?? 0) === 0;
  }

  /** Servers whose circuit is open or half-open. */
  get pausedServers(): number {
    let count = 0;
    for (const { openings } of this.circuits.values()) if (openings > 0) count++;
    return count;
  }

  /** How many calls at once the server bears, as far as that is known; before its first answer as many as tell that it is away. */
  concurrencyOf(server: string): number {
    const circuit = this.circuits.get(server);
    return circuit && circuit.answeredAt > -Infinity ? circuit.concurrency : FAILURES_TO_OPEN;
  }

  /** Whether the server has had all rounds of probes, so that nothing that failed there gets another try. */
  isGivenUp(server: string): boolean {
    const circuit = this.circuits.get(server);
    return circuit !== undefined && isGivenUp(circuit);
  }

  private circuitOf(server: string): Circuit<E> {
    const known = this.circuits.get(server);
    if (known) return known;
    if (this.circuits.size >= MAX_SERVERS) this.circuits.delete(this.circuits.keys().next().value!);
    const circuit: Circuit<E> = {
      ...{ answeredAt: -Infinity, failures: 0, failuresOf: new Map() },
      ...{ openings: 0, openedAt: -Infinity, openUntil: 0, probes: { underWay: 0, left: 0, lostAt: 0 } },
      ...{ concurrency: Infinity, answers: 0 },
    };
    this.circuits.set(server, circuit);
    return circuit;
  }
}

function takesProbe<E>(
  { openUntil, probes, lastFailure }: Circuit<E>,
  { hasFailed }: Caller,
  now: number,
): boolean {
  if (now < openUntil) return false;
  if (probes.underWay > 0 && probes.lostAt <= now)
    Object.assign(probes, { underWay: 0, left: PROBES[lastFailure!.failure] });
  return probes.left > 0 && (!hasFailed || now >= openUntil + FRESH_PROBES_MS);
}

function countProbe<E>({ probes }: Circuit<E>, now: number): void {
  probes.left--;
  probes.underWay++;
  probes.lostAt = now + PROBE_LOST_MS;
}

function turnedAway<E extends Error>(circuit: Circuit<E>, { group }: Caller, now: number): Admission<E> {
  const failures = circuit.failuresOf.get(group) ?? 0;
  if (isGivenUp(circuit) && failures >= MAX_FAILURES_OF_GROUP)
    return { is: 'refused', error: circuit.lastFailure!.error };
  return { is: 'paused', waitMs: circuit.openUntil > now ? circuit.openUntil - now : PROBE_WAIT_MS };
}

function isGivenUp<E>({ openings, lastFailure }: Circuit<E>): boolean {
  return openings > PAUSES_MS[lastFailure?.failure ?? 'away'].length;
}

function close<E>(circuit: Circuit<E>): void {
  circuit.answeredAt = performance.now();
  circuit.failures = 0;
  circuit.failuresOf.clear();
  circuit.openings = 0;
  circuit.openUntil = 0;
  circuit.answers++;
  if (circuit.concurrency < Infinity && circuit.answers % ANSWERS_TO_WIDEN === 0) circuit.concurrency++;
}

function open<E>(circuit: Circuit<E>, failure: Failure, retryAfterMs: number): void {
  const planned = PAUSES_MS[failure][circuit.openings] ?? GIVEN_UP_PAUSE_MS;
  circuit.openings++;
  circuit.openedAt = performance.now();
  circuit.openUntil = circuit.openedAt + Math.max(planned, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
  circuit.probes = { underWay: 0, left: PROBES[failure], lostAt: 0 };
  if (failure === 'busy') Object.assign(circuit, { concurrency: 1, answers: 0 });
}
