import { BullModule, getQueueToken } from '@nestjs/bull';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Queue } from 'bull';
import type { Settings } from '../config/settings.js';
import { BullJobQueue, bullOptions } from './bull.job-queue.js';
import { InProcessJobQueue } from './in-process.job-queue.js';
import { JOB_KINDS, JobQueue } from './job-queue.js';
import { RedisConnection } from './redis-connection.js';

const SECOND = 1000;

/** The job queue that the settings name: Bull where there is a `REDIS_URL`, or else the memory of this process. */
@Global()
@Module({})
export class QueueModule {
  static register({ REDIS_URL, QUEUE_PREFIX, LEASE_SECONDS }: Settings): DynamicModule {
    if (!REDIS_URL) {
      return {
        module: QueueModule,
        providers: [
          { provide: JobQueue, useFactory: () => new InProcessJobQueue() },
          { provide: RedisConnection, useFactory: () => new RedisConnection(null, '') },
        ],
        exports: [JobQueue, RedisConnection],
      };
    }
    return {
      module: QueueModule,
      imports: [
        BullModule.registerQueue(
          ...JOB_KINDS.map((name) => ({
            name,
            ...bullOptions(REDIS_URL, QUEUE_PREFIX, LEASE_SECONDS * SECOND),
          })),
        ),
      ],
      providers: [
        {
          provide: JobQueue,
          inject: JOB_KINDS.map((kind) => getQueueToken(kind)),
          useFactory: (...queues: Queue[]) =>
            new BullJobQueue(new Map(JOB_KINDS.map((kind, index) => [kind, queues[index]]))),
        },
        {
          provide: RedisConnection,
          inject: [getQueueToken(JOB_KINDS[0])],
          useFactory: (queue: Queue) => RedisConnection.of(queue, QUEUE_PREFIX),
        },
      ],
      exports: [JobQueue, RedisConnection],
    };
  }
}
