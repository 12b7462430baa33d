import { ImageEntity } from '../../src/database/entities/image.entity.js';
import { OutputEntity } from '../../src/database/entities/output.entity.js';
import { RequestHostEntity } from '../../src/database/entities/request-host.entity.js';
import { OverdueImages } from '../../src/images/scheduling/overdue-images.js';
import { type Settlement } from '../../src/images/scheduling/image-settlement.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { DONE, FAILED, plain, SchedulingWorker } from '../helpers/app/scheduling-worker.js';

describeOnEachEngine('settlements', (engine) => {
  let scheduling: SchedulingWorker;

  beforeAll(async () => {
    scheduling = await SchedulingWorker.open(engine);
  });
  afterAll(() => scheduling.close());

  it('count an image once, however often it is settled', async () => {
    const key = await scheduling.newRequest(2);
    const claim = (await scheduling.claimOf(key, 1))!;

    const settled = [];
    for (let times = 0; times < 3; times++) settled.push(await scheduling.settle(plain(claim), DONE));

    expect(settled).toEqual([true, false, false]);
    expect(await scheduling.requestOf(key)).toMatchObject({
      doneCount: 1,
      failedCount: 0,
      inputBytes: 100,
      status: 'Pending',
    });
  });

  it('refuse the settlement of a worker whose claim has gone to another', async () => {
    const key = await scheduling.newRequest(1);
    const slow = (await scheduling.claimOf(key, 1))!;
    scheduling.claims.forget(slow); // as if its process were frozen
    await scheduling.expire(key);
    expect(await scheduling.worker.get(OverdueImages).releaseExpired(key)).toBe(1);
    const quick = (await scheduling.claimOf(key, 1))!;

    const late = await scheduling.settle(plain(slow), FAILED);
    const right = await scheduling.settle(plain(quick), DONE);

    expect([late, right]).toEqual([false, true]);
    expect(await scheduling.imageOf(key)).toMatchObject({ status: 'done', attempt: 2, crashes: 1 });
    expect(await scheduling.requestOf(key)).toMatchObject({
      status: 'Completed',
      outcome: 'succeeded',
      doneCount: 1,
      failedCount: 0,
    });
  });

  it('count each image of a batch once, although others settle parts of it at the same time', async () => {
    const key = await scheduling.newRequest(100);
    const failures = (numbers: number[]) =>
      numbers.map((number) => ({
        number,
        host: 1,
        code: 'ADDRESS_REFUSED' as const,
        message: 'Not public.',
      }));
    const all = Array.from({ length: 100 }, (_, index) => index + 1);
    const claim = (await scheduling.claimOf(key, 17))!;

    await Promise.all([
      scheduling.settlement.failUnclaimed(key, failures(all)),
      scheduling.settlement.failUnclaimed(key, failures(all.slice(40, 90))),
      scheduling.settlement.failUnclaimed(key, failures(all.slice(0, 50))),
    ]);
    const before = await scheduling.requestOf(key);
    await scheduling.settle(plain(claim), DONE);
    scheduling.claims.forget(claim);

    expect(before).toMatchObject({ status: 'Pending', failedCount: 99 });
    expect(await scheduling.requestOf(key)).toMatchObject({
      status: 'Completed',
      doneCount: 1,
      failedCount: 99,
    });
    expect(await scheduling.imageOf(key, 90)).toMatchObject({
      status: 'failed',
      errorCode: 'ADDRESS_REFUSED',
    });
  });

  it('count each repeat once, although others settle parts of them at the same time', async () => {
    const key = await scheduling.newRequest(60);
    const claim = (await scheduling.claimOf(key, 1))!;
    await scheduling.settle(plain(claim), DONE);
    scheduling.claims.forget(claim);
    await scheduling
      .manager()
      .update(ImageEntity, { requestKey: key, status: 'pending' }, { status: 'repeat', sameAs: 1 });
    const first = await scheduling.imageOf(key);
    const outputs = await scheduling.manager().findBy(OutputEntity, { requestKey: key });
    const repeats = Array.from({ length: 59 }, (_, index) => ({ number: index + 2, first, outputs }));

    await Promise.all([
      scheduling.settlement.settleLike(repeats),
      scheduling.settlement.settleLike(repeats.slice(10, 30)),
      scheduling.settlement.settleLike(repeats.slice(25)),
    ]);

    expect(await scheduling.requestOf(key)).toMatchObject({
      ...{ status: 'Completed', doneCount: 60, inputBytes: 6_000, outputBytes: 6_000 },
    });
    expect(await scheduling.manager().countBy(OutputEntity, { requestKey: key, fileKey: 'a/1.jpg' })).toBe(
      60,
    );
  });

  it('make an image pending again whose file was deleted before it was settled', async () => {
    const key = await scheduling.newRequest(2);
    const lost = (await scheduling.claimOf(key, 1))!;
    const kept = (await scheduling.claimOf(key, 2))!;
    const gone = { ...DONE, outputKey: 'a/2.jpg' } as Settlement;

    const settled = await scheduling.settlement.settle([
      { claim: plain(lost), settlement: gone },
      { claim: plain(kept), settlement: DONE },
    ]);
    scheduling.claims.forget(lost);
    scheduling.claims.forget(kept);

    expect(settled).toEqual([false, true]);
    expect(await scheduling.requestOf(key)).toMatchObject({ doneCount: 1, failedCount: 0 });
    expect(await scheduling.imageOf(key, 1)).toMatchObject({ status: 'pending', settledNo: null });
    expect(await scheduling.manager().countBy(OutputEntity, { requestKey: key })).toBe(1);
    const again = (await scheduling.claimOf(key, 1))!;
    expect(await scheduling.settle(plain(again), DONE)).toBe(true);
    scheduling.claims.forget(again);
    expect(await scheduling.requestOf(key)).toMatchObject({ status: 'Completed', doneCount: 2 });
  });

  it('complete a request exactly when its last image is settled, with many settled at once', async () => {
    const key = await scheduling.newRequest(60);
    const claimed = await Promise.all(
      Array.from({ length: 60 }, (_, index) => scheduling.claimOf(key, index + 1)),
    );

    await Promise.all(
      claimed.slice(1).map((claim, index) => scheduling.settle(plain(claim!), index % 3 ? DONE : FAILED)),
    );
    const before = await scheduling.requestOf(key);
    await scheduling.settle(plain(claimed[0]!), DONE);
    const after = await scheduling.requestOf(key);

    expect(before).toMatchObject({
      status: 'Pending',
      doneCount: 39,
      failedCount: 20,
      completedAt: null,
      outcome: null,
    });
    expect(after).toMatchObject({ status: 'Completed', outcome: 'partial', doneCount: 40, failedCount: 20 });
    expect(after.completedAt).toBeGreaterThan(0);
    claimed.forEach((claim) => scheduling.claims.forget(claim!));
  });

  it('count the open images of each host down to none, and number what was settled', async () => {
    const key = await scheduling.newRequest(5);
    const hosts = () => scheduling.manager().findBy(RequestHostEntity, { requestKey: key });
    const [first, second] = await scheduling.claims.claim(await scheduling.openRequest(key), [
      scheduling.share(2),
    ]);
    await scheduling.settlement.settle([
      { claim: second, settlement: FAILED },
      { claim: first, settlement: DONE },
    ]);
    expect(await hosts()).toMatchObject([{ host: 'a.example', imageCount: 5, openCount: 3 }]);
    await scheduling.settlement.failUnclaimed(key, [
      { number: 4, host: 1, code: 'ADDRESS_REFUSED', message: 'Not public.' },
    ]);
    const rest = await scheduling.claims.claim(await scheduling.openRequest(key), [scheduling.share(9)]);
    await scheduling.settlement.settle(rest.map((claim) => ({ claim, settlement: DONE })));

    expect(await hosts()).toMatchObject([{ openCount: 0 }]);
    const images = await scheduling.manager().find(ImageEntity, {
      where: { requestKey: key },
      order: { number: 'ASC' },
    });
    expect(images.map(({ settledNo }) => settledNo)).toEqual([2, 1, 4, 3, 5]);
    expect(await scheduling.requestOf(key)).toMatchObject({ status: 'Completed', settledNo: 5 });
    [first, second, ...rest].forEach((claim) => scheduling.claims.forget(claim));
  });
});
