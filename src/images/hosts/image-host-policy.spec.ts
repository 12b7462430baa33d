import { turns } from '../../../test/helpers/wait.js';
import { Lanes } from '../../concurrency/lanes.js';
import { type ImageHost, ImageHostPolicy } from './image-host-policy.js';

/** More rounds of the event loop than the tasks of a test need to have their turns. */
const settle = () => turns(60);

function lanesOf(...policy: ConstructorParameters<typeof ImageHostPolicy>): Lanes<ImageHost> {
  return new Lanes(new ImageHostPolicy(...policy));
}

describe('lanes of images, one for each host', () => {
  function tasks(lanes: Lanes<ImageHost>) {
    const begun: string[] = [];
    const deferred: string[] = [];
    const finish = new Map<string, () => void>();
    const send = (host: string, id: string) =>
      lanes.run(host, {
        id,
        run: () => {
          begun.push(id);
          return new Promise<void>((resolve) => finish.set(id, resolve));
        },
        defer: () => void deferred.push(id),
      });
    const end = async (id: string) => {
      await settle();
      finish.get(id)!();
      await settle();
    };
    return { begun, deferred, send, end };
  }

  it('run so many of one host at once, let the rest wait without holding anybody up, and run them in order', async () => {
    const lanes = lanesOf(2);
    const { begun, send, end } = tasks(lanes);

    const slots = ['a1', 'a2'].map((id) => send('a', id));
    await send('a', 'a3'); // returns at once: its slot is free for others
    await send('a', 'a4');
    const other = send('b', 'b1');
    await settle();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    expect(['a2', 'a3'].map((id) => lanes.isWaiting(id))).toEqual([false, true]);

    await end('a2');
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
    for (const id of ['a3', 'a4', 'b1']) await end(id);
    await Promise.all([...slots, other]);
  });

  it('hold a task once, however often it comes', async () => {
    const lanes = lanesOf(1);
    const { begun, send, end } = tasks(lanes);
    const slot = send('a', 'a1');

    await Promise.all([send('a', 'a2'), send('a', 'a2')]);
    await end('a1');
    await end('a2');
    await slot;

    expect(begun).toEqual(['a1', 'a2']);
  });

  it('give back what waits when they are closed, and take nothing more', async () => {
    const lanes = lanesOf(1);
    const { begun, deferred, send, end } = tasks(lanes);
    const slot = send('a', 'a1');
    await send('a', 'a2');

    lanes.close();
    await send('b', 'b1');
    await end('a1');
    await slot;

    expect([begun, deferred, lanes.room('a')]).toEqual([['a1'], ['a2', 'b1'], 0]);
  });

  it('begin one task in each round of the event loop where tasks need no I/O', async () => {
    const lanes = lanesOf(16);
    let count = 0;
    const run = async () => void count++;
    for (let id = 1; id <= 50; id++) void lanes.run('a', { id: String(id), run, defer: () => undefined });

    for (let round = 1; round <= 20; round++) {
      await turns(1);
      expect(count).toBeLessThanOrEqual(round);
    }
    await settle();
    expect(count).toBe(50);
  });

  describe('of a slow host', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    function slow(lanes: Lanes<ImageHost>, count: number, takesMs: number) {
      const aside: number[] = [];
      for (let id = 1; id <= count; id++) {
        void lanes.run('slow', {
          id: String(id),
          run: () => new Promise((resolve) => setTimeout(resolve, takesMs)),
          defer: () => aside.push(id),
        });
      }
      return aside;
    }

    it('give back tasks whose turn is far away', async () => {
      const lanes = lanesOf(2);
      const aside = slow(lanes, 60, 4_000);
      await jest.advanceTimersByTimeAsync(1_000);

      // Two take a second or more: within fifteen seconds, thirty more have their turn.
      expect(aside).toEqual(Array.from({ length: 28 }, (_, index) => index + 33));
    });

    it('give back nothing while the host is quick', async () => {
      const lanes = lanesOf(2);
      const aside = slow(lanes, 300, 20);
      await jest.advanceTimersByTimeAsync(5_000);

      expect(aside).toEqual([]);
    });

    it('give back at once what comes later', async () => {
      const lanes = lanesOf(2);
      slow(lanes, 60, 4_000);
      await jest.advanceTimersByTimeAsync(3_000);
      const aside = slow(lanes, 80, 4_000);

      expect(aside).toContain(80);
      expect(lanes.isWaiting('80')).toBe(false);
    });
  });

  it('have room for as many as may run, and for those whose turn comes within half a second', async () => {
    jest.useFakeTimers();
    const lanes = lanesOf(4, 6);
    const rooms = [lanes.room('a')];
    const send = (host: string, id: number, takesMs: number) =>
      void lanes.run(host, { id: `${host}${id}`, run: () => new Promise((end) => setTimeout(end, takesMs)) });
    for (let id = 1; id <= 3; id++) send('a', id, 90);
    rooms.push(lanes.room('a'));
    await jest.advanceTimersByTimeAsync(200);
    rooms.push(lanes.room('a')); // one every 23 ms
    for (let id = 1; id <= 9; id++) send('a', id, 90);
    for (let id = 1; id <= 2; id++) send('b', id, 100);
    rooms.push(lanes.room('a'), lanes.room('b'));
    await jest.advanceTimersByTimeAsync(1_000);
    for (let id = 1; id <= 9; id++) send('quick', id, 0);
    await jest.advanceTimersByTimeAsync(1_000);
    rooms.push(lanes.room('quick'));

    // Of the six slots two are left to b, whose pace nobody knows yet; a quick one has 8 × 4 waiting at most.
    expect(rooms).toEqual([4, 1, 4 + 21, 25 - 9, 0, 4 + 32]);
    jest.useRealTimers();
  });

  it('run no more than a host bears, and more as soon as it bears more', async () => {
    let width = 5;
    const lanes = lanesOf(16, Infinity, () => width);
    const { begun, send, end } = tasks(lanes);
    for (let id = 1; id <= 20; id++) void send('a', `a${id}`);
    await settle();
    expect(begun).toHaveLength(5);

    width = 16;
    await end('a2');
    expect(begun).toHaveLength(17);
    expect(begun.slice(5).sort()).toEqual(Array.from({ length: 12 }, (_, index) => `a${index + 6}`).sort());
  });

  it('leave slots to others where many hosts are slow', async () => {
    jest.useFakeTimers();
    const lanes = lanesOf(4, 16);
    const ended: string[] = [];
    const send = (host: string, takesMs: number) =>
      void lanes.run(host, {
        id: `${host}-${Math.random()}`,
        run: () => new Promise((resolve) => setTimeout(() => resolve(void ended.push(host)), takesMs)),
        defer: () => undefined,
      });
    for (let round = 0; round < 20; round++)
      for (const host of ['a', 'b', 'c', 'd', 'e', 'f']) send(host, 4_000);
    await jest.advanceTimersByTimeAsync(20_000);

    // Of the sixteen slots, the six slow hosts hold twelve.
    ended.length = 0;
    await jest.advanceTimersByTimeAsync(4_000);
    expect(ended.length).toBeLessThanOrEqual(12);
    expect(new Set(ended).size).toBe(6);
    send('quick', 10);
    await jest.advanceTimersByTimeAsync(10);
    expect(ended).toContain('quick');
    jest.useRealTimers();
  });
});
