import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopTurns } from '../concurrency/event-loop-turns.js';
import { type Job, type JobHandler, type JobKind, JobQueue, type Registration } from './job-queue.js';

/** Jobs in the memory of this process: nothing to install, and nothing left of it when the process ends. */
export class InProcessJobQueue extends JobQueue {
  private readonly lanes = new Map<JobKind, Lane>();

  async add<K extends JobKind>(kind: K, jobs: Job<K>[]): Promise<void> {
    const lane = this.lane(kind);
    for (const job of jobs) lane.add(job);
  }

  async stop(graceMs: number): Promise<void> {
    const lanes = [...this.lanes.values()];
    for (const lane of lanes) lane.pause();
    const timeout = new AbortController();
    await Promise.race([
      Promise.all(lanes.map((lane) => lane.whenIdle())),
      sleep(graceMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  async size(kind: JobKind): Promise<number> {
    return this.lane(kind).size;
  }

  async close(): Promise<void> {
    for (const lane of this.lanes.values()) lane.clear();
  }

  protected run(kind: JobKind, registration: Registration): void {
    this.lane(kind).start(registration);
  }

  private lane(kind: JobKind): Lane {
    const lane = this.lanes.get(kind) ?? new Lane(kind);
    this.lanes.set(kind, lane);
    return lane;
  }
}

/** The jobs of one kind. */
class Lane {
  private readonly logger: Logger;
  private readonly waiting = new Map<string, Job<JobKind>>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly turns = new EventLoopTurns();
  private registration?: Registration;

  constructor(kind: JobKind) {
    this.logger = new Logger(`${InProcessJobQueue.name} ${kind}`);
  }

  get size(): number {
    return this.waiting.size + this.running.size;
  }

  add(job: Job<JobKind>): void {
    if (this.waiting.has(job.id) || this.running.has(job.id)) return;
    this.waiting.set(job.id, job);
    this.fill();
  }

  start(registration: Registration): void {
    this.registration = registration;
    this.fill();
  }

  pause(): void {
    this.registration = undefined;
  }

  clear(): void {
    this.waiting.clear();
  }

  async whenIdle(): Promise<void> {
    await Promise.all(this.running.values());
  }

  private fill(): void {
    if (!this.registration) return;
    const { concurrency, handler } = this.registration;
    for (const [id, job] of this.waiting) {
      if (this.running.size >= concurrency) return;
      this.waiting.delete(id);
      this.running.set(id, this.run(handler, job));
    }
  }

  private async run(handler: JobHandler<JobKind>, job: Job<JobKind>): Promise<void> {
    try {
      await this.turns.next(); // a job may need no I/O: so many of them would stop the process
      if (this.registration) await handler(job.data);
    } catch (error) {
      this.logger.error(`job ${job.id} threw`, error);
    } finally {
      this.running.delete(job.id);
      this.fill();
    }
  }
}
