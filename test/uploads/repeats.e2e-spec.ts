import { RepeatedImages } from '../../src/images/scheduling/repeated-images.js';
import { RepeatedUrls } from '../../src/requests/intake/repeated-urls.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { deferred, until } from '../helpers/wait.js';

describeOnEachEngine('a URL that a file holds several times', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let flaky = 0;
  const held = deferred();

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const flakily = await photo(120, 80, 3);
    origin = await serveImages({
      '/mug.jpg': await photo(320, 240),
      '/lamp.jpg': await photo(200, 150, 2),
      '/gone.jpg': 404,
      '/held.jpg': (_, response) => void held.promise.then(() => response.end(flakily)),
      '/flaky.jpg': (_, response) => {
        if (++flaky === 1) response.writeHead(503).end();
        else response.end(flakily);
      },
    });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  async function finished(rows: [name: string, paths: string[]][]) {
    const urls = rows.map(([name, paths]): [string, string[]] => [name, paths.map(origin.url)]);
    const id = await app.client.accepted(csvOf(urls));
    await app.client.completed(id);
    const { json: request } = await app.client.get(`/requests/${id}`);
    return { id, request, images: await app.client.images(id) };
  }

  it('is pending in every further cell while its first image is open', async () => {
    const url = origin.url('/held.jpg');
    const id = await app.client.accepted(
      csvOf([
        ['Mug', [url, url]],
        ['Mug again', [url]],
      ]),
    );
    await until(() => origin.hits['/held.jpg'] === 1);

    const images = await app.client.images(id);
    const pending = await app.client.get(`/requests/${id}/images?status=pending`);
    const { json: request } = await app.client.get(`/requests/${id}`);
    held.resolve();
    await app.client.completed(id);

    expect(images.map(({ status }) => status)).toEqual(['processing', 'pending', 'pending']);
    expect(pending.json.items).toEqual(images.slice(1));
    expect(request.counts).toMatchObject({ images: 3, pending: 2, processing: 1 });
  });

  it('is fetched once, and every cell is filled', async () => {
    const { id, request, images } = await finished([
      ['Mug', ['/mug.jpg', '/lamp.jpg', '/mug.jpg']],
      ['Set', ['/lamp.jpg', '/gone.jpg']],
      ['Mug again', ['/mug.jpg', '/gone.jpg']],
    ]);

    expect(origin.hits).toEqual({ '/held.jpg': 1, '/mug.jpg': 1, '/lamp.jpg': 1, '/gone.jpg': 1 });
    expect(request).toMatchObject({
      outcome: 'partial',
      counts: { images: 7, pending: 0, processing: 0, done: 5, failed: 2 },
    });
    expect(images.map(({ download }) => download?.how)).toEqual([
      'fetched',
      'fetched',
      'repeat',
      'repeat',
      undefined,
      'repeat',
      'repeat',
    ]);
    expect(images[2]).toEqual({
      ...images[0],
      id: `${id}-3`,
      position: 3,
      download: { how: 'repeat', milliseconds: null },
    });
    expect(images[6]).toMatchObject({ line: 4, status: 'failed', error: images[4].error, output_url: null });

    const { text } = await app.client.get(`/requests/${id}/output.csv`);
    expect(
      text
        .split('\n')
        .slice(1)
        .map((line) =>
          line
            .split('"')[3]
            ?.split(',')
            .map((url) => url.split('/').at(-1)),
        ),
    ).toEqual([
      [0, 1, 0].map((index) => images[index].output_url.split('/').at(-1)),
      [images[1].output_url.split('/').at(-1), ''],
      [images[0].output_url.split('/').at(-1), ''],
      undefined,
    ]);
    const sum = (side: 'input' | 'output') =>
      images.reduce((bytes, image) => bytes + (image[side]?.bytes ?? 0), 0);
    expect(request.bytes).toMatchObject({ input: sum('input'), output: sum('output') });
  });

  it('is tried again once for all', async () => {
    const { request } = await finished([['Flaky', ['/flaky.jpg', '/flaky.jpg']]]);

    expect(request.counts).toMatchObject({ done: 2 });
    expect(origin.hits['/flaky.jpg']).toBe(2);
  });

  it('fills more cells than are settled at a time', async () => {
    const paths = Array.from({ length: 100 }, () => '/mug.jpg');
    const rows = Array.from({ length: 13 }, (_, index): [string, string[]] => [`Mug ${index}`, paths]);
    const before = origin.hits['/mug.jpg'];
    const { request, images } = await finished(rows);

    expect(request.counts).toMatchObject({ images: 1_300, done: 1_300 });
    expect(images.every(({ output_url }) => output_url)).toBe(true);
    expect(origin.hits['/mug.jpg']).toBe(before + 1);
  });

  it('is settled everywhere although the process ends between the first cell and the others', async () => {
    jest.spyOn(app.nest.get(RepeatedImages), 'settle').mockResolvedValueOnce(undefined);
    const { request } = await finished([['Mug', ['/mug.jpg', '/mug.jpg', '/mug.jpg']]]);

    expect(request.counts).toMatchObject({ done: 3 });
  });

  it('is not mixed up with another one of the same fingerprint', async () => {
    jest
      .spyOn(RepeatedUrls.prototype, 'firstOf')
      .mockImplementation((_, number) => (number === 1 ? null : 1));
    const { images } = await finished([['Mug and lamp', ['/mug.jpg', '/lamp.jpg', '/mug.jpg']]]);

    expect(images.map(({ input, download }) => [input.width, download.how])).toEqual([
      [320, 'fetched'],
      [200, 'fetched'],
      [320, 'repeat'],
    ]);
  });
});
