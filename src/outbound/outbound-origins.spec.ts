import { HttpService } from '@nestjs/axios';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BEHAVIOURS, head, MAX_BYTES, photo } from '../../test/helpers/servers/raw-origin.js';
import { turns, until } from '../../test/helpers/wait.js';
import { Settings } from '../config/settings.js';
import { VERSION } from '../config/version.js';
import { type DownloadOptions, FileDownloader } from './download/file-downloader.js';
import { MessagePoster } from './message-poster.js';
import { OutboundAgents } from './outbound-agents.js';
import { HostResolver } from './addresses/host-resolver.js';

/** The deadline of a call that meets it, and of one that must not, however slow the machine is. */
const SHORT_MS = 700;
const LONG_MS = 30_000;
/** Less than the timeouts inside the deadline: what ends earlier ended because of the deadline. */
const BY_DEADLINE_MS = 9_000;

class LocalResolver extends HostResolver {
  resolve(): Promise<string[]> {
    return Promise.resolve(['127.0.0.1']);
  }
}

let server: net.Server;
let origin: string;
let dataFolder: string;
let client: Clients;
const sockets = new Set<Socket>();
const requests: string[] = [];

beforeAll(async () => {
  server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.on('data', (data) => {
      const request = data.toString('latin1');
      const [, target] = /^[A-Z]+ (\S+) HTTP/.exec(request) ?? [];
      if (!target) return;
      requests.push(target);
      BEHAVIOURS[target]?.(socket, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  dataFolder = await mkdtemp(path.join(tmpdir(), 'outbound-'));
});

beforeEach(() => {
  requests.splice(0);
  client = guarded();
});

afterEach(async () => {
  // No temporary file is left by anything that happens here.
  expect(await readdir(path.join(dataFolder, 'tmp')).catch(() => [])).toEqual([]);
  expect(await openSpoolFiles()).toEqual([]);
  client.agents.onApplicationShutdown();
  sockets.forEach((socket) => socket.destroy());
});

afterAll(async () => {
  server.close();
  await rm(dataFolder, { recursive: true });
});

/** Temporary files that this process still holds, with or without a name. Linux tells; elsewhere there is none to see. */
async function openSpoolFiles(): Promise<string[]> {
  const handles = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(
    handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')),
  );
  return targets.filter((target) => target.includes('download-'));
}

interface Clients {
  agents: OutboundAgents;
  downloader: FileDownloader;
  poster: MessagePoster;
}

function guarded(resolver: HostResolver = new LocalResolver()): Clients {
  const { port } = server.address() as AddressInfo;
  const current = Object.assign(new Settings(), {
    DATA_DIR: dataFolder,
    ALLOW_PRIVATE: [`127.0.0.1:${port}`, '127.0.0.1:1'],
    PUBLIC_URL: 'https://images.test/',
  });
  const agents = new OutboundAgents(current, resolver);
  return {
    agents,
    downloader: new FileDownloader(agents, current),
    poster: new MessagePoster(new HttpService(), agents, current),
  };
}

const download = (target: string, options: Partial<DownloadOptions> = {}) =>
  client.downloader.download(origin + target, { maxBytes: MAX_BYTES, timeoutMs: LONG_MS, ...options });

const post = (target: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  client.poster.post(
    origin + target,
    '{"a":1}',
    { 'Content-Type': 'application/json' },
    { timeoutMs: LONG_MS, ...options },
  );

async function textOf(target: string): Promise<string> {
  const { body } = await download(target);
  const bytes = await body.read();
  await body.discard();
  return bytes.toString();
}

async function failureOf(call: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const startedAt = performance.now();
  const error: unknown = await call.then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  return { error, tookMs: performance.now() - startedAt };
}

/** Waits until at most `max` connections are open. */
const untilOpenConnectionsAre = (max: number) => until(() => sockets.size <= max);

/** Waits until the origin was asked, while the timers stand still. */
async function untilAsked(): Promise<void> {
  while (requests.length === 0) await turns(1);
  await turns(200); // for what it answers
}

describe('a download from a good origin', () => {
  it('gives the bytes, and what a cache wants to know', async () => {
    const found = await download('/photo');

    expect(found).toMatchObject({
      url: `${origin}/photo`,
      etag: '"v1"',
      lastModified: 'Sat, 31 Jan 2026 12:00:00 GMT',
      contentType: 'image/jpeg',
    });
    expect(found.body).toMatchObject({ bytes: photo.length, isSpilled: true });
    expect((await found.body.read()).equals(photo)).toBe(true);
    await found.body.discard();
  });

  it.each(['/small', '/203', '/until-close', '/mislabelled', '/302-raw'])('takes %s', async (target) => {
    expect(await textOf(target)).toBe('small');
  });

  it('takes a file of exactly the largest size', async () => {
    const { body } = await download('/photo', { maxBytes: photo.length });

    expect(body.bytes).toBe(photo.length);
    await body.discard();
  });

  it('says who asks, and asks for plain bytes', async () => {
    const request = await textOf('/echo');

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
    for (let round = 0; round < 5; round++) await textOf('/small');

    expect(sockets.size).toBe(1);
  });

  it('reuses its connection after a 404', async () => {
    for (let round = 0; round < 5; round++) await failureOf(download('/404'));

    expect(sockets.size).toBe(1);
  });

  it('asks again at once where a kept connection turns out to be dead', async () => {
    await textOf('/small');
    const [kept] = sockets;
    kept.removeAllListeners('data').once('data', () => kept.resetAndDestroy());

    expect(await textOf('/small')).toBe('small');
  });

  it('keeps a bounded number of idle connections', async () => {
    await Promise.all(Array.from({ length: 40 }, () => textOf('/small')));

    await untilOpenConnectionsAre(16);
  });

  it('takes 128 at once', async () => {
    const found = await Promise.all(
      Array.from({ length: 128 }, () => download('/photo', { timeoutMs: 200_000 })),
    );

    expect(found.every(({ body }) => body.isSpilled && body.bytes === photo.length)).toBe(true);
    await Promise.all(found.map(({ body }) => body.discard()));
  });
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

    const { error, tookMs } = await failureOf(download(target, { timeoutMs }));

    expect(error).toMatchObject({ name: 'OutboundError', code, retryable });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it('takes what was declared where more is sent, and not the rest as the next answer', async () => {
    expect(await textOf('/longer')).toBe('small');
    expect(await textOf('/small')).toBe('small');
  });

  it('takes a file in chunks of one byte', async () => {
    expect(await textOf('/one-byte-chunks')).toBe('x'.repeat(100_000));
  });

  it('waits for the end of a 404 for two seconds only', async () => {
    const { error, tookMs } = await failureOf(download('/404-drip', { timeoutMs: LONG_MS }));

    expect(error).toMatchObject({ code: 'HTTP_404' });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it('tells how long the server asked to wait', async () => {
    const { error } = await failureOf(download('/429'));

    expect(error).toMatchObject({ retryAfterMs: 7000 });
  });

  it('tells how much of a body came', async () => {
    const { error } = await failureOf(download('/shorter'));

    const message = 'The server ended the connection after 5 of the 100 bytes that it had announced.';
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', message });
  });

  it('leaves no connection to an origin that it gave up on', async () => {
    for (const target of ['/silent', '/drip', '/endless', '/declares-too-much', '/bomb', '/404-endless'])
      await failureOf(download(target, { timeoutMs: 300 }));
    await untilOpenConnectionsAre(0);
  });

  it('fails where nobody listens', async () => {
    const { error } = await failureOf(
      client.downloader.download('http://127.0.0.1:1/', { maxBytes: 9, timeoutMs: 3000 }),
    );

    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
  });
});

describe('TLS', () => {
  it('fails where the other side speaks something else', async () => {
    server.once('connection', (socket: Socket) =>
      socket.once('data', () => socket.end(head('400 Bad Request'))),
    );

    const { error } = await failureOf(
      client.downloader.download(origin.replace('http:', 'https:'), { maxBytes: 9, timeoutMs: 5000 }),
    );

    expect(error).toMatchObject({ code: 'TLS_FAILED', retryable: false });
  });

  it('is asked for under the name, though an address is dialled', async () => {
    const hello = new Promise<Buffer>((resolve) => {
      server.once('connection', (socket: Socket) => socket.once('data', (data: Buffer) => resolve(data)));
    });
    const url = new URL(origin.replace('http:', 'https:'));
    url.hostname = 'images.test';

    const { error } = await failureOf(client.downloader.download(url.href, { maxBytes: 9, timeoutMs: 500 }));

    expect((await hello).includes('images.test')).toBe(true);
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('the timeouts inside the deadline', () => {
  // Node's sockets keep their real clock; our own timers stand still until moved.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance', 'Date'],
    });
  });
  afterEach(() => jest.useRealTimers());

  it('gives a body up that sends nothing for 10 s', async () => {
    const failure = failureOf(download('/stall', { timeoutMs: 60_000 }));
    await untilAsked();
    await jest.advanceTimersByTimeAsync(10_000);

    expect((await failure).error).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server sent nothing for 10 s.',
    });
  });

  it('gives headers up after 10 s', async () => {
    const failure = failureOf(download('/silent', { timeoutMs: 60_000 }));
    await untilAsked();
    await jest.advanceTimersByTimeAsync(10_000);

    expect((await failure).error).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server did not answer in time.',
    });
  });

  it('gives a name server up after 5 s', async () => {
    class SilentResolver extends HostResolver {
      resolve(): Promise<string[]> {
        return new Promise(() => undefined);
      }
    }
    const failure = failureOf(
      guarded(new SilentResolver()).downloader.download('http://slow.test/', {
        maxBytes: 9,
        timeoutMs: 60_000,
      }),
    );
    await turns(200);
    await jest.advanceTimersByTimeAsync(5_000);

    expect((await failure).error).toMatchObject({
      code: 'TIMEOUT',
      message: 'The server did not accept a connection within 5 s.',
    });
  });
});

describe('an abort by the caller', () => {
  const reason = new Error('shutting down');

  it.each([
    ['a download without headers', (signal: AbortSignal) => download('/silent', { signal })],
    ['a download in mid-body', (signal: AbortSignal) => download('/stall-large', { signal })],
    ['a post', (signal: AbortSignal) => post('/silent', { signal })],
  ])('ends %s with its own reason', async (_case, call) => {
    const controller = new AbortController();
    const failure = failureOf(call(controller.signal));
    await until(() => requests.length === 1);

    controller.abort(reason);

    expect((await failure).error).toBe(reason);

    await untilOpenConnectionsAre(0);
  });

  it('asks nothing where it came before', async () => {
    expect((await failureOf(download('/small', { signal: AbortSignal.abort(reason) }))).error).toBe(reason);
    expect((await failureOf(post('/small', { signal: AbortSignal.abort(reason) }))).error).toBe(reason);
    expect(requests).toEqual([]);
  });
});

describe('a post', () => {
  it('sends body and headers as they are', async () => {
    const body = ' {"a": "ü"} \n';
    const headers = { 'Content-Type': 'application/json', 'webhook-id': 'evt_1' };

    const answer = await client.poster.post(`${origin}/echo`, body, headers, { timeoutMs: 3000 });

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

      expect(await post('/status')).toMatchObject({ status, headers: { 'retry-after': '9' }, body: '' });
      expect(requests).toEqual(['/status']);
    },
  );

  it.each(['/endless', '/photo', '/404-endless'])(
    'reads the first 1,024 bytes of %s only',
    async (target) => {
      const { body } = await post(target);

      expect(body.length).toBeLessThanOrEqual(1024);
      await untilOpenConnectionsAre(0);
    },
  );

  it('cuts no character in two', async () => {
    BEHAVIOURS['/umlauts'] = (socket) =>
      socket.end(head('200 OK', 'Content-Length: 2001') + `x${'ü'.repeat(1000)}`);

    expect((await post('/umlauts')).body).toBe(`x${'ü'.repeat(511)}`);
  });

  it('knows the status of an answer that never ends, within two seconds', async () => {
    const { status, durationMs } = await post('/drip');

    expect(status).toBe(200);
    expect(durationMs).toBeLessThan(BY_DEADLINE_MS);
  });

  it('knows the status of an answer that breaks off', async () => {
    expect(await post('/shorter')).toMatchObject({ status: 200, body: 'short' });
  });

  it('keeps nothing of a compressed answer', async () => {
    expect(await post('/bomb')).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['/silent', 'TIMEOUT', true],
    ['/drip-headers', 'TIMEOUT', true],
    ['/reset-at-once', 'CONNECTION_FAILED', true],
    ['/megabyte-of-headers', 'RESPONSE_INVALID', false],
    ['/not-http', 'RESPONSE_INVALID', false],
  ])('to %s ends with %s (retryable: %s), in time', async (target, code, retryable) => {
    const timeoutMs = code === 'TIMEOUT' ? SHORT_MS : LONG_MS;

    const { error, tookMs } = await failureOf(post(target, { timeoutMs }));

    expect(error).toMatchObject({ name: 'OutboundError', code, retryable });
    expect(tookMs).toBeLessThan(BY_DEADLINE_MS);
  });
});
