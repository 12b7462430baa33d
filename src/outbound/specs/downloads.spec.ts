import { readFileSync } from 'node:fs';
import { failureOf } from '../../../test/helpers/outbound/clients.js';
import {
  BY_DEADLINE_MS,
  LONG_MS,
  SHORT_MS,
  timedFailureOf,
  useRawOrigin,
} from '../../../test/helpers/outbound/raw-origin-calls.js';
import { endless } from '../../../test/helpers/servers/endless.js';
import { BEHAVIOURS, head, photo } from '../../../test/helpers/servers/raw-origin.js';
import { VERSION } from '../../config/version.js';

const calls = useRawOrigin();

describe('a download from a good origin', () => {
  it('gives the bytes, and what a cache wants to know', async () => {
    const found = await calls.download('/photo');

    expect(found).toMatchObject({
      url: `${calls.url}/photo`,
      etag: '"v1"',
      lastModified: 'Sat, 31 Jan 2026 12:00:00 GMT',
      contentType: 'image/jpeg',
    });
    expect(found.body).toMatchObject({ bytes: photo.length, isSpilled: true });
    expect((await found.body.read()).equals(photo)).toBe(true);
    await found.body.discard();
  });

  it.each(['/small', '/203', '/until-close', '/mislabelled', '/302-raw'])('takes %s', async (target) => {
    expect(await calls.textOf(target)).toBe('small');
  });

  it('takes a file of exactly the largest size', async () => {
    const { body } = await calls.download('/photo', { maxBytes: photo.length });

    expect(body.bytes).toBe(photo.length);
    await body.discard();
  });

  it('says who asks, and asks for plain bytes', async () => {
    const request = await calls.textOf('/echo');

    expect(request).toContain(
      `User-Agent: Mozilla/5.0 (compatible; ImageProcessingSystem/${VERSION}; +https://images.test)`,
    );
    expect(request).toMatch(/^Accept: image\/jpeg,(?!.*(webp|avif))/m);
    expect(request).toContain('Accept-Encoding: identity');
    expect(request).not.toMatch(/^(authorization|cookie|referer):/im);
  });

  it('sends the version that package.json has', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

    expect(VERSION).toBe(version);
  });

  it('reuses its connection', async () => {
    for (let round = 0; round < 5; round++) await calls.textOf('/small');

    expect(calls.server.sockets.size).toBe(1);
  });

  it('reuses its connection after a 404', async () => {
    for (let round = 0; round < 5; round++) await failureOf(calls.download('/404'));

    expect(calls.server.sockets.size).toBe(1);
  });

  it('asks again at once where a kept connection turns out to be dead', async () => {
    await calls.textOf('/small');
    const [kept] = calls.server.sockets;
    kept.removeAllListeners('data').once('data', () => kept.resetAndDestroy());

    expect(await calls.textOf('/small')).toBe('small');
  });

  it('keeps a bounded number of idle connections', async () => {
    await Promise.all(Array.from({ length: 40 }, () => calls.textOf('/small')));

    await calls.untilOpenConnectionsAre(16);
  });

  it('takes 128 at once', async () => {
    let taken = 0;
    // The best of three tries: on a busy machine some connect later than the 5 s that a server has.
    for (let tries = 0; tries < 3 && taken < 128; tries++) taken = await takenAtOnce(128);

    expect(taken).toBe(128);
  });

  /** How many of `count` downloads at the same moment come whole, and wait on disk. */
  async function takenAtOnce(count: number): Promise<number> {
    const downloads = Array.from({ length: count }, () => calls.download('/photo', { timeoutMs: 200_000 }));
    const settled = await Promise.allSettled(downloads);
    const bodies = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.body] : []));
    await Promise.all(bodies.map((body) => body.discard()));
    return bodies.filter(({ isSpilled, bytes }) => isSpilled && bytes === photo.length).length;
  }
});

