import { readdirSync, readFileSync } from 'node:fs';
import { csvOf } from '../helpers/app/client.js';
import {
  describeOnEachEngine,
  describeOnServers,
  type Engine,
  type Installation,
} from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const REQUESTS = 20;

/** What each of these suites begins and ends with. */
function setUp(engine: Engine) {
  const parts = {} as {
    installation: Installation;
    origin: ImageOrigin;
    receiver: WebhookReceiver;
    services: Service[];
    start(environment?: Record<string, string>): Promise<Service>;
  };
  beforeEach(async () => {
    parts.installation = await engine.install();
    parts.origin = await serveImages({ '/1.jpg': await photo(8, 8) });
    parts.receiver = await WebhookReceiver.start();
    parts.services = [];
  });
  afterEach(async () => {
    await Promise.all(parts.services.map((service) => service.kill()));
    await parts.origin.close();
    await parts.receiver.close();
    await parts.installation.remove();
  });
  parts.start = async (environment = {}) => {
    const service = await Service.start({
      ...parts.installation.environment,
      PORT: '0',
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      ...environment,
    });
    parts.services.push(service);
    return service;
  };
  return parts;
}

async function subscribe({ client }: Service, url: string): Promise<string> {
  const { json } = await client.send('POST', '/webhooks', { url, event_types: ['request.completed'] });
  return json.secret;
}

const idsOf = (receiver: WebhookReceiver) => receiver.received.map(({ headers }) => headers['webhook-id']);

describeOnEachEngine('a process killed in the middle of webhooks', (engine) => {
  const parts = setUp(engine);

  it('has all of them delivered by the next one, under the same ids', async () => {
    const { start, receiver, origin } = parts;
    const PORT = String(await freePort());
    let service = await start({ PORT });
    receiver.replies['/hook'] = () => undefined; // takes them and never answers
    const secret = await subscribe(service, receiver.url('/hook'));
    const input = csvOf([['Mug', [origin.url('/1.jpg')]]]);
    const requests = [];
    for (let count = 0; count < REQUESTS; count++) requests.push(await service.client.accepted(input));
    for (const id of requests) await service.client.completed(id);
    await until(() => receiver.received.length >= 1);

    await service.kill();
    const cut = idsOf(receiver); // in mid-delivery; the others between their commit and it
    expect(cut.length).toBeLessThan(REQUESTS);
    receiver.received.length = 0;
    receiver.replies['/hook'] = 204;
    service = await start({ PORT });
    await until(() => new Set(idsOf(receiver)).size === REQUESTS);

    expect(idsOf(receiver)).toEqual(expect.arrayContaining(cut));
    const told = receiver.received.map((message) => verified(message, secret).data.request_id);
    expect(new Set(told)).toEqual(new Set(requests));
    expect(service.log).not.toMatch(/ERROR/);
  });

  it('keeps its secrets to itself: not in the log, nor in its files', async () => {
    const { start, receiver, origin, installation } = parts;
    const service = await start();
    const secret = await subscribe(service, receiver.url('/hook?token=mine'));
    const { json } = await service.client.get('/webhooks/service-secret');
    await service.client.accepted(csvOf([['Mug', [origin.url('/1.jpg')]]]));
    await until(() => receiver.received.length === 1);

    await service.stop();

    const folder = installation.environment.DATA_DIR;
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(`${folder}/${name}`, 'latin1'));
    for (const text of [service.log, ...files])
      for (const hidden of [secret, json.secret]) expect(text).not.toContain(hidden.slice(6));
    expect(service.log).not.toContain('token=mine');
  });
});

describeOnServers('a worker that is not there', (engine) => {
  const parts = setUp(engine);

  it('delivers, once it comes, what was committed before', async () => {
    const { start, receiver, origin } = parts;
    const api = await start({ MODE: 'api' });
    const deaf = await start({ MODE: 'worker', PUBLIC_URL: api.client.url, ALLOW_PRIVATE: '' });
    const secret = await subscribe(api, receiver.url('/hook'));
    // Refused by this worker, which may not call 127.0.0.1: the image at once, the webhook until it is tried again.
    const id = await api.client.accepted(csvOf([['Mug', [origin.url('/1.jpg')]]]));
    await api.client.completed(id);
    await deaf.kill();
    expect(receiver.received).toEqual([]);

    await start({ MODE: 'worker', PUBLIC_URL: api.client.url });
    await until(() => receiver.received.length === 1);

    const event = verified(receiver.received[0], secret);
    expect(event.data).toMatchObject({ request_id: id, status: 'Completed', outcome: 'failed' });
    expect(event.data.output_csv_url).toBe(`${api.client.url}/requests/${id}/output.csv`);
  });
});
