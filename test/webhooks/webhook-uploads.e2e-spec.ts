import { DataSource } from 'typeorm';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { useWebhooks } from '../helpers/app/webhook-calls.js';
import { deferred, until } from '../helpers/wait.js';
import { verified } from '../helpers/servers/webhook-receiver.js';

const NOWHERE = '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8';

describeOnEachEngine('webhooks', (engine) => {
  const calls = useWebhooks(engine);
  const { oneImage, settledDeliveries, subscribe, uploadWith } = calls;

  describe('of one upload', () => {
    it('is called once the request is completed, signed, with what the API says then', async () => {
      const csv = oneImage('Стул 🪑 "椅子"'.replaceAll('"', ''));
      const { json } = await uploadWith(
        { webhook_url: calls.receiver.url('/done?token=ü') },
        { csv, fileName: '椅子🪑.csv' },
      );
      await until(() => calls.receiver.received.length === 1);

      const [message] = calls.receiver.received;
      const request = (await calls.client.get(`/requests/${json.request_id}`)).json;
      expect(message.path).toBe('/done?token=%C3%BC');
      expect(message.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': expect.stringMatching(/^evt_[A-Za-z0-9_-]{24}$/),
        'user-agent': expect.stringMatching(/^ImageProcessingSystem\//),
      });
      expect(request.file_name).toBe('椅子🪑.csv');
      const { secret } = (await calls.client.get('/webhooks/service-secret')).json;
      expect(verified(message, secret)).toEqual({
        type: 'request.completed',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        data: { ...request, request_id: request.id, output_csv_url: request.links.output_csv },
      });
      expect(request).toMatchObject({ status: 'Completed', outcome: 'succeeded' });
    });

    it.each(['webhook_url', 'webhookUrl', 'callback_url', 'callbackUrl', 'notify_url', 'notification_url'])(
      'may be named by the field or the parameter %s',
      async (name) => {
        await uploadWith({ [name]: calls.receiver.url('/field') });
        await uploadWith({}, { query: `?${name}=${encodeURIComponent(calls.receiver.url('/query'))}` });

        await until(() => calls.receiver.received.length === 2);
        expect(calls.receiver.received.map(({ path }) => path).sort()).toEqual(['/field', '/query']);
      },
    );

    it('may be said twice if it is the same', async () => {
      const url = calls.receiver.url('/same');

      const { status } = await uploadWith({ webhook_url: url, callbackUrl: url, notify_url: '' });

      expect(status).toBe(200);
      await until(() => calls.receiver.received.length === 1);
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
      const url = calls.receiver.url('/1');

      const first = await uploadWith({ webhook_url: url }, { headers });
      const again = await uploadWith({ webhook_url: url }, { headers });
      const other = await uploadWith({ webhook_url: calls.receiver.url('/2') }, { headers });
      const none = await uploadWith({}, { headers });

      expect(again.json).toEqual(first.json);
      for (const { status, json } of [other, none])
        expect([status, json.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      await until(() => calls.receiver.received.length === 1);
    });

    it('never changes the request, whatever it answers, and is listed with its log', async () => {
      calls.receiver.replies['/broken'] = (_request, response) => response.writeHead(500).end('nö');
      const { json } = await uploadWith({ webhook_url: calls.receiver.url('/broken') });
      const path = `/requests/${json.request_id}/webhooks`;
      await until(async () => (await calls.client.get(path)).json.items[0]?.error_code === 'HTTP_500');

      const { items, next_cursor } = (await calls.client.get(path)).json;
      expect([items.length, next_cursor]).toEqual([1, null]);
      expect(items[0]).toMatchObject({
        webhook_id: null,
        url: calls.receiver.url('/broken'),
        event_id: calls.receiver.received[0].headers['webhook-id'],
        type: 'request.completed',
        request_id: json.request_id,
        status: 'pending',
        error_code: 'HTTP_500',
        tries: [{ status: 500, error: { code: 'HTTP_500' }, answer: 'nö' }],
      });
      const wait = Date.parse(items[0].next_try_at) - Date.parse(items[0].tries[0].at);
      expect(wait).toBeGreaterThan(4400);
      expect((await calls.client.get(`/status/${json.request_id}`)).json).toEqual({ status: 'Completed' });
      expect((await calls.client.get(`/requests/${json.request_id}`)).json.outcome).toBe('succeeded');
    });

    it('is not called beside a subscription to the same address, whose secret signs', async () => {
      const { secret } = await subscribe({ event_types: ['request.completed'] });
      const other = await subscribe({
        event_types: ['request.processing'],
        url: calls.receiver.url('/other'),
      });

      const uploads = [
        await uploadWith({ webhook_url: calls.receiver.url('/hook') }),
        await uploadWith({ webhook_url: other.url }),
      ];
      await until(() => calls.receiver.received.length === 5); // a beginning, an end, and again with the upload's own
      for (const { json } of uploads)
        await until(async () => {
          const { items } = (await calls.client.get(`/requests/${json.request_id}/webhooks`)).json;
          return items.every(({ status }: { status: string }) => status === 'delivered');
        });

      expect(calls.receiver.at('/hook').map((message) => verified(message, secret).type)).toEqual([
        'request.completed',
        'request.completed',
      ]);
      expect(calls.receiver.at('/other')).toHaveLength(3); // the subscription does not want the end
    });

    it('begins anew when what was disabled is sent again', async () => {
      calls.receiver.replies['/gone'] = 410;
      const { json } = await uploadWith({ webhook_url: calls.receiver.url('/gone') });
      const [delivery] = await settledDeliveries(`/requests/${json.request_id}/webhooks`);
      const manager = calls.app.nest.get(DataSource).manager;
      const endpoint = () =>
        manager.findOneByOrFail(WebhookEndpointEntity, { url: calls.receiver.url('/gone') });
      const disabled = await endpoint();
      const answer = deferred();
      calls.receiver.replies['/gone'] = (_request, response) =>
        void answer.promise.then(() => response.end());

      await calls.client.send('POST', `/webhooks/deliveries/${delivery.id}/redeliver`);

      expect(disabled).toMatchObject({ isActive: 0, failingSince: expect.any(Number) });
      expect(await endpoint()).toMatchObject({ isActive: 1, disabledCode: null, failingSince: null });
      answer.resolve();
      await settledDeliveries(`/requests/${json.request_id}/webhooks`);
    });

    it('has a list for requests that exist only', async () => {
      expect((await calls.client.get(`/requests/${NOWHERE}/webhooks`)).json.code).toBe('REQUEST_NOT_FOUND');
    });
  });
});
