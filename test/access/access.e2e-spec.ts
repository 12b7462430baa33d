import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Answer, Client, csvOf } from '../helpers/app/client.js';
import { rowOf, workbookOf } from '../helpers/tables/workbooks.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { EventStream } from '../helpers/app/event-stream.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { ROOT } from '../helpers/paths.js';

const ADMIN = 'admin-key-0123456789';
const document = JSON.parse(readFileSync(path.join(ROOT, 'openapi.json'), 'utf8'));

/** Every route of the API, so that a new one is tested without being named here. */
const ROUTES = Object.entries<Record<string, any>>(document.paths).flatMap(([route, methods]) =>
  Object.entries(methods)
    .filter(([method]) => ['get', 'post', 'patch', 'put', 'delete'].includes(method))
    .map(([method, { security }]) => ({
      route,
      method: method.toUpperCase(),
      isPublic: security?.length === 0,
    })),
);
const OF_ADMINS = /^\/(keys|audit|metrics)(\/|$)/;
/** What tokens may call. */
const isForTokens = (method: string, route: string) =>
  (method === 'GET' && /^\/(requests|status)(\/|$)/.test(route)) ||
  (method === 'POST' && (route === '/upload' || route === '/requests'));
/** Such as have something of an owner in their path. */
const IS_ABOUT_ONE = /^\/(requests|status|webhooks)\/\{/;
const WRITES_THOUGH_GET = ['/webhooks/service-secret'];

describeOnEachEngine('access to the API', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let address = 0;
  const keys: Record<string, { id: string; key: string }> = {};
  const ours = { request: '', webhook: '', delivery: '', token: '' };
  let otherToken = '';
  let deadToken = '';

  const call = async (method: string, route: string, key?: string, body?: unknown): Promise<Answer<any>> => {
    const client = new Client(app.client.url, {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      'x-forwarded-for': `192.0.2.${++address % 250}`, // wrong keys are counted by address
    });
    return body === undefined && method === 'GET' ? client.get(route) : client.send(method, route, body);
  };
  const make = async (name: string, body: object) => {
    const { status, json } = await call('POST', '/keys', ADMIN, { name, ...body });
    expect([status, json.key]).toEqual([201, expect.stringMatching(/^ipk_[\w-]{43}$/)]);
    keys[name] = json;
  };
  const tokenOf = async (key: string, body: object = {}) =>
    (await call('POST', '/tokens', key, body)).json.token;
  const uploadBy = async (
    key: string,
    file: string | Buffer = csvOf([['Mug', [origin.url('/mug.jpg')]]]),
  ) => {
    const client = new Client(app.client.url, { authorization: `Bearer ${key}` });
    return client.upload(file);
  };

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { API_KEYS: ADMIN, TRUST_PROXY: '1', CALLS_PER_MINUTE: '100000' });
    origin = await serveImages({ '/mug.jpg': await photo(64, 48) });
    await make('owner', { role: 'write', owner: 'shop' });
    await make('reader', { role: 'read', owner: 'shop' });
    await make('admin', { role: 'admin' });
    await make('other', { role: 'write' });
    await make('dead', { role: 'write', owner: 'shop' });
    deadToken = await tokenOf(keys.dead.key);
    await call('DELETE', `/keys/${keys.dead.id}`, ADMIN);
    ours.token = await tokenOf(keys.owner.key);
    otherToken = await tokenOf(keys.owner.key);
    // Of a workbook: then there is every file that a request can have.
    const rows = rowOf(1, 'Image URL') + rowOf(2, origin.url('/mug.jpg'));
    ours.request = (await uploadBy(ours.token, await workbookOf({ sheets: [{ rows }] }))).json.request_id;
    const hook = { url: `${origin.url('/hook')}` };
    ours.webhook = (await call('POST', '/webhooks', keys.owner.key, hook)).json.id;
    for (const { key } of [keys.owner, keys.admin]) await call('PUT', '/presets/x', key, { options: {} });
    ours.delivery = (await call('POST', `/webhooks/${ours.webhook}/test`, keys.owner.key)).json.id;
    await app.client.completed(ours.request);
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const filled = (route: string) =>
    route
      .replace('{delivery_id}', ours.delivery)
      .replace('{id}', () => {
        if (route.startsWith('/keys')) return keys.reader.id;
        return route.startsWith('/webhooks') ? ours.webhook : ours.request;
      })
      .replace('{number}', '1')
      .replace(/\{\w+\}/g, 'x');

  describe.each(ROUTES)('$method $route', ({ method, route, isPublic }) => {
    const by = (key?: string) => call(method, filled(route), key);
    const codeOf = ({ status, json }: Answer<any>) => [status, json?.code];

    if (isPublic) {
      it('wants no key', async () => {
        expect([401, 403]).not.toContain((await by()).status);
      });
      return;
    }

    it('wants a key that is right and alive', async () => {
      expect(codeOf(await by())).toEqual([401, 'API_KEY_MISSING']);
      expect(codeOf(await by('wrong-key-0123456789'))).toEqual([401, 'API_KEY_INVALID']);
      expect(codeOf(await by(keys.dead.key))).toEqual([401, 'API_KEY_INVALID']);
      expect(codeOf(await by(deadToken))).toEqual([401, 'API_KEY_INVALID']);
      expect(codeOf(await by(`${ours.token}x`))).toEqual([401, 'API_KEY_INVALID']);
    });

    it('wants the role', async () => {
      const reads = method === 'GET' && !WRITES_THOUGH_GET.includes(route);
      if (OF_ADMINS.test(route)) {
        expect(codeOf(await by(keys.owner.key))).toEqual([403, 'ROLE_NOT_ALLOWED']);
        expect(codeOf(await by(keys.reader.key))).toEqual([403, 'ROLE_NOT_ALLOWED']);
      } else if (!reads) expect(codeOf(await by(keys.reader.key))).toEqual([403, 'ROLE_NOT_ALLOWED']);
      else {
        expect((await by(keys.reader.key)).status).toBeLessThan(300);
        expect((await by(keys.owner.key)).status).toBeLessThan(300);
      }
      if (method === 'GET') expect((await by(keys.admin.key)).status).toBeLessThan(300);
    });

    it('lets tokens do little', async () => {
      const answer = await by(otherToken);
      if (!isForTokens(method, route)) expect(codeOf(answer)).toEqual([403, 'TOKEN_NOT_ALLOWED']);
      else if (IS_ABOUT_ONE.test(route)) expect(answer.status).toBe(404);
      else expect([401, 403]).not.toContain(answer.status);
      if (isForTokens(method, route) && method === 'GET')
        expect((await by(ours.token)).status).toBeLessThan(300);
    });

    if (IS_ABOUT_ONE.test(route))
      it('is a 404 for another owner', async () => {
        const answer = await by(keys.other.key);
        expect(answer.status).toBe(404);
        if (route.startsWith('/status')) expect(answer.text).toBe('{"error":"Invalid request ID"}');
        else expect(answer.json.code).toMatch(/^(REQUEST|WEBHOOK|DELIVERY)_NOT_FOUND$/);
      });
  });

  it('shows each owner its own in lists, and admins everything', async () => {
    const other = (await uploadBy(keys.other.key)).json.request_id;
    const idsOf = async (key: string) =>
      (await call('GET', '/requests?limit=100', key)).json.items.map(({ id }: { id: string }) => id);
    const hooksOf = async (key: string) =>
      (await call('GET', '/webhooks', key)).json.items.map(({ id }: { id: string }) => id);

    expect(await idsOf(keys.other.key)).toEqual([other]);
    expect(await idsOf(keys.reader.key)).toEqual([ours.request]);
    expect(await idsOf(ours.token)).toEqual([ours.request]);
    expect(await idsOf(otherToken)).toEqual([]);
    expect(await idsOf(ADMIN)).toEqual(expect.arrayContaining([other, ours.request]));
    expect(await hooksOf(keys.other.key)).toEqual([]);
    expect(await hooksOf(ADMIN)).toContain(ours.webhook);
    const secrets = await Promise.all(
      [keys.owner.key, keys.other.key].map((key) => call('GET', '/webhooks/service-secret', key)),
    );
    expect(secrets[0].json.secret).not.toBe(secrets[1].json.secret);
  });

  it('gives owners files of their own, and idempotency keys', async () => {
    const ids: string[] = [];
    for (const { key } of [keys.owner, keys.other, keys.owner]) {
      const form = new FormData();
      form.append('file', new Blob([csvOf([['Mug', [origin.url('/mug.jpg')]]])]), 'a.csv');
      const headers = { authorization: `Bearer ${key}`, 'idempotency-key': 'same', prefer: 'wait=60' };
      const answer = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
      ids.push(((await answer.json()) as { request_id: string }).request_id);
    }
    const urls = await Promise.all(ids.map(async (id) => (await app.client.images(id))[0].output_url));

    expect(ids[2]).toBe(ids[0]);
    expect(ids[1]).not.toBe(ids[0]);
    expect(urls[0]).toMatch(/\/images\//);
    expect(urls[1]).not.toBe(urls[0]);
  });

  it('says what an owner used, and keeps it', async () => {
    await until(async () => (await call('GET', '/usage', keys.owner.key)).json.items[0]?.requests >= 2);
    const { json } = await call('GET', '/usage', keys.owner.key);
    const today = new Date().toISOString().slice(0, 10);

    expect(json.owner).toBe('shop');
    expect(json.items).toEqual([
      {
        ...{ day: today, requests: 2, images: 2, accepted_images: 2 },
        bytes: { input: expect.any(Number), output: expect.any(Number) },
      },
    ]);
    expect(json.items[0].bytes.input).toBeGreaterThan(json.items[0].bytes.output);
    expect((await call('GET', '/usage?owner=shop', ADMIN)).json.items).toEqual(json.items);
    expect((await call('GET', '/usage?owner=shop', keys.other.key)).status).toBe(403);
    expect((await call('GET', '/usage?from=2026-02-31', ADMIN)).status).toBe(400);
    expect((await call('GET', '/usage?from=2020-01-01', ADMIN)).json.code).toBe('INVALID_PARAMETER');
  });

  it('changes and replaces keys, and notes it all', async () => {
    await make('changing', { role: 'write', quotas: { open_images: 5 } });
    const { id, key } = keys.changing;
    const token = await tokenOf(key);
    const changed = await call('PATCH', `/keys/${id}`, ADMIN, { role: 'read', quotas: null });
    const rotated = await call('POST', `/keys/${id}/rotate`, ADMIN);
    const listed = (await call('GET', '/keys', ADMIN)).json.items.find(
      (each: { id: string }) => each.id === id,
    );

    expect(changed.json).toMatchObject({ name: 'changing', role: 'read', quotas: {}, owner: id });
    expect(changed.json.key).toBeUndefined();
    expect((await call('GET', '/usage', key)).status).toBe(401);
    expect((await call('GET', '/requests', token)).status).toBe(401);
    expect((await call('GET', '/usage', rotated.json.key)).json.owner).toBe(id);
    expect(listed).toMatchObject({ role: 'read', owner: id });
    await until(async () => (await call('GET', `/keys/${id}`, ADMIN)).json.last_used_at !== null);
    await call('DELETE', `/keys/${id}`, keys.admin.key);
    await call('DELETE', `/webhooks/${ours.webhook}`, keys.owner.key);
    const { items } = (await call('GET', '/audit?limit=5', ADMIN)).json;
    expect(items.map(({ action, subject }: any) => [action, subject])).toEqual([
      ['webhook.delete', ours.webhook],
      ['key.delete', id],
      ['key.rotate', id],
      ['key.change', id],
      ['key.create', id],
    ]);
    expect(items[1].actor).toBe(`admin (${keys.admin.id})`);
    expect(items[3].details).toEqual({ role: 'read', quotas: null });
  });

  it.each([
    [{ name: 'x', role: 'read' }, 400, 'OWNER_MISSING'],
    [{ name: 'x', role: 'boss' }, 400, 'INVALID_PARAMETER'],
    [{ name: '', role: 'write' }, 400, 'INVALID_PARAMETER'],
    [{ name: 'x', role: 'write', owner: 'a b' }, 400, 'INVALID_PARAMETER'],
    [{ name: 'x', role: 'write', quotas: { images: 1 } }, 400, 'INVALID_PARAMETER'],
    [{ name: 'x', role: 'write', quotas: { open_images: -1 } }, 400, 'INVALID_PARAMETER'],
    [{ name: 'x', role: 'write', key: 'mine' }, 400, 'UNKNOWN_FIELD'],
  ])('refuses the key %j', async (body, status, code) => {
    const answer = await call('POST', '/keys', ADMIN, body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('keeps tokens within their options, size and origin', async () => {
    const bounds = { options: { quality: 30, format: 'webp' }, max_bytes: 300 };
    const token = await tokenOf(keys.owner.key, bounds);
    const client = (more: Record<string, string> = {}) =>
      new Client(app.client.url, { authorization: `Bearer ${token}`, ...more });
    const send = async (fields: Record<string, string>, csv = csvOf([['Mug', [origin.url('/mug.jpg')]]])) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      form.append('file', new Blob([csv]), 'a.csv');
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
      return { status: answer.status, json: (await answer.json()) as any };
    };
    const plain = await send({});
    const same = await send({ quality: '30' });
    const odd = await send({ effort: 'best' });
    const hook = await send({ webhook_url: 'https://shop.example/hook' });
    const large = await send({}, csvOf([['Mug'.repeat(100), [origin.url('/mug.jpg')]]]));
    const described = await client().get(`/requests/${plain.json.request_id}`);
    const stream = await EventStream.open(
      `${app.client.url}/requests/${plain.json.request_id}/events`,
      undefined,
      { authorization: `Bearer ${token}` },
    );
    await stream.ended();

    expect(described.json.options).toMatchObject({ quality: 30, format: 'webp' });
    expect(same.status).toBe(200);
    expect([odd.status, odd.json.code]).toEqual([403, 'TOKEN_NOT_ALLOWED']);
    expect([hook.status, hook.json.code]).toEqual([403, 'TOKEN_NOT_ALLOWED']);
    expect([large.status, large.json.code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(stream.events.at(-1)!.event).toBe('end');
    const ofPage = await tokenOf(keys.owner.key, { origin: app.client.url });
    const from = (page?: string) =>
      new Client(app.client.url, { authorization: `Bearer ${ofPage}`, ...(page ? { origin: page } : {}) });
    expect((await from(app.client.url).upload(csvOf([['Mug', []]]))).json).toMatchObject({ code: 'NO_URL' });
    expect((await from().upload(csvOf([['Mug', []]]))).json).toMatchObject({ code: 'TOKEN_NOT_ALLOWED' });
    for (const body of [
      ...[{ expires_in: 3601 }, { options: { quality: 0 } }, { options: { colour: 1 } }, { max_bytes: 0 }],
      ...[{ origin: 'https://evil.example' }, { options: [] }],
    ])
      expect((await call('POST', '/tokens', keys.owner.key, body)).status).toBe(400);
    expect((await call('POST', '/tokens', keys.reader.key)).status).toBe(403);
  });
});
