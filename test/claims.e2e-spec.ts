import { ConfigModule, registerAs } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { readSettings } from '../src/config/settings.js';
import { DatabaseModule } from '../src/database/database.module.js';
import { ImageEntity } from '../src/database/entities/image.entity.js';
import { EventsModule } from '../src/events/events.module.js';
import { RequestEntity } from '../src/database/entities/request.entity.js';
import { ImageClaims } from '../src/images/scheduling/image-claims.js';
import { ImageDownloader } from '../src/images/hosts/image-downloader.js';
import { ImageWindow, MAX_WINDOW } from '../src/images/scheduling/image-window.js';
import { ImagesModule } from '../src/images/images.module.js';
import { ImageProcessor } from '../src/images/processing/image-processor.js';
import { Reconciler } from '../src/images/scheduling/reconciler.js';
import { UnavailableError } from '../src/errors/app-error.js';
import { type Job, JobQueue } from '../src/queue/job-queue.js';
import { QueueModule } from '../src/queue/queue.module.js';
import type { ImageFacts } from '../src/compression/compress.js';
import { toCompressionOptions } from '../src/compression/options.js';
import { RequestsService } from '../src/requests/requests.service.js';
import { ImageSettlement, type Settlement } from '../src/images/scheduling/image-settlement.js';
import { FileStorage } from '../src/storage/file-storage.js';
import { StorageModule } from '../src/storage/storage.module.js';
import { describeOnEachEngine, type Installation } from './helpers/engines.js';
import { photo, serveImages } from './helpers/image-origin.js';
import { until } from './helpers/wait.js';

const FACTS: ImageFacts = { bytes: 100, format: 'jpeg', width: 1, height: 1 };
const DONE: Settlement = {
  status: 'done',
  download: { how: 'fetched', milliseconds: 120 },
  outcome: 'compressed',
  outputKey: 'a/1.jpg',
  input: FACTS,
  output: FACTS,
  report: { quality: 50, similarity: 0.9731, milliseconds: 12, notes: ['first_page_only'] },
};
const FAILED: Settlement = {
  status: 'failed',
  download: null,
  code: 'HTTP_404',
  message: 'Gone.',
  retryable: false,
};
const LAYOUT = { columns: [], delimiter: ',', newline: '\n', bom: false, encoding: 'utf-8' } as const;

/** The parts of a worker, without anything that runs by itself: the tests do each step. */
async function open(installation: Installation): Promise<TestingModule> {
  const settings = readSettings({
    ALLOW_PRIVATE: '127.0.0.1',
    LEASE_SECONDS: '1',
    ...installation.environment,
  });
  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot({
        isGlobal: true,
        ignoreEnvFile: true,
        load: [registerAs('settings', () => settings)],
      }),
      DatabaseModule,
      QueueModule.register(settings),
      StorageModule,
      EventsModule,
      ImagesModule,
    ],
  }).compile();
  module.useLogger(false);
  return module.init();
}

