import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { UnavailableError } from '../errors/app-error.js';
import { Turns } from './turns.js';

/** Deadlock, lock wait timeout, and MariaDB's snapshot conflict: the server asks to run the transaction again. */
const TRY_AGAIN = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);
/** The server is away, or the disk of the embedded database is full, read-only or broken. */
const AWAY =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|PROTOCOL_|POOL_CLOSED|ER_SERVER_SHUTDOWN|ER_CON_COUNT|ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY))/;
const MOST_TRIES = 8;

/**
 * The way to the database. Reads go through {@link manager}; every write goes through {@link write} or
 * {@link transaction}, because SQLite has one connection here: a write made while another caller's transaction
 * is open would belong to that transaction, and vanish if it is rolled back.
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

  /** Runs one writing statement. It may run more than once if the server asks for that. */
  write<T>(statement: (manager: EntityManager) => Promise<T>, { isUrgent = false } = {}): Promise<T> {
    return this.inTurn(() => this.tryAgain(() => statement(this.manager)), isUrgent);
  }

  /**
   * Runs `work` in one transaction: all of it or nothing. `work` awaits database calls only, and may run more than
   * once if the server asks for that. With `durable` the commit survives a power cut, not just a killed process.
   * `isUrgent`: a client waits for it, so it comes before the many writes of the images in work.
   */
  transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    { durable = false, isUrgent = false } = {},
  ): Promise<T> {
    return this.inTurn(async () => {
      if (!this.isEmbedded) return this.tryAgain(() => this.dataSource.transaction(work));
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
      throw new UnavailableError('DATABASE_UNAVAILABLE', undefined, { cause: error });
    }
  }

  /**
   * Not TypeORM's: SQLite ends a transaction by itself when the disk is full, and TypeORM, whose own ROLLBACK then
   * fails, goes on with savepoints inside a transaction that nobody ever commits.
   */
  private async embeddedTransaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    await this.manager.query('BEGIN IMMEDIATE').catch(async () => {
      await this.rollBack(); // whatever an earlier one could not end
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

  /** Fails where there is nothing to roll back any more, which is what we want. */
  private async rollBack(): Promise<void> {
    await this.manager.query('ROLLBACK').catch(() => undefined);
  }

  private inTurn<T>(work: () => Promise<T>, isUrgent: boolean): Promise<T> {
    if (!this.isEmbedded) return work();
    return this.turns.next(work, isUrgent);
  }

  private async tryAgain<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === MOST_TRIES || !TRY_AGAIN.has(errorCode(error))) throw error;
        this.logger.debug(`transaction runs again after ${errorCode(error)}`);
        await sleep(Math.random() * 10 * 2 ** tries);
      }
    }
  }
}

/**
 * Runs one INSERT, UPDATE or DELETE as it is written and gives the number of rows that matched. For what runs once per
 * image: the query builder takes ten times as long, and writes numbers into the text, so that no statement is prepared twice.
 */
export async function execute(manager: EntityManager, sql: string, parameters: unknown[]): Promise<number> {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    return (await runner.query(sql, parameters, true)).affected ?? 0;
  } finally {
    if (!manager.queryRunner) await runner.release();
  }
}

/** Whether `error` says that the database is away at the moment, rather than that it refused something. */
export function isDatabaseAway(error: unknown): boolean {
  if (AWAY.test(errorCode(error))) return true;
  return error instanceof Error && error.message.includes('connection is in closed state'); // mysql2 has no code for it
}

/** Whether `error` says that another row has the same unique value. */
export function isDuplicate(error: unknown): boolean {
  return ['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT'].includes(errorCode(error));
}

function errorCode(error: unknown): string {
  const source = error instanceof QueryFailedError ? error.driverError : error;
  return (source as { code?: string } | undefined)?.code ?? '';
}
