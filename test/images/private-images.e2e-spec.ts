import { DataSource } from 'typeorm';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const SECRET = 'Bearer very-secret';

describeOnEachEngine('images behind a login', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let other: ImageOrigin;
  /** What each call of a path brought along. */
  let calls: { path: string; authorization?: string; cookie?: string; agent?: string; referer?: string }[];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });

  beforeEach(async () => {
    calls = [];
    const picture = await photo(64, 48);
    const guarded = (request: any, response: any) => {
      const { authorization, cookie, referer } = request.headers;
      calls.push({ path: request.url, authorization, cookie, agent: request.headers['user-agent'], referer });
      if (authorization !== SECRET) response.writeHead(401).end();
      else if (request.url.startsWith('/away'))
        response.writeHead(302, { location: other.url('/open.jpg') }).end();
      else response.writeHead(200, { etag: '"1"' }).end(picture);
    };
    const open = (request: any, response: any) => {
      const { authorization, cookie, referer } = request.headers;
      calls.push({ path: request.url, authorization, cookie, agent: request.headers['user-agent'], referer });
      response.writeHead(200).end(picture);
    };
    origin = await serveImages({ '/a.jpg': guarded, '/away.jpg': guarded, '/slow.jpg': slow });
    other = await serveImages({ '/open.jpg': open });
  });
  afterEach(() => Promise.all([origin.close(), other.close()]));

  let release: () => void = () => undefined;
  function slow(_: unknown, response: any) {
    release = () => response.writeHead(404).end();
  }

  const upload = async (urls: string[], headers?: object | string) => {
    const form = new FormData();
    if (headers !== undefined)
      form.append('headers', typeof headers === 'string' ? headers : JSON.stringify(headers));
    const rows = urls.map((url, i) => `${i + 1},Mug,${url}`).join('\n');
    form.append('file', new Blob([`S. No.,Product Name,Input Image Urls\n${rows}\n`]), 'a.csv');
    const response = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as any };
  };
  const host = (of: ImageOrigin) => new URL(of.url('/')).host;
  const stored = (id: string) => app.nest.get(DataSource).manager.findOneByOrFail(RequestEntity, { id });

  it('are fetched with the headers for their host', async () => {
    const headers = {
      [host(origin)]: {
        Authorization: SECRET,
        Cookie: 'a=b',
        'User-Agent': 'Mine/1',
        Referer: 'https://shop.example/',
      },
    };

    const { json } = await upload([origin.url('/a.jpg')], headers);
    await app.client.completed(json.request_id);
    const { json: request } = await app.client.get(`/requests/${json.request_id}`);

    expect(request).toMatchObject({ outcome: 'succeeded' });
    expect(calls).toEqual([
      {
        path: '/a.jpg',
        authorization: SECRET,
        cookie: 'a=b',
        agent: 'Mine/1',
        referer: 'https://shop.example/',
      },
    ]);
  });

  it('show their headers to no other host', async () => {
    const { json } = await upload([origin.url('/away.jpg'), other.url('/open.jpg?2')], {
      [host(origin)]: { authorization: SECRET, cookie: 'a=b' },
    });
    await app.client.completed(json.request_id);

    const toOthers = calls.filter(({ path }) => path.startsWith('/open.jpg'));
    expect(toOthers.length).toBe(2);
    for (const call of toOthers) {
      expect(call).toMatchObject({ authorization: undefined, cookie: undefined });
    }
  });

  it('are remembered by no other request', async () => {
    const headers = { [host(origin)]: { authorization: SECRET } };
    for (let times = 0; times < 2; times++) {
      const { json } = await upload([origin.url('/a.jpg')], headers);
      await app.client.completed(json.request_id);
    }
    const { json } = await upload([origin.url('/a.jpg')]);
    await app.client.completed(json.request_id);
    const { json: request } = await app.client.get(`/requests/${json.request_id}`);

    expect(request).toMatchObject({ outcome: 'failed' });
    expect(calls.map(({ authorization }) => authorization)).toEqual([SECRET, SECRET, undefined]);
  });

  it('keep their headers sealed, and only until the request has ended', async () => {
    const { json } = await upload([origin.url('/slow.jpg')], { [host(origin)]: { authorization: SECRET } });
    const id = json.request_id as string;
    await until(() => origin.hits['/slow.jpg'] === 1);

    const { imageHeaders } = await stored(id);
    const shown = (await app.client.get(`/requests/${id}`)).text;
    release();
    await app.client.completed(id);

    expect(imageHeaders).toMatch(/^v1\./);
    expect(imageHeaders).not.toContain('secret');
    expect(Buffer.from(imageHeaders!.split('.')[1], 'base64').toString('latin1')).not.toContain('secret');
    expect(shown).not.toContain('secret');
    expect((await stored(id)).imageHeaders).toBeNull();
  });

  it('lose their headers when the request is cancelled', async () => {
    const { json } = await upload([origin.url('/slow.jpg')], { [host(origin)]: { authorization: SECRET } });
    const id = json.request_id as string;
    await until(() => origin.hits['/slow.jpg'] === 1);

    await fetch(`${app.client.url}/requests/${id}/cancel`, { method: 'POST' });
    release();

    await until(async () => (await stored(id)).completedAt !== null);
    expect(await stored(id)).toMatchObject({ status: 'Cancelled', imageHeaders: null });
  });

  it.each([
    ['no JSON', 'must be JSON'],
    ['[]', 'a JSON object of hosts'],
    ['{"a.example":"x"}', 'must be an object'],
    ['{"a.example/path":{"cookie":"very-secret"}}', 'is not a host'],
    ['{"a.example":{"X-Api-Key":"very-secret"}}', 'must be Referer, Authorization, Cookie or User-Agent'],
    ['{"a.example":{"cookie":"very-secret\\r\\nX: y"}}', 'the value of cookie for a.example'],
    [`{"a.example":{"cookie":"${'very-secret'.repeat(400)}"}}`, 'the value of cookie'],
  ])('are refused where the field is %s', async (headers, message) => {
    const { status, json } = await upload([origin.url('/a.jpg')], headers);

    expect([status, json.code, json.details?.[0].field]).toEqual([400, 'INVALID_PARAMETER', 'headers']);
    expect(json.details[0].message).toContain(message);
    expect(JSON.stringify(json)).not.toContain('very-secret');
  });
});
