import type { DataSource } from 'typeorm';

const LOCK = 'image_processing_migrations';
const LOCK_SECONDS = 120;

/**
 * Brings the schema up to date; does nothing where it is. Safe to call from many processes at once: on a server one of
 * them migrates and the others wait for it, up to 120 s. The data source must not limit the time of a query.
 * @throws Error where another process still migrates after 120 s
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type === 'better-sqlite3') {
    await dataSource.runMigrations();
    return;
  }
  const runner = dataSource.createQueryRunner();
  try {
    const [row] = await runner.query('SELECT GET_LOCK(?, ?) AS locked', [LOCK, LOCK_SECONDS]);
    if (row.locked !== 1) throw new Error(`another process has been migrating for ${LOCK_SECONDS} s`);
    try {
      await dataSource.runMigrations();
    } finally {
      await runner.query('SELECT RELEASE_LOCK(?)', [LOCK]);
    }
  } finally {
    await runner.release();
  }
}
