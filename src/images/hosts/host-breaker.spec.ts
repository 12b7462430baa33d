import { OutboundError } from '../../errors/app-error.js';
import { HostBreaker, type Visit } from './host-breaker.js';

const SECOND = 1000;
const HOST = 'shop.example';
const FRESH = { requestKey: 1, hasFailed: false };
const TRIED = { requestKey: 1, hasFailed: true };
const OTHER = { requestKey: 2, hasFailed: false };

const silent = new OutboundError('TIMEOUT', 'The server did not answer in time.');
const refused = new OutboundError('CONNECTION_FAILED', 'The connection to the server failed.');
const busy = (retryAfterMs?: number) => new OutboundError('HTTP_429', '', { retryAfterMs });

describe('a breaker for each host', () => {
  let breaker: HostBreaker;

  beforeEach(() => {
    jest.useFakeTimers();
    breaker = new HostBreaker();
  });
  afterEach(() => jest.useRealTimers());

  const wait = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

  function go(visitor = FRESH): Visit {
    const admission = breaker.admit(HOST, visitor);
    if (admission.is !== 'admitted') throw new Error(`${admission.is}, not admitted`);
    return admission.visit;
  }
  function come(visit: Visit, error?: unknown): void {
    breaker.note(visit, error);
    breaker.leave(visit);
  }
  function fail(times: number, error: unknown = refused, visitor = FRESH): void {
    for (const visit of Array.from({ length: times }, () => go(visitor))) come(visit, error);
  }
  /** Until it has had its three rounds. */
  function giveUp(error = refused): void {
    fail(5, error);
    wait(2 * SECOND);
    fail(3, error);
    wait(10 * SECOND);
    fail(3, error);
  }

  it('lets a host fail now and then', () => {
    fail(4);
    come(go());
    fail(4);

    expect(breaker.ask(HOST, FRESH)).toBe('admitted');
  });

  it('lets a host that was never heard of be asked for no more than tells that it is away', () => {
    expect(breaker.widthOf(HOST)).toBe(5);
    fail(1);
    expect(breaker.widthOf(HOST)).toBe(5);
    come(go());
    expect(breaker.widthOf(HOST)).toBe(Infinity);
  });

  it('leaves a host in peace after five failures, and no other', () => {
    fail(5);

    expect(breaker.admit(HOST, FRESH)).toEqual({ is: 'early', waitMs: 2 * SECOND });
    expect(breaker.ask('other.example', FRESH)).toBe('admitted');
  });

  it('holds nothing against a host that has answered since the visit began', () => {
    const hanging = Array.from({ length: 16 }, () => go());
    wait(SECOND);
    come(go());
    wait(30 * SECOND);
    for (const visit of hanging) come(visit, silent);

    expect(breaker.ask(HOST, FRESH)).toBe('admitted');
  });

  it('sends three ahead that have not failed themselves, and closes when one of them is answered', () => {
    fail(5);
    wait(2 * SECOND);

    expect(breaker.ask(HOST, TRIED)).toEqual({ is: 'early', waitMs: 2 * SECOND });
    const [first, second, third] = [go(), go(), go(OTHER)];
    expect(breaker.ask(HOST, FRESH)).toEqual({ is: 'early', waitMs: 2 * SECOND });
    come(first, silent);
    come(second, new OutboundError('HTTP_404', 'Not found.'));
    expect(breaker.ask(HOST, TRIED)).toBe('admitted');
    come(third, silent);
    expect(breaker.ask(HOST, TRIED)).toBe('admitted');
  });

  it('sends one ahead that has failed where there is no other', () => {
    fail(5);
    wait(5 * SECOND);

    expect(breaker.ask(HOST, TRIED)).toBe('admitted');
  });

  it('waits longer after each round, and is open from the first failure of the last one out', () => {
    fail(5);
    wait(2 * SECOND);
    const probes = [go(), go()];
    come(probes[0], refused);
    come(probes[1], refused);

    expect(breaker.ask(HOST, FRESH)).toEqual({ is: 'early', waitMs: 10 * SECOND });
  });

  it('does not count one of an earlier round that comes back late among those of this one', () => {
    fail(5);
    wait(2 * SECOND);
    const late = go();
    wait(60 * SECOND);
    fail(1);
    wait(10 * SECOND);
    const probes = [go(), go()];
    come(late, silent);
    come(probes[0], refused);

    expect(breaker.ask(HOST, FRESH)).toBe('admitted'); // the round is not over
  });

  it('gives a host up after three rounds: it refuses those whose request has been there in vain', () => {
    giveUp();

    expect(breaker.isGivenUp(HOST)).toBe(true);
    expect(breaker.ask(HOST, FRESH)).toEqual({ is: 'refused', error: refused });
    expect(breaker.ask(HOST, OTHER)).toEqual({ is: 'early', waitMs: 20 * SECOND });
  });

  it('lets another request wait while one is sent ahead to a host that was given up', () => {
    giveUp();
    wait(20 * SECOND);
    const probe = go(OTHER);
    go(OTHER);
    go(OTHER);

    expect(breaker.ask(HOST, OTHER)).toMatchObject({ is: 'early' });
    expect(breaker.ask(HOST, FRESH)).toMatchObject({ is: 'refused' });
    come(probe);
    expect(breaker.isGivenUp(HOST)).toBe(false);
    for (const visitor of [FRESH, OTHER]) expect(breaker.ask(HOST, visitor)).toBe('admitted');
  });

  it('sends another one where one that was sent ahead turns back or is lost', () => {
    fail(5);
    wait(2 * SECOND);
    const [first] = [go(), go(), go()];
    breaker.leave(first);
    go();
    expect(breaker.ask(HOST, FRESH)).toMatchObject({ is: 'early' });

    wait(60 * SECOND);
    expect(breaker.ask(HOST, FRESH)).toBe('admitted');
  });

  it.each([
    ['429', busy(), SECOND, SECOND],
    ['429 with Retry-After', busy(30 * SECOND), 30 * SECOND, 30 * SECOND],
    ['429 with a Retry-After of a day', busy(86_400 * SECOND), 120 * SECOND, 120 * SECOND],
    [
      '503 with Retry-After',
      new OutboundError('HTTP_503', '', { retryAfterMs: 5 * SECOND }),
      5 * SECOND,
      5 * SECOND,
    ],
  ])('pauses at the first %s', (_, error, waitMs, pauseMs) => {
    fail(1, error);
    expect(breaker.ask(HOST, FRESH)).toEqual({ is: 'early', waitMs });

    wait(pauseMs);
    go();
    expect(breaker.ask(HOST, FRESH)).toMatchObject({ is: 'early' });
  });

  it('gives a busy host a minute and more, and then one image at a time, and slowly more', () => {
    fail(1, busy());
    for (const pauseMs of [SECOND, 10 * SECOND, 30 * SECOND]) {
      wait(pauseMs);
      fail(1, busy());
      expect(breaker.isGivenUp(HOST)).toBe(false);
    }
    wait(60 * SECOND);
    come(go());

    expect(breaker.widthOf(HOST)).toBe(1);
    for (let answer = 0; answer < 9; answer++) come(go());
    expect(breaker.widthOf(HOST)).toBe(2);
  });

  it('takes every other answer for a sign of life', () => {
    for (const error of [
      new OutboundError('HTTP_500', ''),
      new OutboundError('HTTP_503', ''),
      new Error('ours'),
    ]) {
      fail(4);
      fail(20, error);
      expect(breaker.ask(HOST, FRESH)).toBe('admitted');
    }
  });

  it('forgets the oldest of ten thousand hosts', () => {
    fail(5);
    for (let index = 0; index < 10_000; index++) breaker.admit(`${index}.example`, FRESH);

    expect(breaker.ask(HOST, FRESH)).toBe('admitted');
  });
});
