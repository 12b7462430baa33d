import { Global, Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { FileStorage } from './file-storage.js';
import { LocalFileStorage } from './local.file-storage.js';

const HOUR_MS = 3_600_000;

/** Where the compressed images are kept. */
@Global()
@Module({
  providers: [
    {
      provide: FileStorage,
      inject: [settings.KEY],
      useFactory: (values: Settings) =>
        new LocalFileStorage({
          folder: values.dataPath('images'),
          publicUrl: () => values.publicUrl,
          // With a server as database the folder is shared: young files may be those of another process.
          abandonedAfterMs: values.DATABASE_URL ? HOUR_MS : 0,
        }),
    },
  ],
  exports: [FileStorage],
})
export class StorageModule {}
