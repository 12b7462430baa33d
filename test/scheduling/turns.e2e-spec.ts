import type { TestingModule } from '@nestjs/testing';
import type { ServerResponse } from 'node:http';
import { DataSource } from 'typeorm';
import { toCompressionOptions } from '../../src/compression/options.js';
import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { RequestHostEntity } from '../../src/database/entities/request-host.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { ImageProcessor } from '../../src/images/processing/image-processor.js';
import { ImageClaims } from '../../src/images/scheduling/image-claims.js';
import { RequestTurns } from '../../src/images/scheduling/request-turns.js';
import { RepeatedWarning } from '../../src/logging/repeated-warning.js';
import { JobQueue } from '../../src/queue/job-queue.js';
import { RequestsService } from '../../src/requests/requests.service.js';
import { csvOf } from '../helpers/app/client.js';
import {
  describeOnEachEngine,
  describeOnServers,
  type Engine,
  type Installation,
} from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { openWorker } from '../helpers/app/worker.js';

const LAYOUT = { columns: [], delimiter: ',', newline: '\n', bom: false, encoding: 'utf-8' } as const;
const GRACE_MS = 5_000;

describeOnEachEngine('requests that have work at the same time', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  /** Whether images of the large request wait, all but the first, and those that do. */
  let isHeld = false;
  const held: ServerResponse[] = [];
  /** Calls for images of the large one before the last one for the small one. */
  let largeBeforeSmall = 0;
  let release: () => void;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    const picture = await photo(60, 40);
    origin = await serveImages({
      '/a.jpg': (_request, response) => {
        if (isHeld && origin.hits['/a.jpg'] > 1) held.push(response);
        else response.end(picture);
      },
      '/b.jpg': (_request, response) => {
        largeBeforeSmall = origin.hits['/a.jpg'];
        response.end(picture);
      },
    });
    release = () => {
      isHeld = false;
      held.splice(0).forEach((response) => response.end(picture));
    };
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
  });

  const upload = (name: string, images: number) =>
    app.client.accepted(
      csvOf(
        Array.from({ length: images / 10 }, (_, row) => [
          'Mug',
          Array.from({ length: 10 }, (_, image) => origin.url(`/${name}.jpg?${row}-${image}`)),
        ]),
      ),
    );

  it('take turns: a small one is done while nearly all of a large one before it is open', async () => {
    isHeld = true; // the large one goes no further before the small one is there
    const large = await upload('a', 2_000);
    await until(async () => (await app.client.get(`/requests/${large}`)).json.counts.done > 0);

    const small = await upload('b', 10);
    release();
    await app.client.completed(small);

    expect(largeBeforeSmall).toBeLessThan(1_500);
    await app.client.completed(large);
    expect((await app.client.get(`/requests/${large}`)).json.counts).toMatchObject({ done: 2_000 });
  });

  it('need one job each and one more for the next worker, whatever the number of their images', async () => {
    const added = jest.spyOn(app.nest.get(JobQueue), 'add');

    await app.client.completed(await upload('a', 500));

    const jobs = added.mock.calls.filter(([kind]) => kind === 'work-on-request').flatMap(([, each]) => each);
    expect(jobs.map(({ id }) => id.split('-')[1])).toEqual(['0', '1']);
  });

  it('are finished without any queue', async () => {
    jest.spyOn(app.nest.get(JobQueue), 'add').mockResolvedValue(undefined);

    await app.client.completed(await upload('b', 20));
  });
});

/** Requests with rows, and nobody who works on them yet. */
async function newRequests(
  worker: TestingModule,
  count: number,
  images: number,
  url: string,
): Promise<number[]> {
  const keys: number[] = [];
  for (let number = 1; number <= count; number++) {
    const draft = await worker.get(RequestsService).begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });
    const urls = Array.from({ length: images }, (_, image) => `${url}?${number}-${image}`);
    const columns = urls.map(() => 3);
    await draft.add([{ line: 2, serialNumber: '1', productName: 'Mug', urls, columns, extra: [] }]);
    await draft.publish();
    keys.push(draft.key);
  }
  return keys;
}

/** Lets all workers work on all requests at once, and returns when all images are settled. */
async function workOff(workers: TestingModule[], keys: number[]): Promise<void> {
  for (const worker of workers) {
    worker.get(RequestTurns).start();
    for (const key of keys) worker.get(RequestTurns).join(key);
  }
  const { manager } = workers[0].get(DataSource);
  await until(async () => {
    const statuses = await manager.find(RequestEntity, { select: { key: true, status: true } });
    return statuses.every(({ status }) => status === 'Completed');
  });
  await Promise.all(workers.map((worker) => worker.get(RequestTurns).stop()));
  await Promise.all(workers.map((worker) => worker.get(ImageProcessor).whenIdle(GRACE_MS)));
}

/** Counters are what the rows say, each image was claimed and fetched once. */
async function expectEachOnce(worker: TestingModule, origin: ImageOrigin, images: number): Promise<void> {
  const { manager } = worker.get(DataSource);
  expect(await manager.countBy(ImageEntity, { status: 'done', attempt: 1 })).toBe(images);
  expect(await manager.sum(RequestEntity, 'doneCount')).toBe(images);
  expect(await manager.sum(RequestHostEntity, 'openCount')).toBe(0);
  expect(origin.hits['/a.jpg']).toBe(images);
}

function inEachEngine(engine: Engine, count: number) {
  const opened: { installation?: Installation; workers: TestingModule[]; origin?: ImageOrigin } = {
    workers: [],
  };
  let warned: jest.SpyInstance;

  beforeEach(async () => {
    opened.installation = await engine.install();
    opened.origin = await serveImages({ '/a.jpg': await photo(60, 40) });
    opened.workers = [];
    for (let number = 0; number < count; number++)
      opened.workers.push(await openWorker(opened.installation, { LEASE_SECONDS: '600' }));
    warned = jest.spyOn(RepeatedWarning.prototype, 'warn');
  });
  afterEach(async () => {
    expect(warned.mock.calls).toEqual([]);
    jest.restoreAllMocks();
    for (const worker of opened.workers) {
      await worker.get(JobQueue).close();
      await worker.close();
    }
    await opened.origin!.close();
    await opened.installation!.remove();
  });
  return opened;
}

describeOnEachEngine('one worker with sixteen requests', (engine) => {
  const opened = inEachEngine(engine, 1);

  it('settles each image once, and no deadlock is seen', async () => {
    const { workers, origin } = opened;
    const keys = await newRequests(workers[0], 16, 60, origin!.url('/a.jpg'));

    await workOff(workers, keys);

    await expectEachOnce(workers[0], origin!, 16 * 60);
  });
});

describeOnServers('sixteen workers with one request', (engine) => {
  const opened = inEachEngine(engine, 16);

  it('settle each image once, and no deadlock is seen', async () => {
    const { workers, origin } = opened;
    const keys = await newRequests(workers[0], 1, 960, origin!.url('/a.jpg'));
    const claimed = workers.map((worker) => jest.spyOn(worker.get(ImageClaims), 'claim'));

    await workOff(workers, keys);

    await expectEachOnce(workers[0], origin!, 960);
    const counts = await Promise.all(
      claimed.map(
        async ({ mock }) => (await Promise.all(mock.results.map(({ value }) => value))).flat().length,
      ),
    );
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
  });
});
