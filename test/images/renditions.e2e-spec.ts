import Papa from 'papaparse';
import { csvOf } from '../helpers/app/client.js';
import { faultsOf, withDatabase } from '../helpers/app/data-model.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';

interface Output {
  rendition: string;
  url: string;
  bytes: number;
  format: string;
  width: number;
  milliseconds: number;
  fits: boolean | null;
}

describeOnEachEngine('renditions', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let isChanged = false;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const [one, other, changed] = await Promise.all([1, 2, 3].map((seed) => photo(640, 480, seed)));
    const tagged = (picture: () => Buffer, etag: () => string) => (request: any, response: any) => {
      if (request.headers['if-none-match'] === etag()) response.writeHead(304).end();
      else response.writeHead(200, { etag: etag() }).end(picture());
    };
    origin = await serveImages({
      '/one.jpg': tagged(
        () => one,
        () => '"one"',
      ),
      '/other.jpg': tagged(
        () => (isChanged ? changed : other),
        () => (isChanged ? '"changed"' : '"other"'),
      ),
    });
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const upload = async (fields: Record<string, string>) => {
    const form = new FormData();
    const urls = ['/one.jpg', '/gone.jpg', '/other.jpg', '/one.jpg'].map((url) => origin.url(url));
    form.append('file', new Blob([csvOf([['Mug', urls]])]), 'mugs.csv');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const response = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };
  const ended = async (fields: Record<string, string>) => {
    const { json } = await upload(fields);
    await app.client.completed(json.request_id);
    const request = (await app.client.get(`/requests/${json.request_id}`)).json;
    const images = (await app.client.images(json.request_id)) as unknown as { outputs: Output[] }[];
    return { request, images, id: json.request_id };
  };
  const csv = async (path: string) => Papa.parse<string[]>((await app.client.get(path)).text.trim()).data;

  it('are made of each image, in columns, rows and folders of their own', async () => {
    const renditions = JSON.stringify([
      { name: 'thumb', max_width: 64, quality: 70 },
      { name: 'small-webp', format: 'webp' },
      { name: 'amazon', for: 'amazon' },
    ]);
    const { request, images, id } = await ended({ renditions, sizes: '160, 320', format: 'jpeg' });

    const names = ['image', 'thumb', 'small-webp', 'amazon', '160', '320'];
    for (const number of [0, 2, 3]) {
      const { outputs } = images[number];
      expect(outputs.map(({ rendition }) => rendition)).toEqual(names);
      expect(outputs.map(({ width }) => width)).toEqual([320, 64, 640, 752, 160, 320]);
      expect(outputs.map(({ format }) => format)).toEqual(['jpeg', 'jpeg', 'webp', 'jpeg', 'jpeg', 'jpeg']);
      expect(outputs.map(({ fits }) => fits)).toEqual([null, null, null, true, null, null]);
      for (const { url, bytes } of outputs)
        expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(bytes);
    }
    expect(images[1].outputs).toEqual([]);
    expect(images[3].outputs).toEqual(images[0].outputs);
    const all = images.flatMap(({ outputs }) => outputs.map(({ bytes }) => bytes));
    const main = images.flatMap(({ outputs }) => outputs.slice(0, 1).map(({ bytes }) => bytes));
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(request.bytes).toMatchObject({ output: sum(all), renditions: sum(all) - sum(main) });
    expect(request.bytes.saved_percent).toBeGreaterThan(0);
    expect(request.renditions.map(({ name }: { name: string }) => name)).toEqual(names.slice(1));

    const [header, row] = await csv(`/requests/${id}/output.csv?srcset=true`);
    const column = 'Output Image Urls';
    expect(header.slice(3)).toEqual([
      column,
      ...names.slice(1).map((name) => `${column} (${name})`),
      `${column} srcset`,
    ]);
    const urlsOf = (rendition: string) =>
      images
        .map(({ outputs }) => outputs.find((output) => output.rendition === rendition)?.url ?? '')
        .join(',');
    expect(row.slice(3, 9)).toEqual(names.map(urlsOf));
    expect(row[9].split(' | ')).toHaveLength(4);
    expect(row[9].split(' | ')[0]).toMatch(/^http\S+ 160w, http\S+ 320w$/);

    const rows = await csv(`/requests/${id}/renditions.csv`);
    expect(rows).toHaveLength(1 + 18);
    expect(rows[0]).toEqual([
      'Line',
      'Column',
      'Position',
      'Rendition',
      'Url',
      'Width',
      'Height',
      'Bytes',
      'Format',
    ]);
    const thumb = images[0].outputs[1];
    expect(rows).toContainEqual(['2', '3', '1', 'thumb', thumb.url, '64', '48', String(thumb.bytes), 'jpeg']);

    const zip = Buffer.from(await (await fetch(`${app.client.url}/requests/${id}/images.zip`)).arrayBuffer());
    const text = zip.toString('latin1');
    for (const name of [
      '2-1-image.jpg',
      'thumb/2-1-image.jpg',
      'small-webp/2-3-image.webp',
      '320/2-4-image.jpg',
    ])
      expect(text).toContain(name);
    expect(await withDatabase(installation, faultsOf)).toEqual({});
  });

  it('are reused one by one: the same file again is asked for, and compressed where it has changed', async () => {
    const fields = { sizes: '100,200', quality: '61' };
    const first = await ended(fields);
    const calls = origin.hits['/one.jpg'];
    const again = await ended(fields);
    expect(again.images.map(({ outputs }) => outputs.map(({ url }) => url))).toEqual(
      first.images.map(({ outputs }) => outputs.map(({ url }) => url)),
    );
    expect(again.request.reused).toBe(2);
    expect(origin.hits['/one.jpg']).toBe(calls + 1); // once for all, and answered with a 304

    isChanged = true;
    const changed = await ended(fields);
    const [one, , other, repeat] = changed.images.map(({ outputs }) => outputs);
    expect(changed.request.reused).toBe(1);
    expect([one, repeat].map((outputs) => outputs.map(({ milliseconds }) => milliseconds))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(other.map(({ url }) => url)).not.toEqual(first.images[2].outputs.map(({ url }) => url));

    const more = await ended({ ...fields, sizes: '50,100,200' });
    const [outputs] = more.images.map((image) => image.outputs);
    expect(outputs.map(({ rendition }) => rendition)).toEqual(['image', '50', '100', '200']);
    expect(outputs.slice(2).map(({ url }) => url)).toEqual(
      first.images[0].outputs.slice(1).map(({ url }) => url),
    );
    expect(await withDatabase(installation, faultsOf)).toEqual({});
  });

  it('come again with a rerun, or others in their place', async () => {
    const { request, id } = await ended({ sizes: '90,120', quality: '55' });
    const rerun = async (body: object) => {
      const { json } = await app.client.send('POST', `/requests/${id}/rerun`, body);
      await app.client.completed(json.id);
      return json;
    };

    const same = await rerun({});
    expect(same.renditions).toEqual(request.renditions);
    const better = await rerun({ quality: 66 });
    expect(better.renditions[0].options).toMatchObject({ quality: 66, max_width: 90 });
    const none = await rerun({ renditions: null });
    expect(none.renditions).toEqual([]);
    const json = await app.client.send('POST', '/requests', {
      products: [{ image_urls: [origin.url('/one.jpg')] }],
      renditions: [{ name: 'thumb', max_width: 40 }],
      sizes: [80],
    });
    expect(json.status).toBe(201);
    expect(json.json.renditions.map(({ name }: { name: string }) => name)).toEqual(['thumb', '80']);
    await app.client.completed(json.json.id);
  });

  it.each([
    [{ sizes: '400,wide' }],
    [{ sizes: '0' }],
    [{ sizes: '400,400' }],
    [{ sizes: '16384' }],
    [{ sizes: Array.from({ length: 21 }, (_, i) => i + 1).join(',') }],
    [{ renditions: '{' }],
    [{ renditions: '{"name":"a"}' }],
    [{ renditions: '[{"max_width":3}]' }],
    [{ renditions: '[{"name":"image"}]' }],
    [{ renditions: '[{"name":"../a"}]' }],
    [{ renditions: '[{"name":"a"},{"name":"a"}]' }],
    [{ renditions: '[{"name":"a","max_width":0}]' }],
    [{ renditions: '[{"name":"a","colour":"red"}]' }],
    [{ renditions: '[{"name":"a","for":"ebay","quality":50}]' }],
  ])('of %j are refused', async (fields) => {
    const { status, json } = await upload(fields as unknown as Record<string, string>);

    expect(status).toBe(400);
    expect(['INVALID_PARAMETER', 'UNKNOWN_FIELD']).toContain(json.code);
  });
});
