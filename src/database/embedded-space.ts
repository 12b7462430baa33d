import { Injectable, Logger } from '@nestjs/common';
import { stat, statfs } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Database } from './database.js';

/** `auto_vacuum` of a file that gives pages back when it is asked to. */
const INCREMENTAL = 2;
/** Free pages that are kept for what comes next: 4 MB, or a part of the file if that is more. */
const MIN_KEPT_PAGES = 1_000;
const KEPT_PART = 0.05;
/** Pages given back at a time: some milliseconds of the event loop. */
const GIVEN_AT_ONCE = 100;

/** The connection of the driver: TypeORM runs `PRAGMA incremental_vacuum` for one page only, and leaves the statement open. */
interface Connection {
  pragma(text: string): Record<string, number>[];
}

/** Gives the pages of the embedded database that deleted rows have left back to the disk. */
@Injectable()
export class EmbeddedSpace {
  constructor(
    private readonly database: Database,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Gives back what is free but for some pages, a part at a time; nothing on a server.
   * @param isOver whether to stop
   */
  async giveBack(isOver: () => boolean = () => false): Promise<void> {
    if (!this.database.isEmbedded) return;
    const connection = connectionOf(this.dataSource);
    if (numberOf(connection, 'auto_vacuum') !== INCREMENTAL) return;
    const kept = Math.max(MIN_KEPT_PAGES, Math.ceil(numberOf(connection, 'page_count') * KEPT_PART));
    while (!isOver() && numberOf(connection, 'freelist_count') > kept) {
      await this.database.write(() =>
        Promise.resolve(connection.pragma(`incremental_vacuum(${GIVEN_AT_ONCE})`)),
      );
      await setImmediate();
    }
  }
}

/**
 * Lets a file of an earlier version give pages back: it is written anew once, which takes some seconds for each GB. Where the disk
 * has no room for that, it stays as it is until the next start.
 */
export async function letGiveBack(dataSource: DataSource): Promise<void> {
  const connection = connectionOf(dataSource);
  if (numberOf(connection, 'auto_vacuum') === INCREMENTAL) return;
  const logger = new Logger(EmbeddedSpace.name);
  const file = String(dataSource.options.database);
  const { size } = await stat(file);
  const { bavail, bsize } = await statfs(file);
  if (bavail * bsize < 3 * size) {
    logger.warn(`${file} does not give space back: the disk has no room to write it anew once`);
    return;
  }
  logger.log(`writing ${file} anew once, so that it can give space back`);
  connection.pragma(`auto_vacuum = ${INCREMENTAL}`);
  await dataSource.query('VACUUM');
}

function connectionOf(dataSource: DataSource): Connection {
  return (dataSource.driver as unknown as { databaseConnection: Connection }).databaseConnection;
}

function numberOf(connection: Connection, pragma: string): number {
  return connection.pragma(pragma)[0][pragma];
}
