import { deferred, turns } from '../../../test/helpers/wait.js';
import { Lanes } from '../../concurrency/lanes.js';
import { type Receiver, ReceiverPolicy } from './receiver-policy.js';

describe('lanes of deliveries, one for each receiver', () => {
  let lanes: Lanes<Receiver>;
  let running: Map<string, () => void>;
  let clockMs: number;

  beforeEach(() => {
    lanes = new Lanes(new ReceiverPolicy());
    running = new Map();
    clockMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => clockMs);
  });
  afterEach(() => jest.restoreAllMocks());

  /** Starts a task that ends when the test says so. */
  function start(host: string, id: string, wasSent = true): void {
    const end = deferred();
    const run = async () => {
      running.set(id, () => end.resolve());
      await end.promise;
      running.delete(id);
      return wasSent;
    };
    void lanes.run(host, { id, run });
  }

  /** More rounds of the event loop than the tasks of a test need to have their turns. */
  const settle = () => turns(400);

  async function end(id: string, tookMs = 0): Promise<void> {
    clockMs += tookMs;
    running.get(id)!();
    await settle();
  }

  const runningOf = (host: string) => [...running.keys()].filter((id) => id.startsWith(`${host}-`));

  it('gives a new receiver one slot, and one more with each quick answer, up to eight', async () => {
    for (let at = 0; at < 60; at++) start('a', `a-${at}`);
    await settle();
    const counts = [running.size];
    for (let round = 0; round < 10; round++) {
      await end([...running.keys()][0]);
      counts.push(running.size);
    }

    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]);
  });

  it('leaves a receiver that has become slow two', async () => {
    for (let at = 0; at < 60; at++) start('a', `a-${at}`);
    await settle();
    for (let round = 0; round < 9; round++) await end([...running.keys()][0]);

    for (const id of runningOf('a')) await end(id, 15_000);

    expect(running.size).toBe(2);
  });

  it('learns nothing from what was not sent', async () => {
    start('a', 'a-0', false);
    start('a', 'a-1');
    start('a', 'a-2');
    await settle();

    await end('a-0');

    expect([...running.keys()]).toEqual(['a-1']);
  });

  it('keeps room for quick and for new receivers, however many hang', async () => {
    start('quick', 'quick-0');
    await settle();
    await end('quick-0');
    const hosts = Array.from({ length: 300 }, (_, at) => `hanging${at}`);
    for (const host of hosts) for (let at = 0; at < 3; at++) start(host, `${host}-${at}`);
    await settle();
    const asNew = running.size;
    for (let round = 0; round < 3; round++)
      for (const id of [...running.keys()]) {
        clockMs += 15_000;
        running.get(id)!();
      }
    await settle();
    while ([...running.keys()].filter((id) => id.endsWith('-0')).length > 0)
      await end(
        [...running.keys()].find((id) => id.endsWith('-0'))!,
        15_000,
      );
    const asSlow = running.size;

    start('quick', 'quick-1');
    start('unknown', 'unknown-1');
    await settle();

    expect([asNew, asSlow]).toEqual([128, 48]);
    expect(running.has('quick-1') && running.has('unknown-1')).toBe(true);
  });

  it('lets a hundred deliveries wait for a receiver, and forgets what is more', async () => {
    for (let at = 0; at < 150; at++) start('a', `a-${at}`);
    await settle();

    expect([lanes.isWaiting('a-100'), lanes.isWaiting('a-101')]).toEqual([true, false]);
  });

  it('begins one task in each round of the event loop while they find nothing to send', async () => {
    let count = 0;
    const run = async () => {
      count++;
      return false;
    };
    for (let at = 0; at < 100; at++) void lanes.run('a', { id: `a-${at}`, run });
    await turns(4);

    expect(count).toBeLessThan(5);
    await settle();
    expect(count).toBe(100);
  });

  it('begins nothing more after close', async () => {
    start('a', 'a-0');
    start('a', 'a-1');
    await settle();

    lanes.close();
    start('b', 'b-0');
    await end('a-0');

    expect(running.size).toBe(0);
  });
});