describe('a download from a hostile origin', () => {
  it.each([
    ['/silent', 'TIMEOUT', true],
    ['/drip', 'TIMEOUT', true],
    ['/drip-headers', 'TIMEOUT', true],
    ['/stall', 'TIMEOUT', true],
    ['/stall-large', 'TIMEOUT', true],
    ['/endless', 'DOWNLOAD_TOO_LARGE', false],
    ['/declares-too-much', 'DOWNLOAD_TOO_LARGE', false],
    ['/shorter', 'CONNECTION_FAILED', true],
    ['/no-last-chunk', 'CONNECTION_FAILED', true],
    ['/reset', 'CONNECTION_FAILED', true],
    ['/reset-at-once', 'CONNECTION_FAILED', true],
    ['/two-lengths', 'RESPONSE_INVALID', false],
    ['/megabyte-of-headers', 'RESPONSE_INVALID', false],
    ['/not-http', 'RESPONSE_INVALID', false],
    ['/bomb', 'DOWNLOAD_TOO_LARGE', false],
    ['/empty', 'EMPTY_BODY', false],
    ['/204', 'HTTP_204', false],
    ['/205', 'HTTP_205', false],
    ['/206', 'HTTP_206', false],
    ['/302-nowhere', 'HTTP_302', false],
    ['/304', 'HTTP_304', false],
    ['/400', 'HTTP_400', false],
    ['/401', 'HTTP_401', false],
    ['/403', 'HTTP_403', false],
    ['/404', 'HTTP_404', false],
    ['/404-endless', 'HTTP_404', false],
    ['/408', 'HTTP_408', true],
    ['/410', 'HTTP_410', false],
    ['/425', 'HTTP_425', true],
    ['/429', 'HTTP_429', true],
    ['/451', 'HTTP_451', false],
    ['/500', 'HTTP_500', true],
    ['/503', 'HTTP_503', true],
  ])('%s ends with %s (retryable: %s), in time', async (target, code, retryable) => {
    const timeoutMs = code === 'TIMEOUT' ? SHORT_MS : LONG_MS;

    const { error, tookMs } = await timedFailureOf(calls.download(target, { timeoutMs }));

    expect(error).toMatchObject({ name: 'OutboundError', code, retryable });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it.each([
    ['says to which', ['Upgrade: a', 'Connection: upgrade']],
    ['does not say to which', ['Connection: close']],
    ['can only be understood leniently', ['nonsense', 'Upgrade: a', 'Connection: upgrade']],
  ])('fails where the server switches protocols, and %s', async (_case, fields) => {
    BEHAVIOURS['/101'] = (socket) => socket.write(head('101 Switching Protocols', ...fields) + 'other');

    expect(await failureOf(calls.download('/101'))).toMatchObject({ code: 'HTTP_101', retryable: false });
    await calls.untilOpenConnectionsAre(0);
  });

  it.each(['000', '007', '099'])('is refused where it answers with the status %s', async (status) => {
    BEHAVIOURS['/status'] = (socket) => socket.write(head(`${status} Status`, 'Content-Length: 0'));

    const error = await failureOf(calls.download('/status'));

    const message = `The server answered with ${Number(status)}, which is no status of HTTP.`;
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', retryable: false, message });
  });

  it('takes what was declared where more is sent, and not the rest as the next answer', async () => {
    expect(await calls.textOf('/longer')).toBe('small');
    expect(await calls.textOf('/small')).toBe('small');
  });

  it('takes a file in chunks of one byte', async () => {
    expect(await calls.textOf('/one-byte-chunks')).toBe('x'.repeat(100_000));
  });

  it.each([
    ['as it is', []],
    ['mended', ['nonsense']],
  ])('gives up an endless file in chunks of one byte, its header section %s', async (_case, fields) => {
    BEHAVIOURS['/endless-chunks'] = (socket) => {
      socket.write(head('200 OK', ...fields, 'Transfer-Encoding: chunked'));
      endless(socket, '1\r\nx\r\n'.repeat(10_000));
    };

    const error = await failureOf(calls.download('/endless-chunks'));

    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', retryable: false });
  });

  it('waits for the end of a 404 for two seconds only', async () => {
    const { error, tookMs } = await timedFailureOf(calls.download('/404-drip', { timeoutMs: LONG_MS }));

    expect(error).toMatchObject({ code: 'HTTP_404' });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it('tells how long the server asked to wait', async () => {
    const error = await failureOf(calls.download('/429'));

    expect(error).toMatchObject({ retryAfterMs: 7000 });
  });

  it('tells how much of a body came', async () => {
    const error = await failureOf(calls.download('/shorter'));

    const message = 'The server ended the connection after 5 of the 100 bytes that it had announced.';
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', message });
  });

  it('leaves no connection to an origin that it gave up on', async () => {
    for (const target of ['/silent', '/drip', '/endless', '/declares-too-much', '/bomb', '/404-endless'])
      await failureOf(calls.download(target, { timeoutMs: 300 }));
    await calls.untilOpenConnectionsAre(0);
  });

  it('leaves no connection behind a mended answer, though the server never closes it', async () => {
    BEHAVIOURS['/nonsense'] = (socket) =>
      socket.write(head('200 OK', 'nonsense', 'Content-Length: 5') + 'small');

    expect(await calls.textOf('/nonsense')).toBe('small');
    await calls.untilOpenConnectionsAre(0);
  });

  it('fails where nobody listens', async () => {
    const error = await failureOf(
      calls.client.downloader.download('http://127.0.0.1:1/', { maxBytes: 9, timeoutMs: 30_000 }),
    );

    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
  });
});

describe('TLS', () => {
  it('fails where the other side speaks something else', async () => {
    void calls.server.firstBytes().then(({ socket }) => socket.end(head('400 Bad Request')));

    const error = await failureOf(
      calls.client.downloader.download(calls.url.replace('http:', 'https:'), {
        maxBytes: 9,
        timeoutMs: 30_000,
      }),
    );

    expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false });
  });

  it('is asked for under the name, though an address is dialled', async () => {
    const hello = calls.server.firstBytes();
    const url = new URL(calls.url.replace('http:', 'https:'));
    url.hostname = 'images.test';

    const error = await failureOf(
      calls.client.downloader.download(url.href, { maxBytes: 9, timeoutMs: 3_000 }),
    );

    expect((await hello).data.includes('images.test')).toBe(true);
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });
});
