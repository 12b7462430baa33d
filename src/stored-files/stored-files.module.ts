import { Global, Module } from '@nestjs/common';
import { FileRows } from './file-rows.js';
import { Files } from './files.js';
import { FileSweeper } from './file-sweeper.js';
import { Owners } from './owners.js';
import { SweepLock } from './sweep-lock.js';
import { FreeSpace } from './free-space.js';

/** The files of the storage, with their rows, references and owners, and the room that they have. */
@Global()
@Module({
  providers: [Files, FileRows, FileSweeper, Owners, SweepLock, FreeSpace],
  exports: [Files, FileSweeper, Owners, SweepLock, FreeSpace],
})
export class StoredFilesModule {}
