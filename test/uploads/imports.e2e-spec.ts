import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { ROOT } from '../helpers/paths.js';

const FOLDER = path.join(ROOT, 'test/fixtures/imports');
const MISSING = '/mug-2.jpg';

describeOnEachEngine('the file of a shop or marketplace', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let picture: Buffer;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const same = await photo(160, 120);
    const paths = new Set(readdirSync(FOLDER).flatMap((file) => fixture(file).match(/\/[\w-]+\.jpg/g) ?? []));
    paths.delete(MISSING);
    origin = await serveImages({
      ...Object.fromEntries([...paths].map((each) => [each, same])),
      '/changing.jpg': (_request, response) => response.end(picture),
    });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const fixture = (file: string) => readFileSync(path.join(FOLDER, file), 'latin1');
  const ownFile = (file: string) => fixture(file).replaceAll('https://img.example.com', origin.url(''));

  async function finished(text: string, name: string): Promise<string> {
    const { status, json, text: answer } = await app.client.upload(Buffer.from(text, 'latin1'), name);
    expect([status, answer]).toEqual([200, expect.any(String)]);
    await app.client.completed(json.request_id);
    return json.request_id;
  }

  async function outputOf(id: string, query = '') {
    const response = await fetch(`${app.client.url}/requests/${id}/output.csv${query}`);
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
    return { status: response.status, headers: response.headers, text };
  }

  /** A file in which the URLs of a request's images are replaced by their results. */
  async function expected(id: string, text: string, missing: (url: string) => string): Promise<string> {
    const results = new Map(
      (await app.client.images(id)).map((image) => [image.input_url, image.output_url]),
    );
    return text.replace(/http:\/\/127[^\s,;|"]+/g, (url) => results.get(url) ?? missing(url));
  }

  it.each(readdirSync(FOLDER))('%s comes back with its URLs replaced, and nothing else', async (file) => {
    const text = ownFile(file);
    const id = await finished(text, file);

    const output = await outputOf(id);
    const emptied = await outputOf(id, '?urls=replaced&failed=empty');

    expect(output.text).toBe(await expected(id, text, (url) => url));
    expect(emptied.text).toBe(await expected(id, text, () => ''));
    const name = `${path.parse(file).name}-output.csv`;
    expect(output.headers.get('content-disposition')).toContain(name);
  });

  it('uploaded twice gives the same output, and no new file', async () => {
    const files = () => app.nest.get(DataSource).manager.countBy(FileEntity, { kind: 'output' });
    const first = await outputOf(await finished(ownFile('woocommerce.csv'), 'woocommerce.csv'));
    const before = await files();

    const second = await outputOf(await finished(ownFile('woocommerce.csv'), 'woocommerce.csv'));

    expect(second.text).toBe(first.text);
    expect(await files()).toBe(before);
  });

  it('has another URL where one picture has changed, and nowhere else', async () => {
    const rows = ['mug-1', 'changing', 'mug-3'].map((name) => `${name},${origin.url(`/${name}.jpg`)}`);
    const text = ['Name,Image URL', ...rows, ''].join('\n');
    picture = await photo(80, 60, 2);
    const [, ...first] = (await outputOf(await finished(text, 'a.csv'), '?urls=replaced')).text.split('\n');
    picture = await photo(80, 60, 3);

    const [, ...second] = (await outputOf(await finished(text, 'a.csv'), '?urls=replaced')).text.split('\n');

    expect(second.map((line, index) => line === first[index])).toEqual([true, false, true, true]);
  });

  it('has the results in a column of their own where that is asked for', async () => {
    const id = await finished(ownFile('etsy.csv'), 'etsy.csv');

    const { text } = await outputOf(id, '?urls=added');

    const results = (await app.client.images(id)).map((image) => image.output_url);
    expect(text.split('\n')[0]).toMatch(/,SKU,Output Image Urls$/);
    expect(text).toContain(`"${results.join(',')}"`);
  });

  it('is described by a dry run in words', async () => {
    const form = new FormData();
    form.append('file', new Blob([ownFile('shopify.csv')]), 'export.csv');
    const response = await fetch(`${app.client.url}/upload?dry_run=true`, { method: 'POST', body: form });

    const { profile, warnings } = (await response.json()) as any;
    expect(warnings.items).toEqual([expect.objectContaining({ code: 'PUBLIC_URL_NOT_FETCHED' })]);
    expect(profile).toEqual({
      id: 'shopify',
      title: 'Shopify product export (classic)',
      summary: 'Shopify product export (classic): 4 rows, 2 columns of images',
      image_columns: ['Image Src', 'Variant Image'],
      name_column: 'Title',
    });
  });

  async function dryRun(text: string, fields: Record<string, string>) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([text]), 'a.csv');
    const response = await fetch(`${app.client.url}/upload?dry_run=true`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as any };
  }

  it('is read by the columns that are named', async () => {
    const text = `Artikel,Bild,Foto\nTasse,${origin.url('/mug-1.jpg')},${origin.url('/mug-3.jpg')}\n`;

    const { json } = await dryRun(text, { image_columns: 'Bild,Foto', name_column: 'Artikel' });
    const unknown = await dryRun(text, { image_columns: '["Bilder"]' });
    const mismatch = await dryRun(text, { profile: 'shopify' });
    const bad = await dryRun(text, { profile: 'shop' });
    const many = await dryRun(text, { image_columns: 'a,'.repeat(1_000) });

    expect(json).toMatchObject({
      images: 2,
      profile: { image_columns: ['Bild', 'Foto'], name_column: 'Artikel' },
    });
    expect(unknown.json.faults.items[0]).toMatchObject({ code: 'COLUMN_UNKNOWN', column: 'Bilder' });
    expect(mismatch.json.faults.items[0].code).toBe('PROFILE_MISMATCH');
    for (const { status, json: refusal } of [bad, many])
      expect([status, refusal.code]).toEqual([400, 'INVALID_PARAMETER']);
  });

  it('is told of a column of images that is not used', async () => {
    const text = `Name,Image URL,Zoom\nMug,${origin.url('/mug-1.jpg')},${origin.url('/mug-3.jpg')}\n`;

    const { json } = await dryRun(text, {});

    expect(json.warnings.items).toEqual([
      expect.objectContaining({ code: 'COLUMN_IGNORED', column: 'Zoom', line: 2 }),
    ]);
  });

  it('is listed with all others', async () => {
    const { json } = await app.client.get('/profiles');

    expect(json.items.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(['standard', 'shopify']),
    );
  });

  it('can not be given back where it was not kept', async () => {
    const id = await finished(ownFile('wix.csv'), 'wix.csv');
    await app.nest.get(DataSource).manager.update(RequestEntity, { id }, { uploadKey: null });

    expect((await outputOf(id)).status).toBe(409);
    expect((await outputOf(id, '?urls=added')).status).toBe(200);
  });
});
