import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { databaseUnavailable, errorCode, isDatabaseAway, mustRunAgain } from './database-errors.js';
import { EmbeddedInserts } from './embedded-inserts.js';
import { insertManyRows, type JsonInsert, jsonInsert, type ManyRows } from './statements/insert-rows.js';
import { Turns } from './turns.js';

/** Runs of a transaction that the server asks to run again. */
const MAX_RUNS = 8;

/** Fewer are inserted at once: a thread would have to begin first, which takes some 50 ms. */
const MIN_ROWS_FOR_THREAD = 200;

/**
 * Access to the database. Reads use {@link manager}; every write uses {@link write} or {@link transaction}, because
 * SQLite has one connection here: a write made while another caller's transaction is open would belong to that
 * transaction, and be lost if it is rolled back.
 *
 * Every method, and every query of a manager, throws UnavailableError `DATABASE_UNAVAILABLE` while the server can't be
 * reached or the disk of the embedded database fails.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  private readonly turns = new Turns();
  private readonly inserts: EmbeddedInserts;

  constructor(private readonly dataSource: DataSource) {
    this.inserts = new EmbeddedInserts(String(dataSource.options.database));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.inserts.close();
  }

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

  /**
   * Inserts the rows in one transaction: all of them or none. With SQLite a thread of its own does it where they are many, so that
   * the event loop goes on. `isUrgent` as for {@link write}.
   */
  async insertMany(tables: ManyRows[], { isUrgent = false } = {}): Promise<void> {
    const inserts = this.insertsOfThread(tables.filter(({ rows }) => rows.length > 0));
    if (inserts) return this.inTurn(() => this.inserts.run(inserts).catch(translate), isUrgent);
    const insertAll = async (manager: EntityManager) => {
      for (const many of tables) await insertManyRows(manager, many);
    };
    return this.transaction(insertAll, { isUrgent });
  }

  /** Null where they are inserted as all else is written. */
  private insertsOfThread(tables: ManyRows[]): JsonInsert[] | null {
    const count = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    if (!this.isEmbedded || count < MIN_ROWS_FOR_THREAD) return null;
    const inserts = tables.map(jsonInsert);
    return inserts.every((insert) => insert !== null) ? inserts : null;
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

function translate(error: unknown): never {
  throw isDatabaseAway(error) ? databaseUnavailable(error) : error;
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
