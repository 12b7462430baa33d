import { Global, Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { FileStorage } from './file-storage.js';
import { LocalFileStorage } from './local.file-storage.js';
import { S3FileStorage, type S3Options } from './s3.file-storage.js';

const HOUR_MS = 3_600_000;

/** Where files are kept: in a bucket where the settings name one, else in a folder. */
@Global()
@Module({
  providers: [{ provide: FileStorage, inject: [settings.KEY], useFactory: fileStorageOf }],
  exports: [FileStorage],
})
export class StorageModule {}

/** The storage that the settings name. It is used as it is: nothing is tidied up before Nest has started it. */
export function fileStorageOf(values: Settings): FileStorage {
  const { S3_BUCKET } = values;
  if (S3_BUCKET) return new S3FileStorage(s3OptionsOf(values, S3_BUCKET));
  return localStorageOf(values);
}

/** The folder in `DATA_DIR`, also where the settings name a bucket. */
export function localStorageOf(values: Settings): FileStorage {
  return new LocalFileStorage({
    folder: values.dataPath('images'),
    publicUrl: () => values.publicUrl,
    // With a server as database the folder is shared: young files may be those of another process.
    abandonedAfterMs: values.DATABASE_URL ? HOUR_MS : 0,
  });
}

/** Where the bucket is, as the settings say it. */
export function s3OptionsOf(values: Settings, S3_BUCKET: string): S3Options {
  return { ...values, S3_BUCKET, publicUrl: () => values.publicUrl };
}
