import { type Client, csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { freePort, Service } from '../helpers/app/service.js';
import { holdInTheMiddle } from '../helpers/held-in-the-middle.js';
import { until } from '../helpers/wait.js';

/** Images of the request that is killed while it is retried; their addresses are refused, so that no call is made. */
const REFUSED = 8_000;

describeOnEachEngine('retrying a request', (engine) => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await engine.install();
  });
  afterAll(() => installation.remove());

  const ended = async (client: Client, id: string) => {
    const described = async () => (await client.get(`/requests/${id}`)).json;
    await until(async () => (await described()).is_final);
    return described();
  };

  it('goes on exactly where the process is killed in the middle, however often', async () => {
    const environment = {
      ...installation.environment,
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      PORT: String(await freePort()),
    };
    const urls = Array.from(
      { length: REFUSED },
      (_, index) => `http://10.0.0.1/${index % (REFUSED - 500)}.jpg`,
    );
    const rows = Array.from({ length: REFUSED / 500 }, (_, row): [string, string[]] => {
      return ['Mug', urls.slice(row * 500, row * 500 + 500)];
    });
    let service = await Service.start(environment);
    const id = await service.client.accepted(csvOf(rows));
    expect((await ended(service.client, id)).counts).toMatchObject({ failed: REFUSED });
    const isHeld = `OLD.number > ${REFUSED / 2} AND OLD.status = 'failed' AND NEW.status <> 'failed'`;

    await service.client.send('POST', `/requests/${id}/retry`).catch(() => undefined);
    for (let run = 2; run < 4; run++) {
      // From the second one on it is killed in the middle of its call.
      await ended(service.client, id);
      const drop = await withDatabase(installation, (database) =>
        holdInTheMiddle(database, { event: 'UPDATE', table: 'images', condition: isHeld }),
      );
      const call = service.client.send('POST', `/requests/${id}/retry`).catch(() => undefined);
      await until(async () => {
        const { json } = await service.client.get(`/requests/${id}`);
        return json.run === run + 1 && json.counts.failed === REFUSED / 2;
      });
      await service.kill();
      await call;
      await withDatabase(installation, async (database) => {
        expect(await faultsOf(database)).toEqual({});
        const [{ status }] = await database.query('SELECT status FROM requests WHERE id = ?', [id]);
        expect(status).toBe('Retrying');
        await database.query(drop);
      });
      service = await Service.start(environment);
    }

    const last = await ended(service.client, id);
    expect(last).toMatchObject({ run: 4, outcome: 'failed', counts: { failed: REFUSED, pending: 0 } });
    await withDatabase(installation, async (database) => {
      expect(await faultsOf(database)).toEqual({});
      const sql = `SELECT run, COUNT(*) AS events FROM webhook_events WHERE type = 'request.completed' AND request_id = '${id}'
        GROUP BY run ORDER BY run`;
      expect((await database.query(sql)).map(({ events }: { events: unknown }) => Number(events))).toEqual([
        1, 1, 1, 1,
      ]);
    });
    expect(service.log).not.toMatch(/ERROR/);
    await service.stop();
  });
});
