import libsql from 'libsql';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { CreateTables1767225600000 } from '../../migrations/1767225600000-create-tables.js';
import { CreateCache1767225650000 } from '../../migrations/1767225650000-create-cache.js';
import { CreateWebhooks1767225700000 } from '../../migrations/1767225700000-create-webhooks.js';
import type { Settings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';
import { CachedResultEntity } from './entities/cached-result.entity.js';
import { CachedSourceEntity } from './entities/cached-source.entity.js';
import { FaultEntity } from './entities/fault.entity.js';
import { ImageEntity } from './entities/image.entity.js';
import { migrate } from './migrate.js';
import { ProductEntity } from './entities/product.entity.js';
import { RequestEntity } from './entities/request.entity.js';
import { WebhookDeliveryEntity } from './entities/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from './entities/webhook-endpoint.entity.js';
import { WebhookEventEntity } from './entities/webhook-event.entity.js';
import { WebhookTryEntity } from './entities/webhook-try.entity.js';

const SECOND = 1000;

/** The tables and migrations, in order, whatever the engine. */
const SCHEMA = {
  entities: [
    RequestEntity,
    ProductEntity,
    FaultEntity,
    ImageEntity,
    CachedSourceEntity,
    CachedResultEntity,
    WebhookEndpointEntity,
    WebhookEventEntity,
    WebhookDeliveryEntity,
    WebhookTryEntity,
  ],
  migrations: [CreateTables1767225600000, CreateCache1767225650000, CreateWebhooks1767225700000],
  migrationsTransactionMode: 'each' as const,
  logging: false,
};

/** What every connection to a server is told first: its defaults are for other programs. */
const SESSION = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // With a zone that has summer time, one hour a year would come twice.
  "SET SESSION time_zone = '+00:00'",
];

const NOT_MIGRATED =
  'The database schema is not up to date: run `npm run migrate`, or start with MIGRATE=on.';

/** How to reach the database that the settings name: MySQL or MariaDB, or else an SQLite file in `DATA_DIR`. */
export function dataSourceOptions(settings: Settings): DataSourceOptions {
  return settings.DATABASE_URL ? serverOptions(settings.DATABASE_URL) : embeddedOptions(settings);
}

/** Connects, and brings the schema up to date where the options say `migrationsRun`. */
export async function openDataSource(dataSource: DataSource): Promise<DataSource> {
  const { migrationsRun } = dataSource.options;
  dataSource.setOptions({ migrationsRun: false }); // TypeORM's own run takes no lock
  await dataSource.initialize();
  try {
    if (dataSource.options.type !== 'better-sqlite3') await prepareSessions(dataSource);
    if (migrationsRun) await migrate(dataSource);
    else if (await dataSource.showMigrations()) throw new SettingsError(NOT_MIGRATED);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
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
    // A killed process loses nothing this way; transactions that must survive a power cut ask for more (Database).
    prepareDatabase: (connection: { pragma(text: string): void }) =>
      connection.pragma('synchronous = NORMAL'),
  };
}

function serverOptions(url: string): DataSourceOptions {
  return {
    ...SCHEMA,
    type: url.startsWith('mariadb:') ? 'mariadb' : 'mysql',
    url: url.replace(/^mariadb:/, 'mysql:'),
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    supportBigNumbers: true,
    poolSize: 10,
    connectTimeout: 10 * SECOND,
    // Without it, a query to a server that froze waits for ever.
    maxQueryExecutionTime: 60 * SECOND,
    enableQueryTimeout: true,
    extra: { enableKeepAlive: true, keepAliveInitialDelay: 10 * SECOND },
  };
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
