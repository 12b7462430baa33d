import { ConfigModule, registerAs } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { AccessModule } from '../../../src/access/access.module.js';
import { readSettings } from '../../../src/config/settings.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { EventsModule } from '../../../src/events/events.module.js';
import { ImagesModule } from '../../../src/images/images.module.js';
import { MeasurementsModule } from '../../../src/measurements/measurements.module.js';
import { QueueModule } from '../../../src/queue/queue.module.js';
import { StorageModule } from '../../../src/storage/storage.module.js';
import { StoredFilesModule } from '../../../src/stored-files/stored-files.module.js';
import type { Installation } from './engines.js';

/** The parts of a worker, without anything that runs by itself: the tests do each step. */
export async function openWorker(
  installation: Installation,
  environment: Record<string, string> = {},
): Promise<TestingModule> {
  const settings = readSettings({
    ALLOW_PRIVATE: '127.0.0.1',
    LEASE_SECONDS: '1',
    ...installation.environment,
    ...environment,
  });
  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.forRoot({
        isGlobal: true,
        ignoreEnvFile: true,
        load: [registerAs('settings', () => settings)],
      }),
      DatabaseModule,
      QueueModule.register(settings),
      StorageModule,
      StoredFilesModule,
      EventsModule,
      MeasurementsModule,
      AccessModule,
      ImagesModule,
    ],
  }).compile();
  module.useLogger(false);
  return module.init();
}
