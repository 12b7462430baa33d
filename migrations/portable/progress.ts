import { Logger } from '@nestjs/common';
import type { QueryRunner } from 'typeorm';
import { integer, makeTable, textColumns } from './schema.js';

/** An image: all before it, in the order of requests and numbers, are done. */
export interface Position {
  requestKey: number;
  number: number;
}

const TABLE = 'migration_progress';
const LOG_EVERY_MS = 2000;

/** How far a migration of many rows came. The note is a row of the database, so that a killed one goes on from there. */
export class Progress {
  private readonly logger = new Logger('migration');
  private loggedAt = 0;

  private constructor(
    private readonly runner: QueryRunner,
    private readonly name: string,
    private readonly total: number,
    private readonly things: string,
    /** Up to here all is done. */
    public at: Position,
    private done: number,
  ) {}

  /** The progress of the migration `name`, which has `total` rows to go through; from the beginning, or where it was left. */
  static async of(runner: QueryRunner, name: string, total: number, things: string): Promise<Progress> {
    const { short } = textColumns(runner);
    const columns = [
      short('name', 64, { isPrimary: true }),
      ...['request_key', 'number', 'done'].map((n) => integer(n)),
    ];
    await makeTable(runner, { name: TABLE, columns });
    const sql = `SELECT request_key AS requestKey, number, done FROM ${TABLE} WHERE name = ?`;
    const [left] = (await runner.query(sql, [name])) as (Position & { done: number })[];
    if (!left) await runner.query(`INSERT INTO ${TABLE} VALUES (?, 0, 0, 0)`, [name]);
    const at = left ? { requestKey: left.requestKey, number: left.number } : { requestKey: 0, number: 0 };
    return new Progress(runner, name, total, things, at, left?.done ?? 0);
  }

  /** Notes, in the transaction that did it, that so many more rows are done, the last of them `at`. */
  async note({ requestKey, number }: Position, rows: number): Promise<void> {
    const sql = `UPDATE ${TABLE} SET request_key = ?, number = ?, done = ? WHERE name = ?`;
    await this.runner.query(sql, [requestKey, number, this.done + rows, this.name]);
    this.at = { requestKey, number };
    this.done += rows;
  }

  /** Says how far it is, at most every two seconds. */
  log(): void {
    if (Date.now() - this.loggedAt < LOG_EVERY_MS && this.done < this.total) return;
    this.loggedAt = Date.now();
    const { done, total, things } = this;
    this.logger.log(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${things} copied`);
  }

  /** All is done: nothing is left of the note. */
  async end(): Promise<void> {
    await this.runner.dropTable(TABLE, true);
  }
}
