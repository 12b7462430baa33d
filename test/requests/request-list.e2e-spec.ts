import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

describeOnEachEngine('the list of requests', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  const held: (() => void)[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({
      '/mug.jpg': await photo(64, 48),
      '/gone.jpg': 404,
      '/held.jpg': (_request, response) => held.push(() => response.writeHead(404).end()),
    });
  });
  afterAll(async () => {
    for (const release of held) release();
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const list = (query: string) => app.client.get(`/requests?${query}`);
  const idsOf = async (query: string) => (await list(query)).json.items.map(({ id }: { id: string }) => id);
  const upload = (...paths: string[]) =>
    app.client.accepted(csvOf([['A product', paths.map((path) => origin.url(path))]]));
  const uploaded = async (...paths: string[]) => {
    const id = await upload(...paths);
    await app.client.completed(id);
    return id;
  };

  it('is empty at first', async () => {
    expect((await list('')).json).toEqual({ items: [], next_cursor: null });
  });

  it('has what the calls for single requests give, the newest first, page by page, each once', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.unshift(await uploaded('/mug.jpg'));

    const whole = (await list('limit=100')).json;
    expect(whole.items.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(whole.items[2]).toEqual((await app.client.get(`/requests/${ids[2]}`)).json);

    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { items, next_cursor }: { items: { id: string }[]; next_cursor: string | null } = (
        await list(`limit=2${cursor && `&cursor=${cursor}`}`)
      ).json;
      seen.push(...items.map(({ id }) => id));
      cursor = next_cursor;
      if (seen.length === 2) await uploaded('/mug.jpg'); // what comes meanwhile moves nothing
    }
    expect(seen).toEqual(ids);
  });

  it('of those in a state is in the order of an index, so that a million of them need not be sorted', async () => {
    const ofIndex = installation.environment.DATABASE_URL
      ? `SELECT column_name AS name FROM information_schema.statistics
         WHERE table_schema = DATABASE() AND index_name = 'requests_by_state' ORDER BY seq_in_index`
      : "SELECT name FROM pragma_index_info('requests_by_state') ORDER BY seqno";
    const columns = await app.nest.get(DataSource).query<{ name: string }[]>(ofIndex);

    expect(columns.map(({ name }) => name)).toEqual(['status', 'created_at', 'request_key']);
  });

  it('is of those in a state, with an outcome, or of a time', async () => {
    const failed = await uploaded('/gone.jpg');
    const partial = await uploaded('/mug.jpg', '/gone.jpg');
    const { created_at: time } = (await app.client.get(`/requests/${failed}`)).json;
    const open = await upload('/held.jpg');
    await until(async () => (await app.client.get(`/requests/${open}`)).json.counts.processing === 1);

    expect(await idsOf('outcome=failed')).toEqual([failed]);
    expect(await idsOf('outcome=partial&status=Completed')).toEqual([partial]);
    expect(await idsOf('outcome=partial&status=Processing')).toEqual([]);
    expect(await idsOf('status=Processing')).toEqual([open]);
    expect((await list('status=Processing')).json.items[0].counts).toMatchObject({
      processing: 1,
      pending: 0,
    });
    expect(await idsOf(`created_after=${time}`)).toEqual([open, partial]);
    const before = await idsOf(`created_before=${time}&limit=100`);
    expect(before).toHaveLength(6);
    expect(before).not.toContain(failed);
  });

  it('is of those that have all words of a text in their name, the name of their file or their labels', async () => {
    const named = async (file: string, fields: Record<string, string> = {}) => {
      const csv = csvOf([['A', [origin.url('/mug.jpg')]]]);
      const { json } = await app.client.form('/upload', csv, fields, { fileName: file });
      await app.client.completed(json.request_id);
      return json.request_id as string;
    };
    const byFile = await named('Spring-Möbel.csv');
    const byName = await named('a.csv', { name: 'Spring 100% off' });
    const byLabel = await named('b.csv', { labels: '{"order":"spring_2026"}' });
    const found = (text: string) => idsOf(`search=${encodeURIComponent(text)}`);

    expect(await found('SPRING')).toEqual([byLabel, byName, byFile]);
    expect(await found('möbel')).toEqual([byFile]);
    expect(await found('  off  spring ')).toEqual([byName]);
    expect(await found('0%')).toEqual([byName]);
    expect(await found('order 2026')).toEqual([byLabel]);
    expect(await found('%')).toEqual([byName]);
    expect(await found("spring' OR 1=1")).toEqual([]);
    expect(await idsOf('search=spring&outcome=failed')).toEqual([]);
    expect((await idsOf('search=%20&limit=100')).length).toBeGreaterThan(5);
  });

  it('gives what is found page by page, each once', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { items, next_cursor }: { items: { id: string }[]; next_cursor: string | null } = (
        await list(`search=spring&limit=2${cursor && `&cursor=${cursor}`}`)
      ).json;
      seen.push(...items.map(({ id }) => id));
      cursor = next_cursor;
    }

    expect(seen).toEqual(await idsOf('search=spring'));
    expect(seen).toHaveLength(3);
  });

  it('looks through 10,000 requests a call, and goes on with the next page', async () => {
    const requests = app.nest.get(DataSource).getRepository(RequestEntity);
    const last = await requests.findOneByOrFail({ id: (await idsOf('limit=1'))[0] });
    const copy = { ...last, key: undefined };
    const oldest = { ...copy, id: randomUUID(), createdAt: 0, fileName: 'the-oldest.csv' };
    await requests.insert([oldest, { ...copy, id: randomUUID(), createdAt: 1 }]);
    const columns = requests.metadata.columns.map(({ databaseName }) => databaseName);
    const copied = columns.filter((name) => name !== 'id' && name !== 'request_key').join(', ');
    const newId = installation.environment.DATABASE_URL ? 'uuid()' : 'lower(hex(randomblob(16)))';
    for (let doublings = 0; doublings < 14; doublings++)
      await requests.query(
        `INSERT INTO requests (id, ${copied}) SELECT ${newId}, ${copied} FROM requests WHERE created_at = 1`,
      );

    const { items, next_cursor: cursor } = (await list('search=oldest')).json;
    const next = (await list(`search=oldest&cursor=${cursor}`)).json;

    expect(items).toEqual([]);
    expect(next).toMatchObject({ items: [{ id: oldest.id }], next_cursor: null });
  });

  it.each([
    'status=Receiving',
    'status=done',
    'outcome=ok',
    'created_after=yesterday',
    'created_before=2026-02-30T00:00:00Z',
    'created_after=2026-W05',
    'created_before=2026-032',
    'created_after=2026-02-01T24',
    'created_before=2026-01-31T12:00:00,5Z',
    'limit=0',
    'limit=101',
    'cursor=x',
    'cursor=%00',
    'cursor=MTIz',
    'cursor=Li4',
    'cursor[]=1',
    'owner=2',
    `search=${'a'.repeat(101)}`,
    'search=a&search=b',
  ])('refuses %s', async (query) => {
    const { status, json } = await list(query);

    expect(status).toBe(400);
    expect(json.code).toMatch(/^(INVALID_PARAMETER|UNKNOWN_FIELD)$/);
  });
});
