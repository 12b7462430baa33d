import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

describeOnEachEngine('POST /preview', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let picture: Buffer;
  const held: (() => void)[] = [];

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    picture = await photo(320, 240);
    origin = await serveImages({
      '/mug.jpg': picture,
      '/page.jpg': Buffer.from('<!doctype html><title>Login</title>'),
      '/large.jpg': Buffer.alloc(12_000_001, 1),
      '/held.jpg': (_request, response) => held.push(() => response.end(picture)),
    });
  });
  afterAll(async () => {
    for (const release of held) release();
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const preview = async (fields: Record<string, string>, file?: Buffer) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    if (file) form.append('file', new Blob([new Uint8Array(file)]), 'mug.jpg');
    const response = await fetch(`${app.client.url}/preview`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as any };
  };

  it('shows an image of an address before and after, and stores nothing', async () => {
    const { status, json } = await preview({ url: origin.url('/mug.jpg'), quality: '30', format: 'webp' });
    const after = Buffer.from(json.after.base64, 'base64');

    expect(status).toBe(200);
    expect(Buffer.from(json.before.base64, 'base64').equals(picture)).toBe(true);
    expect(json.before.content_type).toBe('image/jpeg');
    expect((await sharp(after).metadata()).format).toBe('webp');
    expect(json).toMatchObject({
      after: { content_type: 'image/webp' },
      input: { bytes: picture.length, format: 'jpeg', width: 320, height: 240 },
      output: { bytes: after.length, format: 'webp', width: 320, height: 240 },
      outcome: 'compressed',
      similarity: expect.any(Number),
      saved_percent: Math.round(1000 * (1 - after.length / picture.length)) / 10,
    });
    expect((await app.client.get('/requests')).json.items).toEqual([]);
    const folder = path.join(installation.environment.DATA_DIR, 'images');
    expect(filesBelow(folder)).toEqual([]);
  });

  it('says what an estimate of the time of a file needs', async () => {
    const fetched = await preview({ url: origin.url('/mug.jpg'), sizes: '80', measure: 'none' });
    const sent = await preview({}, picture);

    expect(fetched.json).toMatchObject({
      similarity: null,
      milliseconds: expect.any(Number),
      fetch_milliseconds: expect.any(Number),
      renditions: [{ milliseconds: expect.any(Number) }],
    });
    expect(sent.json).toMatchObject({
      similarity: expect.any(Number),
      fetch_milliseconds: null,
      at_once: { images: availableParallelism(), downloads: 128, downloads_per_host: 16 },
    });
  });

  it('shows each form that is asked for, and whether the channel takes it, as the results of an upload', async () => {
    const fields = {
      for: 'ebay',
      renditions: '[{"name":"own","for":"web","max_width":100}]',
      sizes: '80,160',
    };
    const { json } = await preview(fields, picture);
    await app.client.send('PUT', '/presets/of-preview', { options: { sizes: [40], format: 'webp' } });
    const ofPreset = await preview({ preset: 'of-preview' }, picture);
    const unknown = await preview({ preset: 'of-nobody' }, picture);
    const channelRefuses = await preview({ for: 'ebay', quality: '10' }, picture);

    expect(json).toMatchObject({
      fits: false,
      broken_rules: ['too_small: 320 < 500'],
      output: { width: 320 },
    });
    expect(
      json.renditions.map(({ name, output, fits }: any) => [name, output.width, output.format, fits]),
    ).toEqual([
      ['own', 100, 'webp', true],
      ['80', 80, 'jpeg', null],
      ['160', 160, 'jpeg', null],
    ]);
    for (const { after, output } of json.renditions) {
      const bytes = Buffer.from(after.base64, 'base64');
      expect([bytes.length, (await sharp(bytes).metadata()).width]).toEqual([output.bytes, output.width]);
    }
    expect(ofPreset.json).toMatchObject({
      fits: null,
      output: { format: 'webp' },
      renditions: [{ name: '40' }],
    });
    expect([unknown.status, unknown.json.code]).toEqual([400, 'PRESET_UNKNOWN']);
    expect([channelRefuses.status, channelRefuses.json.code]).toEqual([400, 'INVALID_PARAMETER']);
  });

  it('takes the image as a file part, too', async () => {
    const { status, json } = await preview({ target: 'bytes:5000' }, picture);

    expect(status).toBe(200);
    expect(json.output.bytes).toBeLessThanOrEqual(5000);
  });

  it.each([
    ['neither address nor file', {}, 400, 'FILE_MISSING', null],
    [
      'an option that is none',
      { url: 'http://a.example/a.jpg', quality: '0' },
      400,
      'INVALID_PARAMETER',
      null,
    ],
    [
      'a field that does not exist',
      { url: 'http://a.example/a.jpg', qualty: '5' },
      400,
      'UNKNOWN_FIELD',
      null,
    ],
    ['a private address', { url: 'http://10.0.0.1/a.jpg' }, 422, 'PREVIEW_IMPOSSIBLE', 'ADDRESS_REFUSED'],
    ['no address', { url: 'photos/a.jpg' }, 422, 'PREVIEW_IMPOSSIBLE', 'URL_INVALID'],
    ['an image that is not there', { url: '/gone.jpg' }, 422, 'PREVIEW_IMPOSSIBLE', 'HTTP_404'],
    ['a page', { url: '/page.jpg' }, 422, 'PREVIEW_IMPOSSIBLE', 'NOT_AN_IMAGE'],
    ['an image above 12 MB', { url: '/large.jpg' }, 413, 'PREVIEW_TOO_LARGE', null],
  ])('refuses %s', async (_, { url, ...fields }: Record<string, string>, status, code, imageCode) => {
    const address = url?.startsWith('/') ? origin.url(url) : url;

    const answer = await preview({ ...fields, ...(address && { url: address }) });

    expect(answer).toMatchObject({ status, json: { code, error: expect.any(String) } });
    if (imageCode) expect(answer.json.details).toMatchObject([{ code: imageCode }]);
  });

  it('refuses a file part above 12 MB, and both at once', async () => {
    expect(await preview({}, Buffer.alloc(12_000_001))).toMatchObject({ status: 413 });
    expect(await preview({ url: origin.url('/mug.jpg') }, picture)).toMatchObject({
      status: 400,
      json: { code: 'TOO_MANY_FILES' },
    });
  });

  it('works on two at once, lets others wait, and refuses more than sixteen', async () => {
    const answers = Array.from({ length: 18 }, () => preview({ url: origin.url('/held.jpg') }));
    await until(() => held.length === 2);
    const refused = await Promise.race(answers);
    let isDone = false;
    const all = Promise.all(answers).finally(() => (isDone = true));
    let asked = 0;
    await until(() => {
      asked = Math.max(asked, held.length);
      for (const release of held.splice(0)) release();
      return isDone;
    });

    expect(refused).toMatchObject({ status: 429, json: { code: 'TOO_MANY_PREVIEWS' } });
    expect(asked).toBeLessThanOrEqual(2);
    const statuses = (await all).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
  });
});

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
