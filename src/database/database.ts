import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { databaseUnavailable, errorCode, mustRunAgain } from './database-errors.js';
import { Turns } from './turns.js';

/** Runs of a transaction that the server asks to run again. */
const MAX_RUNS = 8;

/**
 * Access to the database. Reads use {@link manager}; every write uses {@link write} or {@link transaction}, because
 * SQLite has one connection here: a write made while another caller's transaction is open would belong to that
 * transaction, and be lost if it is rolled back.
 *
 * Every method, and every query of a manager, throws UnavailableError `DATABASE_UNAVAILABLE` while the server can't be
 * reached or the disk of the embedded database fails.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger(Database.name);
  private readonly turns = new Turns();

  constructor(private readonly dataSource: DataSource) {}

  /** Whether this is the SQLite file of this process, which nobody else can be using. */
  get isEmbedded(): boolean {
    return this.dataSource.options.type === 'better-sqlite3';
  }

  /** For reading only. */
  get manager(): EntityManager {
    return this.dataSource.manager;
  }

  /**
   * Runs one writing statement. It runs again, up to eight times in all, where the server asks for that.
   * `isUrgent`: a client waits for it, so with SQLite it runs before the writes that wait for their turn.
   */
  write<T>(statement: (manager: EntityManager) => Promise<T>, { isUrgent = false } = {}): Promise<T> {
    return this.inTurn(() => this.withRepeats(() => statement(this.manager)), isUrgent);
  }

  /**
   * Runs `work` in one transaction: all of it or nothing. `work` awaits database calls only, and runs again, up to eight
   * times in all, where the server asks for that. With `durable` the commit survives a power cut, not just a killed
   * process. `isUrgent` as for {@link write}.
   */
  transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    { durable = false, isUrgent = false } = {},
  ): Promise<T> {
    return this.inTurn(async () => {
      if (!this.isEmbedded) return this.withRepeats(() => this.dataSource.transaction(work));
      if (durable) await this.manager.query('PRAGMA synchronous = FULL');
      try {
        return await this.embeddedTransaction(work);
      } finally {
        if (durable) await this.manager.query('PRAGMA synchronous = NORMAL');
      }
    }, isUrgent);
  }

  /** @throws UnavailableError `DATABASE_UNAVAILABLE` */
  async ping(): Promise<void> {
    try {
      await this.manager.query('SELECT 1');
    } catch (error) {
      throw databaseUnavailable(error);
    }
  }

  /**
   * Not TypeORM's: SQLite ends a transaction by itself when the disk is full, and TypeORM, whose own ROLLBACK then
   * fails, goes on with savepoints inside a transaction that nobody ever commits.
   */
  private async embeddedTransaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    await this.manager.query('BEGIN IMMEDIATE').catch(async () => {
      await this.rollBack(); // a transaction that an earlier call could not end
      await this.manager.query('BEGIN IMMEDIATE');
    });
    try {
      const result = await work(this.manager);
      await this.manager.query('COMMIT');
      return result;
    } catch (error) {
      await this.rollBack();
      throw error;
    }
  }

  /** Does nothing where no transaction is open any more. */
  private async rollBack(): Promise<void> {
    await this.manager.query('ROLLBACK').catch(() => undefined);
  }

  private inTurn<T>(work: () => Promise<T>, isUrgent: boolean): Promise<T> {
    if (!this.isEmbedded) return work();
    return this.turns.next(work, isUrgent);
  }

  private async withRepeats<T>(work: () => Promise<T>): Promise<T> {
    for (let runs = 1; ; runs++) {
      try {
        return await work();
      } catch (error) {
        if (runs === MAX_RUNS || !mustRunAgain(error)) throw error;
        this.logger.debug(`transaction runs again after ${errorCode(error)}`);
        await sleep(Math.random() * 10 * 2 ** runs);
      }
    }
  }
}

/**
 * Runs one INSERT, UPDATE or DELETE as it is written. For statements that run once per image: the query builder takes ten
 * times as long, and writes numbers into the text, so that no prepared statement is used twice.
 * @returns the number of rows that matched
 */
export async function execute(manager: EntityManager, sql: string, parameters: unknown[]): Promise<number> {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    return (await runner.query(sql, parameters, true)).affected ?? 0;
  } finally {
    if (!manager.queryRunner) await runner.release();
  }
}

export { isDatabaseAway, isDuplicate } from './database-errors.js';
