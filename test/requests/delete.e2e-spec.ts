import type { ServerResponse } from 'node:http';
import { DataSource } from 'typeorm';
import { ImageProcessor } from '../../src/images/processing/image-processor.js';
import { RequestRemoval } from '../../src/requests/removal/request-removal.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { FileSweeper } from '../../src/stored-files/file-sweeper.js';
import { verifyFiles } from '../../src/stored-files/verify-files.js';
import { type Client, csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import type { Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { describeOnEachStorage } from '../helpers/app/storages.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { holdInTheMiddle } from '../helpers/held-in-the-middle.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const TABLES = [
  ...['requests', 'products', 'images', 'request_hosts', 'outputs', 'faults', 'idempotency_keys'],
  ...['webhook_events', 'webhook_deliveries', 'webhook_tries'],
];
/** Images of the request that is killed while it is removed: all of three addresses. */
const LARGE = 3_000;

describeOnEachStorage('deleting a request', (engine) => {
  let installation: Installation;
  let origin: ImageOrigin;
  let picture: Buffer;
  let held: ServerResponse[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    picture = await photo(64, 48, 1);
    const pictures = await Promise.all([1, 2, 3].map((seed) => photo(64, 48, seed)));
    origin = await serveImages({
      ...Object.fromEntries(pictures.map((each, index) => [`/${index + 1}.jpg`, each])),
      ...Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [
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
  beforeEach(() => (held = []));

  const upload = async (client: Client, csv: string, { key = '', webhook = '' } = {}): Promise<string> => {
    const form = new FormData();
    form.append('file', new Blob([csv]), 'products.csv');
    if (webhook) form.append('webhook_url', webhook);
    const headers: Record<string, string> = key ? { 'idempotency-key': key } : {};
    const answer = await fetch(`${client.url}/upload`, { method: 'POST', body: form, headers });
    return ((await answer.json()) as { request_id: string }).request_id;
  };
  const rowsIn = async (database: DataSource): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const table of TABLES)
      counts[table] = Number((await database.query(`SELECT COUNT(*) AS count FROM ${table}`))[0].count);
    return counts;
  };
  const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));

  describe('in one process', () => {
    let app: TestApp;
    let receiver: WebhookReceiver;
    let hanging: ServerResponse | undefined;
    let database: DataSource;

    beforeAll(async () => {
      receiver = await WebhookReceiver.start({
        '/hanging': (_request, response) => void (hanging = response),
      });
      app = await startApp(installation, { DOWNLOADS_PER_HOST: '4' });
      database = app.nest.get(DataSource);
    });
    afterAll(async () => {
      await app.close();
      await receiver.close();
    });

    /** As if the hour were over for which files are kept. @returns keys of the files that are left */
    const sweep = async (): Promise<string[]> => {
      await database.query('UPDATE files SET released_at = 1 WHERE released_at IS NOT NULL');
      await app.nest.get(FileSweeper).sweep();
      const differences = [];
      for await (const difference of verifyFiles(database, app.nest.get(FileStorage)))
        differences.push(difference);
      expect(differences).toEqual([]);
      expect(await faultsOf(database)).toEqual({});
      const files = await database.query('SELECT file_key AS fileKey FROM files ORDER BY file_key');
      return files.map(({ fileKey }: { fileKey: string }) => fileKey);
    };
    afterEach(async () => {
      for (const { id } of (await app.client.get('/requests')).json.items)
        await app.client.send('DELETE', `/requests/${id}`);
      await gone();
    });
    const gone = () => until(async () => (await rowsIn(database)).requests === 0);

    it('leaves nothing of it, and all that another request has', async () => {
      const { client } = app;
      const csv = csvOf([['Mug', [origin.url('/1.jpg'), origin.url('/2.jpg'), origin.url('/1.jpg')]]]);
      const id = await upload(client, csv, { webhook: receiver.url('/end'), key: 'the same' });
      await client.completed(id);
      const other = await upload(client, csvOf([['Mug', [origin.url('/2.jpg'), origin.url('/3.jpg')]]]));
      await client.completed(other);
      await until(() => receiver.received.length > 0);
      const outputs = (await client.images(other)).map(({ output_url }) => output_url as string);
      const [unshared] = (await client.images(id)).map(({ output_url }) => output_url as string);

      const deleted = await client.send('DELETE', `/requests/${id}`);

      expect([deleted.status, deleted.text]).toEqual([204, '']);
      for (const path of ['', '/images', '/hosts', '/output.csv', '/errors.csv', '/webhooks'])
        expect((await client.get(`/requests/${id}${path}`)).json.code).toBe('REQUEST_NOT_FOUND');
      for (const action of ['cancel', 'retry'])
        expect((await client.send('POST', `/requests/${id}/${action}`)).status).toBe(404);
      expect((await client.get(`/status/${id}`)).json).toEqual({ error: 'Invalid request ID' });
      expect((await client.send('DELETE', `/requests/${id}`)).status).toBe(404);
      expect((await client.get('/requests')).json.items.map((item: { id: string }) => item.id)).toEqual([
        other,
      ]);
      await until(async () => (await rowsIn(database)).requests === 1);
      expect(await rowsIn(database)).toMatchObject({
        products: 1,
        images: 2,
        outputs: 2,
        idempotency_keys: 0,
      });
      const files = await sweep();
      expect(files).toHaveLength(3);
      expect((await client.get(new URL(unshared).pathname)).status).toBe(404);
      for (const url of outputs) expect((await fetch(url)).status).toBe(200);
      expect((await client.get(`/requests/${other}`)).json).toMatchObject({ counts: { done: 2 } });

      const again = await upload(client, csv, { key: 'the same' });
      expect(again).not.toBe(id);
      await client.completed(again);
      for (const each of [again, other]) await client.send('DELETE', `/requests/${each}`);
      await gone();
      expect(await rowsIn(database)).toEqual(NOTHING);
      expect(await sweep()).toEqual([]);
    });

    it('of which images are at work lets these end, and counts none of them', async () => {
      const { client } = app;
      const urls = Array.from({ length: 10 }, (_, index) => origin.url(`/held-${index}.jpg`));
      const id = await upload(client, csvOf([['Mug', urls]]));
      await until(() => held.length === 4);

      expect((await client.send('DELETE', `/requests/${id}`)).status).toBe(204);
      await gone();
      const timer = setInterval(() => held.splice(0).forEach((response) => response.end(picture)), 20);

      const next = await upload(client, csvOf([['Mug', [origin.url('/1.jpg')]]]));
      await client.completed(next); // the host has room again
      await app.nest.get(ImageProcessor).whenIdle(Infinity); // those at work have ended
      clearInterval(timer);
      await client.send('DELETE', `/requests/${next}`);
      await gone();
      expect(await rowsIn(database)).toEqual(NOTHING);
      expect(await sweep()).toEqual([]);
    });

    it('ends its deliveries, also one that is under way', async () => {
      const { client } = app;
      const id = await upload(client, csvOf([['Mug', [origin.url('/1.jpg')]]]), {
        webhook: receiver.url('/hanging'),
      });
      await client.completed(id);
      await until(() => hanging !== undefined);

      await client.send('DELETE', `/requests/${id}`);

      await gone();
      hanging!.writeHead(500).end();
      const next = await upload(client, csvOf([['Mug', [origin.url('/1.jpg')]]]), {
        webhook: receiver.url('/next'),
      });
      await until(() => receiver.at('/next').length > 0);
      await client.send('DELETE', `/requests/${next}`);
      await gone();
      expect(await rowsIn(database)).toEqual(NOTHING);
      expect(receiver.at('/hanging')).toHaveLength(1);
    });

    it('is made once where several processes remove it', async () => {
      const { client } = app;
      const id = await upload(client, csvOf([['Mug', [origin.url('/1.jpg'), origin.url('/2.jpg')]]]));
      await client.completed(id);
      const [{ requestKey }] = await database.query('SELECT request_key AS requestKey FROM requests');
      const removal = app.nest.get(RequestRemoval);
      await removal.delete(requestKey);

      await Promise.all([1, 2, 3].map(() => removal.remove({ requestKey, id })));

      expect(await rowsIn(database)).toEqual(NOTHING);
      expect(await removal.delete(requestKey)).toBe(false);
      expect(await sweep()).toEqual([]);
    });
  });

  it('goes on where the process is killed in the middle, however often', async () => {
    const environment = {
      ...installation.environment,
      ALLOW_PRIVATE: '127.0.0.1',
      LEASE_SECONDS: '2',
      PORT: String(await freePort()),
    };
    const urls = Array.from({ length: LARGE }, (_, index) => origin.url(`/${(index % 3) + 1}.jpg`));
    const rows = Array.from({ length: LARGE / 500 }, (_, row): [string, string[]] => {
      return ['Mug', urls.slice(row * 500, row * 500 + 500)];
    });
    let service = await Service.start(environment);
    const id = await upload(service.client, csvOf(rows));
    const kept = await upload(service.client, csvOf([['Mug', [origin.url('/1.jpg')]]]));
    for (const each of [id, kept]) await service.client.completed(each);
    const halves: [string, string][] = [
      ['outputs', 'image_number'],
      ['images', 'number'],
    ];
    await withDatabase(installation, async (database) => {
      for (const [table, column] of halves) {
        const condition = `OLD.${column} > ${LARGE / 2}`;
        await holdInTheMiddle(database, { event: 'DELETE', table, condition });
      }
    });

    expect((await service.client.send('DELETE', `/requests/${id}`)).status).toBe(204);
    for (const [table] of halves) {
      await withDatabase(installation, async (database) => {
        await until(async () => (await rowsIn(database))[table] === LARGE / 2 + 1);
        await service.kill();
        await database.query(`DROP TRIGGER middle_of_${table}`);
      });
      service = await Service.start(environment);
      expect((await service.client.get(`/status/${id}`)).status).toBe(404);
    }

    await withDatabase(installation, async (database) => {
      await until(async () => (await rowsIn(database)).requests === 1);
      expect(await rowsIn(database)).toMatchObject({ images: 1, outputs: 1, products: 1, request_hosts: 1 });
      expect(await faultsOf(database)).toEqual({});
    });
    expect((await service.client.get(`/requests/${kept}`)).json.counts.done).toBe(1);
    expect(service.log).not.toMatch(/ERROR/);
    await service.stop();
  });
});
