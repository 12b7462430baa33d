import type { DataSource } from 'typeorm';

const LOCK = 'image_processing_migrations';
const LOCK_SECONDS = 120;

/**
 * Brings the schema up to date. Safe to call from many processes at once: on a server one of them works and the
 * others wait for it. Does nothing when there is nothing to do.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type === 'better-sqlite3') {
    await dataSource.runMigrations();
    return;
  }
  const runner = dataSource.createQueryRunner();
  try {
    const [row] = await runner.query('SELECT GET_LOCK(?, ?) AS locked', [LOCK, LOCK_SECONDS]);
    if (Number(row.locked) !== 1) throw new Error(`another process has been migrating for ${LOCK_SECONDS} s`);
    try {
      await dataSource.runMigrations();
    } finally {
      await runner.query('SELECT RELEASE_LOCK(?)', [LOCK]);
    }
  } finally {
    await runner.release();
  }
}
