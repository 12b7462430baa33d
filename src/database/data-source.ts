import libsql from 'libsql';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DataSource, type DataSourceOptions, type QueryRunner, type ReplicationMode } from 'typeorm';
import { CreateTables1767225600000 } from '../../migrations/1767225600000-create-tables.js';
import { CreateCache1767225650000 } from '../../migrations/1767225650000-create-cache.js';
import { CreateWebhooks1767225700000 } from '../../migrations/1767225700000-create-webhooks.js';
import { CreateDataModel1767225750000 } from '../../migrations/1767225750000-create-data-model.js';
import { FillDataModel1767225760000 } from '../../migrations/1767225760000-fill-data-model.js';
import { AddImageHeaders1767225800000 } from '../../migrations/1767225800000-add-image-headers.js';
import { AddRetryCodes1767225850000 } from '../../migrations/1767225850000-add-retry-codes.js';
import { AddAccess1767225870000 } from '../../migrations/1767225870000-add-access.js';
import { CreateWorkers1767225900000 } from '../../migrations/1767225900000-create-workers.js';
import { AddResultColumns1767225950000 } from '../../migrations/1767225950000-add-result-columns.js';
import { AddRenditions1767225970000 } from '../../migrations/1767225970000-add-renditions.js';
import { MendStatusIndex1767225975000 } from '../../migrations/1767225975000-mend-status-index.js';
import { CreatePresets1767225980000 } from '../../migrations/1767225980000-create-presets.js';
import { AddRedos1767225985000 } from '../../migrations/1767225985000-add-redos.js';
import type { Settings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';
import { databaseUnavailable, isDatabaseAway } from './database-errors.js';
import { MAX_WAL_BYTES } from './embedded-inserts.js';
import { letGiveBack } from './embedded-space.js';
import { ApiKeyEntity } from './entities/access/api-key.entity.js';
import { AuditLineEntity } from './entities/access/audit-line.entity.js';
import { IdempotencyKeyEntity } from './entities/access/idempotency-key.entity.js';
import { OwnerEntity } from './entities/access/owner.entity.js';
import { PresetEntity } from './entities/access/preset.entity.js';
import { UsageDayEntity } from './entities/access/usage-day.entity.js';
import { CachedResultEntity } from './entities/cached-result.entity.js';
import { CachedSourceEntity } from './entities/cached-source.entity.js';
import { FaultEntity } from './entities/fault.entity.js';
import { FileEntity } from './entities/file.entity.js';
import { ImageEntity } from './entities/image.entity.js';
import { OutputEntity } from './entities/output.entity.js';
import { ProductEntity } from './entities/product.entity.js';
import { KeptFileEntity } from './entities/redos/kept-file.entity.js';
import { RedoEntity } from './entities/redos/redo.entity.js';
import { RequestHostEntity } from './entities/request-host.entity.js';
import { RequestEntity } from './entities/request.entity.js';
import { WebhookDeliveryEntity } from './entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from './entities/webhook-endpoint.entity.js';
import { EventEntity } from './entities/event.entity.js';
import { WebhookTryEntity } from './entities/webhook-try.entity.js';
import { WorkerEntity } from './entities/worker.entity.js';
import { SILENT_SECONDS } from './other-connections.js';
import { migrate } from './migrate.js';

const SECOND = 1000;
const POOL_SIZE = 10;

/** The tables and migrations, in order, whatever the engine. */
const SCHEMA = {
  entities: [
    RequestEntity,
    ProductEntity,
    FaultEntity,
    ImageEntity,
    RequestHostEntity,
    OutputEntity,
    FileEntity,
    RedoEntity,
    KeptFileEntity,
    OwnerEntity,
    ApiKeyEntity,
    IdempotencyKeyEntity,
    PresetEntity,
    UsageDayEntity,
    AuditLineEntity,
    CachedSourceEntity,
    CachedResultEntity,
    WebhookEndpointEntity,
    EventEntity,
    WebhookDeliveryEntity,
    WebhookTryEntity,
    WorkerEntity,
  ],
  migrations: [
    CreateTables1767225600000,
    CreateCache1767225650000,
    CreateWebhooks1767225700000,
    CreateDataModel1767225750000,
    FillDataModel1767225760000,
    AddImageHeaders1767225800000,
    AddRetryCodes1767225850000,
    AddAccess1767225870000,
    CreateWorkers1767225900000,
    AddResultColumns1767225950000,
    AddRenditions1767225970000,
    MendStatusIndex1767225975000,
    CreatePresets1767225980000,
    AddRedos1767225985000,
  ],
  migrationsTransactionMode: 'each' as const,
  logging: false,
};

/** Settings of every connection to a server, whose defaults suit other programs. */
const SESSION = [
  `SET SESSION wait_timeout = ${SILENT_SECONDS}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // In a zone with summer time, one hour a year occurs twice.
  "SET SESSION time_zone = '+00:00'",
];

const NOT_MIGRATED =
  'The database schema is not up to date: run `npm run migrate`, or start with MIGRATE=on.';

/** The options for the database that the settings name: MySQL or MariaDB, or else an SQLite file in `DATA_DIR`. */
export function dataSourceOptions(settings: Settings): DataSourceOptions {
  return settings.DATABASE_URL ? serverOptions(settings, settings.DATABASE_URL) : embeddedOptions(settings);
}

/**
 * Connects, after bringing the schema up to date where the options say `migrationsRun`. Queries of the data source throw
 * UnavailableError `DATABASE_UNAVAILABLE` while the database can't be reached.
 * @throws SettingsError where the schema is not up to date and `migrationsRun` is not set
 * @throws whatever the driver throws where there is no connection: `isDatabaseAway` recognises it
 */
export async function openDataSource({ migrationsRun, ...options }: DataSourceOptions): Promise<DataSource> {
  if (migrationsRun) await bringUpToDate(options);
  const dataSource = await connect(options);
  try {
    if (!migrationsRun && (await dataSource.showMigrations())) throw new SettingsError(NOT_MIGRATED);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

/** Over connections of its own: rebuilding a large table takes longer than any query of the service may. */
async function bringUpToDate(options: DataSourceOptions): Promise<void> {
  const dataSource = await connect({
    ...options,
    maxQueryExecutionTime: undefined,
    enableQueryTimeout: false,
  } as DataSourceOptions);
  try {
    await migrate(dataSource);
    if (options.type === 'better-sqlite3') await letGiveBack(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

async function connect(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new TranslatingDataSource(options);
  await dataSource.initialize();
  if (options.type !== 'better-sqlite3') await prepareSessions(dataSource);
  return dataSource;
}

/** Whose queries throw UnavailableError where the database can't be reached; other errors are TypeORM's own. */
class TranslatingDataSource extends DataSource {
  private readonly translated = new WeakSet<QueryRunner>();

  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    const runner = super.createQueryRunner(mode);
    if (this.translated.has(runner)) return runner; // SQLite has one for all
    this.translated.add(runner);
    const query = runner.query.bind(runner) as (...parameters: unknown[]) => Promise<never>;
    runner.query = (...parameters: unknown[]) =>
      query(...parameters).catch((error: unknown) => {
        throw isDatabaseAway(error) ? databaseUnavailable(error) : error;
      });
    return runner;
  }
}

function embeddedOptions(settings: Settings): DataSourceOptions {
  const database = settings.dataPath('database.sqlite');
  mkdirSync(path.dirname(database), { recursive: true });
  return {
    ...SCHEMA,
    type: 'better-sqlite3',
    // The same interface with the binary in the npm package: nothing to compile (docs/decisions/0001).
    driver: libsql,
    database,
    enableWAL: true,
    // Enough for a killed process; transactions that must survive a power cut are `durable` (Database).
    prepareDatabase: (connection: { pragma(text: string): void }) => {
      connection.pragma('synchronous = NORMAL');
      connection.pragma('auto_vacuum = INCREMENTAL'); // of a new file; for others see `letGiveBack`
      connection.pragma(`journal_size_limit = ${MAX_WAL_BYTES}`);
    },
  };
}

function serverOptions({ DATABASE_CA }: Settings, url: string): DataSourceOptions {
  return {
    ...SCHEMA,
    type: url.startsWith('mariadb:') ? 'mariadb' : 'mysql',
    url: url.replace(/^mariadb:/, 'mysql:'),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: false, // ours are below 2^53
    ...(DATABASE_CA
      ? { ssl: { ca: certificates(DATABASE_CA), rejectUnauthorized: true, verifyIdentity: true } }
      : {}),
    poolSize: POOL_SIZE,
    connectTimeout: 10 * SECOND,
    // Without a limit, a query to a server that froze waits for ever. Migrations have none (bringUpToDate).
    maxQueryExecutionTime: 60 * SECOND,
    enableQueryTimeout: true,
    extra: {
      enableKeepAlive: true,
      keepAliveInitialDelay: 10 * SECOND,
      // An idle connection is closed here, before the server closes it; the pool looks only where fewer may be idle than open.
      idleTimeout: (SILENT_SECONDS / 2) * SECOND,
      maxIdle: POOL_SIZE - 1,
    },
  };
}

/** @throws SettingsError where there are none in the file */
function certificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError(
      `DATABASE_CA: the file can't be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new SettingsError('DATABASE_CA: the file holds no certificate; it must be in PEM format.');
  return text;
}

async function prepareSessions(dataSource: DataSource): Promise<void> {
  const { pool } = dataSource.driver as unknown as { pool: SessionPool };
  pool.on('connection', (connection) => SESSION.forEach((statement) => connection.query(statement)));
  // The one connection that is open already, idle in the pool.
  for (const statement of SESSION) await dataSource.query(statement);
}

interface SessionPool {
  on(event: 'connection', listener: (connection: { query(sql: string): void }) => void): void;
}
