import { getQueueToken } from '@nestjs/bull';
import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { jobQueueContract } from '../../test/contracts/job-queue.contract.js';
import { cuttableProxy } from '../../test/helpers/servers/cuttable-proxy.js';
import { type OpenedQueue, openQueue } from '../../test/helpers/queue.js';
import { deferred, until } from '../../test/helpers/wait.js';

const GRACE_MS = 5_000;

const redis = process.env.TEST_REDIS_URL;
if (redis) {
  const onRedis = () => ({
    REDIS_URL: redis,
    DATABASE_URL: 'mysql://unused/unused',
    SECRET_KEY: 'unused '.repeat(5),
    QUEUE_PREFIX: `{test-${randomBytes(6).toString('hex')}}`,
  });
  describe('BullJobQueue', () => {
    jobQueueContract(() => openQueue(onRedis()));

    it('says that the queue is unavailable when Redis does not answer', async () => {
      const opened = await openQueue({ ...onRedis(), REDIS_URL: 'redis://127.0.0.1:1/0' });

      const adding = opened.queue.add('work-on-request', [{ id: '1', data: { requestKey: 1, hop: 0 } }]);

      await expect(adding).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', status: 503 });
      await opened.close();
    });

    it('stops while Redis is away, waiting for the running job', async () => {
      const proxy = await cuttableProxy(new URL(redis));
      const opened = await openQueue({ ...onRedis(), REDIS_URL: proxy.url.href });
      const finish = deferred();
      let hasEnded = false;
      let hasBegun = false;
      opened.queue.handle('work-on-request', 1, async () => {
        hasBegun = true;
        await finish.promise;
        hasEnded = true;
      });
      opened.queue.start();
      await opened.queue.add('work-on-request', [{ id: '1', data: { requestKey: 1, hop: 0 } }]);
      await until(() => hasBegun);
      await proxy.cut();
      await until(() => bullOf(opened).client.status !== 'ready');

      const stopped = opened.queue.stop(GRACE_MS);
      finish.resolve();
      await stopped;

      expect(hasEnded).toBe(true);
      await opened.close();
    });

    it('closes within seconds while Redis is frozen, and keeps no connection', async () => {
      const proxy = await cuttableProxy(new URL(redis));
      const opened = await openQueue({ ...onRedis(), REDIS_URL: proxy.url.href });
      opened.queue.handle('work-on-request', 1, async () => undefined);
      opened.queue.start();
      const bull = bullOf(opened) as unknown as { clients: Redis[] };
      await until(() => bull.clients.every(({ status }) => status === 'ready') && bull.clients.length > 1);
      proxy.freeze();

      await opened.close();

      await until(() => bull.clients.every(({ status }) => status === 'end'));
      await proxy.cut();
    });

    // Jest fails a test in which a promise is rejected that nothing handles, as Node.js ends a process.
    it('leaves no rejected promise when Redis freezes before the name of the worker is sent', async () => {
      const proxy = await cuttableProxy(new URL(redis));
      const opened = await openQueue({ ...onRedis(), REDIS_URL: proxy.url.href });
      const bull = bullOf(opened) as unknown as { clients: Redis[]; isReady(): Promise<void> };
      await bull.isReady();
      opened.queue.handle('work-on-request', 1, async () => undefined);
      proxy.freeze();
      opened.queue.start();
      await until(() => bull.clients.length > 1);

      await opened.close();

      await until(() => bull.clients.every(({ status }) => status === 'end'));
      await proxy.cut();
    });

    it('takes no connection for a ready one that ended before Redis answered', async () => {
      const proxy = await cuttableProxy(new URL(redis));
      proxy.freeze();
      const opened = await openQueue({ ...onRedis(), REDIS_URL: proxy.url.href });
      const [client] = (bullOf(opened) as unknown as { clients: Redis[] }).clients;
      const statuses: string[] = [];
      for (const status of ['connect', 'ready', 'end']) client.on(status, () => statuses.push(status));
      await until(() => statuses.includes('connect'));

      client.disconnect();
      await until(() => statuses.includes('end'));
      await opened.close();

      expect(statuses.at(-1)).toBe('end');
      await proxy.cut();
    });

    it('leaves nothing of a finished job in Redis', async () => {
      const opened = await openQueue(onRedis());
      opened.queue.handle('work-on-request', 1, async () => undefined);
      opened.queue.start();
      await opened.queue.add('work-on-request', [{ id: '1', data: { requestKey: 1, hop: 0 } }]);
      await until(async () => (await opened.queue.size('work-on-request')) === 0);

      const counts = await opened.module
        .get(getQueueToken('work-on-request'), { strict: false })
        .getJobCounts();

      expect(counts).toMatchObject({ waiting: 0, active: 0, completed: 0, failed: 0, delayed: 0 });
      await opened.close();
    });

    const bullOf = ({ module }: OpenedQueue): Queue =>
      module.get(getQueueToken('work-on-request'), { strict: false });

    it.each([
      ['without data, as Bull leaves them after a flush', { failedReason: 'x', attemptsMade: '1' }],
      ['whole and old', { name: '__default__', data: '{"number":9}', opts: '{}', timestamp: '1000' }],
    ])('takes an id again of which Redis has a key, but no place in a list (%s)', async (_case, fields) => {
      const opened = await openQueue(onRedis());
      const ran: number[] = [];
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => void ran.push(number));
      const bull = bullOf(opened);
      await bull.isReady();
      await bull.client.hset(bull.toKey('1-1-0'), fields);
      await bull.client.zadd(bull.toKey('failed'), 1, '1-1-0');

      await opened.queue.add('work-on-request', [{ id: '1-1-0', data: { requestKey: 1, hop: 0 } }]);
      opened.queue.start();

      await until(() => ran.length === 1);
      expect(ran).toEqual([1]);
      await until(async () => (await opened.queue.size('work-on-request')) === 0);
      expect(await bull.getJobCounts()).toMatchObject({ failed: 0, completed: 0 });
      expect(await bull.client.exists(bull.toKey('1-1-0'))).toBe(0);
      await opened.close();
    });

    it('leaves an old job that waits in its place', async () => {
      const opened = await openQueue(onRedis());
      const ran: number[] = [];
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => void ran.push(number));
      const job = { id: '1-1-0', data: { requestKey: 1, hop: 0 } };
      await opened.queue.add('work-on-request', [job]);
      const bull = bullOf(opened);
      await bull.client.hset(bull.toKey('1-1-0'), { timestamp: '1000' });

      await opened.queue.add('work-on-request', [job]);

      expect(await opened.queue.size('work-on-request')).toBe(1);
      opened.queue.start();
      await until(() => ran.length === 1);
      await until(async () => (await opened.queue.size('work-on-request')) === 0);
      expect(ran).toEqual([1]);
      await opened.close();
    });

    it('passes over a job whose data a flush has taken, keeps nothing of it, and takes its id again', async () => {
      const opened = await openQueue(onRedis());
      const ran: unknown[] = [];
      opened.queue.handle('work-on-request', 1, async ({ requestKey: number }) => void ran.push(number));
      const bull = bullOf(opened);
      const failed: unknown[] = [];
      bull.on('failed', (job) => failed.push(job.id));
      await bull.isReady();
      await bull.client.lpush(bull.toKey('wait'), '1-1-0');

      opened.queue.start();
      await until(async () => (await opened.queue.size('work-on-request')) === 0);

      expect(await bull.client.exists(bull.toKey('1-1-0'))).toBe(0);
      expect(await bull.getJobCounts()).toMatchObject({ failed: 0, completed: 0 });
      await opened.queue.add('work-on-request', [{ id: '1-1-0', data: { requestKey: 1, hop: 0 } }]);
      await until(() => ran.length === 1);
      expect([ran, failed]).toEqual([[1], []]);
      await opened.close();
    });
  });
} else {
  describe.skip('BullJobQueue', () => it('needs TEST_REDIS_URL', () => undefined));
}