describeOnEachEngine('claims and settlements', (engine) => {
  let installation: Installation;
  let worker: TestingModule;
  let claims: ImageClaims;
  let requests: RequestsService;
  let settlement: ImageSettlement;
  let window: ImageWindow;

  beforeAll(async () => {
    installation = await engine.install();
    worker = await open(installation);
    claims = worker.get(ImageClaims);
    requests = worker.get(RequestsService);
    settlement = worker.get(ImageSettlement);
    window = worker.get(ImageWindow);
  });
  afterAll(async () => {
    await worker.get(JobQueue).close();
    await worker.close();
    await installation.remove();
  });

  async function newRequest(images: number, url = 'http://a.example/1.jpg'): Promise<number> {
    const draft = await requests.begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });
    for (let left = images; left > 0; left -= 100) {
      const urls = Array<string>(Math.min(left, 100)).fill(url);
      await draft.add([{ line: 2, serialNumber: '1', productName: 'Mug', urls, extra: [] }]);
    }
    await draft.publish();
    return draft.key;
  }

  const claimOf = async (key: number, number: number) => {
    const image = await claims.find(key, number);
    return image && claims.claim(image);
  };
  const manager = () => worker.get(DataSource).manager;
  const requestOf = (key: number) => manager().findOneByOrFail(RequestEntity, { key });
  const imageOf = (requestKey: number, number = 1) =>
    manager().findOneByOrFail(ImageEntity, { requestKey, number });
  const expire = (requestKey: number) => manager().update(ImageEntity, { requestKey }, { dueAt: 1 });

  it('give an image to one of those who ask at once', async () => {
    const key = await newRequest(1);

    const image = (await claims.find(key, 1))!;
    const given = await Promise.all(Array.from({ length: 10 }, () => claims.claim(image)));

    expect(given.filter((claim) => claim !== null)).toEqual([
      expect.objectContaining({ number: 1, attempt: 1 }),
    ]);
    given.forEach((claim) => claim && claims.forget(claim));
  });

  it('count an image once, however often it is settled', async () => {
    const key = await newRequest(2);
    const claim = (await claimOf(key, 1))!;

    const settled = [];
    for (let times = 0; times < 3; times++) settled.push(await settlement.settle(plain(claim), DONE));

    expect(settled).toEqual([true, false, false]);
    expect(await requestOf(key)).toMatchObject({
      doneCount: 1,
      failedCount: 0,
      inputBytes: 100,
      status: 'Pending',
    });
  });

  it('refuse the settlement of a worker whose claim has gone to another', async () => {
    const key = await newRequest(1);
    const slow = (await claimOf(key, 1))!;
    claims.forget(slow); // as if its process were frozen
    await expire(key);
    expect(await claims.releaseExpired(key)).toBe(1);
    const quick = (await claimOf(key, 1))!;

    const late = await settlement.settle(plain(slow), FAILED);
    const right = await settlement.settle(plain(quick), DONE);

    expect([late, right]).toEqual([false, true]);
    expect(await imageOf(key)).toMatchObject({ status: 'done', attempt: 2, crashes: 1 });
    expect(await requestOf(key)).toMatchObject({
      status: 'Completed',
      outcome: 'succeeded',
      doneCount: 1,
      failedCount: 0,
    });
  });

  it('count each image of a batch once, although others settle parts of it at the same time', async () => {
    const key = await newRequest(100);
    const failures = (numbers: number[]) =>
      numbers.map((number) => ({ number, code: 'ADDRESS_REFUSED' as const, message: 'Not public.' }));
    const all = Array.from({ length: 100 }, (_, index) => index + 1);
    const claim = (await claimOf(key, 17))!;

    await Promise.all([
      settlement.failUnclaimed(key, failures(all)),
      settlement.failUnclaimed(key, failures(all.slice(40, 90))),
      settlement.failUnclaimed(key, failures(all.slice(0, 50))),
    ]);
    const before = await requestOf(key);
    await settlement.settle(plain(claim), DONE);
    claims.forget(claim);

    expect(before).toMatchObject({ status: 'Pending', failedCount: 99 });
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', doneCount: 1, failedCount: 99 });
    expect(await imageOf(key, 90)).toMatchObject({ status: 'failed', errorCode: 'ADDRESS_REFUSED' });
  });

  it('count each repeat once, although others settle parts of them at the same time', async () => {
    const key = await newRequest(60);
    const claim = (await claimOf(key, 1))!;
    await settlement.settle(plain(claim), DONE);
    claims.forget(claim);
    await manager().update(
      ImageEntity,
      { requestKey: key, status: 'pending' },
      { status: 'repeat', sameAs: 1 },
    );
    const first = await imageOf(key);
    const repeats = Array.from({ length: 59 }, (_, index) => index + 2);

    await Promise.all([
      settlement.settleLike(first, repeats),
      settlement.settleLike(first, repeats.slice(10, 30)),
      settlement.settleLike(first, repeats.slice(25)),
    ]);

    expect(await requestOf(key)).toMatchObject({ status: 'Completed', doneCount: 60, inputBytes: 6_000 });
  });

  it('complete a request exactly when its last image is settled, with many settled at once', async () => {
    const key = await newRequest(60);
    const claimed = await Promise.all(Array.from({ length: 60 }, (_, index) => claimOf(key, index + 1)));

    await Promise.all(
      claimed.slice(1).map((claim, index) => settlement.settle(plain(claim!), index % 3 ? DONE : FAILED)),
    );
    const before = await requestOf(key);
    await settlement.settle(plain(claimed[0]!), DONE);
    const after = await requestOf(key);

    expect(before).toMatchObject({
      status: 'Pending',
      doneCount: 39,
      failedCount: 20,
      completedAt: null,
      outcome: null,
    });
    expect(after).toMatchObject({ status: 'Completed', outcome: 'partial', doneCount: 40, failedCount: 20 });
    expect(after.completedAt).toBeGreaterThan(0);
    claimed.forEach((claim) => claims.forget(claim!));
  });

  it('are renewed while the worker lives', async () => {
    const key = await newRequest(1);
    const claim = (await claimOf(key, 1))!;
    const { dueAt } = await imageOf(key);

    await until(async () => (await imageOf(key)).dueAt > dueAt);

    expect(await claims.releaseExpired(key)).toBe(0);
    claims.forget(claim);
  });

  it('are taken back when the worker no longer renews them', async () => {
    const key = await newRequest(1);
    claims.forget((await claimOf(key, 1))!);

    await until(async () => (await claims.releaseExpired(key)) === 1);

    expect(await imageOf(key)).toMatchObject({ status: 'pending', attempt: 1, crashes: 1 });
  });

  it('can be given back without a trace of failure', async () => {
    const key = await newRequest(1);
    const claim = (await claimOf(key, 1))!;

    await claims.release(claim);
    claims.forget(claim);

    expect(await imageOf(key)).toMatchObject({ status: 'pending', attempt: 1, failures: 0, crashes: 0 });
    expect(await settlement.settle(plain(claim), DONE)).toBe(false);
  });

  it('wait for their next try until it is due', async () => {
    const key = await newRequest(3);
    for (const number of [1, 2, 3]) {
      const claim = (await claimOf(key, number))!;
      const away = new UnavailableError('STORAGE_UNAVAILABLE', 'Away.');
      await claims.retryLater(claim, away, number === 3 ? 60_000 : 0, true);
      claims.forget(claim);
    }
    expect(await claimOf(key, 1)).toBeNull();

    const woken = [
      await claims.wakeDue(key, 3, 1),
      await claims.wakeDue(key, 3, 5),
      await claims.wakeDue(key, 3, 5),
    ];

    expect(woken).toEqual([1, 1, 0]);
    expect(await imageOf(key, 1)).toMatchObject({
      status: 'pending',
      failures: 1,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    expect(await imageOf(key, 3)).toMatchObject({ status: 'waiting' });
  });

  describe('the window in the queue', () => {
    const size = () => worker.get(JobQueue).size('process-image');

    it('takes a part of a huge request, moves on as images are settled, and adds none twice', async () => {
      const before = await size();
      const key = await newRequest(MAX_WINDOW + 300);

      await Promise.all([window.topUp(key), window.topUp(key)]);
      expect((await size()) - before).toBe(MAX_WINDOW);
      await window.topUp(key);
      expect((await requestOf(key)).enqueuedCount).toBe(MAX_WINDOW);

      for (let number = 1; number <= 200; number++) {
        const claim = (await claimOf(key, number))!;
        await settlement.settle(plain(claim), DONE);
        claims.forget(claim);
      }
      await window.topUp(key);

      expect((await requestOf(key)).enqueuedCount).toBe(MAX_WINDOW + 200);
      expect((await size()) - before).toBe(MAX_WINDOW + 200); // nobody takes jobs out here
    });

    it('is rung again where the queue has lost it, and only then', async () => {
      const key = await newRequest(5);
      await manager().update(RequestEntity, { key }, { enqueuedCount: 5, rungAt: 1 }); // as if added, and lost
      const before = await size();

      await window.enqueueAgain(await requestOf(key), 30_000);
      expect((await size()) - before).toBe(5);
      await window.enqueueAgain(await requestOf(key), 30_000);
      await window.enqueueAgain(await requestOf(key), 0);

      expect((await size()) - before).toBe(5); // the same jobs
    });
  });

  it('end for an image that takes its worker with it again and again', async () => {
    const origin = await serveImages({ '/deadly.jpg': await photo(50, 50) });
    const key = await newRequest(1, origin.url('/deadly.jpg'));
    const images = worker.get(ImageProcessor);
    // Its worker died four times, three of them while it was in the encoder.
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 4 });

    await images.process(key, 1);

    expect(await imageOf(key)).toMatchObject({ status: 'failed', errorCode: 'PROCESSING_CRASHED' });
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', outcome: 'failed' });
    await origin.close();
  });

  it('decode an image alone once its worker died while it was in the encoder, and end at the second death alone', async () => {
    const origin = await serveImages({
      '/suspect.jpg': await photo(50, 50),
      '/innocent.jpg': await photo(60, 50),
    });
    const key = await newRequest(1, origin.url('/suspect.jpg'));
    const other = await newRequest(1, origin.url('/innocent.jpg'));
    const images = worker.get(ImageProcessor);
    const steps: string[] = [];
    const note = claims.noteDecoding.bind(claims);
    const stored = jest.spyOn(worker.get(FileStorage), 'put').mockImplementation(async (name) => {
      steps.push(name.includes('/1-') ? 'stored' : '');
    });
    // It died in company twice (the second time in the encoder), and once alone.
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 3 });
    jest.spyOn(claims, 'noteDecoding').mockImplementationOnce(async (claim) => {
      steps.push('decoding');
      void images.process(other, 1);
      await until(() => origin.hits['/innocent.jpg'] === 1);
      for (let round = 0; round < 1_000; round++) await new Promise((resolve) => setImmediate(resolve));
      return note(claim);
    });
    const survived = jest.spyOn(claims, 'noteSurvival');

    await images.process(key, 1);
    await until(async () => (await imageOf(other)).status === 'done');

    expect(steps).toEqual(['decoding', 'stored', 'stored']); // nobody else came in between
    expect(survived).toHaveBeenCalledTimes(1);
    expect(await imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    jest.restoreAllMocks();
    stored.mockRestore();
    await origin.close();
  });

  it('let a suspect pass that does no harm', async () => {
    const origin = await serveImages({ '/innocent.jpg': await photo(50, 50) });
    const key = await newRequest(1, origin.url('/innocent.jpg'));
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });

    await worker.get(ImageProcessor).process(key, 1);

    expect(await imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    await origin.close();
  });

  it('do not blame a suspect for what fails after the encoder', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50) });
    const key = await newRequest(1, origin.url('/1.jpg'));
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });
    const failing = jest.spyOn(worker.get(FileStorage), 'put').mockRejectedValue(new Error('no space left'));

    for (let times = 0; times < 6; times++) {
      await worker.get(ImageProcessor).process(key, 1);
      await manager().update(ImageEntity, { requestKey: key }, { status: 'pending' });
    }
    failing.mockRestore();
    await worker.get(ImageProcessor).process(key, 1);

    expect(await imageOf(key)).toMatchObject({ status: 'done', failures: 0 });
    await origin.close();
  });

  it('of a disk that is full wait, and do not count against the image', async () => {
    const key = await newRequest(1);
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const failing = jest.spyOn(worker.get(ImageDownloader), 'download').mockRejectedValue(full);

    await worker.get(ImageProcessor).process(key, 1);
    failing.mockRestore();

    expect(await imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
  });

  it('are reconciled for every request although the queue is away, which is asked once in a round', async () => {
    const keys = [await newRequest(1), await newRequest(1), await newRequest(1)];
    for (const key of keys) claims.forget((await claimOf(key, 1))!);
    for (const key of keys) await expire(key);
    const away = new UnavailableError('QUEUE_UNAVAILABLE', 'The job queue does not answer.');
    const adding = jest.spyOn(worker.get(JobQueue), 'add').mockRejectedValue(away);

    await worker.get(Reconciler).reconcile();

    // Timers of earlier requests may add jobs at the same time.
    const own = adding.mock.calls.filter(([, jobs]) =>
      keys.includes((jobs as Job<'process-image'>[])[0]?.data.requestKey),
    );
    expect(own.length).toBeLessThan(keys.length);
    adding.mockRestore();
    for (const key of keys) expect(await imageOf(key)).toMatchObject({ status: 'pending' });
  });

  it('of a storage that fails wait, and do not count against the image', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50) });
    const key = await newRequest(1, origin.url('/1.jpg'));
    const images = worker.get(ImageProcessor);
    const failing = jest.spyOn(worker.get(FileStorage), 'put').mockRejectedValue(new Error('no space left'));

    await images.process(key, 1);
    failing.mockRestore();

    expect(await imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    await origin.close();
  });

  it('leave an upload alone that began before the first round of the reconciler', async () => {
    const draft = await requests.begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });

    await worker.get(Reconciler).reconcile(true);
    await draft.add([
      { line: 2, serialNumber: '1', productName: 'Mug', urls: ['http://a.example/'], extra: [] },
    ]);

    expect(await draft.publish()).toBe(true);
  });

  it('are put right by the reconciler alone: dead workers, due retries, settled requests, lost uploads', async () => {
    const dead = await newRequest(1);
    claims.forget((await claimOf(dead, 1))!);
    await expire(dead);
    const settled = await newRequest(1);
    await manager().update(ImageEntity, { requestKey: settled }, { status: 'done' });
    await manager().update(RequestEntity, { key: settled }, { doneCount: 1 });
    const draft = await requests.begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });
    await draft.add([
      { line: 2, serialNumber: '1', productName: 'Mug', urls: ['http://a.example/'], extra: [] },
    ]);
    await manager().update(RequestEntity, { key: draft.key }, { createdAt: 1 });

    await worker.get(Reconciler).reconcile();

    expect(await imageOf(dead)).toMatchObject({ status: 'pending' });
    expect(await requestOf(settled)).toMatchObject({ status: 'Completed', outcome: 'succeeded' });
    expect(await manager().countBy(RequestEntity, { key: draft.key })).toBe(0);
    expect(await manager().countBy(ImageEntity, { requestKey: draft.key })).toBe(0);
  });
});

function plain({ requestKey, number, attempt }: { requestKey: number; number: number; attempt: number }) {
  return { requestKey, number, attempt };
}
