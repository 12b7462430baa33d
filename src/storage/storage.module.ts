import { Global, Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { FileStorage } from './file-storage.js';
import { LocalFileStorage } from './local.file-storage.js';

/** Where the compressed images are kept. */
@Global()
@Module({
  providers: [
    {
      provide: FileStorage,
      inject: [settings.KEY],
      useFactory: async (values: Settings) => {
        const storage = new LocalFileStorage(values.dataPath('images'), () => values.publicUrl);
        await storage.sweep(Boolean(values.DATABASE_URL));
        return storage;
      },
    },
  ],
  exports: [FileStorage],
})
export class StorageModule {}
