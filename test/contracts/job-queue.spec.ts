import { getQueueToken } from '@nestjs/bull';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bull';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings } from '../../src/config/settings.js';
import { JobQueue } from '../../src/queue/job-queue.js';
import { QueueModule } from '../../src/queue/queue.module.js';
import { cuttableProxy } from '../helpers/cuttable-proxy.js';
import { deferred, until } from '../helpers/wait.js';

const GRACE_MS = 5_000;

interface OpenedQueue {
  queue: JobQueue;
  module: TestingModule;
  close(): Promise<void>;
}

async function open(environment: Record<string, string>): Promise<OpenedQueue> {
  const module = await Test.createTestingModule({
    imports: [QueueModule.register(readSettings(environment))],
  }).compile();
  module.useLogger(false); // some handlers throw on purpose
  await module.init();
  const queue = module.get(JobQueue);
  const close = async () => {
    await queue.stop(GRACE_MS);
    await queue.close();
    await module.close();
  };
  return { queue, module, close };
}

/** Every adapter of {@link JobQueue} passes this. */
function jobQueueContract(name: string, environment: () => Record<string, string>): void {
  describe(`a job queue (${name})`, () => {
    let opened: OpenedQueue;
    let ran: number[];

    beforeEach(async () => {
      opened = await open(environment());
      ran = [];
    });
    afterEach(() => opened.close());

    const job = (number: number, id = `1-${number}-0`) => ({ id, data: { requestKey: 1, number } });

    it('runs the jobs that were added before and after the start', async () => {
      opened.queue.handle('process-image', 1, async ({ number }) => void ran.push(number));
      await opened.queue.add('process-image', [job(1), job(2)]);

      await opened.queue.start();
      await until(() => ran.length === 2);
      await opened.queue.add('process-image', [job(3)]);

      await until(() => ran.length === 3);
      expect(ran).toEqual([1, 2, 3]);
      await until(async () => (await opened.queue.size('process-image')) === 0);
    });

    it('runs nothing before the start', async () => {
      opened.queue.handle('process-image', 1, async ({ number }) => void ran.push(number));

      await opened.queue.add('process-image', [job(1)]);
      await sleep(100);

      expect(ran).toEqual([]);
      expect(await opened.queue.size('process-image')).toBe(1);
    });

    it('counts jobs with one id as one while the first is not finished, and takes the id again afterwards', async () => {
      const finish = deferred();
      opened.queue.handle('process-image', 5, async ({ number }) => {
        ran.push(number);
        await finish.promise;
      });
      await opened.queue.add('process-image', [job(1)]);
      await opened.queue.add('process-image', [job(1)]);
      await opened.queue.start();
      await until(() => ran.length === 1);
      await opened.queue.add('process-image', [job(1)]);
      await sleep(100);
      expect(ran).toEqual([1]);

      finish.resolve();
      await until(async () => (await opened.queue.size('process-image')) === 0);
      await opened.queue.add('process-image', [job(1)]);

      await until(() => ran.length === 2);
    });

    it('runs as many at once as was asked for, and no more', async () => {
      let running = 0;
      let most = 0;
      opened.queue.handle('process-image', 3, async ({ number }) => {
        most = Math.max(most, ++running);
        await sleep(20);
        running--;
        ran.push(number);
      });
      await opened.queue.start();

      await opened.queue.add(
        'process-image',
        Array.from({ length: 12 }, (_, index) => job(index)),
      );

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
      opened.queue.handle('process-image', 50, async ({ number }) => {
        begun.set(round, (begun.get(round) ?? 0) + 1);
        ran.push(number);
      });
      await opened.queue.add(
        'process-image',
        Array.from({ length: 200 }, (_, index) => job(index)),
      );

      await opened.queue.start();
      await until(() => ran.length === 200);

      isOver = true;
      expect(Math.max(...begun.values())).toBe(1);
    });

    it('goes on after a handler that throws, and takes the same id again', async () => {
      opened.queue.handle('process-image', 1, async ({ number }) => {
        ran.push(number);
        if (number === 1) throw new Error('on purpose');
      });
      await opened.queue.start();

      await opened.queue.add('process-image', [job(1), job(2)]);
      await until(() => ran.length === 2);
      await until(async () => (await opened.queue.size('process-image')) === 0);
      await opened.queue.add('process-image', [job(1)]);

      await until(() => ran.length === 3);
      expect(ran).toEqual([1, 2, 1]);
    });

    it('stops: waits for the running job, and begins no other', async () => {
      opened.queue.handle('process-image', 1, async ({ number }) => {
        await sleep(150);
        ran.push(number);
      });
      await opened.queue.start();
      await opened.queue.add('process-image', [job(1), job(2)]);
      await sleep(75);

      await opened.queue.stop(GRACE_MS);
      const ranAtStop = [...ran];
      await sleep(200);

      expect(ranAtStop).toEqual([1]);
      expect(ran).toEqual([1]);
    });

    it('stops after the grace period even if a job goes on', async () => {
      const finish = deferred();
      opened.queue.handle('process-image', 1, () => finish.promise);
      await opened.queue.start();
      await opened.queue.add('process-image', [job(1)]);
      await sleep(100);

      const began = Date.now();
      await opened.queue.stop(200);

      expect(Date.now() - began).toBeLessThan(2_000);
      finish.resolve();
    });

    it('takes one handler per kind', () => {
      opened.queue.handle('process-image', 1, async () => undefined);

      expect(() => opened.queue.handle('process-image', 1, async () => undefined)).toThrow('two handlers');
    });
  });
}

