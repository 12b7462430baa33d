import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { SubscriptionsService } from '../../src/webhooks/subscriptions/subscriptions.service.js';
import { type Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { deferred, until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const DAY_MS = 86_400_000;
const NOWHERE = '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8';

describeOnEachEngine('webhooks', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let client: Client;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;
  let serviceSecret: string;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    client = app.client;
    origin = await serveImages({ '/1.jpg': await photo(64, 48) });
    serviceSecret = (await client.get('/webhooks/service-secret')).json.secret;
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });
  beforeEach(async () => (receiver = await WebhookReceiver.start()));
  afterEach(async () => {
    const { json } = await client.get('/webhooks?limit=100');
    for (const { id } of json.items) await client.send('DELETE', `/webhooks/${id}`);
    await receiver.close();
  });

  const oneImage = (name = 'Mug') => csvOf([[name, [origin.url('/1.jpg')]]]);

  async function uploadWith(
    fields: Record<string, string>,
    { csv = oneImage(), query = '', fileName = 'products.csv', headers = {} } = {},
  ) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([csv]), fileName);
    const response = await fetch(`${client.url}/upload${query}`, { method: 'POST', body: form, headers });
    return { status: response.status, json: (await response.json()) as any };
  }

  async function subscribe(body: object = {}) {
    const { status, json } = await client.send('POST', '/webhooks', { url: receiver.url('/hook'), ...body });
    expect(status).toBe(201);
    return json;
  }

  const settledDeliveries = async (path: string, count = 1) => {
    let items: any[] = [];
    await until(async () => {
      items = (await client.get(path)).json.items;
      const settled = items.filter(({ status }) => status === 'delivered' || status === 'failed');
      return settled.length >= count;
    });
    return items;
  };

  describe('of one upload', () => {
    it('is called once the request is completed, signed, with what the API says then', async () => {
      const csv = oneImage('Стул 🪑 "椅子"'.replaceAll('"', ''));
      const { json } = await uploadWith(
        { webhook_url: receiver.url('/done?token=ü') },
        { csv, fileName: '椅子🪑.csv' },
      );
      await until(() => receiver.received.length === 1);

      const [message] = receiver.received;
      const request = (await client.get(`/requests/${json.request_id}`)).json;
      expect(message.path).toBe('/done?token=%C3%BC');
      expect(message.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': expect.stringMatching(/^evt_[A-Za-z0-9_-]{24}$/),
        'user-agent': expect.stringMatching(/^ImageProcessingSystem\//),
      });
      expect(request.file_name).toBe('椅子🪑.csv');
      expect(verified(message, serviceSecret)).toEqual({
        type: 'request.completed',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        data: { ...request, request_id: request.id, output_csv_url: request.links.output_csv },
      });
      expect(request).toMatchObject({ status: 'Completed', outcome: 'succeeded' });
    });

    it.each(['webhook_url', 'webhookUrl', 'callback_url', 'callbackUrl', 'notify_url', 'notification_url'])(
      'may be named by the field or the parameter %s',
      async (name) => {
        await uploadWith({ [name]: receiver.url('/field') });
        await uploadWith({}, { query: `?${name}=${encodeURIComponent(receiver.url('/query'))}` });

        await until(() => receiver.received.length === 2);
        expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/field', '/query']);
      },
    );

    it('may be said twice if it is the same', async () => {
      const url = receiver.url('/same');

      const { status } = await uploadWith({ webhook_url: url, callbackUrl: url, notify_url: '' });

      expect(status).toBe(200);
      await until(() => receiver.received.length === 1);
    });

    it.each([
      ['WEBHOOK_URL_CONFLICT', { webhook_url: 'http://a.example/1', callback_url: 'http://a.example/2' }],
      ['WEBHOOK_URL_INVALID', { webhook_url: 'a.example/hook' }],
      ['WEBHOOK_URL_INVALID', { webhook_url: 'ftp://a.example/hook' }],
      ['WEBHOOK_URL_INVALID', { webhook_url: 'http://user:password@a.example/' }],
      ['WEBHOOK_URL_INVALID', { webhook_url: `http://a.example/${'x'.repeat(2048)}` }],
      ['WEBHOOK_URL_INVALID', { 'webhook_url[x]': 'http://a.example/' }],
      ['WEBHOOK_URL_REFUSED', { webhook_url: 'http://10.0.0.1/' }],
      ['WEBHOOK_URL_REFUSED', { webhook_url: 'http://169.254.169.254/latest' }],
      ['WEBHOOK_URL_REFUSED', { webhook_url: 'http://[::ffff:10.0.0.1]/' }],
      ['WEBHOOK_URL_REFUSED', { webhook_url: 'http://0xa000001/' }],
    ])('is refused with the whole upload (%s, %#)', async (code, fields) => {
      const { status, json } = await uploadWith(fields as Record<string, string>);

      expect([status, json.code]).toEqual([400, code]);
    });

    it('makes an upload another one for its Idempotency-Key', async () => {
      const headers = { 'idempotency-key': `hooks-${engine.name}` };
      const url = receiver.url('/1');

      const first = await uploadWith({ webhook_url: url }, { headers });
      const again = await uploadWith({ webhook_url: url }, { headers });
      const other = await uploadWith({ webhook_url: receiver.url('/2') }, { headers });
      const none = await uploadWith({}, { headers });

      expect(again.json).toEqual(first.json);
      for (const { status, json } of [other, none])
        expect([status, json.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      await until(() => receiver.received.length === 1);
    });

    it('never changes the request, whatever it answers, and is listed with its log', async () => {
      receiver.replies['/broken'] = (_request, response) => response.writeHead(500).end('nö');
      const { json } = await uploadWith({ webhook_url: receiver.url('/broken') });
      const path = `/requests/${json.request_id}/webhooks`;
      await until(async () => (await client.get(path)).json.items[0]?.error_code === 'HTTP_500');

      const { items, next_cursor } = (await client.get(path)).json;
      expect([items.length, next_cursor]).toEqual([1, null]);
      expect(items[0]).toMatchObject({
        webhook_id: null,
        url: receiver.url('/broken'),
        event_id: receiver.received[0].headers['webhook-id'],
        type: 'request.completed',
        request_id: json.request_id,
        status: 'pending',
        error_code: 'HTTP_500',
        tries: [{ status: 500, error: { code: 'HTTP_500' }, answer: 'nö' }],
      });
      const wait = Date.parse(items[0].next_try_at) - Date.parse(items[0].tries[0].at);
      expect(wait).toBeGreaterThan(4400);
      expect((await client.get(`/status/${json.request_id}`)).json).toEqual({ status: 'Completed' });
      expect((await client.get(`/requests/${json.request_id}`)).json.outcome).toBe('succeeded');
    });

    it('is not called beside a subscription to the same address, whose secret signs', async () => {
      const { secret } = await subscribe({ event_types: ['request.completed'] });
      const other = await subscribe({ event_types: ['request.processing'], url: receiver.url('/other') });

      const uploads = [
        await uploadWith({ webhook_url: receiver.url('/hook') }),
        await uploadWith({ webhook_url: other.url }),
      ];
      await until(() => receiver.received.length === 5); // a beginning, an end, and again with the upload's own
      for (const { json } of uploads)
        await until(async () => {
          const { items } = (await client.get(`/requests/${json.request_id}/webhooks`)).json;
          return items.every(({ status }: { status: string }) => status === 'delivered');
        });

      expect(receiver.at('/hook').map((message) => verified(message, secret).type)).toEqual([
        'request.completed',
        'request.completed',
      ]);
      expect(receiver.at('/other')).toHaveLength(3); // the subscription does not want the end
    });

    it('begins anew when what was disabled is sent again', async () => {
      receiver.replies['/gone'] = 410;
      const { json } = await uploadWith({ webhook_url: receiver.url('/gone') });
      const [delivery] = await settledDeliveries(`/requests/${json.request_id}/webhooks`);
      const manager = app.nest.get(DataSource).manager;
      const endpoint = () => manager.findOneByOrFail(WebhookEndpointEntity, { url: receiver.url('/gone') });
      const disabled = await endpoint();
      const answer = deferred();
      receiver.replies['/gone'] = (_request, response) => void answer.promise.then(() => response.end());

      await client.send('POST', `/webhooks/deliveries/${delivery.id}/redeliver`);

      expect(disabled).toMatchObject({ isActive: 0, failingSince: expect.any(Number) });
      expect(await endpoint()).toMatchObject({ isActive: 1, disabledCode: null, failingSince: null });
      answer.resolve();
      await settledDeliveries(`/requests/${json.request_id}/webhooks`);
    });

    it('has a list for requests that exist only', async () => {
      expect((await client.get(`/requests/${NOWHERE}/webhooks`)).json.code).toBe('REQUEST_NOT_FOUND');
    });
  });

  describe('as subscriptions', () => {
    it('hear of the beginning and the end of every request, and of failed images only if they ask', async () => {
      const quiet = await subscribe({ url: receiver.url('/quiet') });
      const curious = await subscribe({ url: receiver.url('/curious'), event_types: ['image.failed'] });
      const csv = csvOf([['Стул 🪑', [origin.url('/1.jpg'), origin.url('/none.jpg')]]]);

      const id = await client.accepted(csv);
      await until(() => receiver.received.length === 3);

      const types = receiver.at('/quiet').map((message) => verified(message, quiet.secret));
      expect(types.map(({ type }) => type).sort()).toEqual(['request.completed', 'request.processing']);
      const [started] = types.filter(({ type }) => type === 'request.processing');
      expect(started.data).toMatchObject({ request_id: id, status: 'Processing', completed_at: null });
      expect(
        Object.values(started.data.counts)
          .map(Number)
          .slice(2)
          .reduce((a, b) => a + b),
      ).toBe(2);
      const [failed] = receiver.at('/curious').map((message) => verified(message, curious.secret));
      const image = (await client.images(id))[1];
      expect(failed).toMatchObject({ type: 'image.failed', data: { ...image, request_id: id } });
      expect(image).toMatchObject({ product_name: 'Стул 🪑', error: { code: 'HTTP_404' } });
    });

    it('hear of each image that failed, also of those that have the same URL', async () => {
      const { secret } = await subscribe({ event_types: ['image.failed'] });
      const urls = Array<string>(250).fill(origin.url('/missing.jpg'));

      const id = await client.accepted(csvOf([['Mug', urls]]));
      await until(() => receiver.received.length === 250);

      const events = receiver.received.map((message) => verified(message, secret));
      const images = await client.images(id);
      expect(new Set(events.map(({ data }) => data.id))).toEqual(new Set(images.map((image) => image.id)));
      expect(events.every(({ data }) => data.error.code === 'HTTP_404')).toBe(true);
    });

    it('keep an event below 20 kB, however long the names in the file are', async () => {
      const { secret } = await subscribe({ event_types: ['image.failed'] });
      const name = '椅'.repeat(1000);
      const url = origin.url('/').padEnd(2048, '椅');

      await client.accepted(`S. No.,Product Name,Input Image Urls\n${name},${name},${url}\n`);
      await until(() => receiver.received.length === 1);

      expect(Buffer.byteLength(receiver.received[0].text)).toBeLessThan(20_000);
      expect(verified(receiver.received[0], secret).data).toMatchObject({
        product_name: name,
        input_url: url,
      });
    });

    it('show their secret once, and keep it encrypted', async () => {
      const { secret, id } = await subscribe({ description: 'Магазин' });

      const one = (await client.get(`/webhooks/${id}`)).text;
      const all = (await client.get('/webhooks')).text;
      const row = await app.nest.get(DataSource).manager.findOneByOrFail(WebhookEndpointEntity, { id });
      expect(secret).toMatch(/^whsec_/);
      for (const text of [one, all, JSON.stringify(row)]) expect(text).not.toContain(secret.slice(6));
      expect(JSON.parse(one)).toEqual({
        id,
        url: receiver.url('/hook'),
        event_types: ['request.processing', 'request.completed', 'request.cancelled'],
        description: 'Магазин',
        active: true,
        disabled_reason: null,
        disabled_at: null,
        failing_since: null,
        previous_secret_until: null,
        created_at: expect.any(String),
      });
    });

    it('take a secret of the client’s own', async () => {
      const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

      expect((await subscribe({ secret })).secret).toBe(secret);
      await client.accepted(oneImage());

      await until(() => receiver.received.length === 2);
      for (const message of receiver.received) verified(message, secret);
    });

    it('are listed page by page', async () => {
      const ids = [];
      for (const path of ['/1', '/2', '/3']) ids.push((await subscribe({ url: receiver.url(path) })).id);

      const first = (await client.get('/webhooks?limit=2')).json;
      const second = (await client.get(`/webhooks?limit=2&cursor=${first.next_cursor}`)).json;

      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
      expect(second.next_cursor).toBeNull();
    });

    it('can be changed, switched off and on, and ended', async () => {
      const { id, secret } = await subscribe({ event_types: ['request.processing'] });

      const changed = await client.send('PATCH', `/webhooks/${id}`, {
        url: receiver.url('/other'),
        event_types: ['request.completed'],
        description: null,
        active: false,
      });
      expect(changed.json).toMatchObject({ url: receiver.url('/other'), active: false, description: null });
      await client.completed(await client.accepted(oneImage()));
      const on = await client.send('PATCH', `/webhooks/${id}`, { active: true });
      expect(on.json).toMatchObject({ active: true, event_types: ['request.completed'] });
      const heard = await client.accepted(oneImage());
      await until(() => receiver.received.length === 1);
      expect(verified(receiver.received[0], secret).data.request_id).toBe(heard);

      expect((await client.send('DELETE', `/webhooks/${id}`)).status).toBe(204);
      expect((await client.get(`/webhooks/${id}`)).json.code).toBe('WEBHOOK_NOT_FOUND');
      await client.completed(await client.accepted(oneImage()));
      expect(receiver.received).toHaveLength(1);
    });

    it('forget with another address how the old one failed', async () => {
      receiver.replies['/hook'] = 500;
      const { id } = await subscribe();
      await client.send('POST', `/webhooks/${id}/test`);
      await settledDeliveries(`/webhooks/${id}/deliveries`);
      const failing = (await client.get(`/webhooks/${id}`)).json.failing_since;

      const { json } = await client.send('PATCH', `/webhooks/${id}`, { url: receiver.url('/better') });

      expect(failing).not.toBeNull();
      expect(json).toMatchObject({ url: receiver.url('/better'), failing_since: null });
    });

    it('get one new secret from several rotations at the same moment', async () => {
      const { id } = await subscribe();
      const webhooks = app.nest.get(SubscriptionsService);
      const get = webhooks.get.bind(webhooks);
      const haveAllRead = deferred();
      let reads = 0;
      const reading = jest.spyOn(webhooks, 'get').mockImplementation(async (endpointId) => {
        const endpoint = await get(endpointId);
        if (++reads === 4) haveAllRead.resolve();
        await haveAllRead.promise;
        return endpoint;
      });

      const rotations = await Promise.allSettled([1, 2, 3, 4].map(() => webhooks.rotateSecret(id)));

      reading.mockRestore();
      const won = rotations.filter(({ status }) => status === 'fulfilled');
      const lost = rotations.filter((rotation) => rotation.status === 'rejected');
      expect([won.length, lost.length]).toEqual([1, 3]);
      for (const { reason } of lost)
        expect(reason).toMatchObject({ code: 'WEBHOOK_SECRET_CHANGED', status: 409 });
      await client.send('POST', `/webhooks/${id}/test`);
      await until(() => receiver.received.length === 1);
      const [{ value }] = won as PromiseFulfilledResult<{ secret: string }>[];
      verified(receiver.received[0], value.secret);
    });

    it('sign with both secrets for 24 hours after a rotation, then with the new one', async () => {
      const { id, secret: old } = await subscribe({ event_types: ['request.completed'] });

      const rotated = await client.send('POST', `/webhooks/${id}/rotate-secret`);
      await client.accepted(oneImage());
      await until(() => receiver.received.length === 1);

      const { secret, previous_secret_until } = rotated.json;
      expect(secret).not.toBe(old);
      for (const key of [old, secret]) verified(receiver.received[0], key);
      expect(Date.parse(previous_secret_until) - Date.now()).toBeGreaterThan(DAY_MS - 60_000);

      const clock = app.nest.get(DatabaseClock);
      const now = clock.now.bind(clock);
      const later = jest.spyOn(clock, 'now').mockImplementation(() => now() + DAY_MS + 1000);
      try {
        await client.send('POST', `/webhooks/${id}/test`);
        await until(() => receiver.received.length === 2);
      } finally {
        later.mockRestore();
      }
      const then = Date.now() + DAY_MS;
      expect(verified(receiver.received[1], secret, then).type).toBe('ping');
      expect(() => verified(receiver.received[1], old, then)).toThrow('No matching signature');
    });

    it('can be tried with a ping, once', async () => {
      receiver.replies['/hook'] = 500;
      const { id, secret } = await subscribe();

      const { status, json } = await client.send('POST', `/webhooks/${id}/test`);
      const [delivery] = await settledDeliveries(`/webhooks/${id}/deliveries`);

      expect([status, json.type, json.request_id]).toEqual([202, 'ping', null]);
      expect(delivery).toMatchObject({
        id: json.id,
        webhook_id: id,
        status: 'failed',
        error_code: 'HTTP_500',
      });
      expect(verified(receiver.received[0], secret)).toMatchObject({
        type: 'ping',
        data: { webhook_id: id },
      });
      expect(receiver.received).toHaveLength(1);
    });

    it('get a delivery again on demand, under the same id and with the same body', async () => {
      const { id, secret } = await subscribe({ event_types: ['request.completed'] });
      await client.accepted(oneImage());
      const [delivery] = await settledDeliveries(`/webhooks/${id}/deliveries`);

      const { status } = await client.send('POST', `/webhooks/deliveries/${delivery.id}/redeliver`);
      await until(() => receiver.received.length === 2);

      const [first, second] = receiver.received;
      expect(status).toBe(202);
      expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
      expect(second.text).toBe(first.text);
      expect(verified(second, secret).type).toBe('request.completed');
      await until(async () => {
        const { json } = await client.get(`/webhooks/deliveries/${delivery.id}`);
        return json.tries.length === 2 && json.status === 'delivered';
      });
    });

    it('get all that failed since a time again', async () => {
      receiver.replies['/hook'] = 410;
      const { id } = await subscribe({ event_types: ['request.completed'] });
      await client.accepted(oneImage());
      const [early] = await settledDeliveries(`/webhooks/${id}/deliveries`);
      await client.send('PATCH', `/webhooks/${id}`, { active: true });
      await client.accepted(oneImage());
      const [late] = await settledDeliveries(`/webhooks/${id}/deliveries`, 2);
      const replay = (since: string) => client.send('POST', `/webhooks/${id}/replay`, { since });

      const disabled = await replay(early.created_at);
      await client.send('PATCH', `/webhooks/${id}`, { active: true });
      receiver.replies['/hook'] = 200;
      const sinceLate = await replay(late.created_at);
      await until(() => receiver.received.length === 3);
      const sinceEarly = await replay(early.created_at);
      await until(() => receiver.received.length === 4);

      expect(disabled.json.code).toBe('WEBHOOK_DISABLED');
      expect([sinceLate.json, sinceEarly.json]).toEqual([{ replayed: 1 }, { replayed: 1 }]);
      const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
      expect(ids).toEqual([early.event_id, late.event_id, late.event_id, early.event_id]);
      const { items } = (await client.get(`/webhooks/${id}/deliveries?status=failed`)).json;
      expect(items).toEqual([]);
    });

    it.each([
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', {}],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', []],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', undefined],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', { url: 5 }],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', { url: 'http://a.example/', event_types: [] }],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', { url: 'http://a.example/', event_types: null }],
      [
        'POST',
        '/webhooks',
        400,
        'INVALID_PARAMETER',
        { url: 'http://a.example/', event_types: 'request.completed' },
      ],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', { url: 'http://a.example/', event_types: ['ping'] }],
      ['POST', '/webhooks', 400, 'INVALID_PARAMETER', { url: 'http://a.example/', active: 'yes' }],
      [
        'POST',
        '/webhooks',
        400,
        'INVALID_PARAMETER',
        { url: 'http://a.example/', description: 'x'.repeat(501) },
      ],
      ['POST', '/webhooks', 400, 'WEBHOOK_URL_INVALID', { url: 'nowhere' }],
      ['POST', '/webhooks', 400, 'WEBHOOK_URL_REFUSED', { url: 'http://192.168.0.1/' }],
      ['POST', '/webhooks', 400, 'WEBHOOK_SECRET_INVALID', { url: 'http://a.example/', secret: 'short' }],
      ['GET', `/webhooks/${NOWHERE}`, 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['GET', '/webhooks/🪑', 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['GET', '/webhooks?cursor=-1', 400, 'INVALID_PARAMETER', undefined],
      ['GET', '/webhooks?limit=101', 400, 'INVALID_PARAMETER', undefined],
      ['PATCH', `/webhooks/${NOWHERE}`, 404, 'WEBHOOK_NOT_FOUND', { active: true }],
      ['DELETE', `/webhooks/${NOWHERE}`, 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['POST', `/webhooks/${NOWHERE}/test`, 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['POST', `/webhooks/${NOWHERE}/rotate-secret`, 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['POST', `/webhooks/${NOWHERE}/replay`, 404, 'WEBHOOK_NOT_FOUND', { since: '2026-01-31T12:00:00Z' }],
      ['POST', `/webhooks/${NOWHERE}/replay`, 400, 'INVALID_PARAMETER', { since: 'yesterday' }],
      ['POST', `/webhooks/${NOWHERE}/replay`, 400, 'INVALID_PARAMETER', { since: '2026-01-31' }],
      ...[
        '2026-W05-1T12:00:00Z',
        '2026-031T12:00:00Z',
        '20260131T120000Z',
        '2026-01-31T12Z',
        '2026-01-31T12.5Z',
        '2026-01-31T12:00:00,5Z',
        '2026-01-31T23:59:60Z',
        '2026-13-31T12:00:00Z',
      ].map((since): [string, string, number, string, object] => {
        return ['POST', `/webhooks/${NOWHERE}/replay`, 400, 'INVALID_PARAMETER', { since }];
      }),
      ['POST', `/webhooks/${NOWHERE}/replay`, 404, 'WEBHOOK_NOT_FOUND', { since: '2026-01-31T12:00+0530' }],
      ['POST', '/webhooks', 400, 'UNKNOWN_FIELD', { url: 'http://a.example/', events: ['image.failed'] }],
      ['PATCH', `/webhooks/${NOWHERE}`, 400, 'UNKNOWN_FIELD', { actve: true }],
      ['POST', `/webhooks/${NOWHERE}/rotate-secret`, 400, 'UNKNOWN_FIELD', { sekret: 'x' }],
      [
        'POST',
        `/webhooks/${NOWHERE}/replay`,
        400,
        'UNKNOWN_FIELD',
        { since: '2026-01-31T12:00:00Z', until: '2026-01-31T12:00:00Z' },
      ],
      ['POST', `/webhooks/${NOWHERE}/replay`, 400, 'INVALID_PARAMETER', undefined],
      ['GET', `/webhooks/${NOWHERE}/deliveries`, 404, 'WEBHOOK_NOT_FOUND', undefined],
      ['GET', `/webhooks/${NOWHERE}/deliveries?status=lost`, 400, 'INVALID_PARAMETER', undefined],
      ['GET', '/webhooks/deliveries/🪑', 404, 'DELIVERY_NOT_FOUND', undefined],
      ['POST', `/webhooks/deliveries/${NOWHERE}/redeliver`, 404, 'DELIVERY_NOT_FOUND', undefined],
    ])('answer a wrong %s %s by %i %s (%#)', async (method, path, status, code, body) => {
      const answer = await client.send(method, path, body);

      expect([answer.status, answer.json.code]).toEqual([status, code]);
    });

    it('name the field that there is not', async () => {
      const { json } = await client.send('PATCH', `/webhooks/${NOWHERE}`, { actve: true });

      expect(json).toMatchObject({ error: 'There is no field "actve" here.', details: [{ field: 'actve' }] });
    });

    it.each([
      [415, 'MEDIA_TYPE_NOT_SUPPORTED', 'text/plain', '{"url":"http://a.example/"}'],
      [415, 'MEDIA_TYPE_NOT_SUPPORTED', 'application/x-www-form-urlencoded', '{"url":"http://a.example/"}'],
      [400, 'JSON_INVALID', 'application/json', '{"url":"http://a.example/"'],
      [400, 'JSON_INVALID', 'application/json; charset=utf-8', '"http://a.example/"'],
    ])('say by %i %s what is wrong with a body that is not JSON (%s)', async (status, code, type, body) => {
      const headers = { 'content-type': type };
      const response = await fetch(`${client.url}/webhooks`, { method: 'POST', body, headers });

      expect([response.status, ((await response.json()) as any).code]).toEqual([status, code]);
    });

    it('leave a subscription as it was where a change is refused', async () => {
      const { id, secret, ...before } = await subscribe();

      for (const change of [
        { url: 'http://10.0.0.1/' },
        { url: null },
        { event_types: ['x'] },
        { active: null },
      ])
        expect((await client.send('PATCH', `/webhooks/${id}`, change)).status).toBe(400);
      const empty = await client.send('PATCH', `/webhooks/${id}`);
      const undescribed = await client.send('PATCH', `/webhooks/${id}`, { description: null });

      expect(secret).toBeDefined();
      for (const { json } of [empty, undescribed]) expect(json).toEqual({ id, ...before });
    });

    it('are at most a hundred', async () => {
      for (let count = 0; count < 100; count++) await subscribe({ event_types: ['image.failed'] });

      const { status, json } = await client.send('POST', '/webhooks', { url: receiver.url('/') });

      expect([status, json.code]).toEqual([409, 'TOO_MANY_WEBHOOKS']);
    });

    it('are at most a hundred, also of those that come at the same moment', async () => {
      const body = { url: receiver.url('/'), event_types: ['image.failed'] };

      const answers = await Promise.all(
        Array.from({ length: 110 }, () => client.send('POST', '/webhooks', body)),
      );

      const { items, next_cursor } = (await client.get('/webhooks?limit=100')).json;
      const made = answers.filter(({ status }) => status === 201).length;
      expect(next_cursor).toBeNull();
      expect(made).toBe(items.length);
      expect(made).toBeLessThanOrEqual(100);
    });
  });

  it('are all in the description of the API', async () => {
    const { paths, components } = (await client.get('/openapi.json')).json;

    expect(Object.keys(paths).filter((path) => path.includes('webhooks'))).toHaveLength(10);
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(['NewWebhookBody', 'WebhookWithSecretResponse', 'DeliveryPageResponse']),
    );
  });
});
