import { until } from '../helpers/wait.js';
import { verified } from '../helpers/servers/webhook-receiver.js';
import { useDeliveries } from '../helpers/app/delivery-calls.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From the specification: what is waited before each try. */
const SCHEDULE = [0, 5 * SECOND, 5 * MINUTE, ...[0.5, 2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR)];

describeOnEachEngine('deliveries of webhooks', (engine) => {
  const calls = useDeliveries(engine);
  const { deliveriesOf, dispatcher, oneImage, open, ownClock, subscribe, tried } = calls;

  const isSettledOrWaits = ({ tries, status }: any) => tries.length > 0 && status !== 'sending';

  it('end well or badly by what the receiver does, and the request is what it is', async () => {
    const answer = (status: number, headers = {}, body = '') =>
      ((_request: unknown, response: any) => response.writeHead(status, headers).end(body)) as any;
    let endlessBytes = 0;
    let elsewhere = 0;
    calls.receiver.replies['/elsewhere'] = () => elsewhere++;
    const cases: Record<string, { reply: any; expected: object; waits?: [number, number] }> = {
      '/200': { reply: answer(200, {}, 'да'), expected: { status: 'delivered', error_code: null } },
      '/202': { reply: 202, expected: { status: 'delivered' } },
      '/500': { reply: answer(500, {}, 'x'.repeat(5000)), expected: failing('HTTP_500'), waits: [4.5, 5.5] },
      '/400': { reply: 400, expected: failing('HTTP_400'), waits: [4.5, 5.5] },
      '/301': {
        reply: answer(301, { location: calls.receiver.url('/elsewhere') }),
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
    for (const [path, { reply }] of Object.entries(cases)) calls.receiver.replies[path] = reply;
    const clock = ownClock(true);
    const subscriptions = new Map<string, { id: string; secret: string }>();
    for (const path of Object.keys(cases)) subscriptions.set(path, await subscribe(path));
    const nobody = await calls.client.send('POST', '/webhooks', { url: 'http://nobody.invalid/' });

    const id = await calls.client.accepted(oneImage());
    await calls.client.completed(id);
    const seen: Record<string, any> = {};
    for (const [path, subscription] of subscriptions) seen[path] = await tried(subscription);

    for (const [path, { expected, waits }] of Object.entries(cases)) {
      expect([path, seen[path]]).toEqual([path, expect.objectContaining(expected)]);
      verified(calls.receiver.at(path)[0], subscriptions.get(path)!.secret, clock.now());
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
    const unknown = await tried(nobody.json);
    expect(unknown).toMatchObject(failing('HOST_NOT_FOUND'));
    expect(unknown.tries[0]).toMatchObject({ status: null, answer: null });
    const gone = (await calls.client.get(`/webhooks/${subscriptions.get('/410')!.id}`)).json;
    expect(gone).toMatchObject({
      active: false,
      disabled_reason: { code: 'ENDPOINT_GONE', message: expect.stringContaining('410') },
    });
    expect((await calls.client.get(`/requests/${id}`)).json).toMatchObject({
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
    await calls.app.close();
    await open({ ALLOW_PRIVATE: `${new URL(calls.origin.url('/')).host}` });
    await calls.client.accepted(oneImage());

    const { tries, error_code } = await tried(subscription);

    expect(error_code).toBe('ADDRESS_REFUSED');
    expect(tries[0]).toEqual({
      at: expect.any(String),
      duration_ms: expect.any(Number),
      status: null,
      error: { code: 'ADDRESS_REFUSED', message: expect.not.stringContaining('127.0.0.1') },
      answer: null,
    });
    expect(calls.receiver.received).toEqual([]);
  });

  it('follow the whole schedule within ten percent, and end in failure after the tenth try', async () => {
    calls.receiver.replies['/hook'] = 500;
    const clock = ownClock(true);
    const subscription = await subscribe('/hook');
    await calls.client.accepted(oneImage());

    const waits: number[] = [];
    let delivery = await tried(subscription);
    const first = delivery;
    while (delivery.status === 'pending') {
      const last = delivery.tries.at(-1);
      waits.push(Date.parse(delivery.next_try_at) - Date.parse(last.at));
      clock.aheadMs += waits.at(-1)!;
      dispatcher().wake();
      delivery = await tried(subscription, waits.length + 1);
      verified(calls.receiver.received.at(-1)!, subscription.secret, clock.now());
    }

    expect(waits).toHaveLength(SCHEDULE.length - 1);
    for (const [index, wait] of waits.entries()) {
      const planned = SCHEDULE[index + 1];
      expect(wait).toBeGreaterThanOrEqual(0.9 * planned);
      expect(wait).toBeLessThanOrEqual(1.1 * planned);
    }
    expect(waits.some((wait, index) => Math.abs(wait - SCHEDULE[index + 1]) > 0.001 * wait)).toBe(true);
    expect(delivery).toMatchObject({ status: 'failed', error_code: 'HTTP_500', next_try_at: null });
    expect(new Set(calls.receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([first.event_id]),
    );
    expect(new Set(calls.receiver.received.map(({ text }) => text)).size).toBe(1);
    expect(calls.receiver.received).toHaveLength(10);
    clock.aheadMs += 2 * DAY;
    await dispatcher().dispatch();
    expect(calls.receiver.received).toHaveLength(10);
  });

  it('end for an endpoint that fails for five days, and begin again when it is switched on', async () => {
    calls.receiver.replies['/hook'] = 500;
    const clock = ownClock();
    const subscription = await subscribe('/hook');
    const endpoint = async () => (await calls.client.get(`/webhooks/${subscription.id}`)).json;
    let failed = 0;
    const fail = async () => {
      await calls.client.accepted(oneImage());
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
    await calls.client.accepted(oneImage());
    await until(async () => !(await endpoint()).active);

    expect(await endpoint()).toMatchObject({
      active: false,
      disabled_reason: { code: 'ENDPOINT_FAILING' },
      disabled_at: expect.any(String),
    });
    await until(async () => (await deliveriesOf(subscription)).every(({ status }) => status === 'failed'));
    const before = (await deliveriesOf(subscription)).length;
    await calls.client.completed(await calls.client.accepted(oneImage()));
    expect(await deliveriesOf(subscription)).toHaveLength(before); // nothing more for a disabled one

    calls.receiver.replies['/hook'] = 200;
    const on = await calls.client.send('PATCH', `/webhooks/${subscription.id}`, { active: true });
    expect(on.json).toMatchObject({ active: true, disabled_reason: null, failing_since: null });
    const replayed = await calls.client.send('POST', `/webhooks/${subscription.id}/replay`, {
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
      calls.receiver.replies['/hook'] = status;
      await calls.client.send('POST', `/webhooks/${subscription.id}/test`);
      await until(async () => {
        const items = await deliveriesOf(subscription);
        return items.length > before && items.every(isSettledOrWaits);
      });
      return (await calls.client.get(`/webhooks/${subscription.id}`)).json.failing_since;
    };

    expect(await ping(500)).not.toBeNull();
    expect(await ping(200)).toBeNull();
    const early = await ping(500);
    clock.aheadMs += 20 * DAY;
    const late = await ping(500);

    expect(Date.parse(late) - Date.parse(early)).toBeGreaterThanOrEqual(20 * DAY);
  });
});
