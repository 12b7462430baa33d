import { describeOnEachEngine } from '../helpers/app/engines.js';
import { useWebhooks } from '../helpers/app/webhook-calls.js';

const NOWHERE = '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8';

describeOnEachEngine('webhooks', (engine) => {
  const calls = useWebhooks(engine);
  const { subscribe } = calls;

  describe('as subscriptions', () => {
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
      const answer = await calls.client.send(method, path, body);

      expect([answer.status, answer.json.code]).toEqual([status, code]);
    });

    it('name the field that there is not', async () => {
      const { json } = await calls.client.send('PATCH', `/webhooks/${NOWHERE}`, { actve: true });

      expect(json).toMatchObject({ error: 'There is no field "actve" here.', details: [{ field: 'actve' }] });
    });

    it.each([
      [415, 'MEDIA_TYPE_NOT_SUPPORTED', 'text/plain', '{"url":"http://a.example/"}'],
      [415, 'MEDIA_TYPE_NOT_SUPPORTED', 'application/x-www-form-urlencoded', '{"url":"http://a.example/"}'],
      [400, 'JSON_INVALID', 'application/json', '{"url":"http://a.example/"'],
      [400, 'JSON_INVALID', 'application/json; charset=utf-8', '"http://a.example/"'],
    ])('say by %i %s what is wrong with a body that is not JSON (%s)', async (status, code, type, body) => {
      const headers = { 'content-type': type };
      const response = await fetch(`${calls.client.url}/webhooks`, { method: 'POST', body, headers });

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
        expect((await calls.client.send('PATCH', `/webhooks/${id}`, change)).status).toBe(400);
      const empty = await calls.client.send('PATCH', `/webhooks/${id}`);
      const undescribed = await calls.client.send('PATCH', `/webhooks/${id}`, { description: null });

      expect(secret).toBeDefined();
      for (const { json } of [empty, undescribed]) expect(json).toEqual({ id, ...before });
    });
  });
});
