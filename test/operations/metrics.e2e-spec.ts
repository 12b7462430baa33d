import { readFileSync } from 'node:fs';
import path from 'node:path';
import { csvOf } from '../helpers/app/client.js';
import { cuttableProxy } from '../helpers/servers/cuttable-proxy.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { freePort, Service } from '../helpers/app/service.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { ROOT } from '../helpers/paths.js';

const KEY = 'the-key-of-the-operators';
const SERIES = /\b(?:image_processing|nodejs|process)_[a-z0-9_]+/g;

/** The value of each series by its name and labels, as they are written. */
function valuesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]));
}

const namesOf = (text: string) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);

describeOnEachEngine('/metrics', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: KEY });
    origin = await serveImages({ '/mug.jpg': await photo(320, 240) });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  it('tells what was done, in the series that docs/operations.md names, and no others', async () => {
    const form = new FormData();
    const urls = [
      origin.url('/mug.jpg'),
      origin.url('/mug.jpg'),
      origin.url('/gone.jpg'),
      'http://10.0.0.1/a',
    ];
    form.append('file', new Blob([csvOf([['Mug', urls]])]), 'a.csv');
    form.append('webhook_url', receiver.url('/hook'));
    const headers = { 'x-api-key': KEY };
    const answer = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
    const { request_id: id } = (await answer.json()) as { request_id: string };
    await app.client.completed(id);
    await until(async () => {
      const { text } = await app.client.get('/metrics');
      return text.includes('image_processing_delivery_seconds_count{result="delivered"} 1');
    });

    const { text, headers: sent } = await app.client.get('/metrics');

    expect(sent.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { json } = await app.client.get(`/requests/${id}`);
    const values = valuesOf(text);
    const settled = (labels: string) => values.get(`image_processing_images_settled_total{${labels}}`);
    expect(settled('state="done",code="",format="jpeg"')).toBe(2);
    expect(settled('state="failed",code="HTTP_404",format=""')).toBe(1);
    expect(settled('state="failed",code="ADDRESS_REFUSED",format=""')).toBe(1);
    expect(values.get('image_processing_image_bytes_total{direction="input"}')).toBe(json.bytes.input);
    expect(values.get('image_processing_image_bytes_total{direction="output"}')).toBe(json.bytes.output);
    expect(values.get('image_processing_saved_bytes_total')).toBe(json.bytes.input - json.bytes.output);
    expect(values.get('image_processing_download_seconds_count{how="fetched"}')).toBe(1);
    expect(values.get('image_processing_encode_seconds_count{format="jpeg"}')).toBe(1);
    const upload = 'method="POST",route="/upload",status="200"';
    expect(values.get(`image_processing_http_request_seconds_count{${upload}}`)).toBe(1);
    for (const name of ['database', 'queue', 'storage'])
      expect(values.get(`image_processing_dependency_up{name="${name}"}`)).toBe(1);
    expect(values.get('image_processing_workers')).toBe(1);
    expect(values.get('image_processing_open_images')).toBe(0);
    expect(values.get('image_processing_build_info{version="0.1.0",mode="all"}')).toBe(1);
    expect(values.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(text).not.toContain(id);

    const document = readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8');
    const documented = new Set(document.match(SERIES));
    expect(new Set(namesOf(text))).toEqual(documented);
  });

  it('tells what is open, from the counters of requests', async () => {
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = await serveImages({
      '/slow.jpg': (_request, response) => void held.then(() => response.end()),
    });
    const id = await app.client.accepted(csvOf([['Slow', [slow.url('/slow.jpg')]]]));
    await until(() => slow.hits['/slow.jpg'] > 0);

    const values = valuesOf((await app.client.get('/metrics')).text);

    expect(values.get('image_processing_requests{state="processing"}')).toBe(1);
    expect(values.get('image_processing_open_images')).toBe(1);
    expect(values.get('image_processing_oldest_request_seconds')).toBeGreaterThan(0);
    expect(values.get('image_processing_images_in_hand')).toBe(1);
    expect(values.get('image_processing_download_slots{state="used"}')).toBe(1);
    release();
    await app.client.send('POST', `/requests/${id}/cancel`);
    await until(async () => (await app.client.get(`/requests/${id}`)).json.is_final);
    await slow.close();
  });

  it('needs a key, unless METRICS_PUBLIC is on', async () => {
    expect((await fetch(`${app.client.url}/metrics`)).status).toBe(401);
  });
});

describeOnEachEngine('/metrics with METRICS_PUBLIC=on', (engine) => {
  it('needs no key, and everything else does', async () => {
    const installation = await engine.install();
    const app = await startApp(installation, { API_KEYS: KEY, METRICS_PUBLIC: 'on' });

    expect(await (await fetch(`${app.client.url}/metrics`)).text()).toContain('image_processing_workers 1');
    expect((await fetch(`${app.client.url}/requests`)).status).toBe(401);
    await app.close();
    await installation.remove();
  });
});

describeOnServers('/metrics while the database is away', (engine) => {
  it('says so, and leaves out what it can not know', async () => {
    const installation = await engine.install();
    const proxy = await cuttableProxy(new URL(installation.environment.DATABASE_URL));
    const app = await startApp(installation, { DATABASE_URL: proxy.url.href });
    expect((await app.client.get('/metrics')).text).toContain('image_processing_workers 1');

    await proxy.cut();

    const isAway = 'image_processing_dependency_up{name="database"} 0';
    let text = '';
    await until(async () => (text = (await app.client.get('/metrics')).text).includes(isAway));
    const values = valuesOf(text);
    expect(values.get('image_processing_dependency_up{name="queue"}')).toBe(1);
    for (const name of ['workers', 'open_images', 'pending_deliveries', 'longest_standstill_seconds'])
      expect(values.has(`image_processing_${name}`)).toBe(false);
    await app.close();
    await installation.remove();
  });
});

describeOnServers('API and workers', (engine) => {
  let installation: Installation;
  beforeAll(async () => (installation = await engine.install()));
  afterAll(() => installation.remove());

  const start = async (environment: Record<string, string>) =>
    Service.start({
      ...installation.environment,
      PORT: String(await freePort()),
      ALLOW_PRIVATE: '127.0.0.1',
      ...environment,
    });
  const workers = async ({ client }: Service) => (await client.get('/health/ready')).json.workers;

  it('know of each other: a worker that is started, stopped or killed is seen', async () => {
    const api = await start({ MODE: 'api' });
    expect(await workers(api)).toBe(0);

    const first = await start({ MODE: 'worker' });
    const second = await start({ MODE: 'worker', METRICS_PUBLIC: 'on' });
    await until(async () => (await workers(api)) === 2);
    expect((await first.client.get('/metrics')).status).toBe(404);
    expect((await second.client.get('/metrics')).text).toContain('image_processing_workers 2');

    await first.stop();
    await until(async () => (await workers(second)) === 1);
    await second.kill();
    await until(async () => (await workers(api)) === 0);
    await until(() => api.log.includes('no worker is running (workers: 0)'));
    expect((await api.client.get('/health/ready')).status).toBe(200);
    await api.stop();
  });
});
