import { DataSource, MoreThan } from 'typeorm';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { insertRows } from '../../src/database/statements/insert-rows.js';
import { WebhookDeliveryEntity } from '../../src/database/entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../../src/database/entities/webhook-endpoint.entity.js';
import { EventEntity } from '../../src/database/entities/event.entity.js';
import { WebhookTryEntity } from '../../src/database/entities/webhook-try.entity.js';
import { WebhookDeliveries } from '../../src/webhooks/delivery/webhook-deliveries.js';
import { KEPT_MS } from '../../src/webhooks/delivery/event-retention.js';
import { WebhookDispatcher } from '../../src/webhooks/delivery/webhook-dispatcher.js';
import { WebhookSender } from '../../src/webhooks/delivery/webhook-sender.js';
import { type Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { deferred, until } from '../helpers/wait.js';
import { verified, WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** So many calls a receiver that hangs gets at most before another one has its turn; its backlog is far longer. */
const MAX_OVERTAKEN = 20;

/** From the specification: what is waited before each try. */
const SCHEDULE = [0, 5 * SECOND, 5 * MINUTE, ...[0.5, 2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR)];

describeOnEachEngine('deliveries of webhooks', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let client: Client;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    origin = await serveImages({ '/1.jpg': await photo(8, 8) });
  });
  afterAll(() => origin.close());
  beforeEach(async () => {
    installation = await engine.install();
    await open();
    receiver = await WebhookReceiver.start();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
    await receiver.close();
    await installation.remove();
  });

  async function open(environment: Record<string, string> = {}): Promise<void> {
    app = await startApp(installation, environment);
    client = app.client;
  }

  /** The database's clock, put forward by what the test adds. One that stands moves by that alone. */
  function ownClock(stands = false): { aheadMs: number; now: () => number } {
    const clock = app.nest.get(DatabaseClock);
    const start = clock.now();
    const real = stands ? () => start : clock.now.bind(clock);
    const own = { aheadMs: 0, now: () => real() + own.aheadMs };
    jest.spyOn(clock, 'now').mockImplementation(own.now);
    return own;
  }

  const oneImage = () => csvOf([['Mug', [origin.url('/1.jpg')]]]);
  const manager = () => app.nest.get(DataSource).manager;
  const dispatcher = () => app.nest.get(WebhookDispatcher);

  async function subscribe(path: string, event_types = ['request.completed'], from = receiver) {
    const { json } = await client.send('POST', '/webhooks', { url: from.url(path), event_types });
    return json as { id: string; secret: string };
  }

  async function deliveriesOf({ id }: { id: string }): Promise<any[]> {
    return (await client.get(`/webhooks/${id}/deliveries`)).json.items;
  }

  const isSettledOrWaits = ({ tries, status }: any) => tries.length > 0 && status !== 'sending';

  /** The one delivery of a subscription when it has been tried so often. */
  async function tried(subscription: { id: string }, tries = 1): Promise<any> {
    let delivery: any;
    await until(async () => {
      [delivery] = await deliveriesOf(subscription);
      return delivery?.tries.length >= tries && delivery.status !== 'sending';
    });
    return delivery;
  }

  it('end well or badly by what the receiver does, and the request is what it is', async () => {
    const answer = (status: number, headers = {}, body = '') =>
      ((_request: unknown, response: any) => response.writeHead(status, headers).end(body)) as any;
    let endlessBytes = 0;
    let elsewhere = 0;
    receiver.replies['/elsewhere'] = () => elsewhere++;
    const cases: Record<string, { reply: any; expected: object; waits?: [number, number] }> = {
      '/200': { reply: answer(200, {}, 'да'), expected: { status: 'delivered', error_code: null } },
      '/202': { reply: 202, expected: { status: 'delivered' } },
      '/500': { reply: answer(500, {}, 'x'.repeat(5000)), expected: failing('HTTP_500'), waits: [4.5, 5.5] },
      '/400': { reply: 400, expected: failing('HTTP_400'), waits: [4.5, 5.5] },
      '/301': {
        reply: answer(301, { location: receiver.url('/elsewhere') }),
        expected: failing('HTTP_301'),
        waits: [4.5, 5.5],
      },
      '/429': {
        reply: answer(429, { 'retry-after': '120' }),
        expected: failing('HTTP_429'),
        waits: [120, 121],
      },
      '/503': {
        reply: answer(503, { 'retry-after': '1' }),
        expected: failing('HTTP_503'),
        waits: [4.5, 5.5],
      },
      '/504': {
        reply: answer(504, { 'retry-after': '99999999' }),
        expected: failing('HTTP_504'),
        waits: [3600, 3601],
      },
      '/410': { reply: 410, expected: { status: 'failed', error_code: 'HTTP_410', next_try_at: null } },
      '/reset': {
        reply: (request: any) => request.socket.resetAndDestroy(),
        expected: failing('CONNECTION_FAILED'),
        waits: [4.5, 5.5],
      },
      '/nonsense': {
        reply: (request: any) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
        expected: failing('RESPONSE_INVALID'),
        waits: [4.5, 5.5],
      },
      '/endless': {
        reply: (_request: any, response: any) => {
          response.writeHead(200, { 'content-length': String(2 ** 30) });
          const chunk = Buffer.alloc(64 * 1024, 'x');
          const write = () => {
            while (!response.destroyed && response.write(chunk)) endlessBytes += chunk.length;
          };
          response.on('drain', write);
          write();
        },
        expected: { status: 'delivered' },
      },
      '/drip': {
        reply: (_request: any, response: any) => {
          response.writeHead(200);
          const timer = setInterval(() => response.write('x'), 200);
          response.on('close', () => clearInterval(timer));
        },
        expected: { status: 'delivered' },
      },
      '/hang': { reply: () => undefined, expected: failing('TIMEOUT'), waits: [4.5, 5.5] },
    };
    for (const [path, { reply }] of Object.entries(cases)) receiver.replies[path] = reply;
    ownClock(true);
    const subscriptions = new Map<string, { id: string; secret: string }>();
    for (const path of Object.keys(cases)) subscriptions.set(path, await subscribe(path));
    const nobody = await client.send('POST', '/webhooks', { url: 'http://nobody.invalid/' });

    const id = await client.accepted(oneImage());
    await client.completed(id);
    const seen: Record<string, any> = {};
    for (const [path, subscription] of subscriptions) seen[path] = await tried(subscription);

    for (const [path, { expected, waits }] of Object.entries(cases)) {
      expect([path, seen[path]]).toEqual([path, expect.objectContaining(expected)]);
      verified(receiver.at(path)[0], subscriptions.get(path)!.secret);
      const { tries, next_try_at } = seen[path];
      if (!waits) continue;
      const waited = (Date.parse(next_try_at) - Date.parse(tries[0].at)) / SECOND;
      expect([path, waited >= waits[0] && waited <= waits[1], waited]).toEqual([path, true, waited]);
    }
    expect(seen['/200'].tries[0].answer).toBe('да');
    expect(seen['/500'].tries[0].answer).toBe('x'.repeat(1024));
    expect(seen['/endless'].tries[0].answer).toBe('x'.repeat(1024));
    expect(endlessBytes).toBeLessThan(2 ** 25);
    expect(seen['/hang'].tries[0].duration_ms).toBeGreaterThan(14_900);
    expect(elsewhere).toBe(0);
    const [unknown] = await deliveriesOf(nobody.json);
    expect(unknown).toMatchObject(failing('HOST_NOT_FOUND'));
    expect(unknown.tries[0]).toMatchObject({ status: null, answer: null });
    const gone = (await client.get(`/webhooks/${subscriptions.get('/410')!.id}`)).json;
    expect(gone).toMatchObject({
      active: false,
      disabled_reason: { code: 'ENDPOINT_GONE', message: expect.stringContaining('410') },
    });
    expect((await client.get(`/requests/${id}`)).json).toMatchObject({
      status: 'Completed',
      outcome: 'succeeded',
      counts: { done: 1, failed: 0 },
    });

    function failing(error_code: string) {
      return { status: 'pending', error_code, next_try_at: expect.any(String), delivered_at: null };
    }
  });

  it('never reach an address that is not public, by whatever name, and the log shows nothing of it', async () => {
    const subscription = await subscribe('/private');
    await app.close();
    await open({ ALLOW_PRIVATE: `${new URL(origin.url('/')).host}` });
    await client.accepted(oneImage());

    const { tries, error_code } = await tried(subscription);

    expect(error_code).toBe('ADDRESS_REFUSED');
    expect(tries[0]).toEqual({
      at: expect.any(String),
      duration_ms: expect.any(Number),
      status: null,
      error: { code: 'ADDRESS_REFUSED', message: expect.not.stringContaining('127.0.0.1') },
      answer: null,
    });
    expect(receiver.received).toEqual([]);
  });

  it('follow the whole schedule within ten percent, and end in failure after the tenth try', async () => {
    receiver.replies['/hook'] = 500;
    const clock = ownClock(true);
    const subscription = await subscribe('/hook');
    await client.accepted(oneImage());

    const waits: number[] = [];
    let delivery = await tried(subscription);
    const first = delivery;
    while (delivery.status === 'pending') {
      const last = delivery.tries.at(-1);
      waits.push(Date.parse(delivery.next_try_at) - Date.parse(last.at));
      clock.aheadMs += waits.at(-1)!;
      dispatcher().wake();
      delivery = await tried(subscription, waits.length + 1);
      verified(receiver.received.at(-1)!, subscription.secret, clock.now());
    }

    expect(waits).toHaveLength(SCHEDULE.length - 1);
    for (const [index, wait] of waits.entries()) {
      const planned = SCHEDULE[index + 1];
      expect(wait).toBeGreaterThanOrEqual(0.9 * planned);
      expect(wait).toBeLessThanOrEqual(1.1 * planned);
    }
    expect(waits.some((wait, index) => Math.abs(wait - SCHEDULE[index + 1]) > 0.001 * wait)).toBe(true);
    expect(delivery).toMatchObject({ status: 'failed', error_code: 'HTTP_500', next_try_at: null });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([first.event_id]),
    );
    expect(new Set(receiver.received.map(({ text }) => text)).size).toBe(1);
    expect(receiver.received).toHaveLength(10);
    clock.aheadMs += 2 * DAY;
    await dispatcher().dispatch();
    expect(receiver.received).toHaveLength(10);
  });

  it('end for an endpoint that fails for five days, and begin again when it is switched on', async () => {
    receiver.replies['/hook'] = 500;
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    const endpoint = async () => (await client.get(`/webhooks/${subscription.id}`)).json;
    let failed = 0;
    const fail = async () => {
      await client.accepted(oneImage());
      failed++;
      await until(async () => {
        const items = await deliveriesOf(subscription);
        return items.length === failed && items.every(isSettledOrWaits);
      });
    };

    await fail();
    const since = (await endpoint()).failing_since;
    for (let day = 1; day < 5; day++) {
      clock.aheadMs += DAY;
      await fail();
      expect(await endpoint()).toMatchObject({ active: true, failing_since: since });
    }
    clock.aheadMs += DAY;
    await client.accepted(oneImage());
    await until(async () => !(await endpoint()).active);

    expect(await endpoint()).toMatchObject({
      active: false,
      disabled_reason: { code: 'ENDPOINT_FAILING' },
      disabled_at: expect.any(String),
    });
    await until(async () => (await deliveriesOf(subscription)).every(({ status }) => status === 'failed'));
    const before = (await deliveriesOf(subscription)).length;
    await client.completed(await client.accepted(oneImage()));
    expect(await deliveriesOf(subscription)).toHaveLength(before); // nothing more for a disabled one

    receiver.replies['/hook'] = 200;
    const on = await client.send('PATCH', `/webhooks/${subscription.id}`, { active: true });
    expect(on.json).toMatchObject({ active: true, disabled_reason: null, failing_since: null });
    const replayed = await client.send('POST', `/webhooks/${subscription.id}/replay`, {
      since: '2026-01-01T00:00:00Z',
    });
    expect(replayed.json).toEqual({ replayed: before });
    await until(async () => (await deliveriesOf(subscription)).every(({ status }) => status === 'delivered'));
  });

  it('forgive an endpoint its old failures: after a success, and after days without a try', async () => {
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    const ping = async (status: number) => {
      const before = (await deliveriesOf(subscription)).length;
      receiver.replies['/hook'] = status;
      await client.send('POST', `/webhooks/${subscription.id}/test`);
      await until(async () => {
        const items = await deliveriesOf(subscription);
        return items.length > before && items.every(isSettledOrWaits);
      });
      return (await client.get(`/webhooks/${subscription.id}`)).json.failing_since;
    };

    expect(await ping(500)).not.toBeNull();
    expect(await ping(200)).toBeNull();
    const early = await ping(500);
    clock.aheadMs += 20 * DAY;
    const late = await ping(500);

    expect(Date.parse(late) - Date.parse(early)).toBeGreaterThanOrEqual(20 * DAY);
  });

  it('to one receiver never wait for another that hangs with a backlog', async () => {
    const hanging = await WebhookReceiver.start({ '/hang': () => undefined });
    await subscribe('/hang', ['image.failed'], hanging);
    const csv = csvOf([['Mug', Array.from({ length: 300 }, (_, at) => origin.url(`/none-${at}.jpg`))]]);
    await client.completed(await client.accepted(csv));
    await until(() => hanging.received.length > 0);

    const quick = await subscribe('/quick');
    await client.accepted(oneImage());
    await until(() => receiver.received.length === 1);

    verified(receiver.received[0], quick.secret);
    expect(hanging.received.length).toBeLessThan(MAX_OVERTAKEN);
    await hanging.close();
  });

  it('go out at once beside whatever has piled up for another receiver, of which a window is read', async () => {
    const PILED_UP = 30_000;
    const hanging = await WebhookReceiver.start({ '/hang': () => undefined });
    await pileUp(await subscribe('/hang', ['image.failed'], hanging), PILED_UP);
    const quick = await subscribe('/quick');
    const query = jest.spyOn(manager(), 'query');

    await client.accepted(oneImage());
    await until(() => receiver.received.length === 1);
    await dispatcher().dispatch();

    verified(receiver.received[0], quick.secret);
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
    await app.close();
    await open({ SECRET_KEY: 'quite another key, of 32 characters or more' });
    const clock = ownClock();
    await client.accepted(oneImage());
    await until(async () => (await deliveriesOf(subscription))[0]?.error_code === 'SECRET_UNREADABLE');
    const [waiting] = await deliveriesOf(subscription);

    const { json } = await client.send('POST', `/webhooks/${subscription.id}/rotate-secret`);
    clock.aheadMs += 6 * MINUTE;
    await until(() => receiver.received.length === 1);

    expect(waiting).toMatchObject({ status: 'pending', tries: [] });
    expect(json.previous_secret_until).toBeNull();
    verified(receiver.received[0], json.secret, clock.now());
    expect((await client.get(`/webhooks/${subscription.id}`)).json.failing_since).toBeNull();
  });

  it('reach a receiver a thousand times for a thousand requests, each with an id of its own', async () => {
    const REQUESTS = 1000;
    const subscription = await subscribe('/many');
    let uploaded = 0;
    const uploader = async () => {
      while (uploaded++ < REQUESTS) await client.accepted(oneImage());
    };

    await Promise.all(Array.from({ length: 8 }, uploader));
    const count = () => new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size;
    await until(() => count() === REQUESTS, 150_000);

    const requests = new Set(
      receiver.received.map((message) => verified(message, subscription.secret).data.request_id),
    );
    expect(requests.size).toBe(REQUESTS);
    expect(receiver.received).toHaveLength(REQUESTS); // nothing was killed, so nothing came twice
    const [{ completed }] = await manager().query(
      "SELECT COUNT(*) AS completed FROM requests WHERE status = 'Completed'",
    );
    expect(Number(completed)).toBe(REQUESTS);
  });

  it('are found again where the queue has forgotten them, and where their worker died', async () => {
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    await client.accepted(oneImage());
    await until(async () => (await deliveriesOf(subscription))[0]?.status === 'delivered');
    const [{ event_id }] = await deliveriesOf(subscription);

    const change = (columns: Partial<WebhookDeliveryEntity>) =>
      manager().update(WebhookDeliveryEntity, { state: 'delivered' }, columns);
    await change({ state: 'pending', dueAt: clock.now(), enqueuedAt: clock.now() });
    await until(() => receiver.received.length === 2);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    await change({ state: 'sending', dueAt: clock.now() - 1 });
    await until(() => receiver.received.length === 3);

    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(event_id));
  });

  it('are taken up again after an error that nobody expected', async () => {
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    const fault = jest.spyOn(app.nest.get(WebhookSender), 'send').mockRejectedValueOnce(new Error('a bug'));
    await client.accepted(oneImage());
    await until(async () => fault.mock.calls.length === 1);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'sending');

    clock.aheadMs += MINUTE; // past the lease
    await until(() => receiver.received.length === 1);

    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    expect((await deliveriesOf(subscription))[0].tries).toHaveLength(1);
  });

  it('are sent once, however often the same job runs', async () => {
    const subscription = await subscribe('/hook');
    await client.accepted(oneImage());
    await until(() => receiver.received.length === 1);
    await until(async () => (await deliveriesOf(subscription))[0].status === 'delivered');
    const delivery = await manager().findOneByOrFail(WebhookDeliveryEntity, { state: 'delivered' });
    const answer = deferred();
    receiver.replies['/hook'] = (_request, response) => void answer.promise.then(() => response.end());
    const { key } = delivery;
    await manager().update(
      WebhookDeliveryEntity,
      { key },
      { state: 'pending', dueAt: 1, enqueuedAt: 2 ** 45 },
    );

    const deliveries = app.nest.get(WebhookDeliveries);
    const runs = Promise.all(Array.from({ length: 10 }, () => deliveries.process(key)));
    await until(() => receiver.received.length === 2);
    answer.resolve();
    await runs;

    expect(receiver.received).toHaveLength(2);
  });

  it('are swept 30 days after their event, but not while they are under way', async () => {
    receiver.replies['/slow'] = 500;
    const clock = ownClock();
    const done = await subscribe('/done');
    const open = await subscribe('/slow');
    await client.accepted(oneImage());
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
    receiver.replies['/hook'] = (_request, response) => void (hangs || response.end());
    const subscription = await subscribe('/hook');
    await client.accepted(oneImage());
    await until(() => receiver.received.length === 1);

    await app.close();
    hangs = false;
    await open();
    await until(() => receiver.received.length === 2);

    // Had the stop waited until the receiver's fifteen seconds were over, that try would be in the log.
    expect((await tried(subscription)).tries).toHaveLength(1);

    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    verified(receiver.received.at(-1)!, subscription.secret);
  });
});
