import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

const KEYS = ['first-key-0123456789', 'second-key-0123456789'];

describeOnEachEngine('a service with API keys', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let stranger: Client;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: KEYS.join(',') });
    stranger = new Client(app.client.url);
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });

  it.each([
    '/status/x',
    '/requests/x',
    '/requests/x/images',
    '/requests/x/output.csv',
    '/requests/x/webhooks',
    '/webhooks/x',
    '/webhooks/deliveries/x',
  ])('wants one for %s', async (path) => {
    const none = await stranger.get(path);
    const wrong = await stranger.get(path, { 'x-api-key': 'wrong-key-0123456789' });
    const bearer = await stranger.get(path, { authorization: `Bearer ${KEYS[0]}` });
    const header = await stranger.get(path, { 'x-api-key': KEYS[1] });

    expect([none.status, none.json.code]).toEqual([401, 'API_KEY_MISSING']);
    expect([wrong.status, wrong.json.code]).toEqual([401, 'API_KEY_INVALID']);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    expect([bearer.status, header.status]).toEqual([404, 404]);
  });

  it('wants one for an upload, and stores nothing without', async () => {
    const refused = await stranger.upload(csvOf([['Mug', ['http://a.example/1.jpg']]]));
    const accepted = await app.client.upload(csvOf([['Mug', ['http://127.0.0.1:1/1.jpg']]]));

    expect(refused.status).toBe(401);
    expect(accepted.status).toBe(200);
  });

  it('wants one for the secret that signs webhooks', async () => {
    expect((await stranger.get('/webhooks/service-secret')).status).toBe(401);
    expect((await app.client.get('/webhooks/service-secret')).json.secret).toMatch(/^whsec_/);
  });

  it.each(['/health/live', '/health/ready', '/docs', '/openapi.json', '/samples/products.csv'])(
    'wants none for %s',
    async (path) => {
      expect((await stranger.get(path)).status).toBe(200);
    },
  );

  it('wants none for images', async () => {
    expect((await stranger.get('/images/x/y')).json).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });
});
