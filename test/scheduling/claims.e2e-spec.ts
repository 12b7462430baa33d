import { DatabaseClock } from '../../src/database/database-clock.js';
import { OverdueImages } from '../../src/images/scheduling/overdue-images.js';
import { UnavailableError } from '../../src/errors/app-error.js';
import { until } from '../helpers/wait.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { DONE, plain, SchedulingWorker } from '../helpers/app/scheduling-worker.js';

describeOnEachEngine('claims', (engine) => {
  let scheduling: SchedulingWorker;

  beforeAll(async () => {
    scheduling = await SchedulingWorker.open(engine);
  });
  afterAll(() => scheduling.close());

  it('give an image to one of those who ask at once', async () => {
    const key = await scheduling.newRequest(1);

    const request = await scheduling.openRequest(key);
    const given = (
      await Promise.all(
        Array.from({ length: 10 }, () => scheduling.claims.claim(request, [scheduling.share(5)])),
      )
    ).flat();

    expect(given).toEqual([expect.objectContaining({ number: 1, attempt: 1 })]);
    given.forEach((claim) => scheduling.claims.forget(claim));
  });

  it('are renewed while the worker lives', async () => {
    const key = await scheduling.newRequest(1);
    const claim = (await scheduling.claimOf(key, 1))!;
    const { dueAt } = await scheduling.imageOf(key);

    await until(async () => (await scheduling.imageOf(key)).dueAt > dueAt);

    // At the moment at which the first lease would have run out.
    const clock = jest.spyOn(scheduling.worker.get(DatabaseClock), 'now').mockReturnValue(dueAt);
    expect(await scheduling.worker.get(OverdueImages).releaseExpired(key)).toBe(0);
    clock.mockRestore();
    scheduling.claims.forget(claim);
  });

  it('are taken back when the worker no longer renews them', async () => {
    const key = await scheduling.newRequest(1);
    scheduling.claims.forget((await scheduling.claimOf(key, 1))!);

    await until(async () => (await scheduling.worker.get(OverdueImages).releaseExpired(key)) === 1);

    expect(await scheduling.imageOf(key)).toMatchObject({ status: 'pending', attempt: 1, crashes: 1 });
  });

  it('can be given back without a trace of failure', async () => {
    const key = await scheduling.newRequest(1);
    const claim = (await scheduling.claimOf(key, 1))!;

    await scheduling.claims.release(claim);
    scheduling.claims.forget(claim);

    expect(await scheduling.imageOf(key)).toMatchObject({
      status: 'pending',
      attempt: 1,
      failures: 0,
      crashes: 0,
    });
    expect(await scheduling.settle(plain(claim), DONE)).toBe(false);
  });

  it('wait for their next try until it is due', async () => {
    const key = await scheduling.newRequest(3);
    for (const number of [1, 2, 3]) {
      const claim = (await scheduling.claimOf(key, number))!;
      const away = new UnavailableError('STORAGE_UNAVAILABLE', 'Away.');
      await scheduling.claims.retryLater(claim, away, number === 3 ? 60_000 : 0, 'failure');
      scheduling.claims.forget(claim);
    }
    expect(await scheduling.claimOf(key, 1)).toBeNull();

    const woken = [
      await scheduling.worker.get(OverdueImages).wakeDue(key),
      await scheduling.worker.get(OverdueImages).wakeDue(key),
    ];

    expect(woken).toEqual([2, 0]);
    expect(await scheduling.imageOf(key, 1)).toMatchObject({
      status: 'pending',
      failures: 1,
      errorCode: 'STORAGE_UNAVAILABLE',
    });
    expect(await scheduling.imageOf(key, 3)).toMatchObject({ status: 'waiting' });
  });
});
