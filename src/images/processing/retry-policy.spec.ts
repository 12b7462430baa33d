import { AppError, ImageError, OutboundError, UnavailableError } from '../../errors/app-error.js';
import { nextStep, ShutdownError } from './retry-policy.js';

const FIRST = { busyTries: 0, failures: 0 };
const unavailable = new UnavailableError('STORAGE_UNAVAILABLE');
const timeout = new OutboundError('TIMEOUT');

describe('what follows from a try that failed', () => {
  it('is a release where the process stops', () => {
    expect(nextStep(FIRST, new ShutdownError(), false)).toEqual({ is: 'release' });
  });

  it('is another try in ten seconds where we are at fault ourselves, however often', () => {
    expect(nextStep({ busyTries: 50, failures: 2 }, unavailable, true)).toMatchObject({
      is: 'retry',
      error: { code: 'STORAGE_UNAVAILABLE' },
      delayMs: 10_000,
      countedAs: null,
    });
  });

  it('is another try within 3 s, then within 15 s, and then the end', () => {
    for (const [failures, withinMs] of [
      [0, 3_000],
      [1, 15_000],
    ]) {
      const step = nextStep({ busyTries: 0, failures }, timeout, false);
      expect(step).toMatchObject({ is: 'retry', error: timeout, countedAs: 'failure' });
      expect(step.is === 'retry' && step.delayMs).toBeLessThanOrEqual(withinMs);
    }
    expect(nextStep({ busyTries: 0, failures: 2 }, timeout, false)).toEqual({ is: 'fail', error: timeout });
  });

  it('is the end where the host was given up, or the error is final', () => {
    const broken = new ImageError('IMAGE_CORRUPT');

    expect(nextStep(FIRST, timeout, true)).toEqual({ is: 'fail', error: timeout });
    expect(nextStep(FIRST, broken, false)).toEqual({ is: 'fail', error: broken });
  });

  it('costs nothing where the server is too busy, and obeys it', () => {
    const busy = new OutboundError('HTTP_429', undefined, { retryAfterMs: 20_000 });
    const asking = new OutboundError('HTTP_429', undefined, { retryAfterMs: 86_400_000 });

    expect(nextStep({ busyTries: 9, failures: 2 }, busy, false)).toMatchObject({
      delayMs: 20_000,
      countedAs: 'busy',
    });
    expect(nextStep(FIRST, asking, false)).toMatchObject({ delayMs: 120_000 });
    expect(nextStep({ busyTries: 10, failures: 2 }, busy, false)).toEqual({ is: 'fail', error: busy });
  });

  it('is another try where we do not know what happened', () => {
    expect(nextStep(FIRST, new Error('a bug'), false)).toMatchObject({
      is: 'retry',
      error: new AppError('INTERNAL'),
      countedAs: 'failure',
    });
  });
});
