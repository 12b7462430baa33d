import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database } from './database.js';

const SECOND = 1000;
const SYNC_EVERY_MS = 30 * SECOND;

/**
 * The time by the database's clock, so that leases and schedules mean the same to every process, even where its own clock is wrong
 * says. Synchronised with the server every 30 s and extrapolated in between, so {@link now} does no I/O. An inexact clock
 * only shifts when something is tried again; who may settle it is decided by the `attempt`.
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
      this.sync().catch((error: unknown) =>
        this.logger.warn('the clock was not synchronised with the database', error),
      );
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
    const [row] = await this.database.manager.query<[{ now: number }]>(
      'SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED) AS now',
    );
    return row.now;
  }
}
