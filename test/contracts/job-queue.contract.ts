import type { OpenedQueue } from '../helpers/queue.js';
import { deferred, until } from '../helpers/wait.js';

const GRACE_MS = 5_000;

/**
 * The tests that every adapter of `JobQueue` passes; its spec calls this.
 * @param open gives a queue of its own, empty, not started, with a handler for `deliver-webhook`
 */
export function jobQueueContract(open: () => Promise<OpenedQueue>): void {
  describe('as a job queue', () => {
    let opened: OpenedQueue;
    let ran: number[];

    beforeEach(async () => {
      opened = await open();
      ran = [];
    });
    afterEach(() => opened.close());

    const job = (number: number, id = `1-${number}-0`) => ({ id, data: { requestKey: number, hop: 0 } });

    it('runs the jobs that were added before and after the start', async () => {
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => void ran.push(number));
      await opened.queue.add('work-on-request', [job(1), job(2)]);

      opened.queue.start();
      await until(() => ran.length === 2);
      await opened.queue.add('work-on-request', [job(3)]);

      await until(() => ran.length === 3);
      expect(ran).toEqual([1, 2, 3]);
      await until(async () => (await opened.queue.size('work-on-request')) === 0);
    });

    it('runs nothing before the start', async () => {
      let isStarted = false;
      const ranAfterStart: boolean[] = [];
      opened.queue.handle('work-on-request', 1, async () => void ranAfterStart.push(isStarted));
      await opened.queue.add('work-on-request', [job(1)]);
      expect(await opened.queue.size('work-on-request')).toBe(1);

      isStarted = true;
      opened.queue.start();

      await until(() => ranAfterStart.length > 0);
      expect(ranAfterStart).toEqual([true]);
    });

    it('counts jobs with one id as one while the first is not finished, and takes the id again afterwards', async () => {
      const finish = deferred();
      opened.queue.handle('work-on-request', 5, async ({ requestKey: number }) => {
        ran.push(number);
        await finish.promise;
      });
      await opened.queue.add('work-on-request', [job(1)]);
      await opened.queue.add('work-on-request', [job(1)]);
      opened.queue.start();
      await until(() => ran.length === 1);
      await opened.queue.add('work-on-request', [job(1), job(2)]);
      await until(() => ran.includes(2)); // which was enqueued behind the second 1
      expect(ran).toEqual([1, 2]);

      finish.resolve();
      await until(async () => (await opened.queue.size('work-on-request')) === 0);
      await opened.queue.add('work-on-request', [job(1)]);

      await until(() => ran.length === 3);
      expect(ran).toEqual([1, 2, 1]);
    });

    it('runs as many at once as was asked for, and no more', async () => {
      const running: (() => void)[] = [];
      let most = 0;
      opened.queue.handle('work-on-request', 3, async ({ requestKey: number }) => {
        const finish = deferred();
        most = Math.max(most, running.push(finish.resolve));
        await finish.promise;
        ran.push(number);
      });
      opened.queue.start();

      await opened.queue.add(
        'work-on-request',
        Array.from({ length: 12 }, (_, index) => job(index)),
      );

      for (let left = 12; left > 0; left--) {
        await until(() => running.length === Math.min(left, 3));
        running.shift()!();
      }
      await until(() => ran.length === 12);
      expect(most).toBe(3);
    });

    it('begins one job in each round of the event loop, so that jobs without I/O do not stop the process', async () => {
      let isOver = false;
      let round = 0;
      const countRound = () => {
        round++;
        if (!isOver) setImmediate(countRound);
      };
      countRound();
      const begun = new Map<number, number>();
      opened.queue.handle('work-on-request', 50, async ({ requestKey: number }) => {
        begun.set(round, (begun.get(round) ?? 0) + 1);
        ran.push(number);
      });
      await opened.queue.add(
        'work-on-request',
        Array.from({ length: 200 }, (_, index) => job(index)),
      );

      opened.queue.start();
      await until(() => ran.length === 200);

      isOver = true;
      expect(Math.max(...begun.values())).toBe(1);
    });

    it('goes on after a handler that throws, and takes the same id again', async () => {
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => {
        ran.push(number);
        if (number === 1) throw new Error('on purpose');
      });
      opened.queue.start();

      await opened.queue.add('work-on-request', [job(1), job(2)]);
      await until(() => ran.length === 2);
      await until(async () => (await opened.queue.size('work-on-request')) === 0);
      await opened.queue.add('work-on-request', [job(1)]);

      await until(() => ran.length === 3);
      expect(ran).toEqual([1, 2, 1]);
    });

    it('stops: waits for the running job, and begins no other', async () => {
      const begun: number[] = [];
      const finish = deferred();
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => {
        begun.push(number);
        await finish.promise;
        ran.push(number);
      });
      opened.queue.start();
      await opened.queue.add('work-on-request', [job(1), job(2)]);
      await until(() => begun.length === 1);

      const stopped = opened.queue.stop(GRACE_MS).then(() => [...ran]);
      finish.resolve();

      expect(await stopped).toEqual([1]);
      await opened.queue.add('work-on-request', [job(3)]);
      // As many answers of the queue as a job takes to begin several times over.
      for (let answers = 0; answers < 50; answers++)
        expect(await opened.queue.size('work-on-request')).toBe(2);
      expect(begun).toEqual([1]);
    });

    it('stops after the grace period even if a job goes on', async () => {
      const finish = deferred();
      let hasBegun = false;
      let hasEnded = false;
      opened.queue.handle('work-on-request', 1, async () => {
        hasBegun = true;
        await finish.promise;
        hasEnded = true;
      });
      opened.queue.start();
      await opened.queue.add('work-on-request', [job(1)]);
      await until(() => hasBegun);

      await opened.queue.stop(200);

      expect(hasEnded).toBe(false);
      finish.resolve();
    });

    it('refuses to start while a kind has no handler, and runs nothing', async () => {
      expect(() => opened.queue.start()).toThrow('no handler for work-on-request');

      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => void ran.push(number));
      opened.queue.start();
      await opened.queue.add('work-on-request', [job(1)]);
      await until(() => ran.length === 1);
    });

    it('takes one handler per kind', () => {
      opened.queue.handle('work-on-request', 1, async () => undefined);

      expect(() => opened.queue.handle('work-on-request', 1, async () => undefined)).toThrow('two handlers');
    });
  });
}
