import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { EmbeddedSpace } from '../../src/database/embedded-space.js';
import { RequestRemoval } from '../../src/requests/removal/request-removal.js';
import { Retention } from '../../src/requests/removal/retention.js';
import { type Client, csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { holdInTheMiddle } from '../helpers/held-in-the-middle.js';
import { turns, until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const DAY = 86_400_000;
/** More than any disk has. */
const TOO_MUCH = '9000000000000000';
/** Images of requests whose rows take some MB; all of three addresses. */
const LARGE = 12_000;

describeOnEachEngine('what is kept of requests', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let apps: TestApp[] = [];

  beforeAll(async () => {
    const pictures = await Promise.all([1, 2, 3].map((seed) => photo(64, 48, seed)));
    origin = await serveImages(
      Object.fromEntries(pictures.map((each, index) => [`/${index + 1}.jpg`, each])),
    );
  });
  afterAll(() => origin.close());
  beforeEach(async () => (installation = await engine.install()));
  afterEach(async () => {
    for (const app of apps) await app.close();
    apps = [];
    await installation.remove();
  });

  const start = async (environment: Record<string, string> = {}): Promise<TestApp> => {
    const app = await startApp(installation, environment);
    apps.push(app);
    return app;
  };
  const close = async (app: TestApp) => {
    apps = apps.filter((other) => other !== app);
    await app.close();
  };
  const done = async (client: Client, images: number[], webhook?: string): Promise<string> => {
    const form = new FormData();
    form.append(
      'file',
      new Blob([csvOf([['Mug', images.map((image) => origin.url(`/${image}.jpg`))]])]),
      'a.csv',
    );
    if (webhook) form.append('webhook_url', webhook);
    const answer = await fetch(`${client.url}/upload`, { method: 'POST', body: form });
    const { request_id } = (await answer.json()) as { request_id: string };
    await client.completed(request_id);
    return request_id;
  };
  const large = () => {
    const urls = Array.from({ length: LARGE }, (_, index) => origin.url(`/${(index % 3) + 1}.jpg`));
    return csvOf(
      Array.from({ length: LARGE / 500 }, (_, row) => ['Mug', urls.slice(row * 500, row * 500 + 500)]),
    );
  };
  const listed = async (client: Client): Promise<string[]> =>
    (await client.get('/requests')).json.items.map(({ id }: { id: string }) => id);
  const endedBefore = (database: DataSource, id: string, days: number) =>
    database.query('UPDATE requests SET completed_at = ? WHERE id = ?', [Date.now() - days * DAY, id]);

  it('is nothing of a request that ended more than RETENTION_DAYS ago, unless something is to be delivered', async () => {
    const receiver = await WebhookReceiver.start({ '/failing': 500 });
    const { client, nest } = await start({ RETENTION_DAYS: '30' });
    const database = nest.get(DataSource);
    const [old, awaited, cancelled] = [
      await done(client, [1, 2]),
      await done(client, [1], receiver.url('/failing')),
      await done(client, [2]),
    ];
    const recent = await done(client, [3]);
    await until(async () => {
      const [delivery] = (await client.get(`/requests/${awaited}/webhooks`)).json.items;
      return delivery?.tries.length > 0 && delivery.status === 'pending';
    });
    for (const id of [old, awaited, cancelled]) await endedBefore(database, id, 31);
    await endedBefore(database, recent, 29);
    await database.query("UPDATE requests SET status = 'Cancelled', outcome = 'cancelled' WHERE id = ?", [
      cancelled,
    ]);

    expect(await nest.get(Retention).sweep()).toBe(2);

    expect(await listed(client)).toEqual([recent, awaited]);
    expect(await faultsOf(database)).toEqual({});
    await database.query("UPDATE webhook_deliveries SET state = 'failed'");
    expect(await nest.get(Retention).sweep()).toBe(1);
    expect(await listed(client)).toEqual([recent]);
    await receiver.close();
  });

  it('is deleted, the oldest first, until the files take RETENTION_MAX_BYTES, where shared ones free nothing', async () => {
    let app = await start();
    const ids = [await done(app.client, [1, 2]), await done(app.client, [1]), await done(app.client, [2, 3])];
    const database = app.nest.get(DataSource);
    const bytesOf = async (kind: string) =>
      (
        await database.query<{ bytes: number }[]>(
          `SELECT bytes FROM files WHERE kind = '${kind}' ORDER BY bytes`,
        )
      ).map(({ bytes }) => Number(bytes));
    const uploads = await bytesOf('upload');
    const outputs = await bytesOf('output');
    const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);
    const all = sum([...uploads, ...outputs]);
    for (const [index, id] of ids.entries()) await endedBefore(database, id, 3 - index);
    await close(app);

    // What the first one alone has is its upload. The second one's picture is free only when both are gone.
    app = await start({ RETENTION_MAX_BYTES: String(all - Math.max(...uploads) - 1) });

    await until(async () => (await listed(app.client)).length === 1);
    expect(await listed(app.client)).toEqual([ids[2]]);
    let swept: number | null = null; // the first round may not have ended yet
    await until(async () => (swept = await app.nest.get(Retention).sweep()) !== null);
    expect(swept).toBe(0); // the files are still there, and not counted again
    expect((await app.client.get(`/requests/${ids[2]}`)).json.counts.done).toBe(2);
    expect(await faultsOf(app.nest.get(DataSource))).toEqual({});
  });

  it('is nothing new where less than MIN_FREE_BYTES is free, until there is more', async () => {
    let app = await start({ MODE: engine.isShared ? 'api' : 'all' });
    let id = '';
    if (engine.isShared) id = await app.client.accepted(csvOf([['Mug', [origin.url('/1.jpg')]]]));
    await close(app);

    app = await start({ MIN_FREE_BYTES: TOO_MUCH });
    const refused = await app.client.upload(csvOf([['Mug', [origin.url('/1.jpg')]]]));
    expect([refused.status, refused.json]).toEqual([
      507,
      expect.objectContaining({ code: 'FREE_SPACE_LOW' }),
    ]);
    const ready = await app.client.get('/health/ready');
    expect([ready.status, ready.json.checks.free_space, ready.json.checks.database]).toEqual([
      503,
      'unavailable',
      'ok',
    ]);
    if (id) {
      await turns(200);
      expect((await app.client.get(`/status/${id}`)).json).toEqual({ status: 'Pending' });
    }
    await close(app);

    app = await start({ MIN_FREE_BYTES: '1' });
    expect((await app.client.get('/health/ready')).json.checks.free_space).toBe('ok');
    if (id) await app.client.completed(id);
    await done(app.client, [2]);
  });

  it('goes on being deleted where the process is killed in the middle', async () => {
    const environment = {
      ...installation.environment,
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      PORT: String(await freePort()),
    };
    let service = await Service.start(environment);
    const id = await service.client.accepted(large());
    await service.client.completed(id);
    const kept = await done(service.client, [1]);
    await service.stop();
    await withDatabase(installation, (database) => endedBefore(database, id, 2));

    const condition = `OLD.image_number > ${LARGE / 2}`;
    const drop = await withDatabase(installation, (database) =>
      holdInTheMiddle(database, { event: 'DELETE', table: 'outputs', condition }),
    );
    service = await Service.start({ ...environment, RETENTION_DAYS: '1' });
    await withDatabase(installation, async (database) => {
      await until(async () => {
        const [{ count }] = await database.query('SELECT COUNT(*) AS count FROM outputs');
        return Number(count) === LARGE / 2 + 1;
      });
      await service.kill();
      await database.query(drop);
    });
    service = await Service.start(environment); // what was begun is ended, whatever is set

    await until(async () => (await listed(service.client)).length === 1);
    await withDatabase(installation, async (database) => {
      await until(
        async () => Number((await database.query('SELECT COUNT(*) AS count FROM requests'))[0].count) === 1,
      );
      expect(await faultsOf(database)).toEqual({});
    });
    expect(await listed(service.client)).toEqual([kept]);
    expect(service.log).not.toMatch(/ERROR/);
    await service.stop();
  });

  if (!engine.isShared)
    it('takes no room in the database any more, also in a file of an earlier version', async () => {
      const file = path.join(installation.environment.DATA_DIR, 'database.sqlite');
      let app = await start();
      const number = async (pragma: string) =>
        (await app.nest.get(DataSource).query<Record<string, number>[]>(`PRAGMA ${pragma}`))[0][pragma];
      expect(await number('auto_vacuum')).toBe(2);
      await app.nest.get(DataSource).query('PRAGMA auto_vacuum = NONE');
      await app.nest.get(DataSource).query('VACUUM');
      expect(await number('auto_vacuum')).toBe(0);
      await close(app);

      app = await start();
      expect(await number('auto_vacuum')).toBe(2);
      await app.nest.get(RequestRemoval).stop();
      const before = await number('page_count');
      for (let count = 0; count < 3; count++) {
        const id = await app.client.accepted(large());
        await app.client.completed(id);
        await app.client.send('DELETE', `/requests/${id}`);
      }
      const full = await number('page_count');
      await app.nest.get(RequestRemoval).start();
      await until(async () => (await number('page_count')) <= before + 1_100);

      expect(full - before).toBeGreaterThan(2_000);
      await app.nest.get(EmbeddedSpace).giveBack();
      expect(await number('freelist_count')).toBeLessThanOrEqual(1_000);
      const wal = `${file}-wal`;
      if (existsSync(wal)) expect(statSync(wal).size).toBeLessThanOrEqual(64 * 1024 * 1024);
      expect(await faultsOf(app.nest.get(DataSource))).toEqual({});
    });
});
