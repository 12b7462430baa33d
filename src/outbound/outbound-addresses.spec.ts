import { HttpService } from '@nestjs/axios';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { Settings } from '../config/settings.js';
import { FileDownloader } from './download/file-downloader.js';
import { MessagePoster } from './message-poster.js';
import { OutboundAgents } from './outbound-agents.js';
import { HostResolver } from './addresses/host-resolver.js';
import { MAX_URL_LENGTH } from './urls/outbound-url.js';

// Where Node hands an address to the kernel: nothing reaches the network that does not pass here.
type Connect = (this: unknown, request: unknown, address: string, port: number) => number;
const kernel = (
  process as unknown as { binding(name: string): { TCP: { prototype: Record<string, Connect> } } }
).binding('tcp_wrap').TCP.prototype;
const REFUSED = -111;

/** What was dialled, as `address:port`; only `openPorts` of 127.0.0.1 are dialled for real. */
const dialled: string[] = [];
const openPorts = new Set<number>();

const NAMES: Record<string, string[]> = {
  'public.test': ['93.184.215.14'],
  'public.test.': ['93.184.215.14'],
  'six.test': ['2606:4700::1111'],
  'two.test': ['93.184.215.14', '93.184.215.15'],
  'xn--bcher-kva.test': ['93.184.215.16'],
  'under_score.test': ['93.184.215.17'],
  'private.test': ['10.0.0.1'],
  'mixed.test': ['93.184.215.14', '127.0.0.1'],
  'mixed-first.test': ['169.254.169.254', '93.184.215.14'],
  'mixed-six.test': ['93.184.215.14', '::1'],
  'mapped.test': ['::ffff:169.254.169.254'],
  'zone.test': ['fe80::1%eth0'],
  'nonsense.test': ['not an address'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'intranet.test': ['10.0.0.9'],
};

class FakeResolver extends HostResolver {
  readonly asked: string[] = [];

  resolve(hostName: string): Promise<string[]> {
    this.asked.push(hostName);
    const addresses = NAMES[hostName];
    return addresses ? Promise.resolve(addresses) : Promise.reject(new Error('ENOTFOUND'));
  }
}

interface Clients {
  downloader: FileDownloader;
  poster: MessagePoster;
}

function guarded(settings: Partial<Settings> = {}, resolver?: HostResolver): Clients {
  return clients(Object.assign(new Settings(), { DATA_DIR: tmpdir() }, settings), resolver);
}

function clients(current: Settings, resolver: HostResolver = new FakeResolver()): Clients {
  const agents = new OutboundAgents(current, resolver);
  return {
    downloader: new FileDownloader(agents, current),
    poster: new MessagePoster(new HttpService(), agents, current),
  };
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );
const download = ({ downloader }: Clients, url: string) =>
  failureOf(downloader.download(url, { maxBytes: 1000, timeoutMs: 3000 }));
const post = ({ poster }: Clients, url: string) => failureOf(poster.post(url, '{}', {}, { timeoutMs: 3000 }));

beforeAll(() => {
  for (const name of ['connect', 'connect6']) {
    const original = kernel[name];
    jest.spyOn(kernel, name).mockImplementation(function (this: unknown, request, address, port) {
      dialled.push(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
      const isOpen = address === '127.0.0.1' && openPorts.has(port);
      return isOpen ? original.call(this, request, address, port) : REFUSED;
    });
  }
});

afterAll(() => jest.restoreAllMocks());
beforeEach(() => dialled.splice(0));

const REFUSED_URLS = [
  // Loopback in every spelling
  'http://127.0.0.1/',
  'http://127.0.0.1./',
  'http://127.1/',
  'http://127.0.1/',
  'http://127.255.255.254/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://017700000001/',
  'http://0x7f.0.0.0x1/',
  'http://%31%32%37.0.0.1/',
  'http://①②⑦.⓪.⓪.①/',
  'http://127。0。0。1/',
  'http://0/',
  'http://0.0.0.0/',
  'http://localhost/',
  'http://LOCALHOST/',
  'http://localhost./',
  'https://127.0.0.1/',
  // Metadata services
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
  'http://192.0.0.192/',
  'http://[fd00:ec2::254]/',
  // Private and special blocks, at their edges
  'http://10.0.0.0/',
  'http://10.255.255.255/',
  'http://100.64.0.0/',
  'http://100.127.255.255/',
  'http://172.16.0.0/',
  'http://172.31.255.255/',
  'http://192.0.2.1/',
  'http://192.88.99.1/',
  'http://192.168.0.1/',
  'http://198.19.255.255/',
  'http://198.51.100.1/',
  'http://203.0.113.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  // IPv6, and IPv4 inside it
  'http://[::]/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://[::127.0.0.1]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[64:ff9b:1::1]/',
  'http://[2002:7f00:1::]/',
  'http://[2001:0:7f00:1::]/',
  'http://[2600:1f18::5efe:127.0.0.1]/',
  'http://[2600:1f18::200:5efe:7f00:1]/',
  'http://[fe80::1]/',
  'http://[fc00::1]/',
  'http://[ff02::1]/',
  'http://[2001:db8::1]/',
  'http://[3fff::1]/',
  // Names
  'http://private.test/',
  'http://mixed.test/',
  'http://mixed-first.test/',
  'http://mixed-six.test/',
  'http://mapped.test/',
  'http://zone.test/',
  'http://nonsense.test/',
  // Ports
  'http://93.184.215.14:22/',
  'http://93.184.215.14:0/',
  'http://93.184.215.14:6667/',
  'https://public.test:993/',
  'http://[2606:4700::1111]:25/',
];

const INVALID_URLS = [
  '',
  'public.test',
  '//public.test/',
  '/etc/passwd',
  'file:///etc/passwd',
  'data:image/png;base64,iVBORw0KGgo=',
  'ftp://public.test/',
  'gopher://127.0.0.1:6379/_INFO',
  'javascript:alert(1)',
  'blob:http://public.test/1',
  'http:',
  'http://',
  'http:///127.0.0.1/',
  'http:/public.test/',
  'http:public.test/',
  'http:\\\\127.0.0.1/',
  'http://public.test\\@127.0.0.1/',
  'http://user@public.test/',
  'http://user:secret@public.test/',
  'http://@public.test/',
  'http://public.test#@127.0.0.1:0x/ ',
  'http://public.test/a b.jpg',
  ' http://public.test/',
  'http://public.test/\n',
  'http://pub\tlic.test/',
  'http://public.test/\u0000',
  'http://public.test/\u0085',
  'http://public .test/',
  'http://public.test:99999/',
  'http://public.test:80x/',
  'http://256.1.1.1/',
  'http://1.2.3.4.5/',
  'http://08.8.8.8/',
  'http://999999999999/',
  'http://[::1/',
  'http://[1::2::3]/',
  'http://[fe80::1%25eth0]/',
  'http://public..test/',
  'http://*.public.test/',
  `http://${'a'.repeat(64)}.test/`,
  `http://public.test/${'a'.repeat(MAX_URL_LENGTH)}`,
];

const ALLOWED_URLS: [url: string, address: string][] = [
  ['http://8.8.8.8/', '8.8.8.8:80'],
  ['http://134744072/', '8.8.8.8:80'],
  ['https://8.8.8.8/', '8.8.8.8:443'],
  ['http://8.8.8.8:443/', '8.8.8.8:443'],
  ['http://8.8.8.8:8080/', '8.8.8.8:8080'],
  ['https://public.test:8443/', '93.184.215.14:8443'],
  ['http://[2606:4700::1111]:8000/', '[2606:4700::1111]:8000'],
  ['HTTP://PUBLIC.TEST/', '93.184.215.14:80'],
  ['http://public.test./', '93.184.215.14:80'],
  ['https://public.test/a,b/@c.jpg?x=http://127.0.0.1/#y', '93.184.215.14:443'],
  ['http://172.15.255.255/', '172.15.255.255:80'],
  ['http://172.32.0.1/', '172.32.0.1:80'],
  ['http://100.63.255.255/', '100.63.255.255:80'],
  ['http://100.128.0.1/', '100.128.0.1:80'],
  ['http://11.0.0.0/', '11.0.0.0:80'],
  ['http://192.167.255.255/', '192.167.255.255:80'],
  ['http://192.169.0.0/', '192.169.0.0:80'],
  ['http://223.255.255.255/', '223.255.255.255:80'],
  ['http://six.test/', '[2606:4700::1111]:80'],
  ['http://[2606:4700::1111]/', '[2606:4700::1111]:80'],
  ['https://[2001:200::1]/', '[2001:200::1]:443'],
  ['http://bücher.test/größe.jpg', '93.184.215.16:80'],
  ['http://under_score.test/', '93.184.215.17:80'],
];

describe.each([
  ['download', download],
  ['post', post],
])('%s', (_call, send) => {
  describe.each([
    ['without a proxy in the environment', undefined],
    ['with HTTP_PROXY set', 'http://127.0.0.1:9'],
  ])('%s', (_environment, proxy) => {
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
    const before = { ...process.env };
    const client = guarded();

    beforeAll(() =>
      names.forEach((name) => (proxy ? (process.env[name] = proxy) : delete process.env[name])),
    );
    afterAll(() =>
      names.forEach((name) =>
        before[name] === undefined ? delete process.env[name] : (process.env[name] = before[name]),
      ),
    );

    it.each(REFUSED_URLS)('refuses %s without dialling', async (url) => {
      expect(await send(client, url)).toMatchObject({ code: 'ADDRESS_REFUSED', retryable: false });
      expect(dialled).toEqual([]);
    });

    it.each(INVALID_URLS)('finds "%s" invalid', async (url) => {
      expect(await send(client, url)).toMatchObject({ code: 'URL_INVALID', retryable: false });
      expect(dialled).toEqual([]);
    });

    it.each(ALLOWED_URLS)('dials %s at %s and nowhere else', async (url, address) => {
      expect(await send(client, url)).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
      expect(dialled).toEqual([address]);
    });
  });

  it('says that a name is not found, to be tried again', async () => {
    expect(await send(guarded(), 'http://absent.test/')).toMatchObject({
      code: 'HOST_NOT_FOUND',
      retryable: true,
    });
  });

  it('tries all addresses of a name', async () => {
    await send(guarded(), 'http://two.test/');

    expect(dialled).toEqual(['93.184.215.14:80', '93.184.215.15:80']);
  });

  it('names neither a refused address nor the query in the message', async () => {
    for (const url of ['http://private.test/?token=secret', 'http://mixed.test/?token=secret']) {
      const { message } = (await send(guarded(), url)) as Error;

      expect(message).not.toMatch(/secret|\d+\.\d+\.\d+/);
    }
  });

  it('names each address that it dialled, and not the query', async () => {
    const { message } = (await send(guarded(), 'http://two.test/?token=secret')) as Error;

    expect(message).toBe(
      'The connection to the server failed (93.184.215.14 refused the connection, 93.184.215.15 refused the connection).',
    );
  });

  it('asks for the name once and dials that answer: a second answer has no chance', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const resolver = new (class extends FakeResolver {
      override resolve(): Promise<string[]> {
        return Promise.resolve(answers.shift() ?? ['127.0.0.1']);
      }
    })();

    await send(guarded({}, resolver), 'http://rebinding.test/');
    expect(dialled).toEqual(['93.184.215.14:80']);

    expect(await send(guarded({}, resolver), 'http://rebinding.test/')).toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
    expect(dialled).toEqual(['93.184.215.14:80']);
  });

  it.each([
    ['intranet.test', 'http://intranet.test:8080/', '10.0.0.9:8080'],
    ['intranet.test:8080', 'http://intranet.test:8080/', '10.0.0.9:8080'],
    ['10.0.0.0/8', 'http://intranet.test/', '10.0.0.9:80'],
    ['10.0.0.9:8080', 'http://10.0.0.9:8080/', '10.0.0.9:8080'],
    ['public.test:8443', 'https://public.test:8443/', '93.184.215.14:8443'],
  ])('with ALLOW_PRIVATE=%s dials %s', async (entry, url, address) => {
    await send(guarded({ ALLOW_PRIVATE: [entry] }), url);

    expect(dialled).toEqual([address]);
  });

  it.each([
    ['intranet.test:8080', 'http://intranet.test/'],
    ['10.0.0.9:8080', 'http://10.0.0.9:8081/'],
    ['intranet.test', 'http://private.test/'],
  ])('with ALLOW_PRIVATE=%s still refuses %s', async (entry, url) => {
    expect(await send(guarded({ ALLOW_PRIVATE: [entry] }), url)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled).toEqual([]);
  });
});

it('the table has at least 60 spellings', () => {
  expect(REFUSED_URLS.length + INVALID_URLS.length + ALLOWED_URLS.length).toBeGreaterThanOrEqual(60);
});

it('refuses to start with an ALLOW_PRIVATE that it can not read', () => {
  expect(() => guarded({ ALLOW_PRIVATE: ['*'] })).toThrow('ALLOW_PRIVATE');
});

describe('our own origin', () => {
  it('is open to downloads in the default setup, on the port that is known only later', async () => {
    const current = Object.assign(new Settings(), { PORT: 0, DATA_DIR: tmpdir() });
    const client = clients(current);
    current.PORT = 45_678;

    await download(client, 'http://127.0.0.1:45678/images/1.jpg');

    expect(dialled).toEqual(['127.0.0.1:45678']);
  });

  it.each<[string, Partial<Settings>, string]>([
    ['another port', {}, 'http://127.0.0.1:3001/'],
    ['another spelling of the host', {}, 'http://localhost:3000/'],
    ['a service with keys', { API_KEYS: ['0123456789abcdef'] }, 'http://127.0.0.1:3000/'],
    ['a service with a public URL', { PUBLIC_URL: 'http://127.0.0.1:3000' }, 'http://127.0.0.1:3000/'],
    ['a service on all addresses', { HOST: '0.0.0.0' }, 'http://0.0.0.0:3000/'],
  ])('is closed for %s', async (_case, settings, url) => {
    expect(await download(guarded(settings), url)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled).toEqual([]);
  });

  it('is closed to webhooks', async () => {
    expect(await post(guarded(), 'http://127.0.0.1:3000/')).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled).toEqual([]);
  });
});

