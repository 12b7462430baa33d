import { MoreThan } from 'typeorm';
import { insertRows } from '../../src/database/statements/insert-rows.js';
import { WebhookDeliveryEntity } from '../../src/database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { EventEntity } from '../../src/database/entities/event.entity.js';
import { WebhookTryEntity } from '../../src/database/entities/webhook-try.entity.js';
import { WebhookDeliveries } from '../../src/webhooks/delivery/webhook-deliveries.js';
import { KEPT_MS } from '../../src/webhooks/delivery/event-retention.js';
import { WebhookSender } from '../../src/webhooks/delivery/webhook-sender.js';
import { csvOf } from '../helpers/app/client.js';
import { deferred, until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { useDeliveries } from '../helpers/app/delivery-calls.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** So many calls a receiver that hangs gets at most before another one has its turn; its backlog is far longer. */
const MAX_OVERTAKEN = 20;

describeOnEachEngine('deliveries of webhooks', (engine) => {
  const calls = useDeliveries(engine);
  const { deliveriesOf, dispatcher, manager, oneImage, open, ownClock, subscribe, tried } = calls;

  it('to one receiver never wait for another that hangs with a backlog', async () => {
    const hanging = await WebhookReceiver.start({ '/hang': () => undefined });
    await subscribe('/hang', ['image.failed'], hanging);
    const csv = csvOf([['Mug', Array.from({ length: 300 }, (_, at) => calls.origin.url(`/none-${at}.jpg`))]]);
    await calls.client.completed(await calls.client.accepted(csv));
    await until(() => hanging.received.length > 0);

    const quick = await subscribe('/quick');
    await calls.client.accepted(oneImage());
    await until(() => calls.receiver.received.length === 1);

    verified(calls.receiver.received[0], quick.secret);
    expect(hanging.received.length).toBeLessThan(MAX_OVERTAKEN);
    await hanging.close();
  });

  it('go out at once beside whatever has piled up for another receiver, of which a window is read', async () => {
    const PILED_UP = 30_000;
    const hanging = await WebhookReceiver.start({ '/hang': () => undefined });
    await pileUp(await subscribe('/hang', ['image.failed'], hanging), PILED_UP);
    const quick = await subscribe('/quick');
    const query = jest.spyOn(manager(), 'query');

    await calls.client.accepted(oneImage());
    await until(() => calls.receiver.received.length === 1);
    await dispatcher().dispatch();

    verified(calls.receiver.received[0], quick.secret);
    const rows = await Promise.all(query.mock.results.map(({ value }) => value));
    expect(Math.max(...rows.map(({ length }) => length ?? 0))).toBeLessThan(1000);
    expect(await manager().countBy(WebhookDeliveryEntity, { enqueuedAt: MoreThan(0) })).toBeLessThan(250);
    expect(hanging.received.length).toBeLessThan(MAX_OVERTAKEN);
    await hanging.close();
  });

  /** Deliveries that are overdue, all of one event each. */
  async function pileUp({ id }: { id: string }, count: number): Promise<void> {
    const { key } = await manager().findOneByOrFail(WebhookEndpointEntity, { id });
    const numbers = Array.from({ length: count }, (_, at) => at);
    const events = numbers.map((at) => [`evt_${at}`, 'image.failed', at, '{}', 1]);
    await insertRows(
      manager(),
      'webhook_events',
      ['id', 'type', 'image_number', 'body', 'created_at'],
      events,
    );
    const [{ first }] = await manager().query('SELECT MIN(event_key) AS first FROM webhook_events');
    const columns = ['id', 'event_key', 'endpoint_key', 'state', 'due_at', 'created_at'];
    const deliveries = numbers.map((at) => [`delivery-${at}`, Number(first) + at, key, 'pending', 1, 1]);
    await insertRows(manager(), 'webhook_deliveries', columns, deliveries);
  }

  it('of a secret that SECRET_KEY can’t open wait, say why, and go out after a rotation', async () => {
    const subscription = await subscribe('/hook');
    await calls.app.close();
    await open({ SECRET_KEY: 'quite another key, of 32 characters or more' });
    const clock = ownClock();
    await calls.client.accepted(oneImage());
    await until(async () => (await deliveriesOf(subscription))[0]?.error_code === 'SECRET_UNREADABLE');
    const [waiting] = await deliveriesOf(subscription);

    const { json } = await calls.client.send('POST', `/webhooks/${subscription.id}/rotate-secret`);
    clock.aheadMs += 6 * MINUTE;
    await until(() => calls.receiver.received.length === 1);

    expect(waiting).toMatchObject({ status: 'pending', tries: [] });
    expect(json.previous_secret_until).toBeNull();
    verified(calls.receiver.received[0], json.secret, clock.now());
    expect((await calls.client.get(`/webhooks/${subscription.id}`)).json.failing_since).toBeNull();
  });

  it('reach a receiver a thousand times for a thousand requests, each with an id of its own', async () => {
    const REQUESTS = 1000;
    const subscription = await subscribe('/many');
    let uploaded = 0;
    const uploader = async () => {
      while (uploaded++ < REQUESTS) await calls.client.accepted(oneImage());
    };

    await Promise.all(Array.from({ length: 8 }, uploader));
    const count = () => new Set(calls.receiver.received.map(({ headers }) => headers['webhook-id'])).size;
    await until(() => count() === REQUESTS, 1_000_000);

    const requests = new Set(
      calls.receiver.received.map((message) => verified(message, subscription.secret).data.request_id),
    );
    expect(requests.size).toBe(REQUESTS);
    expect(calls.receiver.received).toHaveLength(REQUESTS); // nothing was killed, so nothing came twice
    const [{ completed }] = await manager().query(
      "SELECT COUNT(*) AS completed FROM requests WHERE status = 'Completed'",
    );
    expect(Number(completed)).toBe(REQUESTS);
  }, 1_200_000); // a server that makes each commit durable takes minutes beside a load

  it('are found again where the queue has forgotten them, and where their worker died', async () => {
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    await calls.client.accepted(oneImage());
    await until(async () => (await deliveriesOf(subscription))[0]?.status === 'delivered');
    const [{ event_id }] = await deliveriesOf(subscription);

    const change = (columns: Partial<WebhookDeliveryEntity>) =>
      manager().update(WebhookDeliveryEntity, { state: 'delivered' }, columns);
    await change({ state: 'pending', dueAt: clock.now(), enqueuedAt: clock.now() });
    await until(() => calls.receiver.received.length === 2);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    await change({ state: 'sending', dueAt: clock.now() - 1 });
    await until(() => calls.receiver.received.length === 3);

    expect(calls.receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(3).fill(event_id),
    );
  });

  it('are taken up again after an error that nobody expected', async () => {
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    const fault = jest
      .spyOn(calls.app.nest.get(WebhookSender), 'send')
      .mockRejectedValueOnce(new Error('a bug'));
    await calls.client.accepted(oneImage());
    await until(async () => fault.mock.calls.length === 1);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'sending');

    clock.aheadMs += HOUR; // past the lease
    await until(() => calls.receiver.received.length === 1);

    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    expect((await deliveriesOf(subscription))[0].tries).toHaveLength(1);
  });

  it('are sent once, however often the same job runs', async () => {
    const subscription = await subscribe('/hook');
    await calls.client.accepted(oneImage());
    await until(() => calls.receiver.received.length === 1);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    const delivery = await manager().findOneByOrFail(WebhookDeliveryEntity, { state: 'delivered' });
    const answer = deferred();
    calls.receiver.replies['/hook'] = (_request, response) => void answer.promise.then(() => response.end());
    const { key } = delivery;
    await manager().update(
      WebhookDeliveryEntity,
      { key },
      { state: 'pending', dueAt: 1, enqueuedAt: 2 ** 45 },
    );

    const deliveries = calls.app.nest.get(WebhookDeliveries);
    const runs = Promise.all(Array.from({ length: 10 }, () => deliveries.process(key)));
    await until(() => calls.receiver.received.length === 2);
    answer.resolve();
    await runs;

    expect(calls.receiver.received).toHaveLength(2);
  });

  it('are swept 30 days after their event, but not while they are under way', async () => {
    calls.receiver.replies['/slow'] = 500;
    const clock = ownClock();
    const done = await subscribe('/done');
    const open = await subscribe('/slow');
    await calls.client.accepted(oneImage());
    await tried(done);
    await tried(open);
    await manager().update(WebhookDeliveryEntity, { state: 'pending' }, { dueAt: 2 ** 45 });

    clock.aheadMs += KEPT_MS + HOUR;
    await dispatcher().dispatch();
    expect(await manager().count(EventEntity)).toBe(1);
    await manager().update(WebhookDeliveryEntity, { state: 'pending' }, { state: 'failed' });
    clock.aheadMs += HOUR;
    await dispatcher().dispatch();

    for (const entity of [EventEntity, WebhookDeliveryEntity, WebhookTryEntity])
      expect(await manager().count(entity)).toBe(0);
  });

  it('that hang at the end of the process are given back, and go out at the next start', async () => {
    let hangs = true;
    calls.receiver.replies['/hook'] = (_request, response) => void (hangs || response.end());
    const subscription = await subscribe('/hook');
    await calls.client.accepted(oneImage());
    await until(() => calls.receiver.received.length === 1);

    await calls.app.close();
    hangs = false;
    await open();
    await until(() => calls.receiver.received.length === 2);

    // Had the stop waited until the receiver's fifteen seconds were over, that try would be in the log.
    expect((await tried(subscription)).tries).toHaveLength(1);

    const ids = calls.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    verified(calls.receiver.received.at(-1)!, subscription.secret);
  });
});
