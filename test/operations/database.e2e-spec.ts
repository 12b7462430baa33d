import type { DataSource } from 'typeorm';
import { readSettings } from '../../src/config/settings.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { Database } from '../../src/database/database.js';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { SILENT_SECONDS } from '../../src/database/other-connections.js';
import { SweepLock } from '../../src/stored-files/sweep-lock.js';
import { cuttableProxy } from '../helpers/servers/cuttable-proxy.js';
import { describeOnEachEngine, describeOnServers, type Installation } from '../helpers/app/engines.js';
import { until } from '../helpers/wait.js';

const REQUEST = {
  id: '4010a3f5-e94e-461d-bb2f-6b1ecc5941a8',
  status: 'Pending',
  fileName: 'a.csv',
  layout: '{}',
  options: '{}',
  productCount: 1,
  imageCount: 1,
  createdAt: 1_767_225_600_123,
} as const;

/** Of the connection that has sent nothing for the longest time. */
const SILENCE = `
  SELECT MAX(time) AS seconds FROM information_schema.processlist
  WHERE db = DATABASE() AND command = 'Sleep'`;

const UNAVAILABLE = { code: 'DATABASE_UNAVAILABLE', status: 503, retryable: true };

describeOnEachEngine('the database', (engine) => {
  let installation: Installation;
  let dataSource: DataSource;
  let database: Database;
  let cut: () => Promise<unknown>;

  beforeEach(async () => {
    installation = await engine.install();
    const { environment } = installation;
    const proxy = engine.isShared ? await cuttableProxy(new URL(environment.DATABASE_URL)) : null;
    const settings = readSettings({ ...environment, ...(proxy ? { DATABASE_URL: proxy.url.href } : {}) });
    dataSource = await openDataSource({ ...dataSourceOptions(settings), migrationsRun: true });
    database = new Database(dataSource);
    // The disk of the embedded database is full, the server is gone.
    cut = proxy ? proxy.cut : () => dataSource.query('PRAGMA max_page_count = 1');
  });
  afterEach(async () => {
    await cut();
    await dataSource.destroy();
    await installation.remove();
  });

  const insertMany = (manager = database.manager) =>
    manager.query(
      'INSERT INTO requests (id, status, file_name, layout, options, product_count, image_count, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      [REQUEST.id, 'Pending', 'a.csv', 'x'.repeat(60_000), '{}', 1, 1, 1],
    );

  it('reports that it is away as DATABASE_UNAVAILABLE, whatever was called', async () => {
    await cut();

    await expect(database.write(insertMany)).rejects.toMatchObject(UNAVAILABLE);
    await expect(database.transaction(insertMany)).rejects.toMatchObject(UNAVAILABLE);
    await expect(
      database.write((manager) => manager.insert(RequestEntity, { ...REQUEST, layout: 'x'.repeat(60_000) })),
    ).rejects.toMatchObject(UNAVAILABLE);
    if (!engine.isShared) return; // what is full can still be read
    await expect(database.manager.find(RequestEntity)).rejects.toMatchObject(UNAVAILABLE);
    await expect(database.ping()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('reports a statement that it refuses as that', async () => {
    await database.write((manager) => manager.insert(RequestEntity, REQUEST));

    await expect(database.write((manager) => manager.insert(RequestEntity, REQUEST))).rejects.toMatchObject({
      driverError: { code: expect.stringMatching(/ER_DUP_ENTRY|SQLITE_CONSTRAINT/) },
    });
    await expect(database.manager.query('SELECT nonsense')).rejects.toMatchObject({
      driverError: { code: expect.stringMatching(/ER_BAD_FIELD_ERROR|SQLITE_ERROR/) },
    });
  });

  it('gives 64-bit numbers as numbers', async () => {
    await database.write((manager) => manager.insert(RequestEntity, REQUEST));

    const [row] = await database.manager.query(
      'SELECT created_at AS createdAt, (SELECT COUNT(*) FROM requests) AS requests FROM requests',
    );

    expect(row).toEqual({ createdAt: REQUEST.createdAt, requests: 1 });
  });
});

describeOnServers('the time limit of a query', (engine) => {
  class SlowMigration1900000000000 {
    readonly up = (runner: { query(sql: string): Promise<unknown> }) => runner.query('SELECT SLEEP(5)');
    readonly down = async () => undefined;
  }

  it('does not apply to migrations', async () => {
    const installation = await engine.install();
    const options = dataSourceOptions(readSettings(installation.environment));
    const migrations = [...(options.migrations as any[]), SlowMigration1900000000000];
    const limited = { ...options, migrations, migrationsRun: true, maxQueryExecutionTime: 2_500 } as any;

    const dataSource = await openDataSource(limited);

    expect(await dataSource.showMigrations()).toBe(false);
    await expect(dataSource.query('SELECT SLEEP(5)')).rejects.toMatchObject(UNAVAILABLE);
    await dataSource.destroy();
    await installation.remove();
  });
});

describeOnServers('a connection that is silent for half a minute', (engine) => {
  it('loses its transaction, whose locks stop all others, but not the lock of a sweep', async () => {
    const installation = await engine.install();
    const options = dataSourceOptions(readSettings(installation.environment));
    const frozen = await openDataSource({ ...options, migrationsRun: true });
    const other = await openDataSource({ ...options, migrationsRun: false });
    const runner = frozen.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.insert(RequestEntity, REQUEST);

    const isDone = await new SweepLock(new Database(other), other).withLock('sweep', async (isHeld) => {
      await new Database(other).write((manager) => manager.insert(RequestEntity, REQUEST)); // waits for the other's lock
      // Its own connection is to be silent for as long, too; idle ones of the pools have been closed before.
      await until(async () => Number((await other.query(SILENCE))[0].seconds) > SILENT_SECONDS, 15_000);
      expect(await isHeld()).toBe(true);
    });

    expect(isDone).toBe(true);
    await expect(runner.manager.find(RequestEntity)).rejects.toMatchObject(UNAVAILABLE);
    await expect(frozen.manager.count(RequestEntity)).resolves.toBe(1); // by a new connection
    await runner.release();
    await Promise.all([frozen.destroy(), other.destroy()]);
    await installation.remove();
  });
});