describe('redirects', () => {
  let server: http.Server;
  let port: number;
  let location: string;
  const hits: string[] = [];

  beforeAll(async () => {
    server = http.createServer((request, response) => {
      hits.push(`${request.method} ${request.url}`);
      if (request.url === '/end') return response.end('image');
      const hops = /^\/hops\/(\d+)$/.exec(request.url ?? '');
      const target = hops ? (hops[1] === '1' ? '/end' : `/hops/${Number(hops[1]) - 1}`) : location;
      response.writeHead(302, { location: target }).end('moved');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    openPorts.add(port);
  });
  afterAll(() => server.close());
  beforeEach(() => hits.splice(0));

  const client = () => guarded({ ALLOW_PRIVATE: [`127.0.0.1:${port}`] });

  it.each([
    ['http://127.0.0.1/', 'ADDRESS_REFUSED'],
    ['http://169.254.169.254/latest/', 'ADDRESS_REFUSED'],
    ['http://2130706433:6379/', 'ADDRESS_REFUSED'],
    ['//10.0.0.1/', 'ADDRESS_REFUSED'],
    ['\\\\10.0.0.1\\', 'ADDRESS_REFUSED'],
    ['//private.test/x', 'ADDRESS_REFUSED'],
    ['http://mixed.test/', 'ADDRESS_REFUSED'],
    ['file:///etc/passwd', 'URL_INVALID'],
    ['data:image/png;base64,iVBORw0KGgo=', 'URL_INVALID'],
    ['ftp://public.test/', 'URL_INVALID'],
    ['http://user:secret@public.test/', 'URL_INVALID'],
    ['http://[::1', 'URL_INVALID'],
  ])('does not follow a download to %s', async (to, code) => {
    location = to;

    expect(await download(client(), `http://127.0.0.1:${port}/start`)).toMatchObject({
      code,
      retryable: false,
    });
    expect(new Set(dialled)).toEqual(new Set([`127.0.0.1:${port}`]));
  });

  it('follows //host to another public host', async () => {
    location = '//public.test/x';

    await download(client(), `http://127.0.0.1:${port}/start`);

    expect(dialled).toEqual([`127.0.0.1:${port}`, '93.184.215.14:80']);
  });

  it('follows ten, and tells where the file was found', async () => {
    const found = await client().downloader.download(`http://127.0.0.1:${port}/hops/10`, {
      maxBytes: 99,
      timeoutMs: 3000,
    });

    expect(found.url).toBe(`http://127.0.0.1:${port}/end`);
    expect((await found.body.read()).toString()).toBe('image');
    expect(dialled).toHaveLength(1); // one connection for all of them
    await found.body.discard();
  });

  it('does not follow an eleventh', async () => {
    expect(await download(client(), `http://127.0.0.1:${port}/hops/11`)).toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
      retryable: false,
    });
  });

  it('ends a loop at the second identical answer', async () => {
    location = '/start';

    expect(await download(client(), `http://127.0.0.1:${port}/start`)).toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
      message: 'The server redirects in a loop.',
    });
    expect(hits).toHaveLength(2);
  });

  it('follows none for a webhook', async () => {
    location = '/end';

    const answer = await client().poster.post(
      `http://127.0.0.1:${port}/start`,
      '{}',
      {},
      { timeoutMs: 3000 },
    );

    expect(answer).toMatchObject({ status: 302, body: 'moved' });
    expect(hits).toEqual(['POST /start']);
  });
});
