import { type Answer, Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const ADMIN = 'admin-key-0123456789';
const CALLERS = 16;

describeOnEachEngine('limits of a key', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  const held: (() => void)[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, {
      API_KEYS: ADMIN,
      CALLS_PER_MINUTE: '200',
      UPLOADS_PER_MINUTE: '20',
    });
    origin = await serveImages({
      '/mug.jpg': await photo(64, 48),
      '/held.jpg': (_request, response) => held.push(() => response.writeHead(404).end()),
    });
  });
  afterAll(async () => {
    for (const release of held) release();
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const keyWith = async (quotas?: object) => {
    const { json } = await app.client.send('POST', '/keys', { name: 'shop', role: 'write', quotas });
    return new Client(app.client.url, { authorization: `Bearer ${json.key}` });
  };
  const upload = (client: Client, images: number, name = '/mug.jpg') =>
    client.upload(
      csvOf([['Mug', Array.from({ length: images }, (_, index) => `${origin.url(name)}?${index}`)]]),
    );
  const atOnce = (work: () => Promise<Answer<any>>) => Promise.all(Array.from({ length: CALLERS }, work));
  const countOf = (answers: Answer<any>[], status: number) =>
    answers.filter((answer) => answer.status === status).length;

  it('holds the images of a day, and says when to come again', async () => {
    const client = await keyWith({ images_per_day: 10 });
    const answers = await atOnce(() => upload(client, 3));
    const refused = answers.find(({ status }) => status !== 200)!;

    expect(countOf(answers, 200)).toBe(3);
    expect(countOf(answers, 429)).toBe(CALLERS - 3);
    expect(refused.json).toMatchObject({ code: 'QUOTA_EXCEEDED' });
    const untilMidnight = (86_400_000 - (Date.now() % 86_400_000)) / 1000;
    expect(Number(refused.headers.get('retry-after')) - untilMidnight).toBeLessThan(120);
    const { json } = await client.get('/usage');
    expect(json.quotas.images_per_day).toEqual({ used: 9, limit: 10 });
    expect((await client.get('/requests?limit=100')).json.items).toHaveLength(3);
  });

  it('holds the open images, and lets more in when they have ended', async () => {
    const client = await keyWith({ open_images: 5 });
    const answers = await atOnce(() => upload(client, 2, '/held.jpg'));

    expect(countOf(answers, 200)).toBe(2);
    expect(countOf(answers, 429)).toBe(CALLERS - 2);
    expect((await client.get('/usage')).json.quotas.open_images).toEqual({ used: 4, limit: 5 });
    await until(async () => {
      for (const release of held.splice(0)) release();
      return (await client.get('/usage')).json.quotas.open_images.used === 0;
    });
    expect((await upload(client, 2)).status).toBe(200);
  });

  it('takes no uploads while the stored bytes are reached', async () => {
    const client = await keyWith({ stored_bytes: 100 });
    const first = await upload(client, 1);
    await client.completed(first.json.request_id);
    const second = await upload(client, 1);

    expect([second.status, (second.json as any).code]).toEqual([403, 'STORED_BYTES_EXCEEDED']);
    expect((await client.get('/usage')).json.quotas.stored_bytes.used).toBeGreaterThan(100);
  });

  it('counts nothing of a request that is refused or repeated', async () => {
    const client = await keyWith({ images_per_day: 4 });
    const form = () => {
      const body = new FormData();
      body.append('file', new Blob([csvOf([['Mug', [origin.url('/mug.jpg')]]])]), 'a.csv');
      return body;
    };
    const headers = { ...(client as any).headers, 'idempotency-key': 'once' };
    await Promise.all(
      Array.from({ length: CALLERS }, () =>
        fetch(`${app.client.url}/upload`, { method: 'POST', body: form(), headers }),
      ),
    );
    expect((await upload(client, 5)).status).toBe(429);
    expect((await client.get('/usage')).json.quotas.images_per_day.used).toBe(1);
  });

  it('holds calls and uploads a minute, each key its own', async () => {
    const client = await keyWith();
    const uploads = await atOnce(() => upload(client, 1));
    const more = await Promise.all([1, 2, 3, 4, 5, 6].map(() => upload(client, 1)));
    const calls = await Promise.all(Array.from({ length: 200 }, () => client.get('/usage')));
    const other = await (await keyWith()).get('/usage');
    const refused = calls.find(({ status }) => status === 429)!;

    expect(countOf([...uploads, ...more], 200)).toBe(20);
    expect(countOf(more, 429)).toBe(2);
    expect(countOf(calls, 200)).toBe(200 - 22);
    expect(refused.json).toMatchObject({ code: 'RATE_LIMITED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toMatch(/^"calls";r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).toBe('"calls";q=200;w=60');
    expect(other.headers.get('ratelimit')).toBe('"calls";r=199;t=60');
    expect((await fetch(`${app.client.url}/health/live`)).headers.get('ratelimit')).toBeNull();
  });
});

describeOnServers('limits of a key in several processes', (engine) => {
  it('are counted together', async () => {
    const installation = await engine.install();
    const settings = { API_KEYS: ADMIN, CALLS_PER_MINUTE: '10' };
    const apps = [await startApp(installation, settings), await startApp(installation, settings)];
    const statuses: number[] = [];
    for (let count = 0; count < 16; count++)
      statuses.push((await apps[count % 2].client.get('/usage')).status);
    await Promise.all(apps.map((app) => app.close()));
    await installation.remove();

    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  });
});
