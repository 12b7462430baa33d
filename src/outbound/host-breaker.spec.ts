import { OutboundError } from '../errors.js';
import { HostBreaker } from './host-breaker.js';

const SECOND = 1000;
const HOST = 'shop.example';
const refused = new OutboundError('CONNECTION_FAILED', 'The connection to the server failed.', {
  retryable: true,
});
const busy = (retryAfterMs?: number) =>
  new OutboundError('HTTP_429', 'Too many requests.', { retryable: true, retryAfterMs });

describe('a breaker for each host', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const fail = (breaker: HostBreaker, times: number, error = refused) => {
    for (let time = 0; time < times; time++) breaker.note(HOST, error);
  };
  const probe = (breaker: HostBreaker, error?: OutboundError) => {
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
    breaker.note(HOST, error);
  };

  it('lets a host fail now and then', () => {
    const breaker = new HostBreaker();
    fail(breaker, 4);
    breaker.note(HOST);
    fail(breaker, 4);

    expect(breaker.admit(HOST, false)).toEqual({ is: 'admitted' });
  });

  it('leaves a host in peace after five failures, and no other', () => {
    const breaker = new HostBreaker();
    fail(breaker, 5);

    expect(breaker.admit(HOST, true)).toEqual({ is: 'early', waitMs: 2 * SECOND });
    expect(breaker.admit('other.example', true)).toEqual({ is: 'admitted' });
  });

  it('takes the failures of those that were under way for what they are: old news', () => {
    const breaker = new HostBreaker();
    fail(breaker, 16);

    expect(breaker.admit(HOST, true)).toEqual({ is: 'early', waitMs: 2 * SECOND });
  });

  it('sends one ahead, lets the others wait for it, and closes when it is answered', () => {
    const breaker = new HostBreaker();
    fail(breaker, 5);
    jest.advanceTimersByTime(2 * SECOND);

    expect(breaker.ask(HOST, true)).toEqual({ is: 'admitted' });
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
    expect(breaker.admit(HOST, true)).toEqual({ is: 'early', waitMs: 2 * SECOND });
    breaker.note(HOST, new OutboundError('HTTP_404', 'Not found.'));
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
  });

  it('gives a host up after three rounds: who has waited fails, who comes fresh waits for the next probe', () => {
    const breaker = new HostBreaker();
    fail(breaker, 5);
    for (const waitMs of [2 * SECOND, 10 * SECOND]) {
      expect(breaker.isGivenUp(HOST)).toBe(false);
      expect(breaker.admit(HOST, true)).toEqual({ is: 'early', waitMs });
      jest.advanceTimersByTime(waitMs);
      probe(breaker, refused);
    }

    expect(breaker.isGivenUp(HOST)).toBe(true);
    expect(breaker.admit(HOST, true)).toEqual({ is: 'refused', error: refused });
    expect(breaker.admit(HOST, false)).toEqual({ is: 'early', waitMs: 20 * SECOND });
    jest.advanceTimersByTime(20 * SECOND);
    probe(breaker);
    expect(breaker.isGivenUp(HOST)).toBe(false);
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
  });

  it('sends another one where the one that was sent ahead gives up or is lost', () => {
    const breaker = new HostBreaker();
    fail(breaker, 5);
    jest.advanceTimersByTime(2 * SECOND);

    breaker.admit(HOST, true);
    breaker.forget(HOST);
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
    jest.advanceTimersByTime(60 * SECOND);
    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
  });

  it.each([
    ['429', busy(), SECOND],
    ['429 with Retry-After', busy(30 * SECOND), 30 * SECOND],
    ['429 with a Retry-After of a day', busy(86_400 * SECOND), 120 * SECOND],
    ['503 with Retry-After', new OutboundError('HTTP_503', '', { retryAfterMs: 5 * SECOND }), 5 * SECOND],
  ])('pauses at the first %s', (_, error, waitMs) => {
    const breaker = new HostBreaker();
    breaker.note(HOST, error);

    expect(breaker.admit(HOST, true)).toEqual({ is: 'early', waitMs });
  });

  it('takes every other answer for a sign of life, and no failure of another host for one of this', () => {
    const breaker = new HostBreaker();
    const elsewhere = new OutboundError('TIMEOUT', '', { retryable: true });
    elsewhere.isElsewhere = true;
    for (const error of [new OutboundError('HTTP_500', ''), new OutboundError('HTTP_503', ''), elsewhere]) {
      fail(breaker, 4);
      fail(breaker, 20, error);
      expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
    }
  });

  it('forgets the oldest of ten thousand hosts in trouble', () => {
    const breaker = new HostBreaker();
    fail(breaker, 5);
    for (let index = 0; index < 10_000; index++) breaker.note(`${index}.example`, refused);

    expect(breaker.admit(HOST, true)).toEqual({ is: 'admitted' });
  });
});
