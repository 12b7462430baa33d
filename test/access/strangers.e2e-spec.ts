import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Readiness } from '../../src/health/readiness.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { Client } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { RawConnection } from '../helpers/servers/raw-connection.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const KEY = 'a-key-of-our-own-0123456789';
const MEBIBYTE = 1024 * 1024;
const MAX_UPLOAD_BYTES = MEBIBYTE;
const MAX_BODY_BYTES = MAX_UPLOAD_BYTES + 2 * MEBIBYTE;

/** What the answering side reads and drops at most before it closes, and what the sockets of both sides hold. */
const MAX_DROPPED_BYTES = 4 * MEBIBYTE;
const SOCKET_BUFFERS = 16 * MEBIBYTE;

describeOnEachEngine('a service with keys and strangers', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let stranger: Client;
  let connection: RawConnection;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, {
      API_KEYS: KEY,
      MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES),
      TRUST_PROXY: 'loopback',
      SAMPLES_URL: 'http://api:3000/',
    });
    stranger = new Client(app.client.url);
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });
  beforeEach(() => (connection = new RawConnection(app.client.url)));
  afterEach(() => connection.destroy());

  const spooled = () => readdirSync(path.join(installation.environment.DATA_DIR, 'uploads'));

  /** The head of a request; further header lines are given as they are. */
  const head = (line: string, ...headers: string[]) =>
    [`${line} HTTP/1.1`, `Host: ${new URL(app.client.url).host}`, ...headers, '', ''].join('\r\n');
  const FORM = 'Content-Type: multipart/form-data; boundary=x';
  const FILE = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n';

  describe('without a key', () => {
    it.each([
      ['an upload', 'POST /upload', FORM],
      ['a JSON body', 'POST /webhooks', 'Content-Type: application/json'],
      ['a body where none belongs', 'GET /requests/x', 'Content-Type: text/plain'],
    ])('are answered before %s has been read, and the connection is closed', async (_name, line, type) => {
      connection.send(head(line, type, 'Content-Length: 100000000'), '{"url": "');

      await until(() => connection.received.includes('\r\n\r\n'));
      expect(connection.received).toMatch(/^HTTP\/1\.1 401 [^]*Connection: close\r\n[^]*"API_KEY_MISSING"/);
      expect(await connection.closed()).toBe('ended');
      expect(spooled()).toEqual([]);
    });

    it('see the answer while they send on, and are cut off after some megabytes', async () => {
      connection.send(head('POST /upload', FORM, 'Transfer-Encoding: chunked'));
      const chunk = Buffer.concat([
        Buffer.from('10000\r\n'),
        Buffer.alloc(0x10000, 'a'),
        Buffer.from('\r\n'),
      ]);

      await connection.flood(chunk, 1024 * MEBIBYTE);

      await connection.closed();
      expect(connection.received).toMatch(/^HTTP\/1\.1 401 /);
      expect(connection.bytesSent).toBeLessThan(MAX_DROPPED_BYTES + SOCKET_BUFFERS);
      expect(spooled()).toEqual([]);
    });

    it('are not asked for a body that they announce', async () => {
      connection.send(head('POST /upload', FORM, 'Content-Length: 1000', 'Expect: 100-continue'));

      await connection.closed();
      expect(connection.received).toMatch(/^HTTP\/1\.1 401 /);
    });

    it('have their body of JSON never parsed', async () => {
      const parse = jest.spyOn(JSON, 'parse');

      const response = await fetch(`${app.client.url}/webhooks`, {
        method: 'POST',
        body: '{"url":"a stranger"}',
        headers: { 'content-type': 'application/json' },
      });

      expect(response.status).toBe(401);
      expect(response.headers.get('connection')).toBe('close');
      expect(parse.mock.calls.filter(([text]) => String(text).includes('a stranger'))).toEqual([]);
      parse.mockRestore();
    });
  });

  it('asks a client with a key for the body that it announces', async () => {
    const body = '{"url":"nonsense"}';
    const headers = [
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Expect: 100-continue',
    ];
    connection.send(head('POST /webhooks', `X-API-Key: ${KEY}`, ...headers));
    await until(() => connection.received.startsWith('HTTP/1.1 100 Continue'));

    connection.send(body);

    await until(() => /HTTP\/1\.1 400 [^]*"WEBHOOK_URL_INVALID"/.test(connection.received));
  });

  it('closes the connection after a 401 and a 403, and keeps it after others', async () => {
    connection.send(head('GET /requests/x', `X-API-Key: ${KEY}`), head('GET /requests/x'));

    await connection.closed();
    const [first, second] = connection.received.split(/(?<=\})(?=HTTP)/);
    expect(first).toMatch(/^HTTP\/1\.1 404 [^]*Connection: keep-alive/);
    expect(second).toMatch(/^HTTP\/1\.1 401 [^]*Connection: close/);
  });

  describe('wrong keys', () => {
    const call = (address: string, key: string) =>
      stranger.get('/requests/x', { 'x-api-key': key, 'x-forwarded-for': address });

    it('are slowed down by address, without locking out who shares it', async () => {
      expect((await call('192.0.2.1', KEY)).status).toBe(404);
      for (let count = 0; count < 10; count++)
        expect((await call('192.0.2.1', 'a-wrong-key-0123456789')).json.code).toBe('API_KEY_INVALID');

      const slowed = await call('192.0.2.1', 'a-wrong-key-0123456789');

      expect([slowed.status, slowed.json.code]).toEqual([429, 'TOO_MANY_WRONG_KEYS']);
      expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(slowed.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect((await call('192.0.2.1', KEY)).status).toBe(404);
      expect((await call('192.0.2.2', 'a-wrong-key-0123456789')).status).toBe(401);
    });

    it('do not tell whether a guess was right once they are slowed down', async () => {
      for (let count = 0; count < 10; count++) await call('192.0.2.3', 'a-wrong-key-0123456789');

      expect((await call('192.0.2.3', KEY)).status).toBe(429);
    });
  });

  describe('with a key', () => {
    const upload = (...headers: string[]) => head('POST /upload', `X-API-Key: ${KEY}`, FORM, ...headers);

    it('are told at once that an announced body is too large', async () => {
      connection.send(upload(`Content-Length: ${MAX_BODY_BYTES + 1}`));

      await until(() => connection.received.includes('BODY_TOO_LARGE'));
      expect(connection.received).toMatch(/^HTTP\/1\.1 413 [^]*Connection: close/);
      expect(await connection.closed()).toBe('ended');
    });

    it.each([
      ['before the first part', '', 'a'],
      ['in the file', FILE, 'a'],
      ['in a field', '--x\r\nContent-Disposition: form-data; name="quality"\r\n\r\n', 'a'],
      ['in the header of a part', '--x\r\nContent-Disposition: form-data; name="', 'a'],
      ['after the last part', `${FILE}a\r\n--x--\r\n`, 'a'],
      ['in empty parts', '', '--x\r\n\r\n\r\n'],
    ])('send no endless body %s', async (_name, start, repeated) => {
      const chunkOf = (text: string | Buffer) =>
        Buffer.concat([
          Buffer.from(`${text.length.toString(16)}\r\n`),
          Buffer.from(text),
          Buffer.from('\r\n'),
        ]);
      connection.send(upload('Transfer-Encoding: chunked'), ...(start ? [chunkOf(start)] : []));

      await connection.flood(chunkOf(Buffer.alloc(0x10000, repeated)), 1024 * MEBIBYTE);

      await connection.closed();
      expect(connection.received).toMatch(/^HTTP\/1\.1 4\d\d [^]*Connection: close/);
      expect(connection.bytesSent).toBeLessThan(MAX_BODY_BYTES + MAX_DROPPED_BYTES + SOCKET_BUFFERS);
      await until(() => spooled().length === 0);
    });
  });

  it('checks its readiness once a second, whoever asks how often, and writes no file for it', async () => {
    const checks = jest.spyOn(app.nest.get(FileStorage), 'ping');
    const startedAt = performance.now();

    const answers = await Promise.all(Array.from({ length: 200 }, () => stranger.get('/health/ready')));

    const seconds = (performance.now() - startedAt) / 1000;
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(checks.mock.calls.length).toBeLessThanOrEqual(1 + Math.ceil(seconds));
    expect(app.nest.get(Readiness).isStopping).toBe(false);
    checks.mockRestore();
  });

  it.each([
    ['/requests/x', 401],
    ['/health/live', 200],
    ['/nothing', 404],
    ['/openapi.json', 200],
    ['/samples/products.csv', 200],
  ])('tells browsers what its answers may do: %s', async (address, status) => {
    const { headers, ...answer } = await stranger.get(address);

    expect(answer.status).toBe(status);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
  });

  it('has a sample with the addresses that SAMPLES_URL gives', async () => {
    const { text } = await stranger.get('/samples/products.csv');

    expect(text).toContain('"http://api:3000/samples/blue-mug-front.jpg,');
    expect(text).not.toContain(app.client.url);
  });

  it('lets other sites show its images, and its own page run its own scripts only', async () => {
    const image = await stranger.get('/images/x/y');
    const page = await stranger.get('/docs');
    const policy = page.headers.get('content-security-policy');

    expect(image.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(image.headers.get('content-security-policy')).toContain("sandbox; frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.text).not.toMatch(/<script(?![^>]* src=)|\son\w+=/);
  });
});
