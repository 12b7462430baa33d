import { Logger } from '@nestjs/common';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const OLD = 'the old one, '.repeat(4).trim();
const NEW = 'the new one, '.repeat(4).trim();

describeOnEachEngine('a SECRET_KEY that is replaced', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;
  let app: TestApp;

  beforeAll(async () => {
    installation = await engine.install();
    origin = await serveImages({ '/mug.jpg': await photo(64, 48) });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  const start = async (environment: Record<string, string>) => {
    await app?.close();
    app = await startApp(installation, environment);
  };
  /** The next message of the type at the path: others may come between, such as an upload's to every webhook. */
  const next = async (path: string, type: string, cause: () => Promise<unknown>) => {
    const ofType = () => receiver.at(path).filter(({ text }) => JSON.parse(text).type === type);
    const before = ofType().length;
    await cause();
    await until(() => ofType().length > before);
    return ofType()[before];
  };

  it('goes on signing what was signed before, and the old key is needed no more after one start with both', async () => {
    await start({ SECRET_KEY: OLD });
    const { json: webhook } = await app.client.send('POST', '/webhooks', { url: receiver.url('/hook') });
    const service = (await app.client.get('/webhooks/service-secret')).json.secret;
    const ping = () => app.client.send('POST', `/webhooks/${webhook.id}/test`);
    const upload = async () => {
      const form = new FormData();
      form.append('file', new Blob([csvOf([['Mug', [origin.url('/mug.jpg')]]])]), 'a.csv');
      form.append('webhook_url', receiver.url('/upload'));
      await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });
    };

    await start({ SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD });
    const newService = (await app.client.get('/webhooks/service-secret')).json.secret;
    expect(newService).not.toBe(service);
    const ofUpload = await next('/upload', 'request.completed', upload);
    for (const secret of [service, newService]) verified(ofUpload, secret);
    verified(await next('/hook', 'ping', ping), webhook.secret);

    await start({ SECRET_KEY: NEW });
    verified(await next('/hook', 'ping', ping), webhook.secret);
  });

  it('is said at the start where the secrets of webhooks can not be opened with it', async () => {
    await start({ SECRET_KEY: OLD });
    await app.client.send('POST', '/webhooks', { url: receiver.url('/hook') });
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);

    await start({ SECRET_KEY: OLD });
    const withOld = warned.mock.calls.flat().join();
    await start({ SECRET_KEY: NEW });
    const withNew = warned.mock.calls.flat().join();
    warned.mockRestore();

    expect(withOld).not.toContain('SECRET_KEY');
    expect(withNew).toContain('SECRET_KEY is not the one under which the secrets of webhooks were sealed');
  });
});
