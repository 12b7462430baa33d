import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

describeOnEachEngine('uploads that are no forms', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { MAX_UPLOAD_BYTES: '20000' });
    const mug = await photo(64, 48);
    origin = await serveImages({ '/mug.jpg': mug, '/a,b%20c.jpg': mug });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const post = async (
    path: string,
    type: string,
    body: RequestInit['body'],
    headers: Record<string, string> = {},
  ) => {
    const options = { method: 'POST', body, headers: { 'content-type': type, ...headers }, duplex: 'half' };
    const answer = await fetch(app.client.url + path, options as RequestInit);
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as any };
  };
  const file = () => csvOf([['Mug', [origin.url('/mug.jpg')]]]);

  it('are the file itself, with options in the query', async () => {
    const { status, json } = await post('/upload?quality=30&format=webp', 'text/csv; charset=utf-8', file());
    await app.client.completed(json.request_id);
    const described = (await app.client.get(`/requests/${json.request_id}`)).json;
    const dry = await post('/upload?dry_run=true', 'text/csv', file());

    expect([status, Object.keys(json)]).toEqual([200, ['request_id']]);
    expect(described).toMatchObject({ outcome: 'succeeded', options: { quality: 30, format: 'webp' } });
    expect(dry.json).toMatchObject({ rows: 1, images: 1 });
  });

  it('are refused where they are too large, compressed, empty or have unknown parameters', async () => {
    const large = 'x'.repeat(20_001);
    const stream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    const answers = [
      await post('/upload', 'text/csv', large),
      await post('/upload', 'text/csv', stream),
      await post('/upload', 'text/csv', file(), { 'content-encoding': 'gzip' }),
      await post('/upload', 'text/csv', ''),
      await post('/upload?colour=red', 'text/csv', file()),
      await post('/upload?quality=0', 'text/csv', file()),
      await post('/upload', 'text/csv', 'a,b\n1,2\n'),
    ];

    expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
      [413, 'BODY_TOO_LARGE'],
      [413, 'BODY_TOO_LARGE'],
      [415, 'MEDIA_TYPE_NOT_SUPPORTED'],
      [400, 'FILE_MISSING'],
      [400, 'UNKNOWN_FIELD'],
      [400, 'INVALID_PARAMETER'],
      [400, expect.any(String)],
    ]);
  });

  const products = () => [
    { serial_number: '1', product_name: 'Mug "blue",\nlarge', image_urls: [origin.url('/mug.jpg')] },
    { serial_number: 2, product_name: 'None', image_urls: [] },
    { product_name: 'Two', image_urls: [origin.url('/a,b%20c.jpg'), origin.url('/mug.jpg')] },
  ];

  it('are products in JSON, and answered with the request', async () => {
    const body = { products: products(), options: { quality: 30, max_width: '40' } };
    const made = await app.client.send('POST', '/requests', body);
    await app.client.completed(made.json.id);
    const images = await app.client.images(made.json.id);
    const output = await app.client.get(`/requests/${made.json.id}/output.csv`);

    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/requests/${made.json.id}`);
    expect(made.json).toMatchObject({
      ...{ file_name: 'products.csv', options: { quality: 30, max_width: 40 }, rows_without_images: 1 },
      counts: { products: 3, images: 3 },
    });
    expect(
      images.map(({ line, position, product_name, input_url, status }) => [
        line,
        position,
        product_name,
        input_url,
        status,
      ]),
    ).toEqual([
      [2, 1, 'Mug "blue", large', origin.url('/mug.jpg'), 'done'],
      [4, 1, 'Two', origin.url('/a,b%20c.jpg'), 'done'],
      [4, 2, 'Two', origin.url('/mug.jpg'), 'done'],
    ]);
    expect(output.text.split('\n')[0].trim()).toBe('S. No.,Product Name,Input Image Urls,Output Image Urls');
  });

  it('are safely sent again, and may wait', async () => {
    const send = () =>
      post('/requests', 'application/json', JSON.stringify({ products: products() }), {
        ...{ 'idempotency-key': 'again', prefer: 'wait=60' },
      });
    const [one, other] = [await send(), await send()];

    expect(one.json).toMatchObject({ id: other.json.id, is_final: true });
    expect(one.headers.get('x-request-status')).toBe('Completed');
  });

  it.each([
    [{}, 'INVALID_PARAMETER'],
    [[], 'INVALID_PARAMETER'],
    [{ products: [] }, 'INVALID_PARAMETER'],
    [{ products: [{ image_urls: 'https://a.example/1.jpg' }] }, 'INVALID_PARAMETER'],
    [{ products: [{ image_urls: ['https://a.example/1.jpg'], price: 1 }] }, 'INVALID_PARAMETER'],
    [{ products: [{ image_urls: ['www.a.example/1.jpg'] }] }, 'CSV_INVALID'],
    [{ products: [{ product_name: 'Mug' }] }, 'NO_URL'],
    [{ products: [{ image_urls: [] }], colour: 1 }, 'UNKNOWN_FIELD'],
    [{ products: [{ image_urls: [] }], options: { quality: 0 } }, 'INVALID_PARAMETER'],
    [{ products: [{ image_urls: [] }], on_invalid: 'maybe' }, 'INVALID_PARAMETER'],
    [{ products: [{ image_urls: ['https://a.example/1.jpg'] }], webhook_url: 'x' }, 'WEBHOOK_URL_INVALID'],
  ])('are refused: %j', async (body, code) => {
    const answer = await app.client.send('POST', '/requests', body);
    expect([answer.status, answer.json.code]).toEqual([400, code]);
  });

  it('want JSON', async () => {
    const broken = await post('/requests', 'application/json', '{"products":');
    const other = await post('/requests', 'text/plain', '{}');
    const none = await new Client(app.client.url).send('POST', '/requests');

    expect([broken.status, broken.json.code]).toEqual([400, 'JSON_INVALID']);
    expect([other.status, other.json.code]).toEqual([415, 'MEDIA_TYPE_NOT_SUPPORTED']);
    expect([none.status, none.json.code]).toEqual([400, 'INVALID_PARAMETER']);
  });
});
