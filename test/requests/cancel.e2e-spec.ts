import type { ServerResponse } from 'node:http';
import { type Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const PER_HOST = 4;
const IMAGES = 40;

describeOnEachEngine('cancelling a request', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let picture: Buffer;
  let held: ServerResponse[] = [];
  let asked = 0;

  beforeAll(async () => {
    installation = await engine.install();
    picture = await photo(64, 48);
    const hold = (_request: unknown, response: ServerResponse) => {
      asked++;
      held.push(response);
    };
    const paths = Array.from({ length: IMAGES }, (_, index) => `/${index}.jpg`);
    origin = await serveImages({
      ...Object.fromEntries(paths.map((path) => [path, hold])),
      '/quick.jpg': picture,
    });
  });
  afterAll(async () => {
    await origin.close();
    await installation.remove();
  });
  beforeEach(() => {
    held = [];
    asked = 0;
  });

  const release = () => {
    for (const response of held.splice(0)) response.end(picture);
  };
  const input = csvOf(
    Array.from({ length: IMAGES / 2 }, (_, row) => [
      `Product ${row}`,
      [2 * row, 2 * row + 1].map((image) => `/${image}.jpg`),
    ]),
  );
  const upload = (client: Client, ...rest: [webhook: string] | []) => {
    const form = new FormData();
    form.append('file', new Blob([input.replaceAll('/', origin.url('/'))]), 'products.csv');
    if (rest[0]) form.append('webhook_url', rest[0]);
    return fetch(`${client.url}/upload`, { method: 'POST', body: form }).then(
      async (answer) => ((await answer.json()) as { request_id: string }).request_id,
    );
  };
  const describeRequest = async (client: Client, id: string) => (await client.get(`/requests/${id}`)).json;

  describe('in one process', () => {
    let app: TestApp;
    let receiver: WebhookReceiver;

    beforeAll(async () => {
      receiver = await WebhookReceiver.start();
      app = await startApp(installation, { DOWNLOADS_PER_HOST: String(PER_HOST) });
    });
    afterAll(async () => {
      await app.close();
      await receiver.close();
    });

    it('stops it at once, lets the images at work end, and tells the webhook once', async () => {
      const { client } = app;
      const id = await upload(client, receiver.url('/cancelled'));
      await until(() => held.length === PER_HOST);

      const { status, json } = await client.send('POST', `/requests/${id}/cancel`);

      expect(status).toBe(200);
      expect(json).toMatchObject({ status: 'Cancelled', outcome: null, is_final: false, completed_at: null });
      expect(json.counts.pending).toBe(0);
      expect(json.counts.processing).toBeGreaterThanOrEqual(PER_HOST);
      expect(json.counts.processing + json.counts.cancelled).toBe(IMAGES);
      expect((await client.get(`/status/${id}`)).json).toEqual({ status: 'Cancelled' });

      const timer = setInterval(release, 20);
      await until(async () => (await describeRequest(client, id)).is_final);
      clearInterval(timer);
      const ended = await describeRequest(client, id);
      expect(ended).toMatchObject({ status: 'Cancelled', outcome: 'cancelled', run: 1 });
      expect(ended.completed_at).not.toBeNull();
      expect(ended.counts).toMatchObject({ pending: 0, processing: 0, failed: 0 });
      expect(ended.counts.done).toBeGreaterThanOrEqual(PER_HOST);
      expect(ended.counts.done).toBe(asked);
      expect(ended.counts.done + ended.counts.cancelled).toBe(IMAGES);

      const states = (await client.images(id)).map(({ status: state }) => state);
      expect(states.filter((state) => state === 'done')).toHaveLength(ended.counts.done);
      expect(states.filter((state) => state === 'cancelled')).toHaveLength(ended.counts.cancelled);
      const listed = await client.get(`/requests/${id}/images?status=cancelled&limit=1000`);
      expect(listed.json.items).toHaveLength(ended.counts.cancelled);
      expect((await client.get(`/requests/${id}/images?status=pending`)).json.items).toEqual([]);

      const { text } = await client.get(`/requests/${id}/errors.csv`);
      const [, ...errors] = text.trim().split('\n');
      expect(errors).toHaveLength(ended.counts.cancelled);
      expect(errors.every((line) => line.includes(',IMAGE_CANCELLED,'))).toBe(true);
      const lines = errors.map((line) => Number(line.split(',')[0]));
      expect(lines).toEqual([...lines].sort((a, b) => a - b));

      await until(() => receiver.received.some(({ path }) => path === '/cancelled'));
      const again = await client.send('POST', `/requests/${id}/cancel`);
      expect(again.json).toEqual(ended);
      const events = receiver.received.map(({ text }) => JSON.parse(text));
      expect(events.map(({ type }) => type)).toEqual(['request.cancelled']);
      expect(events[0].data).toMatchObject({ request_id: id, outcome: 'cancelled', counts: ended.counts });
      expect(asked).toBe(ended.counts.done);
    });

    it('before any image was begun ends it at once', async () => {
      const { client } = app;
      const before = await upload(client); // takes all slots of the host
      await until(() => held.length === PER_HOST);
      const id = await upload(client);

      const { json } = await client.send('POST', `/requests/${id}/cancel`);

      await until(async () => (await describeRequest(client, id)).is_final);
      expect(json.status).toBe('Cancelled');
      expect((await client.get(`/requests?outcome=cancelled`)).json.items[0].id).toBe(id);
      const timer = setInterval(release, 20);
      await client.completed(before);
      clearInterval(timer);
      expect((await describeRequest(client, before)).counts.done).toBe(IMAGES);
    });

    it('changes nothing of one that has ended', async () => {
      const { client } = app;
      const id = await client.accepted(csvOf([['A product', [origin.url('/quick.jpg')]]]));
      await client.completed(id);
      const ended = await describeRequest(client, id);

      expect((await client.send('POST', `/requests/${id}/cancel`)).json).toEqual(ended);
    });

    it('finds none where there is none', async () => {
      const { status, json } = await app.client.send('POST', '/requests/x/cancel');

      expect([status, json.code]).toEqual([404, 'REQUEST_NOT_FOUND']);
    });
  });

  it('ends it also where the process that worked on it is killed', async () => {
    const environment = {
      ...installation.environment,
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      DOWNLOADS_PER_HOST: String(PER_HOST),
      PORT: String(await freePort()),
    };
    const first = await Service.start(environment);
    const id = await upload(first.client);
    await until(() => held.length === PER_HOST);
    await first.client.send('POST', `/requests/${id}/cancel`);
    await first.kill();

    const second = await Service.start(environment);
    await until(async () => (await describeRequest(second.client, id)).is_final);

    const ended = await describeRequest(second.client, id);
    expect(ended).toMatchObject({ status: 'Cancelled', outcome: 'cancelled' });
    expect(ended.counts).toMatchObject({ done: 0, failed: 0, processing: 0, cancelled: IMAGES });
    release();
    await second.stop();
  });
});
