import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { settings, type Settings } from '../config/settings.js';
import { DataFolderLock } from './data-folder-lock.js';
import { dataSourceOptions, openDataSource } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { isDatabaseAway } from './database-errors.js';
import { Database } from './database.js';
import { EmbeddedSpace } from './embedded-space.js';

const SECOND = 1000;

@Module({ providers: [DataFolderLock], exports: [DataFolderLock] })
class DataFolderModule {}

/** The database, its clock, and the tables that all modules share. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [DataFolderModule],
      inject: [settings.KEY, DataFolderLock],
      useFactory: (values: Settings, lock: DataFolderLock) => {
        if (!values.DATABASE_URL) lock.acquire();
        // The server may still be starting.
        const retries = values.DATABASE_URL
          ? { retryAttempts: 10, retryDelay: 3 * SECOND, toRetry: isDatabaseAway }
          : { retryAttempts: 0 };
        return { ...dataSourceOptions(values), ...retries, migrationsRun: values.MIGRATE === 'on' };
      },
      dataSourceFactory: (options) => openDataSource(options!),
    }),
  ],
  providers: [Database, DatabaseClock, EmbeddedSpace],
  exports: [Database, DatabaseClock, EmbeddedSpace],
})
export class DatabaseModule {}
