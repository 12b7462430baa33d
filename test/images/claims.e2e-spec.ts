import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { FileEntity } from '../../src/database/entities/file.entity.js';
import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { OutputEntity } from '../../src/database/entities/output.entity.js';
import { RequestHostEntity } from '../../src/database/entities/request-host.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { ImageClaims } from '../../src/images/scheduling/image-claims.js';
import { ImageDownloader } from '../../src/images/hosts/image-downloader.js';
import { ImageProcessor } from '../../src/images/processing/image-processor.js';
import { OverdueImages } from '../../src/images/scheduling/overdue-images.js';
import { type OpenRequest, readOpenRequest } from '../../src/images/scheduling/open-request.js';
import { Reconciler } from '../../src/images/scheduling/reconciler.js';
import { UnavailableError } from '../../src/errors/app-error.js';
import { JobQueue } from '../../src/queue/job-queue.js';
import type { ImageFacts } from '../../src/compression/compress.js';
import { toCompressionOptions } from '../../src/compression/options.js';
import { RequestsService } from '../../src/requests/requests.service.js';
import {
  type Claim,
  ImageSettlement,
  type Settlement,
} from '../../src/images/scheduling/image-settlement.js';
import { storageUnavailable } from '../../src/files/on-disk.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { photo, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';
import { openWorker } from '../helpers/app/worker.js';

