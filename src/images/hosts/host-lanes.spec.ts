import { setImmediate } from 'node:timers/promises';
import { HostLanes } from './host-lanes.js';

/** Rounds of the event loop in which all errands of a test have had their turn. */
async function turns(rounds = 40): Promise<void> {
  for (let round = 0; round < rounds; round++) await setImmediate();
}

describe('host lanes', () => {
  function errands(lanes: HostLanes) {
    const begun: string[] = [];
    const finish = new Map<string, () => void>();
    const send = (host: string, id: string) =>
      lanes.run(host, {
        id,
        run: () => {
          begun.push(id);
          return new Promise<void>((resolve) => finish.set(id, resolve));
        },
        putAside: () => undefined,
      });
    const end = async (id: string) => {
      await turns();
      finish.get(id)!();
      await turns();
    };
    return { begun, send, end };
  }

  it('run so many of one host at once, park the rest without holding anybody up, and take them up in order', async () => {
    const lanes = new HostLanes(2);
    const { begun, send, end } = errands(lanes);

    const slots = ['a1', 'a2'].map((id) => send('a', id));
    await send('a', 'a3'); // returns at once: its slot is free for others
    await send('a', 'a4');
    const other = send('b', 'b1');
    await turns();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    expect(['a2', 'a3'].map((id) => lanes.isParked(id))).toEqual([false, true]);

    await end('a2');
    await end('a1');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
    for (const id of ['a3', 'a4', 'b1']) await end(id);
    await Promise.all([...slots, other]);
  });

  it('park an errand once, however often it comes', async () => {
    const lanes = new HostLanes(1);
    const { begun, send, end } = errands(lanes);
    const slot = send('a', 'a1');

    await Promise.all([send('a', 'a2'), send('a', 'a2')]);
    await end('a1');
    await end('a2');
    await slot;

    expect(begun).toEqual(['a1', 'a2']);
  });

  it('let go of what is parked when they are closed, and take nothing more', async () => {
    const lanes = new HostLanes(1);
    const { begun, send, end } = errands(lanes);
    const slot = send('a', 'a1');
    await send('a', 'a2');

    lanes.close();
    await send('b', 'b1');
    await end('a1');
    await slot;

    expect(begun).toEqual(['a1']);
  });

  it('run one errand in each round of the event loop where errands need no I/O', async () => {
    const lanes = new HostLanes(16);
    let count = 0;
    const run = async () => void count++;
    for (let id = 1; id <= 50; id++) void lanes.run('a', { id: String(id), run, putAside: () => undefined });

    for (let round = 1; round <= 20; round++) {
      await setImmediate();
      expect(count).toBeLessThanOrEqual(round);
    }
    await turns(60);
    expect(count).toBe(50);
  });

  describe('of a slow host', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    function slow(lanes: HostLanes, count: number, takesMs: number) {
      const aside: [id: number, delayMs: number][] = [];
      for (let id = 1; id <= count; id++) {
        void lanes.run('slow', {
          id: String(id),
          run: () => new Promise((resolve) => setTimeout(resolve, takesMs)),
          putAside: (delayMs) => aside.push([id, delayMs]),
        });
      }
      return aside;
    }

    it('put aside whose turn is far away, until it is near', async () => {
      const lanes = new HostLanes(2);
      const aside = slow(lanes, 60, 4_000);
      await jest.advanceTimersByTimeAsync(1_000);

      // Two take a second or more: within fifteen seconds, thirty more have their turn.
      expect(aside.map(([id]) => id)).toEqual(Array.from({ length: 28 }, (_, index) => index + 33));
      expect(aside.map(([, delayMs]) => delayMs)).toEqual(
        aside.map((_, index) => Math.max(1_000, 500 * (index + 1))),
      );
    });

    it('leave the line alone while the host is quick', async () => {
      const lanes = new HostLanes(2);
      const aside = slow(lanes, 300, 20);
      await jest.advanceTimersByTimeAsync(5_000);

      expect(aside).toEqual([]);
    });

    it('put what comes later aside at once', async () => {
      const lanes = new HostLanes(2);
      slow(lanes, 60, 4_000);
      await jest.advanceTimersByTimeAsync(3_000);
      const aside = slow(lanes, 80, 4_000).map(([id]) => id);

      expect(aside).toContain(80);
      expect(lanes.isParked('80')).toBe(false);
    });
  });

  it('send no more than a host bears, and more as soon as it bears more', async () => {
    let width = 5;
    const lanes = new HostLanes(16, Infinity, () => width);
    const { begun, send, end } = errands(lanes);
    for (let id = 1; id <= 20; id++) void send('a', `a${id}`);
    await turns();
    expect(begun).toHaveLength(5);

    width = 16;
    await end('a2');
    expect(begun).toHaveLength(17);
    expect(begun.slice(5).sort()).toEqual(Array.from({ length: 12 }, (_, index) => `a${index + 6}`).sort());
  });

  it('leave slots to others where many hosts are slow', async () => {
    jest.useFakeTimers();
    const lanes = new HostLanes(4, 16);
    const ended: string[] = [];
    const send = (host: string, takesMs: number) =>
      void lanes.run(host, {
        id: `${host}-${Math.random()}`,
        run: () => new Promise((resolve) => setTimeout(() => resolve(void ended.push(host)), takesMs)),
        putAside: () => undefined,
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
