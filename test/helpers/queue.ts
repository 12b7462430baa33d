import { Test, type TestingModule } from '@nestjs/testing';
import { readSettings } from '../../src/config/settings.js';
import { JobQueue } from '../../src/queue/job-queue.js';
import { QueueModule } from '../../src/queue/queue.module.js';

/** What is waited for running jobs when a queue of a test is closed. */
const GRACE_MS = 5_000;

export interface OpenedQueue {
  queue: JobQueue;
  module: TestingModule;
  close(): Promise<void>;
}

/** The queue that the settings of `environment` name, with a handler for webhooks that does nothing. */
export async function openQueue(environment: Record<string, string>): Promise<OpenedQueue> {
  const module = await Test.createTestingModule({
    imports: [QueueModule.register(readSettings(environment))],
  }).compile();
  module.useLogger(false); // some handlers throw on purpose
  await module.init();
  const queue = module.get(JobQueue);
  queue.handle('deliver-webhook', 1, async () => undefined);
  const close = async () => {
    await queue.stop(GRACE_MS);
    await queue.close();
    await module.close();
  };
  return { queue, module, close };
}
