import type { IncomingMessage, ServerResponse } from 'node:http';
import { CachedResultEntity } from '../../src/database/entities/cached-result.entity.js';
import { CachedSourceEntity } from '../../src/database/entities/cached-source.entity.js';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { Database } from '../../src/database/database.js';
import { ResultCache } from '../../src/images/processing/result-cache.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { FileSweeper } from '../../src/stored-files/file-sweeper.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const LONG_AGO = 'Wed, 01 Jan 2020 00:00:00 GMT';

describeOnEachEngine('an image that comes again', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let elsewhere: ImageOrigin;
  let conditions: (string | undefined)[];
  let tag: string;
  let pictures: Buffer[];
  let seed = 0;
  let cache: ResultCache;
  let writes: jest.SpyInstance<Promise<void>>;

  /** Answers with a picture, or that it is still the same. */
  function tagged(request: IncomingMessage, response: ServerResponse): void {
    conditions.push(request.headers['if-none-match'] ?? request.headers['if-modified-since']);
    if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
    else response.writeHead(200, { etag: tag }).end(pictures[tag === '"a"' ? 0 : 1]);
  }

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    cache = app.nest.get(ResultCache);
    writes = jest.spyOn(cache as unknown as { write(): Promise<void> }, 'write');
    elsewhere = await serveImages({ '/tagged.jpg': tagged });
    origin = await serveImages({
      '/tagged.jpg': tagged,
      '/dated.jpg': (request, response) => {
        conditions.push(request.headers['if-modified-since']);
        if (request.headers['if-modified-since'] === LONG_AGO) response.writeHead(304).end();
        else response.writeHead(200, { 'last-modified': LONG_AGO }).end(pictures[0]);
      },
      '/plain.jpg': (_, response) => response.end(pictures[0]),
      '/copy.jpg': (_, response) => response.end(pictures[0]),
      '/just-now.jpg': (request, response) => {
        conditions.push(request.headers['if-modified-since']);
        response.writeHead(200, { 'last-modified': new Date().toUTCString() }).end(pictures[0]);
      },
      '/private.jpg': (request, response) => {
        conditions.push(request.headers['if-none-match']);
        response.writeHead(200, { etag: '"x"', 'cache-control': 'private, no-store' }).end(pictures[0]);
      },
      '/moved.jpg': (_, response) => {
        const target = conditions.length === 0 ? origin.url('/tagged.jpg') : elsewhere.url('/tagged.jpg');
        response.writeHead(302, { location: target }).end();
      },
    });
  });
  beforeEach(async () => {
    await written();
    // Other pictures in each test: the cache still knows what was made a moment ago.
    pictures = await Promise.all([photo(240, 180, ++seed), photo(200, 100, ++seed)]);
    conditions = [];
    tag = '"a"';
    const { manager } = app.nest.get(Database);
    await manager.clear(CachedSourceEntity);
    await manager.clear(CachedResultEntity);
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([origin.close(), elsewhere.close()]);
    await installation.remove();
  });

  /** The only image of a new request, and what it became. */
  async function compressed(url: string, fields: Record<string, string> = {}, client = app.client) {
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', [url]]])]), 'products.csv');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const answer = await fetch(`${client.url}/upload`, { method: 'POST', body: form });
    const { request_id } = (await answer.json()) as { request_id: string };
    await client.completed(request_id);
    const [image] = await client.images(request_id);
    const bytes = Buffer.from(await (await fetch(image.output_url)).arrayBuffer());
    return { image, bytes, how: image.download.how, isAnew: image.milliseconds > 0 };
  }

  /** Waits until the cache has written all that it was told: it collects that for half a second. */
  async function written(): Promise<void> {
    await until(() => cache['writer'] === undefined);
    await Promise.all(writes.mock.results.map(({ value }) => value));
  }

  async function remembered(): Promise<void> {
    await written();
    expect(await app.nest.get(Database).manager.count(CachedResultEntity)).toBeGreaterThan(0);
  }

  it.each(['/tagged.jpg', '/dated.jpg'])(
    'is asked about only, where its server can tell: %s',
    async (name) => {
      const first = await compressed(origin.url(name));
      await remembered();
      const second = await compressed(origin.url(name));

      expect([first.how, second.how]).toEqual(['fetched', 'not_modified']);
      expect([first.isAnew, second.isAnew]).toEqual([true, false]);
      expect(conditions).toEqual([undefined, name === '/tagged.jpg' ? '"a"' : LONG_AGO]);
      expect(second.bytes).toEqual(first.bytes);
      expect(second.image.output_url).toBe(first.image.output_url);
      expect(second.image).toMatchObject({ input: first.image.input, output: first.image.output });
    },
  );

  it('is fetched and compressed when it has changed', async () => {
    await compressed(origin.url('/tagged.jpg'));
    await remembered();
    tag = '"b"';
    const changed = await compressed(origin.url('/tagged.jpg'));

    expect(changed).toMatchObject({ how: 'fetched', isAnew: true, image: { input: { width: 200 } } });
  });

  it('is fetched and not compressed where its server can not tell, or it lies elsewhere', async () => {
    const first = await compressed(origin.url('/plain.jpg'));
    await remembered();

    for (const name of ['/plain.jpg', '/copy.jpg']) {
      const again = await compressed(origin.url(name));
      expect(again).toMatchObject({ how: 'fetched', isAnew: false });
      expect(again.bytes).toEqual(first.bytes);
    }
  });

  it('is fetched and compressed for other options', async () => {
    const first = await compressed(origin.url('/tagged.jpg'));
    await remembered();
    const other = await compressed(origin.url('/tagged.jpg'), { quality: '20' });

    expect(other).toMatchObject({ how: 'fetched', isAnew: true });
    expect(other.bytes.length).toBeLessThan(first.bytes.length);
    expect(conditions).toEqual([undefined, undefined]);
  });

  it('is compressed once more where its similarity is asked for and not known, to the same bytes', async () => {
    const first = await compressed(origin.url('/tagged.jpg'));
    await remembered();
    const measured = await compressed(origin.url('/tagged.jpg'), { measure: 'similarity' });
    await remembered();
    const again = await compressed(origin.url('/tagged.jpg'), { measure: 'similarity' });
    const plain = await compressed(origin.url('/tagged.jpg'));

    expect([first, measured, again, plain].map(({ isAnew }) => isAnew)).toEqual([true, true, false, false]);
    expect(first.image.similarity).toBeNull();
    expect(measured.image.similarity).toBeGreaterThan(0.8);
    expect(again.image.similarity).toBe(measured.image.similarity);
    expect([measured.bytes, plain.bytes]).toEqual([first.bytes, first.bytes]);
  });

  it('is neither read from the storage nor stored again, and the same file gives the same output', async () => {
    const storage = app.nest.get(FileStorage);
    const csv = csvOf([['Mug', [origin.url('/tagged.jpg'), origin.url('/plain.jpg')]]]);
    const outputOf = async () => {
      const id = await app.client.accepted(csv);
      await app.client.completed(id);
      return (await app.client.get(`/requests/${id}/output.csv`)).text;
    };
    const first = await outputOf();
    await remembered();
    const calls = (['put', 'open', 'head', 'copy'] as const).map((name) => jest.spyOn(storage, name));
    const second = await outputOf();

    for (const call of calls) {
      const keys = call.mock.calls.map(([key]) => key).filter((key) => !key.startsWith('uploads/'));
      expect(keys).toEqual([]);
      call.mockRestore();
    }
    expect(second).toBe(first);
  });

  it('is fetched and compressed where the earlier result is gone', async () => {
    const hits = origin.hits['/tagged.jpg'] ?? 0;
    const first = await compressed(origin.url('/tagged.jpg'));
    await remembered();
    const key = new URL(first.image.output_url).pathname.replace('/images/', '');
    await app.nest.get(Database).manager.update(FileEntity, { key }, { state: 'deleting' });
    const again = compressed(origin.url('/tagged.jpg'));
    await until(() => origin.hits['/tagged.jpg'] > hits + 1);
    await app.nest.get(FileSweeper).sweep();
    const second = await again;

    expect(second).toMatchObject({ how: 'fetched', isAnew: true, bytes: first.bytes });
    expect(second.image.output_url).toBe(first.image.output_url);
    expect(conditions).toEqual([undefined, undefined]);
  });

  it('is not asked about at another server than the one that answered', async () => {
    await compressed(origin.url('/moved.jpg'));
    await remembered();
    const second = await compressed(origin.url('/moved.jpg'));

    expect(second.how).toBe('fetched');
    expect(conditions).toEqual([undefined, undefined]);
  });

  it.each(['/just-now.jpg', '/private.jpg'])(
    'is not asked about where its server wants or can promise nothing: %s',
    async (name) => {
      await compressed(origin.url(name));
      await remembered();
      await compressed(origin.url(name));

      expect(conditions).toEqual([undefined, undefined]);
    },
  );

  it('is a new one where nothing is to be remembered', async () => {
    const second = await engine.install();
    const forgetful = await startApp(second, { CACHE_RESULTS: '0' });
    try {
      for (let round = 0; round < 2; round++) {
        const { how, isAnew } = await compressed(origin.url('/tagged.jpg'), {}, forgetful.client);
        expect({ how, isAnew }).toEqual({ how: 'fetched', isAnew: true });
      }
      expect(conditions).toEqual([undefined, undefined]);
    } finally {
      await forgetful.close();
      await second.remove();
    }
  });

  it('is forgotten with age, and the longest unused first where there are too many', async () => {
    const second = await engine.install();
    const small = await startApp(second, { CACHE_RESULTS: '3', CACHE_DAYS: '10' });
    try {
      const { manager } = small.nest.get(Database);
      const now = Date.now();
      const ages = [0, 1, 2, 3, 4, 11, 12];
      await manager.insert(
        CachedResultEntity,
        ages.map((days) => ({
          id: String(days),
          outputKey: 'a/1.jpg',
          facts: '{}',
          usedAt: now - days * 86_400_000,
        })),
      );
      await small.nest.get(ResultCache).evict();

      const left = await manager.find(CachedResultEntity, { order: { usedAt: 'DESC' } });
      expect(left.map(({ id }) => id)).toEqual(['0', '1', '2']);

      // Rows that are written together have the same time.
      await manager.clear(CachedResultEntity);
      const together = Array.from({ length: 5 }, (_, index) => String(index));
      await manager.insert(
        CachedResultEntity,
        together.map((id) => ({ id, outputKey: 'a/1.jpg', facts: '{}', usedAt: now })),
      );
      await small.nest.get(ResultCache).evict();
      expect(await manager.count(CachedResultEntity)).toBe(3);
    } finally {
      await small.close();
      await second.remove();
    }
  });
});
