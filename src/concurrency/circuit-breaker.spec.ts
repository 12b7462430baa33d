import { type Caller, CircuitBreaker, type Failure, type Permit } from './circuit-breaker.js';

const SECOND = 1000;
const SERVER = 'shop.example';
const FRESH = { group: 1, hasFailed: false };
const FAILED_BEFORE = { group: 1, hasFailed: true };
const OTHER_GROUP = { group: 2, hasFailed: false };

class ServerError extends Error {
  constructor(
    readonly failure: Failure | null,
    readonly retryAfterMs = 0,
  ) {
    super(String(failure));
  }
}

const silent = new ServerError('away');
const refused = new ServerError('away');
const notFound = new ServerError(null);
const busy = (retryAfterMs?: number) => new ServerError('busy', retryAfterMs);

describe('a circuit breaker for each server', () => {
  let breaker: CircuitBreaker<ServerError>;

  beforeEach(() => {
    jest.useFakeTimers();
    breaker = new CircuitBreaker<ServerError>({
      classify: (error) =>
        error instanceof ServerError && error.failure ? { failure: error.failure, error } : null,
      retryAfterMs: ({ retryAfterMs }) => retryAfterMs,
    });
  });
  afterEach(() => jest.useRealTimers());

  const wait = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

  function go(caller: Caller = FRESH): Permit {
    const admission = breaker.admit(SERVER, caller);
    if (admission.is !== 'admitted') throw new Error(`${admission.is}, not admitted`);
    return admission.permit;
  }
  /** Whether a call would be admitted; leaves everything as it is. */
  function ask(server: string, caller: Caller) {
    const admission = breaker.admit(server, caller);
    if (admission.is !== 'admitted') return admission;
    breaker.release(admission.permit);
    return 'admitted';
  }
  function end(permit: Permit, error?: unknown): void {
    breaker.report(permit, error);
    breaker.release(permit);
  }
  function fail(times: number, error: unknown = refused, caller: Caller = FRESH): void {
    for (const permit of Array.from({ length: times }, () => go(caller))) end(permit, error);
  }
  /** Until it has had its three rounds. */
  function giveUp(error = refused): void {
    fail(5, error);
    wait(2 * SECOND);
    fail(3, error);
    wait(10 * SECOND);
    fail(3, error);
  }

  it('stays closed while a server fails now and then', () => {
    fail(4);
    end(go());
    fail(4);

    expect(ask(SERVER, FRESH)).toBe('admitted');
  });

  it('allows a server that has never answered as many calls at once as open the circuit', () => {
    expect(breaker.concurrencyOf(SERVER)).toBe(5);
    fail(1);
    expect(breaker.concurrencyOf(SERVER)).toBe(5);
    end(go());
    expect(breaker.concurrencyOf(SERVER)).toBe(Infinity);
  });

  it('opens after five failures of a server, and for no other server', () => {
    fail(5);

    expect(ask(SERVER, FRESH)).toEqual({ is: 'paused', waitMs: 2 * SECOND });
    expect(ask('other.example', FRESH)).toBe('admitted');
  });

  it('ignores failures of calls that began before the latest answer', () => {
    const hanging = Array.from({ length: 16 }, () => go());
    wait(SECOND);
    end(go());
    wait(30 * SECOND);
    for (const permit of hanging) end(permit, silent);

    expect(ask(SERVER, FRESH)).toBe('admitted');
  });

  it('sends three probes that have not failed themselves, and closes when one of them is answered', () => {
    fail(5);
    wait(2 * SECOND);

    expect(ask(SERVER, FAILED_BEFORE)).toEqual({ is: 'paused', waitMs: 2 * SECOND });
    const [first, second, third] = [go(), go(), go(OTHER_GROUP)];
    expect(ask(SERVER, FRESH)).toEqual({ is: 'paused', waitMs: 2 * SECOND });
    end(first, silent);
    end(second, notFound);
    expect(ask(SERVER, FAILED_BEFORE)).toBe('admitted');
    end(third, silent);
    expect(ask(SERVER, FAILED_BEFORE)).toBe('admitted');
  });

  it('sends a caller that has failed before as a probe where no other comes', () => {
    fail(5);
    wait(5 * SECOND);

    expect(ask(SERVER, FAILED_BEFORE)).toBe('admitted');
  });

  it('pauses longer after each round of probes, from the failure of the last probe on', () => {
    fail(5);
    wait(2 * SECOND);
    const probes = [go(), go()];
    end(probes[0], refused);
    end(probes[1], refused);

    expect(ask(SERVER, FRESH)).toEqual({ is: 'paused', waitMs: 10 * SECOND });
  });

  it('does not count a late probe of an earlier round among those of this one', () => {
    fail(5);
    wait(2 * SECOND);
    const late = go();
    wait(60 * SECOND);
    fail(1);
    wait(10 * SECOND);
    const probes = [go(), go()];
    end(late, silent);
    end(probes[0], refused);

    expect(ask(SERVER, FRESH)).toBe('admitted'); // the round is not over
  });

  it('gives a server up after three rounds, and refuses callers of a group that has failed there', () => {
    giveUp();

    expect(breaker.isGivenUp(SERVER)).toBe(true);
    expect(ask(SERVER, FRESH)).toEqual({ is: 'refused', error: refused });
    expect(ask(SERVER, OTHER_GROUP)).toEqual({ is: 'paused', waitMs: 20 * SECOND });
  });

  it('pauses callers of another group while a server that was given up is probed', () => {
    giveUp();
    wait(20 * SECOND);
    const probe = go(OTHER_GROUP);
    go(OTHER_GROUP);
    go(OTHER_GROUP);

    expect(ask(SERVER, OTHER_GROUP)).toMatchObject({ is: 'paused' });
    expect(ask(SERVER, FRESH)).toMatchObject({ is: 'refused' });
    end(probe);
    expect(breaker.isGivenUp(SERVER)).toBe(false);
    for (const caller of [FRESH, OTHER_GROUP]) expect(ask(SERVER, caller)).toBe('admitted');
  });

  it('sends another probe where one is released without a call, or lost', () => {
    fail(5);
    wait(2 * SECOND);
    const [first] = [go(), go(), go()];
    breaker.release(first);
    go();
    expect(ask(SERVER, FRESH)).toMatchObject({ is: 'paused' });

    wait(60 * SECOND);
    expect(ask(SERVER, FRESH)).toBe('admitted');
  });

  it.each([
    ['asks for nothing', busy(), SECOND],
    ['asks for 30 s', busy(30 * SECOND), 30 * SECOND],
    ['asks for a day', busy(86_400 * SECOND), 120 * SECOND],
  ])('opens at the first answer of a server that is too busy and %s', (_, error, waitMs) => {
    fail(1, error);
    expect(ask(SERVER, FRESH)).toEqual({ is: 'paused', waitMs });

    wait(waitMs);
    go();
    expect(ask(SERVER, FRESH)).toMatchObject({ is: 'paused' });
  });

  it('gives a busy server a minute and more, then one call at a time, and slowly more', () => {
    fail(1, busy());
    for (const pauseMs of [SECOND, 10 * SECOND, 30 * SECOND]) {
      wait(pauseMs);
      fail(1, busy());
      expect(breaker.isGivenUp(SERVER)).toBe(false);
    }
    wait(60 * SECOND);
    end(go());

    expect(breaker.concurrencyOf(SERVER)).toBe(1);
    for (let answer = 0; answer < 9; answer++) end(go());
    expect(breaker.concurrencyOf(SERVER)).toBe(2);
  });

  it('takes every other error for an answer', () => {
    for (const error of [notFound, new Error('ours')]) {
      fail(4);
      fail(20, error);
      expect(ask(SERVER, FRESH)).toBe('admitted');
    }
  });

  it('forgets the oldest of ten thousand servers', () => {
    fail(5);
    for (let index = 0; index < 10_000; index++) {
      const admission = breaker.admit(`${index}.example`, FRESH);
      if (admission.is === 'admitted') end(admission.permit);
    }

    expect(ask(SERVER, FRESH)).toBe('admitted');
  });
});
