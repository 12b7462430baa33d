import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { Reconciler } from '../../src/images/scheduling/reconciler.js';
import { UnavailableError } from '../../src/errors/app-error.js';
import { JobQueue } from '../../src/queue/job-queue.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { DONE, SchedulingWorker } from '../helpers/app/scheduling-worker.js';

describeOnEachEngine('claims and the reconciler', (engine) => {
  let scheduling: SchedulingWorker;

  beforeAll(async () => {
    scheduling = await SchedulingWorker.open(engine);
  });
  afterAll(() => scheduling.close());

  it('are reconciled for every request although the queue is away', async () => {
    const keys = [
      await scheduling.newRequest(1),
      await scheduling.newRequest(1),
      await scheduling.newRequest(1),
    ];
    for (const key of keys) scheduling.claims.forget((await scheduling.claimOf(key, 1))!);
    for (const key of keys) await scheduling.expire(key);
    const away = new UnavailableError('QUEUE_UNAVAILABLE', 'The job queue does not answer.');
    const adding = jest.spyOn(scheduling.worker.get(JobQueue), 'add').mockRejectedValue(away);

    await scheduling.worker.get(Reconciler).reconcile();

    adding.mockRestore();
    for (const key of keys) expect(await scheduling.imageOf(key)).toMatchObject({ status: 'pending' });
  });

  it('end with a request of which nothing was settled for too long, whoever holds them', async () => {
    const key = await scheduling.newRequest(300);
    const claim = (await scheduling.claimOf(key, 300))!;
    const waiting = (await scheduling.claimOf(key, 299))!;
    await scheduling.claims.retryLater(
      waiting,
      new UnavailableError('STORAGE_UNAVAILABLE', 'Away.'),
      60_000,
      null,
    );
    await scheduling.settle((await scheduling.claimOf(key, 298))!, DONE);
    const hours = (count: number) =>
      scheduling.manager().update(RequestEntity, { key }, { movedAt: Date.now() - count * 3_600_000 });

    await hours(71);
    await scheduling.worker.get(Reconciler).reconcile();
    expect(await scheduling.requestOf(key)).toMatchObject({ doneCount: 1, failedCount: 0 });
    await hours(73);
    await scheduling.worker.get(Reconciler).reconcile();

    expect(await scheduling.requestOf(key)).toMatchObject({
      status: 'Completed',
      outcome: 'partial',
      doneCount: 1,
      failedCount: 299,
    });
    expect(await scheduling.imageOf(key, 1)).toMatchObject({
      errorCode: 'REQUEST_STALLED',
      errorRetryable: 1,
    });
    expect(await scheduling.settle(claim, DONE)).toBe(false);
    scheduling.claims.forget(claim);
  });

  it('leave an upload alone that began before the first round of the reconciler', async () => {
    const draft = await scheduling.beginDraft();

    await scheduling.worker.get(Reconciler).reconcile(true);
    await scheduling.addRow(draft, ['http://a.example/']);

    expect(await draft.publish()).toBe(true);
  });

  it('are put right by the reconciler alone: dead workers, due retries, settled requests, lost uploads', async () => {
    const dead = await scheduling.newRequest(1);
    scheduling.claims.forget((await scheduling.claimOf(dead, 1))!);
    await scheduling.expire(dead);
    const settled = await scheduling.newRequest(1);
    await scheduling.manager().update(ImageEntity, { requestKey: settled }, { status: 'done' });
    await scheduling.manager().update(RequestEntity, { key: settled }, { doneCount: 1 });
    const draft = await scheduling.beginDraft();
    await scheduling.addRow(draft, ['http://a.example/']);
    await scheduling.manager().update(RequestEntity, { key: draft.key }, { createdAt: 1 });

    await scheduling.worker.get(Reconciler).reconcile();

    expect(await scheduling.imageOf(dead)).toMatchObject({ status: 'pending' });
    expect(await scheduling.requestOf(settled)).toMatchObject({ status: 'Completed', outcome: 'succeeded' });
    expect(await scheduling.manager().countBy(RequestEntity, { key: draft.key })).toBe(0);
    expect(await scheduling.manager().countBy(ImageEntity, { requestKey: draft.key })).toBe(0);
  });
});
