import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database } from './database.js';

const SECOND = 1000;
const SYNC_EVERY_MS = 30 * SECOND;

/**
 * The time by the database's clock, so that leases and schedules mean the same to every process whatever its own
 * clock says. Asked of the server now and then and counted on in between, so reading it costs nothing; how exact it
 * is matters only for when something is tried again, never for who may settle it (that is the `attempt`).
 */
@Injectable()
export class DatabaseClock implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(DatabaseClock.name);
  private aheadMs = Date.now() - performance.now();
  private timer?: NodeJS.Timeout;

  constructor(private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    await this.sync();
    this.timer = setInterval(() => {
      this.sync().catch((error: unknown) => this.logger.warn('the database did not tell the time', error));
    }, SYNC_EVERY_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Milliseconds since 1970 (UTC). */
  now(): number {
    return Math.round(performance.now() + this.aheadMs);
  }

  private async sync(): Promise<void> {
    const before = performance.now();
    const time = this.database.isEmbedded ? Date.now() : await this.askServer();
    this.aheadMs = time - (before + performance.now()) / 2;
  }

  private async askServer(): Promise<number> {
    const [row] = await this.database.manager.query<[{ now: string | number }]>(
      'SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED) AS now',
    );
    return Number(row.now);
  }
}
