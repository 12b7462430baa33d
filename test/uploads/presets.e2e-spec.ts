import { DataSource } from 'typeorm';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client, csvOf } from '../helpers/app/client.js';
import { faultsOf } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { ROOT } from '../helpers/paths.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';

const ADMIN = 'admin-key-0123456789';
const MAX_PRESETS = 100;
const COMMAND_LINE = path.join(ROOT, 'bin/image-processing.mjs');

describeOnEachEngine('presets', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let owner: Client;
  let other: Client;
  let reader: Client;
  let admin: Client;
  let csv: string;

  const clientOf = (key: string) => new Client(app.client.url, { authorization: `Bearer ${key}` });
  const made = async (name: string, role: string, ownerName: string) =>
    clientOf((await admin.send('POST', '/keys', { name, role, owner: ownerName })).json.key);
  const put = (name: string, options: object, client = owner) =>
    client.send('PUT', `/presets/${name}`, { options });
  const ended = async (id: string, client = owner) => {
    await client.completed(id);
    return (await client.get(`/requests/${id}`)).json;
  };
  const uploaded = async (fields: object, client = owner) => {
    const { status, text, json } = await client.form('/upload', csv, fields);
    if (status !== 200) throw new Error(text);
    return ended(json.request_id, client);
  };

  beforeAll(async () => {
    installation = await engine.install();
    const limits = { CALLS_PER_MINUTE: '100000', UPLOADS_PER_MINUTE: '10000' };
    app = await startApp(installation, { API_KEYS: ADMIN, ...limits });
    origin = await serveImages({ '/mug.jpg': await photo(320, 240) });
    csv = csvOf([['Mug', [origin.url('/mug.jpg')]]]);
    admin = clientOf(ADMIN);
    owner = await made('owner', 'write', 'shop');
    reader = await made('reader', 'read', 'shop');
    other = await made('other', 'write', 'rival');
  });
  afterAll(async () => {
    expect(await faultsOf(app.nest.get(DataSource))).toEqual({});
    await app.close();
    await origin.close();
    await installation.remove();
  });

  it('are kept, listed by name, changed and deleted, by their owner alone', async () => {
    const options = {
      format: 'webp',
      quality: 70,
      sizes: [80, 160],
      renditions: [{ name: 'thumb', fill: 85 }],
    };
    const first = await put('shop-2', options);
    const again = await put('shop-2', options);
    await put('a', { max_width: 900, trim: true });

    expect([first.status, again.json]).toEqual([200, first.json]);
    expect(first.json).toMatchObject({ name: 'shop-2', options: { ...options, quality: '70' } });
    expect((await reader.get('/presets/shop-2')).json).toEqual(first.json);
    const { json } = await reader.get('/presets');
    expect([json.items.map(({ name }: { name: string }) => name), json.next_cursor]).toEqual([
      ['a', 'shop-2'],
      null,
    ]);
    expect(json.items[0].options).toEqual({ max_width: 900, trim: 'true' });
    expect((await other.get('/presets')).json.items).toEqual([]);
    expect((await other.get('/presets/a')).json.code).toBe('PRESET_NOT_FOUND');
    expect((await other.send('DELETE', '/presets/a')).status).toBe(404);
    expect((await put('a', {}, reader)).json.code).toBe('ROLE_NOT_ALLOWED');
    expect((await put('a', { max_width: 800 })).json).toMatchObject({
      options: { max_width: 800 },
      created_at: json.items[0].created_at,
    });

    expect([
      (await owner.send('DELETE', '/presets/a')).status,
      (await owner.get('/presets/a')).status,
    ]).toEqual([204, 404]);
    expect((await owner.send('DELETE', '/presets/a')).json.code).toBe('PRESET_NOT_FOUND');
    const { items } = (await admin.get('/audit?limit=10')).json;
    expect(items).toContainEqual(
      expect.objectContaining({
        action: 'preset.delete',
        subject: 'a',
        actor: expect.stringMatching(/^owner/),
      }),
    );
  });

  it.each([
    ['Shop', {}, 'PRESET_NAME_INVALID'],
    ['a'.repeat(41), {}, 'PRESET_NAME_INVALID'],
    ['%00', {}, 'PRESET_NAME_INVALID'],
    ['x', { quality: 101 }, 'INVALID_PARAMETER'],
    ['x', { quality: 50, target: 'ssim:0.98' }, 'INVALID_PARAMETER'],
    ['x', { for: 'ebay', quality: 50 }, 'INVALID_PARAMETER'],
    ['x', { for: 'ebay', renditions: [{ name: 'y', for: 'amazon', format: 'webp' }] }, 'INVALID_PARAMETER'],
    ['x', { colour: 'red' }, 'UNKNOWN_FIELD'],
    ['x', { preset: 'y' }, 'UNKNOWN_FIELD'],
    ['x', { sizes: [0] }, 'INVALID_PARAMETER'],
    ['x', { renditions: [{ max_width: 5 }] }, 'INVALID_PARAMETER'],
    ['x', [], 'INVALID_PARAMETER'],
  ])('refuse the name %s with %j: %s', async (name, options, code) => {
    expect((await put(name, options)).json.code).toBe(code);
    expect((await owner.get('/presets/x')).status).toBe(404);
  });

  it('are resolved at the upload: a change later alters nothing, and fields beside override', async () => {
    await put('small', { format: 'webp', quality: 40, max_width: 160, sizes: [40, 80] });

    const first = await uploaded({ preset: 'small' });
    const over = await uploaded({ preset: 'small', target: 'bytes:9000', format: 'keep', sizes: '60' });
    const alone = await uploaded({ preset: 'small', renditions: '[]', effort: '' });
    await put('small', { quality: 90 });
    await owner.send('DELETE', '/presets/small');

    expect(first.options).toMatchObject({ format: 'webp', quality: 40, max_width: 160, target: null });
    expect(first.renditions.map(({ name }: { name: string }) => name)).toEqual(['40', '80']);
    expect((await owner.get(`/requests/${first.id}`)).json).toEqual(first);
    const [image] = await owner.images(first.id);
    expect(image.outputs.map(({ format, width }: any) => [format, width])).toEqual([
      ['webp', 160],
      ['webp', 40],
      ['webp', 80],
    ]);
    expect(over.options).toMatchObject({
      format: 'keep',
      quality: null,
      target: 'bytes:9000',
      max_width: 160,
    });
    expect(over.renditions.map(({ name }: { name: string }) => name)).toEqual(['60']);
    expect([alone.renditions, alone.options]).toEqual([[], first.options]);
  });

  it('name a channel, by which results are judged', async () => {
    await put('market', { for: 'ebay', max_width: 300 });

    const { options, id } = await uploaded({ preset: 'market' });

    expect(options).toMatchObject({ for: 'ebay', quality: 90, max_width: 300, format: 'jpeg' });
    expect((await owner.images(id))[0].outputs[0]).toMatchObject({
      fits: false,
      broken_rules: ['too_small: 300 < 500'],
    });
  });

  it('that are not there are refused with those that are, also in a dry run', async () => {
    await put('there', { quality: 60 });
    const refused = await owner.form('/upload', csv, { preset: 'their', dry_run: 'true' });
    const nobody = await other.send('POST', '/requests', { preset: 'there', products: [] });
    const json = await other.send('POST', '/requests', {
      preset: 'there',
      products: [{ image_urls: [origin.url('/mug.jpg')] }],
    });

    expect([refused.status, refused.json.code]).toEqual([400, 'PRESET_UNKNOWN']);
    expect(refused.json.error).toMatch(/^There is no preset "their"; there are .*\bthere\b.*\.$/);
    expect(nobody.json.code).toBe('INVALID_PARAMETER');
    expect([json.status, json.json.error]).toEqual([
      400,
      'There is no preset "there"; none is there yet: PUT /presets/<name>.',
    ]);
    expect((await owner.form('/upload', csv, { preset: 'there', dry_run: 'true' })).json.images).toBe(1);
  });

  it('are taken by JSON, a rerun and a token', async () => {
    await put('wide', { quality: 66, max_width: 200, sizes: [100] });
    const products = [{ image_urls: [origin.url('/mug.jpg')] }];
    const byJson = await owner.send('POST', '/requests', {
      products,
      preset: 'wide',
      options: { quality: 55 },
    });
    const first = await ended(byJson.json.id);
    await put('narrow', { max_width: 50, quality: 44, sizes: [20] });
    const rerun = await owner.send('POST', `/requests/${first.id}/rerun`, {
      preset: 'narrow',
      quality: null,
      format: 'webp',
    });
    const second = await ended(rerun.json.id);

    expect(first.options).toMatchObject({ quality: 55, max_width: 200 });
    expect(second.options).toMatchObject({ quality: 50, max_width: 50, format: 'webp' });
    expect([first, second].map(({ renditions }) => renditions[0].name)).toEqual(['100', '20']);
    expect((await owner.send('POST', '/tokens', { preset: 'wades' })).json.code).toBe('PRESET_UNKNOWN');
    const { token } = (await owner.send('POST', '/tokens', { preset: 'wide', options: { format: 'webp' } }))
      .json;
    const page = clientOf(token);
    const third = await uploaded({}, page);
    expect(third.options).toMatchObject({ quality: 66, max_width: 200, format: 'webp' });
    expect(third.renditions[0].name).toBe('100');
    for (const fields of [{ preset: 'narrow' }, { quality: '90' }, { sizes: '300' }])
      expect((await page.form('/upload', csv, fields)).json.code).toBe('TOKEN_NOT_ALLOWED');
    const choosing = clientOf((await owner.send('POST', '/tokens', {})).json.token);
    expect((await uploaded({ preset: 'narrow' }, choosing)).options.max_width).toBe(50);
    expect((await choosing.get('/presets')).json.code).toBe('TOKEN_NOT_ALLOWED');
  });

  it('do not make another upload of one that is repeated under its key', async () => {
    await put('changing', { quality: 30 });
    const headers = { 'Idempotency-Key': 'with a preset' };
    const first = await owner.form('/upload', csv, { preset: 'changing' }, { headers });
    await put('changing', { quality: 31 });

    expect((await owner.form('/upload', csv, { preset: 'changing' }, { headers })).json).toEqual(first.json);
    const different = await owner.form('/upload', csv, { preset: 'changing', quality: '31' }, { headers });
    expect(different.json.code).toBe('IDEMPOTENCY_KEY_REUSED');

    // Neither where it could not be used, nor where it has gone.
    const own = { preset: 'changing', quality: '31' };
    const other = { headers: { 'Idempotency-Key': 'with an option of its own' } };
    const second = await owner.form('/upload', csv, own, other);
    await put('changing', { for: 'amazon' });
    expect((await owner.form('/upload', csv, own, other)).json).toEqual(second.json);
    await owner.send('DELETE', '/presets/changing');
    expect((await owner.form('/upload', csv, own, other)).json).toEqual(second.json);
    expect((await owner.form('/upload', csv, own)).json.code).toBe('PRESET_UNKNOWN');
    expect((await owner.form('/upload?dry_run=true', csv, own)).json.code).toBe('PRESET_UNKNOWN');
  });

  it('are taken by the command line, which notices that one has changed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'presets-'));
    const file = path.join(folder, 'products.csv');
    await writeFile(file, csv);
    const { key } = (await admin.send('POST', '/keys', { name: 'shell', role: 'write', owner: 'shop' })).json;
    const compress = async (preset: string) => {
      const words = [COMMAND_LINE, 'compress', file, '--server', app.client.url, '--key', key, '--json'];
      const { stdout } = await promisify(execFile)(process.execPath, [...words, '--preset', preset]);
      return JSON.parse(stdout);
    };

    await put('of-shell', { quality: 21 });
    const first = await compress('of-shell');
    const again = await compress('of-shell');
    await put('of-shell', { quality: 22 });
    const changed = await compress('of-shell');
    await expect(compress('of-shed')).rejects.toThrow(/PRESET_UNKNOWN/);
    await rm(folder, { recursive: true });

    expect(again.id).toBe(first.id);
    expect([first, changed].map(({ options }) => options.quality)).toEqual([21, 22]);
  });

  it('are a hundred at most, however many are put at once', async () => {
    const crowd = await made('crowd', 'write', 'crowd');
    const names = Array.from({ length: MAX_PRESETS + 4 }, (_, index) => `preset-${index}`);
    const answers = await Promise.all(names.map((name) => put(name, { quality: 50 }, crowd)));

    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.map(({ json }) => json.code)).toEqual(Array(4).fill('TOO_MANY_PRESETS'));
    const { items } = (await crowd.get('/presets')).json;
    expect(items).toHaveLength(MAX_PRESETS);
    expect((await put(items[7].name, { quality: 51 }, crowd)).status).toBe(200);
    expect((await crowd.send('DELETE', `/presets/${items[8].name}`)).status).toBe(204);
    expect((await put('one-more', {}, crowd)).status).toBe(200);
  });

  it('are one, where the same name is put many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => put('same', { quality: index + 1 })),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const { items } = (await owner.get('/presets')).json;
    expect(items.filter(({ name }: { name: string }) => name === 'same')).toHaveLength(1);
  });
});
