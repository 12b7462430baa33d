import { readdirSync } from 'node:fs';
import path from 'node:path';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

const KEY = 'a-key-of-our-own-0123456789';
const SHOP = 'https://shop.example';
const STRANGER = 'https://stranger.example';
const LOCAL_PAGE = 'http://localhost:5173';

describeOnEachEngine('pages of other origins', (engine) => {
  let installation: Installation;
  let app: TestApp;

  beforeAll(async () => (installation = await engine.install()));
  afterAll(() => installation.remove());
  afterEach(() => app.close());

  const start = async (environment: Record<string, string>) => {
    app = await startApp(installation, environment);
  };
  const call = async (method: string, route: string, headers: Record<string, string>, body?: FormData) => {
    const response = await fetch(app.client.url + route, { method, headers, body });
    const text = await response.text();
    return { status: response.status, headers: response.headers, code: /"code":"(\w+)"/.exec(text)?.[1] };
  };
  const preflight = (origin: string, route = '/upload') =>
    call('OPTIONS', route, {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key',
    });
  const form = () => {
    const fields = new FormData();
    fields.append('file', new Blob([csvOf([['Mug', ['https://images.example/a.jpg']]])]), 'products.csv');
    return fields;
  };

  it('call where CORS_ORIGINS names them: preflight without a key, upload, and an answer that they may read', async () => {
    await start({ API_KEYS: KEY, CORS_ORIGINS: `${SHOP},http://127.0.0.1:5173` });

    const asked = await preflight(SHOP);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toBe('x-api-key');
    expect(asked.headers.get('vary')).toContain('Origin');

    const uploaded = await call('POST', '/upload', { origin: SHOP, 'x-api-key': KEY }, form());
    expect(uploaded.status).toBe(200);
    expect(uploaded.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(uploaded.headers.get('access-control-expose-headers')).toContain('Location');
    expect(uploaded.headers.get('location')).toMatch(/^\/requests\//);
  });

  it('may read errors too', async () => {
    await start({ API_KEYS: KEY, CORS_ORIGINS: SHOP });

    const refused = await call('POST', '/upload', { origin: SHOP }, form());

    expect([refused.status, refused.code]).toEqual([401, 'API_KEY_MISSING']);
    expect(refused.headers.get('access-control-allow-origin')).toBe(SHOP);
  });

  it.each([
    ['where CORS_ORIGINS names others', { CORS_ORIGINS: SHOP }],
    ['where it names none', {}],
  ])('are refused before anything is stored %s, even with a key', async (_name, environment) => {
    await start({ API_KEYS: KEY, ...environment });

    for (const origin of [STRANGER, 'null', `${SHOP}.stranger.example`]) {
      const asked = await preflight(origin);
      const refused = await call('POST', '/upload', { origin, 'x-api-key': KEY }, form());

      expect(asked.status).toBe(403);
      expect([refused.status, refused.code]).toEqual([403, 'FOREIGN_ORIGIN']);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
      expect(readdirSync(path.join(installation.environment.DATA_DIR, 'uploads'))).toEqual([]);
    }
  });

  it('may all call where CORS_ORIGINS is *', async () => {
    await start({ API_KEYS: KEY, CORS_ORIGINS: '*' });

    const answer = await call('GET', '/status/x', { origin: STRANGER, 'x-api-key': KEY });

    expect(answer.status).toBe(404);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('are not the pages of the service itself, also behind a proxy that passes another host on', async () => {
    await start({ API_KEYS: KEY });
    const { host } = new URL(app.client.url);

    for (const origin of [`http://${host}`, `https://${host}`])
      expect((await call('GET', '/status/x', { origin, 'x-api-key': KEY })).status).toBe(404);
    const behindProxy = {
      origin: 'https://images.example',
      'sec-fetch-site': 'same-origin',
      'x-api-key': KEY,
    };
    expect((await call('GET', '/status/x', behindProxy)).status).toBe(404);
  });

  it('may fetch images', async () => {
    await start({ API_KEYS: KEY });

    const missing = await call('GET', '/images/x/y.jpg', { origin: STRANGER });

    expect(missing.status).toBe(404);
  });

  it('of this machine call a service without keys where CORS_ORIGINS names them', async () => {
    await start({ CORS_ORIGINS: LOCAL_PAGE });
    const fromPage = { origin: LOCAL_PAGE, 'sec-fetch-site': 'cross-site' };

    expect((await preflight(LOCAL_PAGE)).status).toBe(204);
    expect((await call('POST', '/upload', fromPage, form())).status).toBe(200);

    const other = { origin: 'http://localhost:5174', 'sec-fetch-site': 'same-site' };
    expect((await call('POST', '/upload', other, form())).status).toBe(403);
    expect((await call('GET', '/status/x', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });
});
