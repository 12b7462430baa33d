import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { DataSource, type QueryRunner } from 'typeorm';
import { Database } from '../database/database.js';
import { SILENT_SECONDS } from '../database/other-connections.js';

/** What one process at a time does: deleting files, or removing requests. */
export type Sweep = 'sweep' | 'removal';

/**
 * Lets one process at a time delete files, or remove requests. A frozen one keeps the lock, so that nobody takes over what it may be about to
 * delete: a file that is stored anew meanwhile would be lost. The server drops it with the connection.
 */
@Injectable()
export class SweepLock {
  private readonly busy = new Set<Sweep>();

  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Runs `work` under the lock, or does nothing where another call or process has it.
   * @param work is given what says whether the lock is still held
   * @returns whether it was run
   */
  async withLock(sweep: Sweep, work: (isHeld: () => Promise<boolean>) => Promise<void>): Promise<boolean> {
    if (this.busy.has(sweep)) return false;
    this.busy.add(sweep);
    try {
      if (!this.database.isEmbedded) return await this.withServerLock(sweep, work);
      await work(() => Promise.resolve(true));
      return true;
    } finally {
      this.busy.delete(sweep);
    }
  }

  /** By a connection of its own. */
  private async withServerLock(
    sweep: Sweep,
    work: (isHeld: () => Promise<boolean>) => Promise<void>,
  ): Promise<boolean> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const name = await nameOf(runner, sweep);
      if (!(await isTrue(runner, 'GET_LOCK(?, 0)', name))) return false;
      try {
        await runner.query('SET SESSION wait_timeout = DEFAULT'); // hours: files are deleted while it is silent
        await work(() => isTrue(runner, 'IS_USED_LOCK(?) = CONNECTION_ID()', name));
        return true;
      } finally {
        await runner.query('SELECT RELEASE_LOCK(?)', [name]);
        await runner.query(`SET SESSION wait_timeout = ${SILENT_SECONDS}`);
      }
    } finally {
      await runner.release();
    }
  }
}

/** Locks are of the whole server, and their names have 64 characters at most. */
async function nameOf(runner: QueryRunner, sweep: Sweep): Promise<string> {
  const [{ name }] = (await runner.query('SELECT DATABASE() AS name')) as { name: string }[];
  return `image_processing_${sweep}_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

async function isTrue(runner: QueryRunner, condition: string, name: string): Promise<boolean> {
  const [{ answer }] = await runner.query(`SELECT ${condition} AS answer`, [name]);
  return Number(answer) === 1;
}
