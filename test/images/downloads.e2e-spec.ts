import { readdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { csvOf } from '../helpers/app/client.js';
import { endless } from '../helpers/servers/endless.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const DEADLINE_SECONDS = 10; // a good server's answer takes less on any machine
const GOOD = 30;
const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));

type Behaviour = (response: ServerResponse, visit: number) => void;

/** What each hostile server does, what its image ends with, its tries, and the calls where a try takes more than one. */
const HOSTILE: [name: string, behaviour: Behaviour, code: string | null, tries: number, calls?: number][] = [
  ['delays its headers', () => undefined, 'TIMEOUT', 3],
  ['drips a byte at a time', (response) => endless(response, 'x', 100), 'TIMEOUT', 3],
  ['never ends', (response) => endless(response, Buffer.alloc(65_536)), 'DOWNLOAD_TOO_LARGE', 1],
  [
    'sends less than it declares',
    (response) => {
      response.writeHead(200, { 'content-length': 100_000 }).write('short', () => response.destroy());
    },
    'CONNECTION_FAILED',
    3,
  ],
  [
    'sends more than it declares',
    (response) => response.socket!.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsmall and some more'),
    'NOT_AN_IMAGE',
    1,
  ],
  [
    'sends a gzip bomb',
    (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    'DOWNLOAD_TOO_LARGE',
    1,
  ],
  [
    'resets in mid-body',
    (response) => {
      response.writeHead(200, { 'content-length': 100_000 });
      response.write(Buffer.alloc(10_000), () => response.socket!.resetAndDestroy());
    },
    'CONNECTION_FAILED',
    3,
  ],
  [
    'sends a megabyte of headers',
    (response) => response.socket!.end(`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(131_072)}\r\n`),
    'RESPONSE_INVALID',
    1,
    2, // once more leniently
  ],
  ['answers with a page', (response) => response.end('<!DOCTYPE html><title>Hi</title>'), 'NOT_AN_IMAGE', 1],
  ...([204, 206, 401, 403, 404, 410] as const).map((status): (typeof HOSTILE)[number] => [
    `answers with ${status}`,
    (response) => response.writeHead(status).end(),
    `HTTP_${status}`,
    1,
    status === 403 ? 2 : 1, // once more with a Referer
  ]),
  ['answers with 500', (response) => response.writeHead(500).end(), 'HTTP_500', 3],
  [
    'is too busy at first',
    (response, visit) => {
      if (visit === 1) response.writeHead(429, { 'retry-after': '3' }).end();
      else response.end(picture);
    },
    null,
    2,
  ],
  [
    'is away at first',
    (response, visit) => {
      if (visit === 1) response.writeHead(503).end();
      else response.end(picture);
    },
    null,
    2,
  ],
];

let picture: Buffer;

describeOnEachEngine('downloads from hostile servers', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let good: ImageOrigin;
  let hostile: ImageOrigin[];
  let ended = 0;
  const visits: number[] = HOSTILE.map(() => 0);
  const calls: number[][] = HOSTILE.map(() => []);
  let images: any[];
  let request: any;
  let hosts: any;

  function behave(index: number) {
    return (incoming: IncomingMessage, response: ServerResponse) => {
      calls[index].push(performance.now());
      response.once('close', () => ended++);
      incoming.socket.on('error', () => undefined);
      HOSTILE[index][1](response, ++visits[index]);
    };
  }

  beforeAll(async () => {
    picture = await photo(160, 120);
    good = await serveImages(
      Object.fromEntries(
        await Promise.all(
          Array.from({ length: GOOD }, async (_, index) => [
            `/${index}.jpg`,
            await photo(160, 120, index + 2),
          ]),
        ),
      ),
    );
    hostile = await Promise.all(HOSTILE.map((_, index) => serveImages({ '/a.jpg': behave(index) })));
    installation = await engine.install();
    app = await startApp(installation, {
      DOWNLOAD_TIMEOUT_SECONDS: String(DEADLINE_SECONDS),
      MAX_IMAGE_BYTES: '1000000',
    });
    const bad = hostile.map((origin): [string, string[]] => ['Bad', [origin.url('/a.jpg')]]);
    const fine = Array.from({ length: GOOD }, (_, index): [string, string[]] => [
      'Good',
      [good.url(`/${index}.jpg`)],
    ]);
    const id = await app.client.accepted(csvOf([...bad, ...fine]));
    await until(async () => {
      ({ json: request } = await app.client.get(`/requests/${id}`));
      return request.counts.done >= GOOD;
    });
    const early = request;
    await app.client.completed(id);
    images = await app.client.images(id);
    ({ json: request } = await app.client.get(`/requests/${id}`));
    ({ json: hosts } = await app.client.get(`/requests/${id}/hosts`));
    request.early = early;
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([good, ...hostile].map((origin) => origin.close()));
    await installation.remove();
  });

  it.each(
    HOSTILE.map(([name, , code, count, asked = count], index) => ({ name, code, count, asked, index })),
  )('end with $code, in $count tries, where the server $name', ({ code, count, asked, index }) => {
    expect(images[index].error?.code ?? null).toBe(code);
    expect(images[index]).toMatchObject({ status: code ? 'failed' : 'done', attempts: count });
    expect(visits[index]).toBe(asked);
  });

  it('end, each of them, also those that would go on for ever', async () => {
    await until(() => ended === visits.reduce((sum, count) => sum + count, 0));
  });

  it('obey Retry-After', () => {
    const [first, second] = calls[HOSTILE.findIndex(([name]) => name === 'is too busy at first')];
    expect(second - first).toBeGreaterThanOrEqual(3_000);
  });

  it('hold up no image of another server', () => {
    expect(request.early.status).toBe('Processing');
    expect(
      images.slice(HOSTILE.length).every(({ status, attempts }) => status === 'done' && attempts === 1),
    ).toBe(true);
  });

  it('leave no file behind', async () => {
    expect(await readdir(path.join(installation.environment.DATA_DIR, 'tmp')).catch(() => [])).toEqual([]);
  });

  it('are summed up by host', () => {
    expect(hosts.total).toBe(HOSTILE.length + 1);
    const bytes = images.slice(HOSTILE.length).reduce((sum, { input }) => sum + input.bytes, 0);
    expect(hosts.items[0]).toEqual({
      host: new URL(good.url('/')).host,
      images: GOOD,
      pending: 0,
      done: GOOD,
      failed: 0,
      failures: {},
      bytes,
      median_milliseconds: expect.any(Number),
    });
    for (const [index, [, , code]] of HOSTILE.entries()) {
      const host = new URL(hostile[index].url('/')).host;
      const item = hosts.items.find((each: any) => each.host === host);
      expect(item).toMatchObject({
        images: 1,
        done: code ? 0 : 1,
        failures: code ? { [code]: 1 } : {},
        // Known only where there was a whole answer.
        median_milliseconds: code && code !== 'NOT_AN_IMAGE' ? null : expect.any(Number),
      });
    }
  });

  it('are given up where a server is dead: it is asked a few times, whatever the number of its images', async () => {
    let connections = 0;
    const dead = createServer((socket) => {
      connections++;
      // The first image is not refused, but never answered.
      socket
        .on('data', (request) => request.includes('GET /0.jpg') || socket.destroy())
        .on('error', () => undefined);
    });
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    const { port } = dead.address() as { port: number };
    const urls = Array.from({ length: 200 }, (_, index) => `http://127.0.0.1:${port}/${index}.jpg`);
    const id = await app.client.accepted(csvOf(urls.map((url) => ['Dead', [url]])));
    await app.client.completed(id);
    dead.close();

    const { json } = await app.client.get(`/requests/${id}/hosts`);
    // Each says what it has seen itself; those that never had a try, what others have.
    expect(json.items[0]).toMatchObject({ images: 200, failures: { TIMEOUT: 1, CONNECTION_FAILED: 199 } });
    expect((await app.client.images(id))[0].error.code).toBe('TIMEOUT');
    expect(connections).toBeLessThan(50);
  });

  it('are summed up for the biggest hosts only where that is asked for', async () => {
    const { json } = await app.client.get(`/requests/${request.id}/hosts?limit=1`);
    expect(json).toEqual({ total: hosts.total, items: [hosts.items[0]] });
    expect(await app.client.get(`/requests/${request.id}/hosts?limit=0`)).toMatchObject({ status: 400 });
    expect(await app.client.get(`/requests/nope/hosts`)).toMatchObject({ status: 404 });
  });
});
