import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { Client, csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { ROOT } from '../helpers/paths.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

const FOLDER = path.join(ROOT, 'test/fixtures/imports');
const START = 'https://img.shop.example';
const KEY = 'a-key-of-thirty-two-characters--';
const AUTHORIZED = { authorization: `Bearer ${KEY}` };

/** What Google, Walmart, eBay, WooCommerce, Magento, Squarespace and Meta take together. */
const TAKEN_EVERYWHERE = /^https:\/\/[A-Za-z0-9._/-]+\.jpg$/;

describeOnEachEngine('the names of results', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let client: Client;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    const limits = { CALLS_PER_MINUTE: '1000000', UPLOADS_PER_MINUTE: '1000000' };
    app = await startApp(installation, { PUBLIC_URL: START, API_KEYS: KEY, ...limits });
    const { port } = app.nest.getHttpServer().address() as { port: number };
    client = new Client(`http://127.0.0.1:${port}`, AUTHORIZED);
    const texts = readdirSync(FOLDER).map((file) => readFileSync(path.join(FOLDER, file), 'latin1'));
    const paths = new Set(texts.flatMap((text) => text.match(/\/[\w-]+\.jpg/g) ?? []));
    const picture = await photo(160, 120);
    origin = await serveImages({
      ...Object.fromEntries([...paths].map((each) => [each, picture])),
      '/IMG%201.jpg': await photo(160, 121),
      '/other.jpg': await photo(160, 122),
    });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const ownFile = (file: string) =>
    readFileSync(path.join(FOLDER, file), 'latin1').replaceAll('https://img.example.com', origin.url(''));

  async function upload(text: string, fields: Record<string, string>, file = 'products.csv', query = '') {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([Buffer.from(text, 'latin1')]), file);
    const response = await fetch(`${client.url}/upload${query}`, {
      method: 'POST',
      body: form,
      headers: AUTHORIZED,
    });
    return { status: response.status, json: (await response.json()) as any };
  }

  async function finished(text: string, fields: Record<string, string>, file?: string): Promise<string> {
    const { status, json } = await upload(text, fields, file);
    expect([status, json]).toEqual([200, { request_id: expect.any(String) }]);
    await client.completed(json.request_id);
    return json.request_id;
  }

  /** Where the answers of this service say that something is. */
  const atHome = (url: string) => url.replace(START, client.url);
  const namesOf = async (id: string) =>
    (await client.images(id)).map(({ output_url }) => output_url?.replace(/^.*\//, ''));
  const storedOutputs = () => app.nest.get(DataSource).manager.countBy(FileEntity, { kind: 'output' });
  const output = async (id: string) => (await client.get(`/requests/${id}/output.csv`)).text;

  const table = () =>
    csvOf([
      ['Tür & Größe', [origin.url('/mug-1.jpg'), origin.url('/other.jpg')]],
      ['Chair_small', [origin.url('/mug-1.jpg'), origin.url('/IMG%201.jpg')]],
    ]);

  it('come from the template, also where two rows have the same picture', async () => {
    const id = await finished(Buffer.from(table()).toString('latin1'), { image_name: '{product}-{n}' });

    const images = await client.images(id);

    expect(await namesOf(id)).toEqual([
      ...['tuer-groesse-1.jpg', 'tuer-groesse-2.jpg', 'chair_small-1.jpg', 'chair_small-2.jpg'],
    ]);
    const digests = images.map(({ output_url }) => output_url.split('/').at(-2));
    expect(digests[0]).toBe(digests[2]);
    const bodies = await Promise.all(
      images.map(({ output_url }) => client.get(atHome(output_url).slice(client.url.length))),
    );
    expect(bodies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(bodies[0].text).toBe(bodies[2].text);
    expect((await output(id)).match(/https:[^",]+/g)).toEqual(images.map(({ output_url }) => output_url));
    const zip = await fetch(`${client.url}/requests/${id}/images.zip`, { headers: AUTHORIZED });
    const entries = Buffer.from(await zip.arrayBuffer())
      .toString('latin1')
      .match(/\d-\d-[\w-]+\.jpg/g)!;
    expect(new Set(entries)).toEqual(
      new Set([
        ...[
          '2-1-tuer-groesse-1.jpg',
          '2-2-tuer-groesse-2.jpg',
          '3-1-chair_small-1.jpg',
          '3-2-chair_small-2.jpg',
        ],
      ]),
    );
  });

  it('have the original name and digits of the digest where that is asked for', async () => {
    const id = await finished(table(), { image_name: '{original}-{hash}-{serial}' });

    const [first, second, third, last] = await client.images(id);

    const hash = (url: string) => url.split('/').at(-2)!.slice(0, 8);
    expect(await namesOf(id)).toEqual([
      `mug-1-${hash(first.output_url)}-1.jpg`,
      `other-${hash(second.output_url)}-1.jpg`,
      `mug-1-${hash(third.output_url)}-2.jpg`,
      `img-1-${hash(last.output_url)}-2.jpg`,
    ]);
  });

  it('cost no file: the same upload gives the same bytes, another name the same pictures', async () => {
    const first = await finished(table(), { image_name: '{product}-{n}' });
    const before = await storedOutputs();

    const again = await finished(table(), { image_name: '{product}-{n}' });
    const renamed = await client.send('POST', `/requests/${first}/rerun`, {
      image_name: 'photo-{n}',
      name: 'Anew',
      labels: { a: 'b' },
    });
    const plain = await client.send('POST', `/requests/${first}/rerun`, { image_name: null });
    const alike = await client.send('POST', `/requests/${first}/rerun`, {});
    for (const { status, json } of [renamed, plain, alike]) {
      expect([status, json]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
      await client.completed(json.id);
    }

    expect(await output(again)).toBe(await output(first));
    expect(await output(alike.json.id)).toBe(await output(first));
    expect(renamed.json).toMatchObject({ name: 'Anew', labels: { a: 'b' } });
    expect(await namesOf(renamed.json.id)).toEqual([
      'photo-1.jpg',
      'photo-2.jpg',
      'photo-1.jpg',
      'photo-2.jpg',
    ]);
    expect(new Set(await namesOf(plain.json.id))).toEqual(new Set(['image.jpg']));
    expect((await client.get(`/requests/${renamed.json.id}`)).json.reused).toBe(3);
    expect(await storedOutputs()).toBe(before);
  });

  it('are said by a dry run, and taken from products in JSON', async () => {
    const survey = await upload(table(), { image_name: '{product}-{n}-{hash}' }, 'a.csv', '?dry_run=true');
    const products = [{ product_name: 'Blue Mug', image_urls: [origin.url('/mug-1.jpg')] }];
    const { status, json } = await client.send('POST', '/requests', { products, image_name: '{product}' });
    await client.completed(json.id);

    expect(survey.json.image_names[3]).toBe('chair_small-2-{hash}');
    expect(status).toBe(201);
    expect(await namesOf(json.id)).toEqual(['blue-mug.jpg']);
  });

  it.each([
    [{ image_name: '{price}' }, 'IMAGE_NAME_INVALID', /no placeholder \{price\}/],
    [{ image_name: '{sku' }, 'IMAGE_NAME_INVALID', /brace/],
    [{ image_name: '{sku}' }, 'COLUMN_UNKNOWN', /no column for \{sku\}/],
    [{ image_name: '{column:Handle}' }, 'COLUMN_UNKNOWN', /no column for \{column:Handle\}/],
  ])('are refused for %j with %s', async (fields, code, message) => {
    const { status, json } = await upload(table(), fields);

    expect([status, json.code]).toEqual([400, code]);
    expect(json.error).toMatch(message);
  });

  it('are refused in every other place as well', async () => {
    const id = await finished(table(), {});
    const products = [{ product_name: 'Mug', image_urls: [origin.url('/mug-1.jpg')] }];

    const rerun = await client.send('POST', `/requests/${id}/rerun`, { image_name: '{price}' });
    const column = await client.send('POST', `/requests/${id}/rerun`, { image_name: '{sku}' });
    const json = await client.send('POST', '/requests', { products, image_name: '{' });
    const number = await client.send('POST', '/requests', { products, image_name: 5 });

    expect([rerun, column, json, number].map((answer) => [answer.status, answer.json.code])).toEqual([
      ...[
        [400, 'IMAGE_NAME_INVALID'],
        [400, 'COLUMN_UNKNOWN'],
        [400, 'IMAGE_NAME_INVALID'],
        [400, 'INVALID_PARAMETER'],
      ],
    ]);
  });

  it.each(readdirSync(FOLDER))('make addresses that every channel takes of %s', async (file) => {
    const named = await finished(ownFile(file), { image_name: '{product}-{n}' }, file);
    const plain = await finished(ownFile(file), {}, file);

    const images = [...(await client.images(named)), ...(await client.images(plain))];
    const urls = images.map(({ output_url }) => output_url).filter((url) => url !== null);
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) {
      expect(url).toMatch(TAKEN_EVERYWHERE);
      expect(url.length).toBeLessThanOrEqual(255);
      const { status, headers } = await fetch(atHome(url), { method: 'HEAD', redirect: 'manual' });
      expect([status, headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    }
  });
});
