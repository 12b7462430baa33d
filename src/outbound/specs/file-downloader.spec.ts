import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { longestSlice } from '../../../test/helpers/main-thread.js';
import { failureOf, outboundClients } from '../../../test/helpers/outbound/clients.js';
import { type Answer, ScriptedServer } from '../../../test/helpers/servers/scripted-server.js';
import { until } from '../../../test/helpers/wait.js';
import { Settings } from '../../config/settings.js';
import type { OutboundAgents } from '../outbound-agents.js';
import type { FileDownloader } from '../download/file-downloader.js';

const LIMIT_MS = 100;
const MAX_BYTES = 1024 * 1024;
/** Begins like a JPEG, and is long enough to come in several chunks. */
const picture = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(200_000, 'picture')]);

let folder: string;
let server: ScriptedServer;
let other: ScriptedServer;
let agents: OutboundAgents;
let downloader: FileDownloader;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'downloads-'));
  [server, other] = await Promise.all([new ScriptedServer().listen(), new ScriptedServer().listen()]);
  open();
});

afterEach(async () => {
  agents.onApplicationShutdown();
  server.close();
  other.close();
  await rm(folder, { recursive: true, force: true });
});

function open(settings: Partial<Settings> = {}): void {
  const current = Object.assign(
    new Settings(),
    { DATA_DIR: folder, ALLOW_PRIVATE: [server.host, other.host] },
    settings,
  );
  ({ agents, downloader } = outboundClients(current));
}

async function bytesOf(url = `http://${server.host}/a.jpg`): Promise<Buffer> {
  const { body } = await downloader.download(url, { maxBytes: MAX_BYTES, timeoutMs: 30_000 });
  const bytes = await body.read();
  await body.discard();
  return bytes;
}

const failure = (url?: string) => failureOf(bytesOf(url));

const head = (...lines: string[]) => [...lines, '', ''].join('\r\n');
const LENGTH = `Content-Length: ${picture.length}`;
const OK = 'HTTP/1.1 200 OK';
const chunked = Buffer.concat([
  Buffer.from(`${picture.length.toString(16)}\r\n`),
  picture,
  Buffer.from('\r\n0\r\n\r\n'),
]);

describe('a header section that browsers read', () => {
  it.each<[string, (string | Buffer)[]]>([
    ['a line without a colon', [head(OK, 'X-Frame-Options="ALLOW-FORM"', LENGTH), picture]],
    ['a bare line feed in a value', [head(OK, 'Set-Cookie: a=b\n   Xy: d; path=/', LENGTH), picture]],
    ['a blank in a name', [head(OK, 'X Powered: a', LENGTH), picture]],
    ['a blank before the colon', [head(OK, `Content-Length : ${picture.length}`), picture]],
    ['line feeds alone as line ends', [`${OK}\n${LENGTH}\n\n`, picture]],
    ['control bytes in a value', [head(OK, 'X-Title: a\x01\x08b\x7fc', LENGTH), picture]],
    ['a NUL in a value', [head(OK, 'X-Title: a\0b', LENGTH), picture]],
    ['the same length twice', [head(OK, LENGTH, LENGTH), picture]],
    ['the same length twice in one field', [head(OK, `${LENGTH}, ${picture.length}`), picture]],
    ['a length beside chunked', [head(OK, 'Content-Length: 5', 'Transfer-Encoding: chunked'), chunked]],
    ['chunked twice', [head(OK, 'Transfer-Encoding: chunked, chunked'), chunked]],
    ['60 KiB of fields', [head(OK, ...fields(60), LENGTH), picture]],
    ['a version of two', [head('HTTP/2 200', LENGTH), picture]],
    [
      'early hints before it',
      [head('HTTP/1.1 103 Early Hints', 'Link: <a>'), head(OK, 'X Y: z', LENGTH), picture],
    ],
    ['a field name of letters beyond ASCII', [head(OK, 'X-Größe: a', LENGTH), picture]],
    ['no length, and odd bytes', [head(OK, 'nonsense', 'Connection: close'), picture]],
  ])('is taken with %s', async (_case, answer) => {
    server.answer = () => answer;

    expect((await bytesOf()).equals(picture)).toBe(true);
  });

  it('is taken in pieces of one byte', async () => {
    const text = head(OK, 'nonsense', LENGTH);
    server.answer = () => [...text].map((letter) => Buffer.from(letter, 'latin1')).concat(picture);

    expect((await bytesOf()).equals(picture)).toBe(true);
  });

  it('holds nobody up with 64,000 carriage returns in a row', async () => {
    server.answer = () => [head(OK, `X: ${'\r'.repeat(64_000)}a`, LENGTH), picture];

    expect(await longestSlice(LIMIT_MS, () => bytesOf())).toBeLessThan(LIMIT_MS);
  });

  it('costs a second call for the first image of its host only', async () => {
    server.answer = () => [head(OK, 'nonsense', LENGTH), picture];

    await bytesOf();
    await bytesOf();
    await bytesOf();

    expect(server.requests).toHaveLength(4);
  });

  it('is read leniently on a connection that is closed behind it', async () => {
    server.answer = () => [head(OK, 'nonsense', 'Content-Length: 5', 'Connection: keep-alive'), 'small'];
    expect((await bytesOf()).toString()).toBe('small');
    server.answer = () => [head(OK, 'Content-Length: 5'), 'other'];

    expect((await bytesOf()).toString()).toBe('other');
  });
});

