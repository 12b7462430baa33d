import { AppError, OutboundError } from '../../errors/app-error.js';
import { IMAGE_HOST_FAILURES } from './image-host-failures.js';

describe('what an error says of a host', () => {
  it.each([
    ['HOST_NOT_FOUND', undefined, 'away'],
    ['CONNECTION_FAILED', undefined, 'away'],
    ['TIMEOUT', undefined, 'away'],
    ['HTTP_429', undefined, 'busy'],
    ['HTTP_503', 5_000, 'busy'],
    ['HTTP_503', undefined, null],
    ['HTTP_500', undefined, null],
    ['HTTP_404', undefined, null],
    ['TLS_FAILED', undefined, null],
    ['ADDRESS_REFUSED', undefined, null],
  ] as const)('%s with a Retry-After of %s: %s', (code, retryAfterMs, failure) => {
    const error = new OutboundError(code, undefined, { retryAfterMs });

    expect(IMAGE_HOST_FAILURES.classify(error)?.failure ?? null).toBe(failure);
    expect(IMAGE_HOST_FAILURES.retryAfterMs(error)).toBe(retryAfterMs ?? 0);
  });

  it('is nothing where the error is none of a download', () => {
    for (const error of [undefined, new Error('ours'), new AppError('INTERNAL')]) {
      expect(IMAGE_HOST_FAILURES.classify(error)).toBeNull();
    }
  });
});
