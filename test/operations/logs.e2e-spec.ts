import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { Service } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

describeOnEachEngine('the log as JSON', (engine) => {
  let installation: Installation;
  let service: Service;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    installation = await engine.install();
    origin = await serveImages({ '/mug.jpg': await photo(64, 48) });
    receiver = await WebhookReceiver.start();
    service = await Service.start({
      ...installation.environment,
      PORT: '0',
      LOG_FORMAT: 'json',
      ALLOW_PRIVATE: '127.0.0.1',
      QUALTY: '3',
    });
  });
  afterAll(async () => {
    await service.stop();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  const lines = () =>
    service.log
      .split('\n')
      .slice(0, -1) // what is behind the last end of a line has not come whole
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('joins the lines of an upload, from the call to the webhook, by its id', async () => {
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', [origin.url('/mug.jpg')]]])]), 'products.csv');
    form.append('webhook_url', receiver.url('/hook'));
    const headers = { 'x-request-id': 'call-of-the-test' };
    const uploaded = await fetch(`${service.client.url}/upload`, { method: 'POST', body: form, headers });
    const { request_id: id, ...refusal } = (await uploaded.json()) as { request_id: string };
    expect([uploaded.status, refusal]).toEqual([200, {}]);
    await service.client.completed(id);

    const ofUpload = () => lines().filter(({ request_id: request }) => request === id);
    const delivered = (type: string) => (line: Record<string, unknown>) =>
      line.event_type === type && String(line.message).endsWith('delivered');
    const asked = (line: Record<string, unknown>) => line.path === `/status/${id}` && line.status === 200;
    const ended = `request ${id} completed: succeeded`;
    for (const isThere of [delivered('request.completed'), asked, ({ message }: any) => message === ended])
      await until(() => ofUpload().some(isThere));

    expect(ofUpload()).toContainEqual(
      expect.objectContaining({
        context: 'Calls',
        method: 'POST',
        path: '/upload',
        status: 200,
        call_id: 'call-of-the-test',
        milliseconds: expect.any(Number),
        bytes: expect.any(Number),
        from: expect.stringContaining('127.0.0.1'),
      }),
    );
    expect(ofUpload().map(({ message }) => message)).toEqual(
      expect.arrayContaining([`request ${id} accepted`, ended]),
    );
  });

  it('has a line for a refused call, with the id that its answer has, and nothing of its query', async () => {
    const refused = await service.client.get('/requests/x?token=a-secret');
    const callId = refused.headers.get('x-request-id');

    await until(() => lines().some(({ call_id: id }) => id === callId));
    expect(lines().find(({ call_id: id }) => id === callId)).toMatchObject({
      path: '/requests/x',
      status: 404,
    });
    expect(service.log).not.toContain('a-secret');
  });

  it('says at the start which settings differ, without secrets, and which names are misspelt', () => {
    const messages = lines().map(({ message }) => String(message));

    expect(messages).toContainEqual(expect.stringMatching(/^settings: .*LOG_FORMAT=json/));
    expect(messages).toContain('QUALTY is no setting and is ignored; is QUALITY meant?');
    expect(messages).toContainEqual(expect.stringMatching(/^ready at http:/));
    const { DATABASE_URL, SECRET_KEY } = installation.environment;
    for (const secret of [DATABASE_URL, SECRET_KEY].filter(Boolean))
      expect(service.log).not.toContain(secret);
  });

  it('has no lines for probes of health', async () => {
    const live = await service.client.get('/health/live');
    await service.client.get('/requests/y');
    await until(() => lines().some(({ path }) => path === '/requests/y'));

    const callId = live.headers.get('x-request-id');
    expect(lines().some(({ call_id: id }) => id === callId)).toBe(false);
  });

  it('may lose its reader: the service goes on', async () => {
    service.closeLog();

    for (let calls = 0; calls < 3; calls++)
      expect((await service.client.get('/requests/z')).status).toBe(404);
    await service.client.completed(await service.client.accepted(csvOf([['Mug', [origin.url('/mug.jpg')]]])));
    expect(service.isRunning).toBe(true);
  });
});