/** Fields of a header section, some KiB in all. */
function fields(kibibytes: number): string[] {
  return Array.from({ length: kibibytes }, (_, index) => `X-${index}: ${'x'.repeat(1010)}`);
}

describe('a header section that nobody can read', () => {
  it.each<[string, (string | Buffer)[], string]>([
    ['two lengths', [head(OK, 'Content-Length: 5', 'Content-Length: 6'), 'small!'], '"5, 6"'],
    ['another protocol', ['SSH-2.0-OpenSSH_9.9\r\n\r\n'], '"SSH-2.0-OpenSSH_9.9"'],
    ['more than 64 KiB', [head(OK, ...fields(70), LENGTH)], '65,536 bytes'],
  ])('is refused for %s, quoting what is wrong', async (_case, answer, quoted) => {
    server.answer = () => answer;
    server.closes = true;

    expect(await failure()).toMatchObject({
      code: 'RESPONSE_INVALID',
      retryable: false,
      message: expect.stringContaining(quoted),
    });
  });
});

describe('a content coding that nobody asked for', () => {
  const coded = (coding: string, body: Buffer) => [
    head(OK, `Content-Encoding: ${coding}`, `Content-Length: ${body.length}`),
    body,
  ];

  it.each<[string, (string | Buffer)[]]>([
    ['gzip', coded('gzip', gzipSync(picture))],
    ['x-gzip', coded('x-gzip', gzipSync(picture))],
    ['deflate', coded('deflate', deflateSync(picture))],
    ['deflate without its envelope', coded('deflate', deflateRawSync(picture))],
    ['br', coded('br', brotliCompressSync(picture))],
    ['gzip twice', coded('gzip, gzip', gzipSync(gzipSync(picture)))],
  ])('is undone: %s', async (_case, answer) => {
    server.answer = () => answer;

    expect((await bytesOf()).equals(picture)).toBe(true);
  });

  it.each(['none', 'UTF-8', 'binary', 'identity', 'aws-chunked', 'gzip', 'br', 'zstd'])(
    'is ignored where the bytes are an image as they are: %s',
    async (coding) => {
      server.answer = () => coded(coding, picture);

      expect((await bytesOf()).equals(picture)).toBe(true);
    },
  );

  it.each([
    ['with a length', (bomb: Buffer) => coded('gzip', bomb)],
    [
      'in chunks',
      (bomb: Buffer) => [
        head(OK, 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'),
        `${bomb.length.toString(16)}\r\n`,
        bomb,
        '\r\n0\r\n\r\n',
      ],
    ],
  ])('counts its limit on what comes out (%s)', async (_case, answer) => {
    const bomb = gzipSync(Buffer.alloc(50 * MAX_BYTES));
    server.answer = () => answer(bomb);

    expect(await failure()).toMatchObject({ code: 'DOWNLOAD_TOO_LARGE', retryable: false });
  });

  it.each([
    ['is cut', coded('gzip', gzipSync(picture).subarray(0, 200)), 'CONNECTION_FAILED', true],
    ['is none', coded('gzip', Buffer.alloc(100, 'x')), 'RESPONSE_INVALID', false],
    ['is broken', coded('br', Buffer.alloc(100, 0xee)), 'RESPONSE_INVALID', false],
    ['is not supported', coded('zstd', Buffer.alloc(100, 'x')), 'CONTENT_ENCODING_REFUSED', false],
    ['is applied three times', coded('gzip,gzip,gzip', gzipSync(picture)), 'CONTENT_ENCODING_REFUSED', false],
  ])('fails where it %s', async (_case, answer, code, retryable) => {
    server.answer = () => answer;

    expect(await failure()).toMatchObject({ name: 'OutboundError', code, retryable });
  });
});

describe('cookies', () => {
  const found = () => [head(OK, 'Content-Length: 5'), 'small'];
  const redirect = (location: string, ...cookies: string[]) =>
    head(
      'HTTP/1.1 302 Found',
      `Location: ${location}`,
      ...cookies.map((cookie) => `Set-Cookie: ${cookie}`),
      'Content-Length: 0',
    );
  const cookieOf = (request: string) => /^Cookie: (.*)$/m.exec(request)?.[1];

  it('are brought back within one chain of redirects', async () => {
    server.answer = (request) =>
      cookieOf(request) === 'seen=1; more=2'
        ? found()
        : redirect('/a.jpg', 'seen=1; Path=/; HttpOnly', 'more=2; Secure', 'gone=3; Max-Age=0');

    expect((await bytesOf()).toString()).toBe('small');
  });

  it('are forgotten after the chain', async () => {
    server.answer = (request) => (cookieOf(request) ? found() : redirect('/a.jpg', 'seen=1'));

    await bytesOf();
    await bytesOf();

    expect(server.requests.map(cookieOf)).toEqual([undefined, 'seen=1', undefined, 'seen=1']);
  });

  it('are sent to no other host', async () => {
    other.answer = found;
    server.answer = () => redirect(`http://${other.host}/b.jpg`, 'seen=1');

    await bytesOf();

    expect(other.requests.map(cookieOf)).toEqual([undefined]);
  });

  it('hold nobody up with thousands of blanks', async () => {
    const cookie = `a=${' '.repeat(4082)}\x80`;
    server.answer = (request) =>
      request.includes('/b.jpg') ? found() : redirect('/b.jpg', ...Array<string>(15).fill(cookie));

    expect(await longestSlice(LIMIT_MS, () => bytesOf())).toBeLessThan(LIMIT_MS);
  });

  it('carry no line end into the next request', async () => {
    server.answer = (request) =>
      request.includes('seen') ? found() : redirect('/b.jpg', 'seen=1', 'bad=a b', 'x=1\x0bEvil: 1');

    await bytesOf();

    expect(server.requests.at(-1)).not.toMatch(/Evil/);
  });
});

describe('a server that gives its images to its own pages only', () => {
  const wantsReferer: Answer = (request) =>
    new RegExp(`^Referer: http://${server.host}/\r`, 'm').test(request)
      ? [head(OK, 'Content-Length: 5'), 'small']
      : head('HTTP/1.1 403 Forbidden', 'Content-Length: 0');

  it('is asked once more with a Referer, and with it at once the next time', async () => {
    server.answer = wantsReferer;

    expect((await bytesOf()).toString()).toBe('small');
    expect((await bytesOf()).toString()).toBe('small');

    expect(server.requests).toHaveLength(3);
  });

  it('is asked twice, and no more, where it refuses both', async () => {
    server.answer = () => head('HTTP/1.1 403 Forbidden', 'Content-Length: 0');

    expect(await failure()).toMatchObject({ code: 'HTTP_403', retryable: false });
    expect(server.requests).toHaveLength(2);
  });
});

describe('the User-Agent', () => {
  const agentOf = () => /^User-Agent: (.*)\r$/m.exec(server.requests[0])?.[1];
  beforeEach(() => (server.answer = () => [head(OK, 'Content-Length: 5'), 'small']));

  it('begins as those of browsers do, and names no address of this machine', async () => {
    await bytesOf();

    expect(agentOf()).toMatch(/^Mozilla\/5\.0 \(compatible; ImageProcessingSystem\/[\d.]+\)$/);
  });

  it('is what USER_AGENT says', async () => {
    open({ USER_AGENT: 'Shop/1.0' });

    await bytesOf();

    expect(agentOf()).toBe('Shop/1.0');
  });
});

describe('the end of a file', () => {
  it.each<[boolean, string, (string | Buffer)[]]>([
    [true, 'a length', [head(OK, LENGTH), picture]],
    [true, 'chunks', [head(OK, 'Transfer-Encoding: chunked'), chunked]],
    [false, 'neither', [head('HTTP/1.0 200 OK'), picture]],
  ])('is known (%s) with %s', async (hasKnownEnd, _case, answer) => {
    server.answer = () => answer;
    server.closes = !hasKnownEnd;

    const download = await downloader.download(`http://${server.host}/`, {
      maxBytes: MAX_BYTES,
      timeoutMs: 30_000,
    });

    expect(download.hasKnownEnd).toBe(hasKnownEnd);
    await download.body.discard();
  });
});

it('leaves no connection behind after lenient answers', async () => {
  server.answer = () => [head(OK, 'nonsense', LENGTH), picture];
  for (let round = 0; round < 3; round++) await bytesOf();
  agents.onApplicationShutdown();

  await until(() => server.openConnections === 0);
});
