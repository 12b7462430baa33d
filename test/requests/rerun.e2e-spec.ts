import { DataSource } from 'typeorm';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

describeOnEachEngine('a file that was uploaded before', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let conditions: (string | undefined)[];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const picture = await photo(240, 180, 1);
    origin = await serveImages({
      '/tagged.jpg': (request, response) => {
        conditions.push(request.headers['if-none-match']);
        if (request.headers['if-none-match'] === '"a"') response.writeHead(304).end();
        else response.writeHead(200, { etag: '"a"' }).end(picture);
      },
      '/gone.jpg': (_request, response) => response.writeHead(404).end(),
    });
  });
  beforeEach(() => (conditions = []));
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const upload = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const form = new FormData();
    const urls = [origin.url('/tagged.jpg'), origin.url('/gone.jpg'), origin.url('/tagged.jpg')];
    form.append('file', new Blob([csvOf([['Стул 🪑', urls]])]), 'chairs.csv');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
  };
  const ended = async (id: string) => {
    await app.client.completed(id);
    return (await app.client.get(`/requests/${id}`)).json;
  };
  const uploaded = async (fields: Record<string, string> = {}) => {
    const { request_id } = (await (await upload(fields)).json()) as { request_id: string };
    return ended(request_id);
  };
  const rerun = (id: string, body?: object) => app.client.send('POST', `/requests/${id}/rerun`, body);

  it('is worked on once more with other options, as a new request', async () => {
    const first = await uploaded({ quality: '70', max_width: '120', on_invalid: 'skip' });

    const { status, json, headers } = await rerun(first.id, { format: 'webp', quality: 40 });

    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/requests/${json.id}`);
    expect(json.id).not.toBe(first.id);
    const second = await ended(json.id);
    expect(second).toMatchObject({
      file_name: 'chairs.csv',
      run: 1,
      outcome: 'partial',
      counts: first.counts,
    });
    expect(second.options).toEqual({ ...first.options, format: 'webp', quality: 40 });
    expect((await app.client.images(second.id))[0].output).toMatchObject({ format: 'webp', width: 120 });
    expect((await app.client.images(second.id))[0].product_name).toBe('Стул 🪑');
    expect((await app.client.get(`/requests/${first.id}`)).json).toEqual(first);

    const third = (await rerun(first.id, { target: 'ssim:0.9', max_width: null })).json;
    expect(third.options).toEqual({ ...first.options, quality: null, target: 'ssim:0.9', max_width: null });
    const same = (await rerun(third.id)).json;
    expect(same.options).toEqual(third.options);
    const framed = (await rerun(first.id, { canvas: '1:1', fill: 85, trim: true, max_width: '200' })).json;
    expect(framed.options).toMatchObject({ canvas: '1:1', background: '#ffffff', trim: true, fill: 85 });
    const plain = (await rerun(framed.id, { canvas: null, fill: null, trim: null })).json;
    expect(plain.options).toMatchObject({ canvas: 'none', background: null, trim: false, fill: null });
    for (const { id } of [third, same, framed, plain]) await ended(id);
    const [{ output }] = await app.client.images(framed.id);
    expect(output.width).toBe(output.height);
  });

  it('has the name and labels of the earlier request, unless others or none are given', async () => {
    const first = await uploaded({ name: 'Spring', labels: '{"order":"1"}' });

    const same = (await rerun(first.id)).json;
    const other = (await rerun(first.id, { name: ' Autumn ', labels: { order: '2' } })).json;
    const none = (await rerun(first.id, { name: null, labels: null })).json;

    const named = [same, other, none].map(({ name, labels }) => [name, labels]);
    expect(named).toEqual([
      ['Spring', { order: '1' }],
      ['Autumn', { order: '2' }],
      ['chairs', {}],
    ]);
    for (const { id } of [same, other, none]) await ended(id);
  });

  it('stays as long as one of its requests', async () => {
    const first = await uploaded();
    const second = await ended((await rerun(first.id)).json.id);
    await app.client.send('DELETE', `/requests/${first.id}`);
    const database = app.nest.get(DataSource);
    const sql = `SELECT COUNT(*) AS count FROM files JOIN requests ON upload_key = file_key WHERE requests.id = '${second.id}'`;

    expect(Number((await database.query(sql))[0].count)).toBe(1);
    expect((await rerun(second.id)).status).toBe(201);
    expect((await rerun(first.id)).json.code).toBe('REQUEST_NOT_FOUND');
    expect(await faultsOf(database)).toEqual({});
  });

  it('is not worked on again where it is gone, or what is to be different can not be', async () => {
    const { id } = await uploaded();
    const codeOf = async (body: object) => (await rerun(id, body)).json.code;

    expect(await codeOf({ quality: 101 })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ quality: 50, target: 'ssim:0.9' })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ fresh: 'yes' })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ headers: 'x' })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ name: 5 })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ name: 'a\nb' })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ labels: ['x'] })).toBe('INVALID_PARAMETER');
    expect(await codeOf({ webhook_url: 'x' })).toBe('WEBHOOK_URL_INVALID');
    expect(await codeOf({ qualty: 50 })).toBe('UNKNOWN_FIELD');
    expect((await rerun('x')).json.code).toBe('REQUEST_NOT_FOUND');
    await app.nest.get(DataSource).query(`UPDATE requests SET upload_key = NULL WHERE id = '${id}'`);
    expect((await rerun(id)).json.code).toBe('UPLOAD_NOT_KEPT');
  });

  it('takes earlier results unless all is to be fresh, and says how many', async () => {
    const remembered = async () => {
      const [{ count }] = await app.nest
        .get(DataSource)
        .query('SELECT COUNT(*) AS count FROM cached_results');
      return Number(count);
    };
    const before = await remembered();
    await uploaded({ quality: '33' });
    await until(async () => (await remembered()) > before); // written a moment after the image is settled
    conditions = [];

    const second = await uploaded({ quality: '33' });
    expect(second).toMatchObject({ reused: 1, counts: { done: 2, failed: 1 } });
    expect(conditions).toEqual(['"a"']);

    conditions = [];
    const fresh = await uploaded({ quality: '33', fresh: 'true' });
    expect(fresh.reused).toBe(0);
    expect(conditions).toEqual([undefined]);
    const [image] = await app.client.images(fresh.id);
    expect(image.download.how).toBe('fetched');
    expect(image.output_url).toBe((await app.client.images(second.id))[0].output_url);

    conditions = [];
    const again = await ended((await rerun(second.id, { fresh: true })).json.id);
    expect([again.reused, conditions]).toEqual([0, [undefined]]);
    expect((await ended((await rerun(second.id)).json.id)).reused).toBe(1);
  });

  it('under the same key is the same request, which the answer says', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await upload({}, headers);
    const second = await upload({}, headers);
    const fresh = await upload({ fresh: 'true' }, headers);

    const [one, other] = [await first.json(), await second.json()];
    expect(other).toEqual(one);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(fresh.status).toBe(409);
    const { request_id } = one as { request_id: string };
    const call = () =>
      fetch(`${app.client.url}/requests/${request_id}/rerun`, {
        method: 'POST',
        headers: { 'idempotency-key': 'once more' },
      });
    const reruns = [await call(), await call()];
    expect(reruns.map((answer) => answer.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    const ids = await Promise.all(reruns.map(async (answer) => ((await answer.json()) as { id: string }).id));
    expect(ids[0]).toBe(ids[1]);
    for (const id of [request_id, ids[0]]) await ended(id);
    expect(await faultsOf(app.nest.get(DataSource))).toEqual({});
  });
});
