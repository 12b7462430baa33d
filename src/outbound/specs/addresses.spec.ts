import { tmpdir } from 'node:os';
import {
  download,
  FakeResolver,
  guarded,
  post,
  resolvingClients,
  watchDialled,
} from '../../../test/helpers/outbound/dialled.js';
import { ALLOWED_URLS, INVALID_URLS, REFUSED_URLS } from '../../../test/helpers/outbound/urls.js';
import { Settings } from '../../config/settings.js';

const dialled = watchDialled();

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
      expect(dialled.addresses).toEqual([]);
    });

    it.each(INVALID_URLS)('finds "%s" invalid', async (url) => {
      expect(await send(client, url)).toMatchObject({ code: 'URL_INVALID', retryable: false });
      expect(dialled.addresses).toEqual([]);
    });

    it.each(ALLOWED_URLS)('dials %s at %s and nowhere else', async (url, address) => {
      expect(await send(client, url)).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true });
      expect(dialled.addresses).toEqual([address]);
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

    expect(dialled.addresses).toEqual(['93.184.215.14:80', '93.184.215.15:80']);
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
    expect(dialled.addresses).toEqual(['93.184.215.14:80']);

    expect(await send(guarded({}, resolver), 'http://rebinding.test/')).toMatchObject({
      code: 'ADDRESS_REFUSED',
    });
    expect(dialled.addresses).toEqual(['93.184.215.14:80']);
  });

  it.each([
    ['intranet.test', 'http://intranet.test:8080/', '10.0.0.9:8080'],
    ['intranet.test:8080', 'http://intranet.test:8080/', '10.0.0.9:8080'],
    ['10.0.0.0/8', 'http://intranet.test/', '10.0.0.9:80'],
    ['10.0.0.9:8080', 'http://10.0.0.9:8080/', '10.0.0.9:8080'],
    ['public.test:8443', 'https://public.test:8443/', '93.184.215.14:8443'],
  ])('with ALLOW_PRIVATE=%s dials %s', async (entry, url, address) => {
    await send(guarded({ ALLOW_PRIVATE: [entry] }), url);

    expect(dialled.addresses).toEqual([address]);
  });

  it.each([
    ['intranet.test:8080', 'http://intranet.test/'],
    ['10.0.0.9:8080', 'http://10.0.0.9:8081/'],
    ['intranet.test', 'http://private.test/'],
  ])('with ALLOW_PRIVATE=%s still refuses %s', async (entry, url) => {
    expect(await send(guarded({ ALLOW_PRIVATE: [entry] }), url)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled.addresses).toEqual([]);
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
    const client = resolvingClients(current);
    current.PORT = 45_678;

    await download(client, 'http://127.0.0.1:45678/images/1.jpg');

    expect(dialled.addresses).toEqual(['127.0.0.1:45678']);
  });

  it.each<[string, Partial<Settings>, string]>([
    ['another port', {}, 'http://127.0.0.1:3001/'],
    ['another spelling of the host', {}, 'http://localhost:3000/'],
    ['a service with keys', { API_KEYS: ['0123456789abcdef'] }, 'http://127.0.0.1:3000/'],
    ['a service with a public URL', { PUBLIC_URL: 'http://127.0.0.1:3000' }, 'http://127.0.0.1:3000/'],
    ['a service on all addresses', { HOST: '0.0.0.0' }, 'http://0.0.0.0:3000/'],
  ])('is closed for %s', async (_case, settings, url) => {
    expect(await download(guarded(settings), url)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled.addresses).toEqual([]);
  });

  it('is closed to webhooks', async () => {
    expect(await post(guarded(), 'http://127.0.0.1:3000/')).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(dialled.addresses).toEqual([]);
  });
});
