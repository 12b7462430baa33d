import {
  BY_DEADLINE_MS,
  SHORT_MS,
  LONG_MS,
  timedFailureOf,
  useRawOrigin,
} from '../../../test/helpers/outbound/raw-origin-calls.js';
import { BEHAVIOURS, head } from '../../../test/helpers/servers/raw-origin.js';

const calls = useRawOrigin();

describe('a post', () => {
  it('sends body and headers as they are', async () => {
    const body = ' {"a": "ü"} \n';
    const headers = { 'Content-Type': 'application/json', 'webhook-id': 'evt_1' };

    const answer = await calls.client.poster.post(`${calls.url}/echo`, body, headers, { timeoutMs: 30_000 });

    const [sentHead, sentBody] = answer.body.split('\r\n\r\n');
    expect(sentHead).toMatch(/^POST \/echo HTTP\/1\.1\r\n/);
    expect(sentHead).toContain('Content-Type: application/json');
    expect(sentHead).toContain('webhook-id: evt_1');
    expect(sentHead).toContain('User-Agent: ImageProcessingSystem/');
    expect(sentHead).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(sentBody).toBe(body);
    expect(answer.durationMs).toBeGreaterThanOrEqual(0);
  });

  it.each([200, 204, 302, 400, 404, 410, 429, 500, 503].map((status) => [status]))(
    'returns the status %d',
    async (status) => {
      BEHAVIOURS['/status'] = (socket) =>
        socket.write(head(`${status} Status`, 'Retry-After: 9', 'Content-Length: 0', 'Location: /small'));

      expect(await calls.post('/status')).toMatchObject({
        status,
        headers: { 'retry-after': '9' },
        body: '',
      });
      expect(calls.targets).toEqual(['/status']);
    },
  );

  it.each(['/endless', '/photo', '/404-endless'])(
    'reads the first 1,024 bytes of %s only',
    async (target) => {
      const { body } = await calls.post(target);

      expect(body.length).toBeLessThanOrEqual(1024);
      await calls.untilOpenConnectionsAre(0);
    },
  );

  it('cuts no character in two', async () => {
    BEHAVIOURS['/umlauts'] = (socket) =>
      socket.end(head('200 OK', 'Content-Length: 2001') + `x${'ü'.repeat(1000)}`);

    expect((await calls.post('/umlauts')).body).toBe(`x${'ü'.repeat(511)}`);
  });

  it('knows the status of an answer that never ends, within two seconds', async () => {
    const { status, durationMs } = await calls.post('/drip');

    expect(status).toBe(200);
    expect(durationMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it('knows the status of an answer that breaks off', async () => {
    expect(await calls.post('/shorter')).toMatchObject({ status: 200, body: 'short' });
  });

  it('keeps nothing of a compressed answer', async () => {
    expect(await calls.post('/bomb')).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['/silent', 'TIMEOUT', true],
    ['/drip-headers', 'TIMEOUT', true],
    ['/switches-protocols', 'TIMEOUT', true],
    ['/reset-at-once', 'CONNECTION_FAILED', true],
    ['/megabyte-of-headers', 'RESPONSE_INVALID', false],
    ['/not-http', 'RESPONSE_INVALID', false],
    ['/status-7', 'RESPONSE_INVALID', false],
  ])('to %s ends with %s (retryable: %s), in time', async (target, code, retryable) => {
    BEHAVIOURS['/switches-protocols'] = (socket) =>
      socket.write(head('101 Switching Protocols', 'Upgrade: a', 'Connection: upgrade'));
    BEHAVIOURS['/status-7'] = (socket) => socket.write(head('007 Status', 'Content-Length: 0'));
    const timeoutMs = code === 'TIMEOUT' ? SHORT_MS : LONG_MS;

    const { error, tookMs } = await timedFailureOf(calls.post(target, { timeoutMs }));

    expect(error).toMatchObject({ name: 'OutboundError', code, retryable });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });
});
