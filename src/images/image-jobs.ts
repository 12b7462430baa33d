import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { JobQueue } from '../queue/job-queue.js';
import { RedoRounds } from './redoing/redo-rounds.js';
import { RequestTurns } from './scheduling/request-turns.js';

/**
 * Connects the queue to {@link RequestTurns} and {@link RedoRounds}: a job says that a request has work, whatever the number of its images. A worker
 * that takes one and does not know the request yet enqueues it again for the next worker after its first turn, if work is left; one
 * that knows it lets it end. Registered in every mode; jobs run only where the queue is started.
 */
@Injectable()
export class ImageJobs implements OnModuleInit {
  private readonly warning = new RepeatedWarning(new Logger(ImageJobs.name));

  constructor(
    private readonly queue: JobQueue,
    private readonly turns: RequestTurns,
    private readonly redos: RedoRounds,
  ) {}

  onModuleInit(): void {
    this.queue.handle('work-on-request', 1, async ({ requestKey, hop }) => {
      this.turns.join(requestKey, () => void this.enqueue(requestKey, hop + 1));
      this.redos.hurry();
    });
  }

  /** Says that a request has work. Never fails: the reconciler of each worker finds it, too, some seconds later. */
  async enqueue(requestKey: number, hop = 0): Promise<void> {
    const job = { id: `${requestKey}-${hop}`, data: { requestKey, hop } };
    await this.queue
      .add('work-on-request', [job])
      .catch((error: Error) =>
        this.warning.warn(`a request was not enqueued; the reconcilers will find it: ${error.message}`),
      );
  }
}
