import { Logger } from '@nestjs/common';
import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { SettingsError } from '../errors/app-error.js';
import { refuseOtherVersions, SILENT_SECONDS } from './other-connections.js';

const LOCK = 'image_processing_migrations';
const WAIT_SECONDS = 30;
/** The connection that holds the lock is silent while another one migrates; without a word of it the server closes it, and drops the lock. */
const HEARD_EVERY_MS = (SILENT_SECONDS * 1000) / 6;

const logger = new Logger('migration');

/**
 * Brings the schema up to date; does nothing where it is. Safe to call from many processes at once: on a server one of
 * them migrates, and the others wait for it as long as it takes. What a killed one left is gone on with. The data source
 * must not limit the time of a query.
 * @throws SettingsError where processes of an earlier version still use a database that is to be migrated
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type === 'better-sqlite3') {
    await dataSource.runMigrations();
    return;
  }
  const runner = dataSource.createQueryRunner();
  try {
    await lock(runner);
    // Where the lock is lost nevertheless, giving it back fails.
    const holding = setInterval(() => void runner.query('DO 0').catch(() => undefined), HEARD_EVERY_MS);
    try {
      // By the same connection, so that it is the only one of this process.
      if (await new MigrationExecutor(dataSource, runner).showMigrations()) {
        await refuseOtherVersions(runner);
        await dataSource.runMigrations();
      }
    } finally {
      clearInterval(holding);
      await runner.query('SELECT RELEASE_LOCK(?)', [LOCK]);
    }
  } finally {
    await runner.release();
  }
}

/** Millions of rows take minutes: who waits says so now and then. */
async function lock(runner: QueryRunner): Promise<void> {
  for (;;) {
    const [{ locked }] = await runner.query('SELECT GET_LOCK(?, ?) AS locked', [LOCK, WAIT_SECONDS]);
    if (locked === 1) return;
    if (locked === null) throw new SettingsError('The server gave no lock for the migration of its schema.');
    logger.log('waiting for the process that migrates the database');
  }
}
