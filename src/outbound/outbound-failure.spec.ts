import { AxiosError } from 'axios';
import { OutboundError } from '../errors/app-error.js';
import { connectionError, statusError } from './outbound-failure.js';

const failure = (code: string) => Object.assign(new Error('connect to 10.0.0.9'), { code });

describe('connectionError', () => {
  it.each([
    ['ECONNREFUSED', 'CONNECTION_FAILED', true],
    ['ECONNRESET', 'CONNECTION_FAILED', true],
    ['EHOSTUNREACH', 'CONNECTION_FAILED', true],
    ['ETIMEDOUT', 'TIMEOUT', true],
    ['ECONNABORTED', 'TIMEOUT', true],
    ['CERT_HAS_EXPIRED', 'TLS_FAILED', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_FAILED', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_FAILED', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_FAILED', false],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_FAILED', false],
    ['EPROTO', 'TLS_FAILED', false],
    ['HPE_INVALID_CONSTANT', 'RESPONSE_INVALID', false],
    ['HPE_HEADER_OVERFLOW', 'RESPONSE_INVALID', false],
  ])('makes %s a %s (retryable: %s), bare or inside an axios error', (code, expected, retryable) => {
    for (const error of [failure(code), AxiosError.from(failure(code))]) {
      const { message, ...rest } = connectionError(error);

      expect(rest).toMatchObject({ code: expected, retryable });
      expect(message).not.toContain('10.0.0.9');
    }
  });

  it('finds our own error inside an axios error', () => {
    const refused = new OutboundError('ADDRESS_REFUSED', 'no');

    expect(connectionError(AxiosError.from(refused))).toBe(refused);
  });

  it('keeps the request, whose headers may be secrets, out of the cause', () => {
    const error = AxiosError.from(failure('ECONNRESET'), undefined, { headers: {} } as never);

    expect(connectionError(error).cause).not.toHaveProperty('config');
  });
});

describe('statusError', () => {
  it.each([
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [410, false],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('makes %d retryable: %s', (status, retryable) => {
    expect(statusError(status)).toMatchObject({ code: `HTTP_${status}`, retryable, retryAfterMs: undefined });
  });

  it('tells how long to wait', () => {
    expect(statusError(429, '30').retryAfterMs).toBe(30_000);
  });
});
