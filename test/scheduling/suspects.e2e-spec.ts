import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { ImageDownloader } from '../../src/images/hosts/image-downloader.js';
import { storageUnavailable } from '../../src/files/on-disk.js';
import { FileStorage } from '../../src/storage/file-storage.js';
import { photo, serveImages } from '../helpers/servers/image-origin.js';
import { until } from '../helpers/wait.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { SchedulingWorker } from '../helpers/app/scheduling-worker.js';

describeOnEachEngine('claims of images that fail or crash', (engine) => {
  let scheduling: SchedulingWorker;

  beforeAll(async () => {
    scheduling = await SchedulingWorker.open(engine);
  });
  afterAll(() => scheduling.close());

  it('end for an image that takes its worker with it again and again', async () => {
    const origin = await serveImages({ '/deadly.jpg': await photo(50, 50, 51) });
    const key = await scheduling.newRequest(1, origin.url('/deadly.jpg'));
    // Its worker died four times, three of them while it was in the encoder.
    await scheduling.manager().update(ImageEntity, { requestKey: key }, { crashes: 4 });

    await scheduling.work(key);

    expect(await scheduling.imageOf(key)).toMatchObject({
      status: 'failed',
      errorCode: 'PROCESSING_CRASHED',
    });
    expect(await scheduling.requestOf(key)).toMatchObject({ status: 'Completed', outcome: 'failed' });
    await origin.close();
  });

  it('decode an image alone once its worker died while it was in the encoder, and end at the second death alone', async () => {
    const origin = await serveImages({
      '/suspect.jpg': await photo(50, 50, 52),
      '/innocent.jpg': await photo(60, 50, 53),
    });
    const key = await scheduling.newRequest(1, origin.url('/suspect.jpg'));
    const other = await scheduling.newRequest(1, origin.url('/innocent.jpg'));
    const steps: string[] = [];
    const note = scheduling.claims.noteDecoding.bind(scheduling.claims);
    const stored = jest.spyOn(scheduling.worker.get(FileStorage), 'put').mockImplementation(async () => {
      steps.push('stored');
    });
    // It died in company twice (the second time in the encoder), and once alone.
    await scheduling.manager().update(ImageEntity, { requestKey: key }, { crashes: 3 });
    jest.spyOn(scheduling.claims, 'noteDecoding').mockImplementationOnce(async (claim) => {
      steps.push('decoding');
      void scheduling.work(other);
      await until(() => origin.hits['/innocent.jpg'] === 1);
      for (let round = 0; round < 1_000; round++) await new Promise((resolve) => setImmediate(resolve));
      return note(claim);
    });
    const survived = jest.spyOn(scheduling.claims, 'noteSurvival');

    await scheduling.work(key);
    await until(async () => (await scheduling.imageOf(other)).status === 'done');

    expect(steps).toEqual(['decoding', 'stored', 'stored']); // nobody else came in between
    expect(survived).toHaveBeenCalledTimes(1);
    expect(await scheduling.imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    jest.restoreAllMocks();
    stored.mockRestore();
    await origin.close();
  });

  it('let a suspect pass that does no harm', async () => {
    const origin = await serveImages({ '/innocent.jpg': await photo(50, 50, 54) });
    const key = await scheduling.newRequest(1, origin.url('/innocent.jpg'));
    await scheduling.manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });

    await scheduling.work(key);

    expect(await scheduling.imageOf(key)).toMatchObject({ status: 'done', crashes: 0 });
    await origin.close();
  });

  it('do not blame a suspect for what fails after the encoder', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50, 55) });
    const key = await scheduling.newRequest(1, origin.url('/1.jpg'));
    await scheduling.manager().update(ImageEntity, { requestKey: key }, { crashes: 1 });
    const failing = jest
      .spyOn(scheduling.worker.get(FileStorage), 'put')
      .mockRejectedValue(storageUnavailable(new Error('no space left')));

    for (let times = 0; times < 6; times++) {
      await scheduling.work(key);
      await scheduling.manager().update(ImageEntity, { requestKey: key }, { status: 'pending' });
    }
    failing.mockRestore();
    await scheduling.work(key);

    expect(await scheduling.imageOf(key)).toMatchObject({ status: 'done', failures: 0 });
    await origin.close();
  });

  it('of a disk that is full wait, and do not count against the image', async () => {
    const key = await scheduling.newRequest(1);
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const failing = jest
      .spyOn(scheduling.worker.get(ImageDownloader), 'download')
      .mockRejectedValue(storageUnavailable(full));

    await scheduling.work(key);
    failing.mockRestore();

    expect(await scheduling.imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
  });

  it('of a storage that fails wait, and do not count against the image', async () => {
    const origin = await serveImages({ '/1.jpg': await photo(50, 50, 56) });
    const key = await scheduling.newRequest(1, origin.url('/1.jpg'));
    const failing = jest
      .spyOn(scheduling.worker.get(FileStorage), 'put')
      .mockRejectedValue(storageUnavailable(new Error('no space left')));

    await scheduling.work(key);
    failing.mockRestore();

    expect(await scheduling.imageOf(key)).toMatchObject({
      status: 'waiting',
      failures: 0,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    await origin.close();
  });
});
