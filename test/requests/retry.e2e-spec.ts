import type { ServerResponse } from 'node:http';
import { type Client, csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

describeOnEachEngine('retrying a request', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let picture: Buffer;
  let held: ServerResponse[] = [];
  /** What `/missing-…` and `/gone-…` answer. */
  let status: Record<string, number>;
  const asked = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  beforeAll(async () => {
    installation = await engine.install();
    picture = await photo(64, 48);
    const answer = (request: { url?: string }, response: ServerResponse) => {
      const url = request.url!;
      asked.set(url, (asked.get(url) ?? 0) + 1);
      const code = status[url.split('-')[0]] ?? 200;
      if (code === 200) response.end(picture);
      else response.writeHead(code).end();
    };
    const paths = ['/good-1.jpg', '/good-2.jpg', '/missing-1.jpg', '/missing-2.jpg', '/gone-1.jpg'];
    origin = await serveImages({
      ...Object.fromEntries(paths.map((path) => [path, answer])),
      ...Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [
          `/held-${index}.jpg`,
          (_request: unknown, response: ServerResponse) => void held.push(response),
        ]),
      ),
    });
  });
  afterAll(async () => {
    await origin.close();
    await installation.remove();
  });
  afterEach(() => clearInterval(timer));
  beforeEach(() => {
    held = [];
    asked.clear();
    status = { '/missing': 404, '/gone': 410 };
  });

  const describeRequest = async (client: Client, id: string) => (await client.get(`/requests/${id}`)).json;
  const final = async (client: Client, id: string) => {
    await until(async () => (await describeRequest(client, id)).is_final);
    return describeRequest(client, id);
  };

  describe('in one process', () => {
    let app: TestApp;
    let receiver: WebhookReceiver;

    beforeAll(async () => {
      receiver = await WebhookReceiver.start();
      app = await startApp(installation, { DOWNLOADS_PER_HOST: '4' });
      const event_types = ['request.processing', 'request.completed', 'request.cancelled', 'image.failed'];
      await app.client.send('POST', '/webhooks', { url: receiver.url('/all'), event_types });
    });
    afterAll(async () => {
      await app.close();
      await receiver.close();
    });

    const events = (id: string) =>
      receiver.received
        .map(({ text }) => JSON.parse(text))
        .filter(({ data }) => data.request_id === id)
        .map(({ type, data }) => `${type} ${data.run}`)
        .sort();
    /** More images than a worker takes in hand at once. */
    const manyHeld = () => Array.from({ length: 400 }, (_, index) => origin.url(`/held-1.jpg?${index}`));
    const expectNoFaults = () =>
      withDatabase(installation, async (db) => expect(await faultsOf(db)).toEqual({}));

    it('tries the failed images again that have the given codes, with their repeats, and no other', async () => {
      const { client } = app;
      const urls = ['good-1', 'missing-1', 'missing-1', 'gone-1', 'missing-2', 'good-1', 'missing-1'];
      const id = await client.accepted(csvOf([['Mug', urls.map((name) => origin.url(`/${name}.jpg`))]]));
      const first = await final(client, id);
      expect(first).toMatchObject({ outcome: 'partial', run: 1, counts: { done: 2, failed: 5 } });
      const before = await client.images(id);
      asked.clear();
      status = { '/gone': 410 };

      const { status: answered, json } = await client.send('POST', `/requests/${id}/retry`, {
        codes: ['HTTP_404', 'IMAGE_CORRUPT'],
      });

      expect(answered).toBe(200);
      expect(json).toMatchObject({ run: 2 });
      const second = await final(client, id);
      expect(second).toMatchObject({ status: 'Completed', outcome: 'partial', run: 2 });
      expect(second.counts).toMatchObject({ done: 6, failed: 1, pending: 0, processing: 0, cancelled: 0 });
      expect(second.started_at).toBe(first.started_at);
      expect(Object.fromEntries(asked)).toEqual({ '/missing-1.jpg': 1, '/missing-2.jpg': 1 });
      const after = await client.images(id);
      expect(after[0]).toEqual(before[0]);
      expect(after[3]).toEqual(before[3]);
      expect(after.map(({ attempts }) => attempts)).toEqual([1, 2, 2, 1, 2, 1, 2]);
      expect(after.map(({ download }) => download?.how)).toEqual([
        'fetched',
        'fetched',
        'repeat',
        undefined,
        'fetched',
        'repeat',
        'repeat',
      ]);
      await until(() => events(id).length === 9);
      expect(events(id)).toEqual([
        ...Array.from({ length: 5 }, () => 'image.failed 1'),
        ...['request.completed 1', 'request.completed 2', 'request.processing 1', 'request.processing 2'],
      ]);
      await expectNoFaults();

      status = {};
      await client.send('POST', `/requests/${id}/retry`);
      const third = await final(client, id);
      expect(third).toMatchObject({ outcome: 'succeeded', run: 3, counts: { done: 7, failed: 0 } });
      const { text } = await client.get(`/requests/${id}/output.csv`);
      expect(text).not.toContain(',,');
      await expectNoFaults();
    });

    it('tries chosen images again, with their repeats, at other addresses where such are given', async () => {
      const { client } = app;
      const other = await serveImages({ '/right.jpg': picture });
      const urls = ['good-1', 'missing-1', 'missing-2', 'missing-1', 'gone-1'];
      const id = await client.accepted(csvOf([['Mug', urls.map((name) => origin.url(`/${name}.jpg`))]]));
      await final(client, id);
      const before = await client.images(id);
      asked.clear();
      status = { '/missing': 404, '/gone': 200 };

      const retried = await client.send('POST', `/requests/${id}/retry`, {
        images: [before[4].id],
        urls: { [before[3].id]: other.url('/right.jpg'), [before[0].id]: other.url('/wrong.jpg') },
      });

      expect([retried.status, retried.json.run]).toEqual([200, 2]);
      const second = await final(client, id);
      await other.close();
      expect(second.counts).toMatchObject({ done: 4, failed: 1 });
      expect((await client.images(id)).map(({ input_url: url, status: state }) => [url, state])).toEqual([
        [origin.url('/good-1.jpg'), 'done'],
        [other.url('/right.jpg'), 'done'],
        [origin.url('/missing-2.jpg'), 'failed'],
        [other.url('/right.jpg'), 'done'],
        [origin.url('/gone-1.jpg'), 'done'],
      ]);
      expect(other.hits).toEqual({ '/right.jpg': 1 });
      expect(Object.fromEntries(asked)).toEqual({ '/gone-1.jpg': 1 });
      const sources = urls.map((name) => origin.url(`/${name}.jpg`));
      expect((await client.images(id)).map(({ file_url: url }) => url)).toEqual(
        sources.map((url, index) => ([1, 3].includes(index) ? url : null)),
      );
      const results = (await client.images(id)).map(({ output_url: url }) => url ?? '');
      const replaced = await client.get(`/requests/${id}/output.csv?urls=replaced&failed=empty`);
      expect(replaced.text).toContain(`"${results.join(',')}"`);
      const added = await client.get(`/requests/${id}/output.csv?urls=added`);
      expect(added.text).toContain(`"${sources.join(',')}","${results.join(',')}"`);
      const source = await client.get(`/requests/${id}/output.csv?urls=source`);
      const tried = (await client.images(id)).map(({ input_url: url }) => url);
      expect(source.text).toBe(csvOf([['Mug', tried]]));
      expect(source.headers.get('content-disposition')).toBe('attachment; filename="products-source.csv"');
      await expectNoFaults();
    });

    it.each<[string, (id: string) => Record<string, unknown>]>([
      ['an image of another request', () => ({ images: ['4010a3f5-e94e-461d-bb2f-6b1ecc5941a8-1'] })],
      ['what is no id', (id) => ({ images: [id] })],
      ['no images', () => ({ images: [] })],
      ['too many images', (id) => ({ images: new Array(1001).fill(`${id}-1`) })],
      ['a part of an address', (id) => ({ urls: { [`${id}-1`]: 'photos/a.jpg' } })],
      ['two addresses', (id) => ({ urls: { [`${id}-1`]: 'https://a.example/1 https://a.example/2' } })],
      ['an address that is none', (id) => ({ urls: { [`${id}-1`]: 'https://a b/' } })],
      ['a list of addresses', () => ({ urls: [] })],
      ['no addresses', () => ({ urls: {} })],
      ['an address of no image', () => ({ urls: { 'mug-1': 'http://a.example/' } })],
    ])('refuses %s', async (_, bodyOf) => {
      const { client } = app;
      const id = await client.accepted(csvOf([['Mug', [origin.url('/gone-1.jpg')]]]));
      await final(client, id);

      const refused = await client.send('POST', `/requests/${id}/retry`, bodyOf(id));

      expect([refused.status, refused.json.code]).toEqual([400, 'INVALID_PARAMETER']);
    });

    it('changes nothing where no image is to be tried again', async () => {
      const { client } = app;
      const id = await client.accepted(
        csvOf([['Mug', [origin.url('/good-2.jpg'), origin.url('/gone-1.jpg')]]]),
      );
      const ended = await final(client, id);

      const retried = await client.send('POST', `/requests/${id}/retry`, { codes: ['HTTP_503'] });

      expect([retried.status, retried.json]).toEqual([200, ended]);
    });

    it('is refused while the request has not ended, and goes on with what was cancelled afterwards', async () => {
      const { client } = app;
      const urls = manyHeld();
      const id = await client.accepted(csvOf([['Mug', [...urls, origin.url('/missing-2.jpg'), urls[19]]]]));
      await until(() => held.length === 4);

      const early = await client.send('POST', `/requests/${id}/retry`);
      expect([early.status, early.json.code]).toEqual([409, 'REQUEST_NOT_FINISHED']);
      await client.send('POST', `/requests/${id}/cancel`);
      const whileItEnds = await client.send('POST', `/requests/${id}/retry`);
      expect(whileItEnds.status).toBe(409);
      timer = setInterval(() => held.splice(0).forEach((response) => response.end(picture)), 20);
      const cancelled = await final(client, id);
      expect(cancelled.outcome).toBe('cancelled');
      expect(cancelled.counts.cancelled).toBeGreaterThan(0);
      await expectNoFaults();
      status = {};

      const { json } = await client.send('POST', `/requests/${id}/retry`, { codes: ['HTTP_503'] });

      expect(json).toMatchObject({ run: 2 });
      expect(json.counts.cancelled).toBe(0);
      const ended = await final(client, id);
      clearInterval(timer);
      expect(ended).toMatchObject({ status: 'Completed', run: 2, counts: { images: 402, cancelled: 0 } });
      expect(ended.counts.done + ended.counts.failed).toBe(402);
      for (const event of ['request.completed 2', 'request.cancelled 1'])
        await until(() => events(id).includes(event));
      await expectNoFaults();
    });

    it('tries only what was cancelled again where that is its code', async () => {
      const { client } = app;
      const urls = manyHeld();
      const id = await client.accepted(csvOf([['Mug', [origin.url('/gone-1.jpg'), ...urls]]]));
      await until(async () => held.length === 4 && (await describeRequest(client, id)).counts.failed === 1);
      await client.send('POST', `/requests/${id}/cancel`);
      timer = setInterval(() => held.splice(0).forEach((response) => response.end(picture)), 20);
      const cancelled = await final(client, id);
      expect(cancelled.counts.failed).toBe(1);
      expect(cancelled.counts.cancelled).toBeGreaterThan(0);
      asked.clear();

      const { status: answered, json } = await client.send('POST', `/requests/${id}/retry`, {
        codes: ['IMAGE_CANCELLED'],
      });

      const ended = await final(client, id);
      expect([answered, json.run]).toEqual([200, 2]);
      expect(ended).toMatchObject({ status: 'Completed', counts: { done: 400, failed: 1, cancelled: 0 } });
      expect(asked.get('/gone-1.jpg')).toBeUndefined();
      const again = await client.send('POST', `/requests/${id}/retry`, { codes: ['IMAGE_CANCELLED'] });
      expect([again.status, again.json]).toEqual([200, ended]);
    });

    it('can be cancelled, and retried once more', async () => {
      const { client } = app;
      const id = await client.accepted(
        csvOf([['Mug', [origin.url('/held-1.jpg'), origin.url('/gone-1.jpg')]]]),
      );
      await until(() => held.length === 1);
      await client.send('POST', `/requests/${id}/cancel`);
      held.splice(0).forEach((response) => response.writeHead(404).end());
      await final(client, id);
      await client.send('POST', `/requests/${id}/retry`);
      await until(() => held.length === 1);
      await client.send('POST', `/requests/${id}/cancel`);
      held.splice(0).forEach((response) => response.end(picture));
      const second = await final(client, id);
      expect(second).toMatchObject({ outcome: 'cancelled', run: 2 });
      status = {};

      await client.send('POST', `/requests/${id}/retry`);

      expect(await final(client, id)).toMatchObject({ status: 'Completed', counts: { done: 2 } });
      await expectNoFaults();
    });

    it('is refused where its body can not be meant, and finds no request where there is none', async () => {
      const { client } = app;
      for (const body of [
        { codes: [] },
        { codes: ['x'] },
        { codes: 'HTTP_404' },
        { codes: ['HTTP_404', 'HTTP_404'] },
      ])
        expect((await client.send('POST', '/requests/x/retry', body)).json.code).toBe('INVALID_PARAMETER');
      expect((await client.send('POST', '/requests/x/retry', { code: 1 })).json.code).toBe('UNKNOWN_FIELD');
      expect((await client.send('POST', '/requests/x/retry')).json.code).toBe('REQUEST_NOT_FOUND');
    });
  });
});