jobQueueContract('in process', () => ({}));

const redis = process.env.TEST_REDIS_URL;
if (redis) {
  const onRedis = () => ({
    REDIS_URL: redis,
    DATABASE_URL: 'mysql://unused/unused',
    SECRET_KEY: 'unused '.repeat(5),
    QUEUE_PREFIX: `{test-${randomBytes(6).toString('hex')}}`,
  });
  jobQueueContract('Bull on Redis', onRedis);

  describe('Bull', () => {
    it('says that the queue is unavailable when Redis does not answer', async () => {
      const opened = await open({ ...onRedis(), REDIS_URL: 'redis://127.0.0.1:1/0' });

      const adding = opened.queue.add('process-image', [{ id: '1', data: { requestKey: 1, number: 1 } }]);

      await expect(adding).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', status: 503 });
      await opened.close();
    }, 30_000);

    it('stops while Redis is away, waiting for the running job', async () => {
      const proxy = await cuttableProxy(new URL(redis));
      const opened = await open({ ...onRedis(), REDIS_URL: proxy.url.href });
      const finish = deferred();
      let hasEnded = false;
      opened.queue.handle('process-image', 1, async () => {
        await finish.promise;
        hasEnded = true;
      });
      await opened.queue.start();
      await opened.queue.add('process-image', [{ id: '1', data: { requestKey: 1, number: 1 } }]);
      await sleep(100);
      await proxy.cut();
      await sleep(100);

      setTimeout(() => finish.resolve(), 300);
      await opened.queue.stop(GRACE_MS);

      expect(hasEnded).toBe(true);
      await opened.close();
    });

    it('leaves nothing of a finished job in Redis', async () => {
      const opened = await open(onRedis());
      opened.queue.handle('process-image', 1, async () => undefined);
      await opened.queue.start();
      await opened.queue.add('process-image', [{ id: '1', data: { requestKey: 1, number: 1 } }]);
      await until(async () => (await opened.queue.size('process-image')) === 0);

      const counts = await opened.module
        .get(getQueueToken('process-image'), { strict: false })
        .getJobCounts();

      expect(counts).toMatchObject({ waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0 });
      await opened.close();
    });

    const bullOf = ({ module }: OpenedQueue): Queue =>
      module.get(getQueueToken('process-image'), { strict: false });

    it.each([
      ['without data, as Bull leaves them after a flush', { failedReason: 'x', attemptsMade: '1' }],
      ['whole and old', { name: '__default__', data: '{"number":9}', opts: '{}', timestamp: '1000' }],
    ])('takes an id again of which Redis has a key, but no place in a list (%s)', async (_case, fields) => {
      const opened = await open(onRedis());
      const ran: number[] = [];
      opened.queue.handle('process-image', 1, async ({ number }) => void ran.push(number));
      const bull = bullOf(opened);
      await bull.isReady();
      await bull.client.hset(bull.toKey('1-1-0'), fields);
      await bull.client.zadd(bull.toKey('failed'), 1, '1-1-0');

      await opened.queue.add('process-image', [{ id: '1-1-0', data: { requestKey: 1, number: 1 } }]);
      await opened.queue.start();

      await until(() => ran.length === 1);
      expect(ran).toEqual([1]);
      await until(async () => (await opened.queue.size('process-image')) === 0);
      expect(await bull.getJobCounts()).toMatchObject({ failed: 0, completed: 0 });
      expect(await bull.client.exists(bull.toKey('1-1-0'))).toBe(0);
      await opened.close();
    });

    it('leaves an old job that waits in its place', async () => {
      const opened = await open(onRedis());
      const ran: number[] = [];
      opened.queue.handle('process-image', 1, async ({ number }) => void ran.push(number));
      const job = { id: '1-1-0', data: { requestKey: 1, number: 1 } };
      await opened.queue.add('process-image', [job]);
      const bull = bullOf(opened);
      await bull.client.hset(bull.toKey('1-1-0'), { timestamp: '1000' });

      await opened.queue.add('process-image', [job]);

      expect(await opened.queue.size('process-image')).toBe(1);
      await opened.queue.start();
      await until(() => ran.length === 1);
      await until(async () => (await opened.queue.size('process-image')) === 0);
      expect(ran).toEqual([1]);
      await opened.close();
    });

    it('passes over a job whose data a flush has taken, keeps nothing of it, and takes its id again', async () => {
      const opened = await open(onRedis());
      const ran: unknown[] = [];
      opened.queue.handle('process-image', 1, async ({ number }) => void ran.push(number));
      const bull = bullOf(opened);
      const failed: unknown[] = [];
      bull.on('failed', (job) => failed.push(job.id));
      await bull.isReady();
      await bull.client.lpush(bull.toKey('wait'), '1-1-0');

      await opened.queue.start();
      await until(async () => (await opened.queue.size('process-image')) === 0);

      expect(await bull.client.exists(bull.toKey('1-1-0'))).toBe(0);
      expect(await bull.getJobCounts()).toMatchObject({ failed: 0, completed: 0 });
      await opened.queue.add('process-image', [{ id: '1-1-0', data: { requestKey: 1, number: 1 } }]);
      await until(() => ran.length === 1);
      expect([ran, failed]).toEqual([[1], []]);
      await opened.close();
    });
  });
} else {
  describe.skip('a job queue (Bull on Redis)', () => it('needs TEST_REDIS_URL', () => undefined));
}
