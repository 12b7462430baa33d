import { readdirSync } from 'node:fs';
import path from 'node:path';
import Papa from 'papaparse';
import sharp from 'sharp';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

describeOnEachEngine('the options of an upload', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const clear = sharp(await photo(300, 200, 4)).ensureAlpha(0.5);
    origin = await serveImages({
      '/mug.jpg': await photo(640, 480),
      '/logo.png': await clear.png().toBuffer(),
    });
  });
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const upload = async (fields: Record<string, string>, query = '') => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const csv = csvOf([['Mug', [origin.url('/mug.jpg'), origin.url('/logo.png')]]]);
    form.append('file', new Blob([csv]), 'products.csv');
    const response = await fetch(`${app.client.url}/upload${query}`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as any };
  };

  it('decide the format, size and report of its images, and the addresses in the output', async () => {
    const fields = { format: 'jpg', quality: '60%', max_width: '200', effort: 'best', measure: 'similarity' };
    const { json } = await upload(fields);
    await app.client.completed(json.request_id);

    const request = await app.client.get(`/requests/${json.request_id}`);
    const images = await app.client.images(json.request_id);
    const output = await app.client.get(`/requests/${json.request_id}/output.csv`);

    expect(request.json.options).toEqual({
      ...{ quality: '60%', target: null, format: 'jpeg', max_width: 200, max_height: null },
      ...{ effort: 'best', metadata: 'none', measure: 'similarity' },
      ...{ for: null, canvas: 'none', background: null, fill: null, trim: false, enlarge: false },
    });
    expect(images).toMatchObject([
      {
        outcome: 'compressed',
        output: { format: 'jpeg', width: 200, height: 150 },
        quality: 55, // of 92
        notes: [],
      },
      { output: { format: 'jpeg', width: 200, height: 133 }, quality: 60, notes: ['alpha_flattened'] },
    ]);
    for (const { similarity, milliseconds } of images) {
      expect(similarity).toBeGreaterThan(0.8);
      expect(similarity).toBeLessThanOrEqual(1);
      expect(similarity).toBe(Math.round(similarity * 10_000) / 10_000);
      expect(Number.isInteger(milliseconds)).toBe(true);
    }
    const urls = Papa.parse<string[]>(output.text.trim()).data[1][3].split(',');
    for (const url of urls) {
      expect(url).toMatch(/\.jpg$/);
      const response = await fetch(url);
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      expect((await sharp(Buffer.from(await response.arrayBuffer())).metadata()).width).toBe(200);
    }
  });

  it('lay images on a canvas', async () => {
    const fields = { canvas: '1:1', fill: '85', format: 'jpg', max_width: '200', background: '00FF00' };
    const { json } = await upload(fields);
    await app.client.completed(json.request_id);

    const request = await app.client.get(`/requests/${json.request_id}`);
    const images = await app.client.images(json.request_id);

    expect(request.json.options).toMatchObject({ canvas: '1:1', background: '#00ff00', fill: 85 });
    for (const { output } of images)
      expect(output).toMatchObject({ format: 'jpeg', width: 200, height: 200 });
  });

  it('choose among formats, and aim at bytes', async () => {
    const { json } = await upload({ format: 'auto', target: 'bytes:9000' });
    await app.client.completed(json.request_id);

    const images = await app.client.images(json.request_id);

    for (const { output, output_url, notes } of images) {
      expect(output.bytes).toBeLessThanOrEqual(9_000);
      expect(output_url.endsWith(`.${output.format.replace('jpeg', 'jpg')}`)).toBe(true);
      expect(notes).toEqual([]);
    }
    expect((await app.client.get(`/requests/${json.request_id}`)).json.options).toMatchObject({
      quality: null,
      target: 'bytes:9000',
    });
  });

  it.each([
    [{ quality: '50', target: 'ssim:0.95' }, 'exclude each other'],
    [{ target: 'ssim:2' }, 'target must be'],
    [{ format: 'heic' }, 'format must be one of keep, jpeg'],
    [{ max_width: '0' }, 'max_width must be a whole number of pixels from 1 to 16383'],
    [{ 'max_width[a]': '50' }, 'max_width must be a whole number'],
    [{ 'max_width[]': '50' }, 'max_width must be a whole number'],
    [{ max_height: '1e3' }, 'max_height must be a whole number'],
    [{ max_height: '100px' }, 'max_height must be a whole number'],
    [{ effort: 'most' }, 'effort must be one of'],
    [{ metadata: 'gps' }, 'metadata must be one of'],
    [{ measure: 'time' }, 'measure must be one of none, similarity'],
  ] as const)('are refused as %j, also in a dry run', async (fields, reason) => {
    for (const query of ['', '?dry_run=true']) {
      const { status, json } = await upload(fields, query);

      expect([status, json.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect(json.error).toContain(reason);
    }
  });

  it.each([
    [{ qualty: '30' }, '', 'There is no field "qualty" here; there are quality, target, format, max_width,'],
    [
      {},
      '?quality=30',
      'There is no query parameter "quality" here; the options are fields of the form (or parameters of the query, where the body is the file itself).',
    ],
    [
      {},
      '?dryrun=true',
      'There is no query parameter "dryrun" here; the options are fields of the form (or parameters of the query, where the body is the file itself).',
    ],
  ])('that do not exist are refused: %j %s', async (fields, query, error) => {
    const { status, json } = await upload(fields, query);

    expect([status, json.code, json.error]).toEqual([400, 'UNKNOWN_FIELD', expect.stringContaining(error)]);
    // Removed once the answer has been sent.
    await until(() => readdirSync(path.join(installation.environment.DATA_DIR!, 'uploads')).length === 0);
  });

  it('are described for programs', async () => {
    const { json } = await app.client.get('/openapi.json');

    const { properties } = json.components.schemas.UploadForm;
    // An empty field is one that is left out, as forms send it: what a preset says counts then.
    expect(properties.format.enum).toEqual(['', 'keep', 'jpeg', 'webp', 'avif', 'png', 'auto']);
    expect(properties.effort.enum).toEqual(['', 'fast', 'balanced', 'best']);
    expect(properties.metadata.enum).toEqual(['', 'none', 'copyright', 'all']);
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['quality', 'target', 'max_width', 'max_height', 'on_invalid', 'file']),
    );
  });
});
