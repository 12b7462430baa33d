import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';

const LABELS = { order: '2026-114', 'crème brûlée': '', ['__proto__']: 'no prototype', emoji: '🫖' };

describeOnEachEngine('the name and the labels of a request', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({ '/mug.jpg': await photo(64, 48) });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await receiver.close();
    await installation.remove();
  });

  async function upload(
    fields: Record<string, string>,
    headers: Record<string, string> = {},
    file = 'a.csv',
  ) {
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', [origin.url('/mug.jpg')]]])]), file);
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const answer = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
    return { status: answer.status, json: (await answer.json()) as any };
  }
  const savedAs = async (id: string, what: string) =>
    (await app.client.get(`/requests/${id}/${what}`)).headers.get('content-disposition');

  it('come back in the request, in the list and in the webhook, and name what is saved', async () => {
    const labels = JSON.stringify(LABELS);
    const { json } = await upload({ name: ' Crème 2026 ', labels, webhook_url: receiver.url('/hook') });
    await app.client.completed(json.request_id);
    await until(() => receiver.at('/hook').length === 1);

    const request = await app.client.get(`/requests/${json.request_id}`);
    const list = await app.client.get('/requests');
    const event = JSON.parse(receiver.at('/hook')[0].text);

    for (const shown of [request.json, list.json.items[0], event.data]) {
      expect(shown.name).toBe('Crème 2026');
      expect(shown.file_name).toBe('a.csv');
      expect(Object.entries(shown.labels)).toEqual(Object.entries(JSON.parse(labels)));
    }
    const encoded = (ending: string) =>
      `attachment; filename="Cr_me 2026-${ending}"; filename*=UTF-8''Cr%C3%A8me%202026-${ending}`;
    for (const ending of ['output.csv', 'errors.csv', 'images.zip'])
      expect(await savedAs(json.request_id, ending)).toBe(encoded(ending));
  });

  it('are the name of the file, and none, where the upload gives none', async () => {
    const { json } = await upload({ name: ' ', labels: '' }, {}, 'Spring catalogue.csv');

    const { json: request } = await app.client.get(`/requests/${json.request_id}`);

    expect([request.name, request.labels]).toEqual(['Spring catalogue', {}]);
    expect(await savedAs(json.request_id, 'output.csv')).toBe(
      'attachment; filename="Spring catalogue-output.csv"',
    );
  });

  it.each([
    ['labels', 'order=1'],
    ['labels', '[]'],
    ['labels', 'null'],
    ['labels', '{"order":1}'],
    ['labels', '{"order":{"a":"b"}}'],
    ['labels', '{"":"no name"}'],
    ['labels', JSON.stringify({ a: 'x'.repeat(256) })],
    ['labels', JSON.stringify({ ['x'.repeat(65)]: 'a' })],
    ['labels', JSON.stringify({ a: 'line\nbreak' })],
    ['labels', JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, at) => [at, 'a'])))],
    ['name', 'x'.repeat(201)],
    ['name', 'a\u0007b'],
  ])('are refused where %s is %j', async (field, value) => {
    const { status, json } = await upload({ [field]: value });

    expect([status, json.code]).toEqual([400, 'INVALID_PARAMETER']);
    expect(JSON.stringify(json.details)).toContain(field);
  });

  it('are part of what makes an upload the same again', async () => {
    const key = { 'idempotency-key': `labels of ${engine.name}` };
    const first = await upload({ labels: '{"order":"1"}' }, key);

    expect((await upload({ labels: '{"order":"1"}' }, key)).json).toEqual(first.json);
    expect((await upload({ labels: '{"order":"2"}' }, key)).json.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect((await upload({ name: 'another' }, key)).json.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });
});
