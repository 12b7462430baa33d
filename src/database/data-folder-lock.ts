import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import libsql from 'libsql';
import { settings, type Settings } from '../config/settings.js';
import { SettingsError } from '../errors/app-error.js';
import { makePrivateFolder } from '../files/private-folder.js';

/**
 * Keeps a second process out of `DATA_DIR` while the embedded database is in use: two of them would each believe
 * that every unfinished image is theirs. The operating system drops the lock however the process ends.
 */
@Injectable()
export class DataFolderLock implements OnApplicationShutdown {
  private lock?: libsql.Database;

  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /**
   * @param advice what to do where another process holds the folder
   * @throws SettingsError where it does, or there can be no folder
   */
  acquire(advice = 'Give each its own, or share the work with DATABASE_URL and REDIS_URL.'): void {
    makePrivateFolder(this.settings.DATA_DIR);
    const lock = this.open();
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      const { code } = error as { code?: string };
      if (code !== 'SQLITE_BUSY') throw new SettingsError(`DATA_DIR can't be written to (${code}).`);
      throw new SettingsError(
        `The service is running already: another process uses this DATA_DIR. ${advice}`,
      );
    }
    this.lock = lock;
  }

  private open(): libsql.Database {
    try {
      return new libsql(this.settings.dataPath('process.lock'), { timeout: 0 });
    } catch (error) {
      throw new SettingsError(`DATA_DIR can't be written to (${(error as { code?: string }).code}).`);
    }
  }

  onApplicationShutdown(): void {
    this.lock?.close();
  }
}
