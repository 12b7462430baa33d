import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { SubscriptionsService } from '../../src/webhooks/subscriptions/subscriptions.service.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { useWebhooks } from '../helpers/app/webhook-calls.js';
import { deferred, until } from '../helpers/wait.js';
import { verified } from '../helpers/servers/webhook-receiver.js';

const DAY_MS = 86_400_000;

describeOnEachEngine('webhooks', (engine) => {
  const calls = useWebhooks(engine);
  const { oneImage, settledDeliveries, subscribe } = calls;

  describe('as subscriptions', () => {
    it('hear of the beginning and the end of every request, and of failed images only if they ask', async () => {
      const quiet = await subscribe({ url: calls.receiver.url('/quiet') });
      const curious = await subscribe({ url: calls.receiver.url('/curious'), event_types: ['image.failed'] });
      const csv = csvOf([['Стул 🪑', [calls.origin.url('/1.jpg'), calls.origin.url('/none.jpg')]]]);

      const id = await calls.client.accepted(csv);
      await until(() => calls.receiver.received.length === 3);

      const types = calls.receiver.at('/quiet').map((message) => verified(message, quiet.secret));
      expect(types.map(({ type }) => type).sort()).toEqual(['request.completed', 'request.processing']);
      const [started] = types.filter(({ type }) => type === 'request.processing');
      expect(started.data).toMatchObject({ request_id: id, status: 'Processing', completed_at: null });
      expect(
        Object.values(started.data.counts)
          .map(Number)
          .slice(2)
          .reduce((a, b) => a + b),
      ).toBe(2);
      const [failed] = calls.receiver.at('/curious').map((message) => verified(message, curious.secret));
      const image = (await calls.client.images(id))[1];
      expect(failed).toMatchObject({ type: 'image.failed', data: { ...image, request_id: id } });
      expect(image).toMatchObject({ product_name: 'Стул 🪑', error: { code: 'HTTP_404' } });
    });

    it('hear of each image that failed, also of those that have the same URL', async () => {
      const { secret } = await subscribe({ event_types: ['image.failed'] });
      const urls = Array<string>(250).fill(calls.origin.url('/missing.jpg'));

      const id = await calls.client.accepted(csvOf([['Mug', urls]]));
      await until(() => calls.receiver.received.length === 250);

      const events = calls.receiver.received.map((message) => verified(message, secret));
      const images = await calls.client.images(id);
      expect(new Set(events.map(({ data }) => data.id))).toEqual(new Set(images.map((image) => image.id)));
      expect(events.every(({ data }) => data.error.code === 'HTTP_404')).toBe(true);
    });

    it('keep an event below 20 kB, however long the names in the file are', async () => {
      const { secret } = await subscribe({ event_types: ['image.failed'] });
      const name = '椅'.repeat(1000);
      const url = calls.origin.url('/').padEnd(2048, '椅');

      await calls.client.accepted(`S. No.,Product Name,Input Image Urls\n${name},${name},${url}\n`);
      await until(() => calls.receiver.received.length === 1);

      expect(Buffer.byteLength(calls.receiver.received[0].text)).toBeLessThan(20_000);
      expect(verified(calls.receiver.received[0], secret).data).toMatchObject({
        product_name: name,
        input_url: url,
      });
    });

    it('show their secret once, and keep it encrypted', async () => {
      const { secret, id } = await subscribe({ description: 'Магазин' });

      const one = (await calls.client.get(`/webhooks/${id}`)).text;
      const all = (await calls.client.get('/webhooks')).text;
      const row = await calls.app.nest.get(DataSource).manager.findOneByOrFail(WebhookEndpointEntity, { id });
      expect(secret).toMatch(/^whsec_/);
      for (const text of [one, all, JSON.stringify(row)]) expect(text).not.toContain(secret.slice(6));
      expect(JSON.parse(one)).toEqual({
        id,
        url: calls.receiver.url('/hook'),
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
      await calls.client.accepted(oneImage());

      await until(() => calls.receiver.received.length === 2);
      for (const message of calls.receiver.received) verified(message, secret);
    });

    it('are listed page by page', async () => {
      const ids = [];
      for (const path of ['/1', '/2', '/3'])
        ids.push((await subscribe({ url: calls.receiver.url(path) })).id);

      const first = (await calls.client.get('/webhooks?limit=2')).json;
      const second = (await calls.client.get(`/webhooks?limit=2&cursor=${first.next_cursor}`)).json;

      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
      expect(second.next_cursor).toBeNull();
    });

    it('can be changed, switched off and on, and ended', async () => {
      const { id, secret } = await subscribe({ event_types: ['request.processing'] });

      const changed = await calls.client.send('PATCH', `/webhooks/${id}`, {
        url: calls.receiver.url('/other'),
        event_types: ['request.completed'],
        description: null,
        active: false,
      });
      expect(changed.json).toMatchObject({
        url: calls.receiver.url('/other'),
        active: false,
        description: null,
      });
      await calls.client.completed(await calls.client.accepted(oneImage()));
      const on = await calls.client.send('PATCH', `/webhooks/${id}`, { active: true });
      expect(on.json).toMatchObject({ active: true, event_types: ['request.completed'] });
      const heard = await calls.client.accepted(oneImage());
      await until(() => calls.receiver.received.length === 1);
      expect(verified(calls.receiver.received[0], secret).data.request_id).toBe(heard);

      expect((await calls.client.send('DELETE', `/webhooks/${id}`)).status).toBe(204);
      expect((await calls.client.get(`/webhooks/${id}`)).json.code).toBe('WEBHOOK_NOT_FOUND');
      await calls.client.completed(await calls.client.accepted(oneImage()));
      expect(calls.receiver.received).toHaveLength(1);
    });

    it('forget with another address how the old one failed', async () => {
      calls.receiver.replies['/hook'] = 500;
      const { id } = await subscribe();
      await calls.client.send('POST', `/webhooks/${id}/test`);
      await settledDeliveries(`/webhooks/${id}/deliveries`);
      const failing = (await calls.client.get(`/webhooks/${id}`)).json.failing_since;

      const { json } = await calls.client.send('PATCH', `/webhooks/${id}`, {
        url: calls.receiver.url('/better'),
      });

      expect(failing).not.toBeNull();
      expect(json).toMatchObject({ url: calls.receiver.url('/better'), failing_since: null });
    });

    it('get one new secret from several rotations at the same moment', async () => {
      const { id } = await subscribe();
      const webhooks = calls.app.nest.get(SubscriptionsService);
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
      await calls.client.send('POST', `/webhooks/${id}/test`);
      await until(() => calls.receiver.received.length === 1);
      const [{ value }] = won as PromiseFulfilledResult<{ secret: string }>[];
      verified(calls.receiver.received[0], value.secret);
    });

    it('sign with both secrets for 24 hours after a rotation, then with the new one', async () => {
      const { id, secret: old } = await subscribe({ event_types: ['request.completed'] });

      const rotated = await calls.client.send('POST', `/webhooks/${id}/rotate-secret`);
      await calls.client.accepted(oneImage());
      await until(() => calls.receiver.received.length === 1);

      const { secret, previous_secret_until } = rotated.json;
      expect(secret).not.toBe(old);
      for (const key of [old, secret]) verified(calls.receiver.received[0], key);
      expect(Date.parse(previous_secret_until) - Date.now()).toBeGreaterThan(DAY_MS - 60_000);

      const clock = calls.app.nest.get(DatabaseClock);
      const now = clock.now.bind(clock);
      const later = jest.spyOn(clock, 'now').mockImplementation(() => now() + DAY_MS + 1000);
      try {
        await calls.client.send('POST', `/webhooks/${id}/test`);
        await until(() => calls.receiver.received.length === 2);
      } finally {
        later.mockRestore();
      }
      const then = Date.now() + DAY_MS;
      expect(verified(calls.receiver.received[1], secret, then).type).toBe('ping');
      expect(() => verified(calls.receiver.received[1], old, then)).toThrow('No matching signature');
    });

    it('can be tried with a ping, once', async () => {
      calls.receiver.replies['/hook'] = 500;
      const { id, secret } = await subscribe();

      const { status, json } = await calls.client.send('POST', `/webhooks/${id}/test`);
      const [delivery] = await settledDeliveries(`/webhooks/${id}/deliveries`);

      expect([status, json.type, json.request_id]).toEqual([202, 'ping', null]);
      expect(delivery).toMatchObject({
        id: json.id,
        webhook_id: id,
        status: 'failed',
        error_code: 'HTTP_500',
      });
      expect(verified(calls.receiver.received[0], secret)).toMatchObject({
        type: 'ping',
        data: { webhook_id: id },
      });
      expect(calls.receiver.received).toHaveLength(1);
    });

    it('get a delivery again on demand, under the same id and with the same body', async () => {
      const { id, secret } = await subscribe({ event_types: ['request.completed'] });
      await calls.client.accepted(oneImage());
      const [delivery] = await settledDeliveries(`/webhooks/${id}/deliveries`);

      const { status } = await calls.client.send('POST', `/webhooks/deliveries/${delivery.id}/redeliver`);
      await until(() => calls.receiver.received.length === 2);

      const [first, second] = calls.receiver.received;
      expect(status).toBe(202);
      expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
      expect(second.text).toBe(first.text);
      expect(verified(second, secret).type).toBe('request.completed');
      await until(async () => {
        const { json } = await calls.client.get(`/webhooks/deliveries/${delivery.id}`);
        return json.tries.length === 2 && json.status === 'delivered';
      });
    });

    it('get all that failed since a time again', async () => {
      calls.receiver.replies['/hook'] = 410;
      const { id } = await subscribe({ event_types: ['request.completed'] });
      await calls.client.accepted(oneImage());
      const [early] = await settledDeliveries(`/webhooks/${id}/deliveries`);
      await calls.client.send('PATCH', `/webhooks/${id}`, { active: true });
      await calls.client.accepted(oneImage());
      const [late] = await settledDeliveries(`/webhooks/${id}/deliveries`, 2);
      const replay = (since: string) => calls.client.send('POST', `/webhooks/${id}/replay`, { since });

      const disabled = await replay(early.created_at);
      await calls.client.send('PATCH', `/webhooks/${id}`, { active: true });
      calls.receiver.replies['/hook'] = 200;
      const sinceLate = await replay(late.created_at);
      await until(() => calls.receiver.received.length === 3);
      const sinceEarly = await replay(early.created_at);
      await until(() => calls.receiver.received.length === 4);

      expect(disabled.json.code).toBe('WEBHOOK_DISABLED');
      expect([sinceLate.json, sinceEarly.json]).toEqual([{ replayed: 1 }, { replayed: 1 }]);
      const ids = calls.receiver.received.map(({ headers }) => headers['webhook-id']);
      expect(ids).toEqual([early.event_id, late.event_id, late.event_id, early.event_id]);
      const { items } = (await calls.client.get(`/webhooks/${id}/deliveries?status=failed`)).json;
      expect(items).toEqual([]);
    });

    it('are at most a hundred', async () => {
      for (let count = 0; count < 100; count++) await subscribe({ event_types: ['image.failed'] });

      const { status, json } = await calls.client.send('POST', '/webhooks', { url: calls.receiver.url('/') });

      expect([status, json.code]).toEqual([409, 'TOO_MANY_WEBHOOKS']);
    });

    it('are at most a hundred, also of those that come at the same moment', async () => {
      const body = { url: calls.receiver.url('/'), event_types: ['image.failed'] };

      const answers = await Promise.all(
        Array.from({ length: 110 }, () => calls.client.send('POST', '/webhooks', body)),
      );

      const { items, next_cursor } = (await calls.client.get('/webhooks?limit=100')).json;
      const made = answers.filter(({ status }) => status === 201).length;
      expect(next_cursor).toBeNull();
      expect(made).toBe(items.length);
      expect(made).toBeLessThanOrEqual(100);
    });
  });

  it('are all in the description of the API', async () => {
    const { paths, components } = (await calls.client.get('/openapi.json')).json;

    expect(Object.keys(paths).filter((path) => path.includes('webhooks'))).toHaveLength(10);
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(['NewWebhookBody', 'WebhookWithSecretResponse', 'DeliveryPageResponse']),
    );
  });
});
