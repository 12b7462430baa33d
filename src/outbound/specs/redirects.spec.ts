import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { download, guarded, watchDialled } from '../../../test/helpers/outbound/dialled.js';

const dialled = watchDialled();

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
    dialled.openPorts.add(port);
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
    expect(new Set(dialled.addresses)).toEqual(new Set([`127.0.0.1:${port}`]));
  });

  it('follows //host to another public host', async () => {
    location = '//public.test/x';

    await download(client(), `http://127.0.0.1:${port}/start`);

    expect(dialled.addresses).toEqual([`127.0.0.1:${port}`, '93.184.215.14:80']);
  });

  it('follows ten, and tells where the file was found', async () => {
    const found = await client().downloader.download(`http://127.0.0.1:${port}/hops/10`, {
      maxBytes: 99,
      timeoutMs: 30_000,
    });

    expect(found.url).toBe(`http://127.0.0.1:${port}/end`);
    expect((await found.body.read()).toString()).toBe('image');
    expect(dialled.addresses).toHaveLength(1); // one connection for all of them
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
      { timeoutMs: 30_000 },
    );

    expect(answer).toMatchObject({ status: 302, body: 'moved' });
    expect(hits).toEqual(['POST /start']);
  });
});