const FACTS: ImageFacts = { bytes: 100, format: 'jpeg', width: 1, height: 1 };
const DONE: Settlement = {
  status: 'done',
  download: { how: 'fetched', milliseconds: 120 },
  outcome: 'compressed',
  outputKey: 'a/1.jpg',
  renditions: [],
  isReused: false,
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

describeOnEachEngine('claims and settlements', (engine) => {
  let installation: Installation;
  let worker: TestingModule;
  let claims: ImageClaims;
  let requests: RequestsService;
  let settlement: ImageSettlement;
  let overdue: OverdueImages;

  beforeAll(async () => {
    installation = await engine.install();
    worker = await openWorker(installation);
    claims = worker.get(ImageClaims);
    requests = worker.get(RequestsService);
    settlement = worker.get(ImageSettlement);
    overdue = worker.get(OverdueImages);
    const file = {
      key: 'a/1.jpg',
      ownerKey: 1,
      kind: 'output',
      bytes: 100,
      contentType: 'image/jpeg',
    } as const;
    await manager().insert(FileEntity, { ...file, state: 'live', createdAt: 1 });
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
      const columns = urls.map(() => 3);
      await draft.add([{ line: 2, serialNumber: '1', productName: 'Mug', urls, columns, extra: [] }]);
    }
    await draft.publish();
    return draft.key;
  }

  const manager = () => worker.get(DataSource).manager;
  const openRequest = async (key: number) => (await readOpenRequest(manager(), key)) as OpenRequest;
  const share = (count: number, after = 0) => ({ host: 1, server: 'a.example', count, after });
  const claimOf = async (key: number, number: number) => {
    const [claim] = await claims.claim(await openRequest(key), [share(1, number - 1)]);
    if (claim?.number === number) return claim;
    if (claim) await claims.release(claim);
    return null;
  };
  const settle = async (claim: Claim, outcome: Settlement) =>
    (await settlement.settle([{ claim, settlement: outcome }]))[0];
  /** The way of the first pending image through this worker. */
  const work = async (key: number) => {
    const { host } = new URL((await imageOf(key)).inputUrl);
    const [claim] = await claims.claim(await openRequest(key), [{ ...share(1), server: host }]);
    await worker.get(ImageProcessor).process(claim);
  };
  const requestOf = (key: number) => manager().findOneByOrFail(RequestEntity, { key });
  const imageOf = (requestKey: number, number = 1) =>
    manager().findOneByOrFail(ImageEntity, { requestKey, number });
  const expire = (requestKey: number) => manager().update(ImageEntity, { requestKey }, { dueAt: 1 });

  it('give an image to one of those who ask at once', async () => {
    const key = await newRequest(1);

    const request = await openRequest(key);
    const given = (
      await Promise.all(Array.from({ length: 10 }, () => claims.claim(request, [share(5)])))
    ).flat();

    expect(given).toEqual([expect.objectContaining({ number: 1, attempt: 1 })]);
    given.forEach((claim) => claims.forget(claim));
  });

  it('count an image once, however often it is settled', async () => {
    const key = await newRequest(2);
    const claim = (await claimOf(key, 1))!;

    const settled = [];
    for (let times = 0; times < 3; times++) settled.push(await settle(plain(claim), DONE));

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
    expect(await overdue.releaseExpired(key)).toBe(1);
    const quick = (await claimOf(key, 1))!;

    const late = await settle(plain(slow), FAILED);
    const right = await settle(plain(quick), DONE);

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
      numbers.map((number) => ({
        number,
        host: 1,
        code: 'ADDRESS_REFUSED' as const,
        message: 'Not public.',
      }));
    const all = Array.from({ length: 100 }, (_, index) => index + 1);
    const claim = (await claimOf(key, 17))!;

    await Promise.all([
      settlement.failUnclaimed(key, failures(all)),
      settlement.failUnclaimed(key, failures(all.slice(40, 90))),
      settlement.failUnclaimed(key, failures(all.slice(0, 50))),
    ]);
    const before = await requestOf(key);
    await settle(plain(claim), DONE);
    claims.forget(claim);

    expect(before).toMatchObject({ status: 'Pending', failedCount: 99 });
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', doneCount: 1, failedCount: 99 });
    expect(await imageOf(key, 90)).toMatchObject({ status: 'failed', errorCode: 'ADDRESS_REFUSED' });
  });

  it('count each repeat once, although others settle parts of them at the same time', async () => {
    const key = await newRequest(60);
    const claim = (await claimOf(key, 1))!;
    await settle(plain(claim), DONE);
    claims.forget(claim);
    await manager().update(
      ImageEntity,
      { requestKey: key, status: 'pending' },
      { status: 'repeat', sameAs: 1 },
    );
    const first = await imageOf(key);
    const outputs = await manager().findBy(OutputEntity, { requestKey: key });
    const repeats = Array.from({ length: 59 }, (_, index) => ({ number: index + 2, first, outputs }));

    await Promise.all([
      settlement.settleLike(repeats),
      settlement.settleLike(repeats.slice(10, 30)),
      settlement.settleLike(repeats.slice(25)),
    ]);

    expect(await requestOf(key)).toMatchObject({
      ...{ status: 'Completed', doneCount: 60, inputBytes: 6_000, outputBytes: 6_000 },
    });
    expect(await manager().countBy(OutputEntity, { requestKey: key, fileKey: 'a/1.jpg' })).toBe(60);
  });

  it('make an image pending again whose file was deleted before it was settled', async () => {
    const key = await newRequest(2);
    const lost = (await claimOf(key, 1))!;
    const kept = (await claimOf(key, 2))!;
    const gone = { ...DONE, outputKey: 'a/2.jpg' } as Settlement;

    const settled = await settlement.settle([
      { claim: plain(lost), settlement: gone },
      { claim: plain(kept), settlement: DONE },
    ]);
    claims.forget(lost);
    claims.forget(kept);

    expect(settled).toEqual([false, true]);
    expect(await requestOf(key)).toMatchObject({ doneCount: 1, failedCount: 0 });
    expect(await imageOf(key, 1)).toMatchObject({ status: 'pending', settledNo: null });
    expect(await manager().countBy(OutputEntity, { requestKey: key })).toBe(1);
    const again = (await claimOf(key, 1))!;
    expect(await settle(plain(again), DONE)).toBe(true);
    claims.forget(again);
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', doneCount: 2 });
  });

  it('complete a request exactly when its last image is settled, with many settled at once', async () => {
    const key = await newRequest(60);
    const claimed = await Promise.all(Array.from({ length: 60 }, (_, index) => claimOf(key, index + 1)));

    await Promise.all(
      claimed.slice(1).map((claim, index) => settle(plain(claim!), index % 3 ? DONE : FAILED)),
    );
    const before = await requestOf(key);
    await settle(plain(claimed[0]!), DONE);
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

    expect(await overdue.releaseExpired(key)).toBe(0);
    claims.forget(claim);
  });

  it('are taken back when the worker no longer renews them', async () => {
    const key = await newRequest(1);
    claims.forget((await claimOf(key, 1))!);

    await until(async () => (await overdue.releaseExpired(key)) === 1);

    expect(await imageOf(key)).toMatchObject({ status: 'pending', attempt: 1, crashes: 1 });
  });

  it('can be given back without a trace of failure', async () => {
    const key = await newRequest(1);
    const claim = (await claimOf(key, 1))!;

    await claims.release(claim);
    claims.forget(claim);

    expect(await imageOf(key)).toMatchObject({ status: 'pending', attempt: 1, failures: 0, crashes: 0 });
    expect(await settle(plain(claim), DONE)).toBe(false);
  });

  it('wait for their next try until it is due', async () => {
    const key = await newRequest(3);
    for (const number of [1, 2, 3]) {
      const claim = (await claimOf(key, number))!;
      const away = new UnavailableError('STORAGE_UNAVAILABLE', 'Away.');
      await claims.retryLater(claim, away, number === 3 ? 60_000 : 0, 'failure');
      claims.forget(claim);
    }
    expect(await claimOf(key, 1)).toBeNull();

    const woken = [await overdue.wakeDue(key), await overdue.wakeDue(key)];

    expect(woken).toEqual([2, 0]);
    expect(await imageOf(key, 1)).toMatchObject({
      status: 'pending',
      failures: 1,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    expect(await imageOf(key, 3)).toMatchObject({ status: 'waiting' });
  });

  it('end for an image that takes its worker with it again and again', async () => {
    const origin = await serveImages({ '/deadly.jpg': await photo(50, 50, 51) });
    const key = await newRequest(1, origin.url('/deadly.jpg'));
    // Its worker died four times, three of them while it was in the encoder.
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 4 });

    await work(key);

    expect(await imageOf(key)).toMatchObject({ status: 'failed', errorCode: 'PROCESSING_CRASHED' });
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', outcome: 'failed' });
    await origin.close();
  });

  it('decode an image alone once its worker died while it was in the encoder, and end at the second death alone', async () => {
    const origin = await serveImages({
      '/suspect.jpg': await photo(50, 50, 52),
      '/innocent.jpg': await photo(60, 50, 53),
    });
    const key = await newRequest(1, origin.url('/suspect.jpg'));
    const other = await newRequest(1, origin.url('/innocent.jpg'));
    const steps: string[] = [];
    const note = claims.noteDecoding.bind(claims);
    const stored = jest.spyOn(worker.get(FileStorage), 'put').mockImplementation(async () => {
      steps.push('stored');
    });
    // It died in company twice (the second time in the encoder), and once alone.
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 3 });
    jest.spyOn(claims, 'noteDecoding').mockImplementationOnce(async (claim) => {
      steps.push('decoding');
      void work(other);
      await until(() => origin.hits['/innocent.jpg'] === 1);
      for (let round = 0; round < 1_000; round++) await new Promise((resolve) => setImmediate(resolve));
      return note(claim);
    });
    const survived = jest.spyOn(claims, 'noteSurvival');

    await work(key);
    await until(async () => (await imageOf(other)).status === 'done');

    expect(steps).toEqual(['decoding', 'stored', 'stored']); // nobody else came in between
    expect(survived).toHaveBeenCalledTimes(1);
    expect(await imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    jest.restoreAllMocks();
    stored.mockRestore();
    await origin.close();
  });

  it('let a suspect pass that does no harm', async () => {
    const origin = await serveImages({ '/innocent.jpg': await photo(50, 50, 54) });
    const key = await newRequest(1, origin.url('/innocent.jpg'));
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });

    await work(key);

    expect(await imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    await origin.close();
  });

  it('do not blame a suspect for what fails after the encoder', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50, 55) });
    const key = await newRequest(1, origin.url('/1.jpg'));
    await manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });
    const failing = jest
      .spyOn(worker.get(FileStorage), 'put')
      .mockRejectedValue(storageUnavailable(new Error('no space left')));

    for (let times = 0; times < 6; times++) {
      await work(key);
      await manager().update(ImageEntity, { requestKey: key }, { status: 'pending' });
    }
    failing.mockRestore();
    await work(key);

    expect(await imageOf(key)).toMatchObject({ status: 'done', failures: 0 });
    await origin.close();
  });

  it('of a disk that is full wait, and do not count against the image', async () => {
    const key = await newRequest(1);
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const failing = jest
      .spyOn(worker.get(ImageDownloader), 'download')
      .mockRejectedValue(storageUnavailable(full));

    await work(key);
    failing.mockRestore();

    expect(await imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
  });

  it('are reconciled for every request although the queue is away', async () => {
    const keys = [await newRequest(1), await newRequest(1), await newRequest(1)];
    for (const key of keys) claims.forget((await claimOf(key, 1))!);
    for (const key of keys) await expire(key);
    const away = new UnavailableError('QUEUE_UNAVAILABLE', 'The job queue does not answer.');
    const adding = jest.spyOn(worker.get(JobQueue), 'add').mockRejectedValue(away);

    await worker.get(Reconciler).reconcile();

    adding.mockRestore();
    for (const key of keys) expect(await imageOf(key)).toMatchObject({ status: 'pending' });
  });

  it('of a storage that fails wait, and do not count against the image', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50, 56) });
    const key = await newRequest(1, origin.url('/1.jpg'));
    const failing = jest
      .spyOn(worker.get(FileStorage), 'put')
      .mockRejectedValue(storageUnavailable(new Error('no space left')));

    await work(key);
    failing.mockRestore();

    expect(await imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    await origin.close();
  });

  it('end with a request of which nothing was settled for too long, whoever holds them', async () => {
    const key = await newRequest(300);
    const claim = (await claimOf(key, 300))!;
    const waiting = (await claimOf(key, 299))!;
    await claims.retryLater(waiting, new UnavailableError('STORAGE_UNAVAILABLE', 'Away.'), 60_000, null);
    await settle((await claimOf(key, 298))!, DONE);
    const hours = (count: number) =>
      manager().update(RequestEntity, { key }, { movedAt: Date.now() - count * 3_600_000 });

    await hours(71);
    await worker.get(Reconciler).reconcile();
    expect(await requestOf(key)).toMatchObject({ doneCount: 1, failedCount: 0 });
    await hours(73);
    await worker.get(Reconciler).reconcile();

    expect(await requestOf(key)).toMatchObject({
      status: 'Completed',
      outcome: 'partial',
      doneCount: 1,
      failedCount: 299,
    });
    expect(await imageOf(key, 1)).toMatchObject({ errorCode: 'REQUEST_STALLED', errorRetryable: 1 });
    expect(await settle(claim, DONE)).toBe(false);
    claims.forget(claim);
  });

  it('count the open images of each host down to none, and number what was settled', async () => {
    const key = await newRequest(5);
    const hosts = () => manager().findBy(RequestHostEntity, { requestKey: key });
    const [first, second] = await claims.claim(await openRequest(key), [share(2)]);
    await settlement.settle([
      { claim: second, settlement: FAILED },
      { claim: first, settlement: DONE },
    ]);
    expect(await hosts()).toMatchObject([{ host: 'a.example', imageCount: 5, openCount: 3 }]);
    await settlement.failUnclaimed(key, [
      { number: 4, host: 1, code: 'ADDRESS_REFUSED', message: 'Not public.' },
    ]);
    const rest = await claims.claim(await openRequest(key), [share(9)]);
    await settlement.settle(rest.map((claim) => ({ claim, settlement: DONE })));

    expect(await hosts()).toMatchObject([{ openCount: 0 }]);
    const images = await manager().find(ImageEntity, {
      where: { requestKey: key },
      order: { number: 'ASC' },
    });
    expect(images.map(({ settledNo }) => settledNo)).toEqual([2, 1, 4, 3, 5]);
    expect(await requestOf(key)).toMatchObject({ status: 'Completed', settledNo: 5 });
    [first, second, ...rest].forEach((claim) => claims.forget(claim));
  });

  it('leave an upload alone that began before the first round of the reconciler', async () => {
    const draft = await requests.begin({
      fileName: 'a.csv',
      layout: { ...LAYOUT, columns: [] },
      options: toCompressionOptions({}, 50),
    });

    await worker.get(Reconciler).reconcile(true);
    await draft.add([
      {
        line: 2,
        serialNumber: '1',
        productName: 'Mug',
        urls: ['http://a.example/'],
        columns: [3],
        extra: [],
      },
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
      {
        line: 2,
        serialNumber: '1',
        productName: 'Mug',
        urls: ['http://a.example/'],
        columns: [3],
        extra: [],
      },
    ]);
    await manager().update(RequestEntity, { key: draft.key }, { createdAt: 1 });

    await worker.get(Reconciler).reconcile();

    expect(await imageOf(dead)).toMatchObject({ status: 'pending' });
    expect(await requestOf(settled)).toMatchObject({ status: 'Completed', outcome: 'succeeded' });
    expect(await manager().countBy(RequestEntity, { key: draft.key })).toBe(0);
    expect(await manager().countBy(ImageEntity, { requestKey: draft.key })).toBe(0);
  });
});

function plain({ requestKey, number, host, attempt }: Claim): Claim {
  return { requestKey, number, host, attempt };
}
