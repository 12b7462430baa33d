import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { LessThan, MoreThan } from 'typeorm';
import { Rounds } from '../concurrency/rounds.js';
import { settings, type Settings } from '../config/settings.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { WorkerEntity } from '../database/entities/worker.entity.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const SECOND = 1000;
/** How often a worker says that it works, and the API looks whether one does. */
const EVERY_MS = 5 * SECOND;
/** A worker that said nothing for so long counts no more; its row stays for a day. */
const ALIVE_MS = 20 * SECOND;
const FORGOTTEN_AFTER_MS = 86_400 * SECOND;
/** After its start, an API waits so long before it misses workers: all may have been started at once. */
const MISSED_AFTER_MS = 30 * SECOND;

/**
 * Says in the database that this process works on images, and how many processes do. With the embedded database this process is
 * the only one, and nothing is written.
 */
@Injectable()
export class Heartbeat {
  private readonly logger = new Logger(Heartbeat.name);
  private readonly warning = new RepeatedWarning(this.logger);
  private readonly id = randomUUID();
  private readonly rounds: Rounds;
  private startedAt = 0;
  private isMissing = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.rounds = new Rounds(
      EVERY_MS,
      () => (settings.runsJobs ? this.beat() : this.look()),
      ({ message }) => this.warning.warn(`the heartbeat failed: ${message}`),
    );
  }

  /** Begins to say it, and to look. */
  async start(): Promise<void> {
    if (this.database.isEmbedded) return;
    this.startedAt = this.clock.now();
    if (this.settings.runsJobs) await this.beat();
    this.rounds.start(EVERY_MS);
  }

  /** Says that this process works no more; a process that is killed is missed some seconds later. */
  async stop(): Promise<void> {
    if (this.database.isEmbedded) return;
    await this.rounds.stop();
    await this.database
      .write((manager) => manager.delete(WorkerEntity, { id: this.id }))
      .catch(() => undefined); // the database is away: it is missed like one that was killed
  }

  /** @throws UnavailableError `DATABASE_UNAVAILABLE` */
  async count(): Promise<number> {
    if (this.database.isEmbedded) return Number(this.settings.runsJobs);
    return this.database.manager.countBy(WorkerEntity, { seenAt: MoreThan(this.clock.now() - ALIVE_MS) });
  }

  private async beat(): Promise<void> {
    const { id, startedAt } = this;
    const now = this.clock.now();
    await this.database.transaction(async (manager) => {
      const { affected } = await manager.update(WorkerEntity, { id }, { seenAt: now });
      if (affected === 1) return;
      await manager.delete(WorkerEntity, { seenAt: LessThan(now - FORGOTTEN_AFTER_MS) });
      await manager.insert(WorkerEntity, { id, host: hostname().slice(0, 255), startedAt, seenAt: now });
    });
  }

  private async look(): Promise<void> {
    const isMissing = (await this.count()) === 0;
    if (isMissing && this.clock.now() - this.startedAt > MISSED_AFTER_MS)
      this.warning.warn('no worker is running (workers: 0): uploads are taken, and their images wait');
    if (this.isMissing && !isMissing) this.logger.log('a worker is running again');
    this.isMissing = isMissing;
  }
}
