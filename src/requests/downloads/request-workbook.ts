import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { settings, type Settings } from '../../config/settings.js';
import type { RequestEntity } from '../../database/entities/request.entity.js';
import { AppError } from '../../errors/app-error.js';
import { FileStorage } from '../../storage/file-storage.js';
import { unpackUpload } from '../../stored-files/unpack-upload.js';
import { outputSheetCsv, outputWorkbook } from '../../tables/tables.js';
import { type OutputOptions, type Replacement, RequestFiles } from '../request-files.js';
import { layoutOf } from './request-layout.js';

/** What workbooks are called; those with macros can't be opened under another name. */
const EXTENSIONS = ['.xlsx', '.xlsm', '.xltx', '.xltm'];

/** The workbook of a request, with its results. */
@Injectable()
export class RequestWorkbooks {
  constructor(
    private readonly files: RequestFiles,
    private readonly storage: FileStorage,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** The extension of the workbook. @throws AppError `NOT_A_WORKBOOK` */
  extensionOf(request: RequestEntity): string {
    if (layoutOf(request).sheet === undefined) throw new AppError('NOT_A_WORKBOOK');
    const extension = path.extname(request.fileName).toLowerCase();
    return EXTENSIONS.includes(extension) ? extension : '.xlsx';
  }

  /**
   * The user's own workbook with the results so far in a column of their own.
   * @throws AppError `UPLOAD_NOT_KEPT` at once
   */
  withOutputs(request: RequestEntity, failed: OutputOptions['failed']): Promise<AsyncGenerator<Buffer>> {
    const texts = this.files.outputsOf(request, failed);
    return this.withUpload(request, (file) => outputWorkbook(file, layoutOf(request), 'added', texts));
  }

  /**
   * The user's own workbook with other texts in the places of the URLs.
   * @throws AppError `UPLOAD_NOT_KEPT` at once
   */
  replaced(request: RequestEntity, by: Replacement): Promise<AsyncGenerator<Buffer>> {
    const texts = this.files.replacementsOf(request, by);
    return this.withUpload(request, (file) => outputWorkbook(file, layoutOf(request), 'replaced', texts));
  }

  /**
   * Its sheet as CSV, with other texts in the places of the URLs.
   * @throws AppError `UPLOAD_NOT_KEPT` at once
   */
  replacedCsv(request: RequestEntity, by: Replacement): Promise<AsyncGenerator<string>> {
    const texts = this.files.replacementsOf(request, by);
    return this.withUpload(request, (file) => outputSheetCsv(file, layoutOf(request), texts));
  }

  private async withUpload<T>(
    { uploadKey }: RequestEntity,
    write: (file: string) => AsyncGenerator<T>,
  ): Promise<AsyncGenerator<T>> {
    const file = this.settings.dataPath(`uploads/output-${randomBytes(16).toString('hex')}`);
    try {
      await unpackUpload(this.storage, uploadKey, file);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return removing(file, write(file));
  }
}

/** What is made of a file, which is removed however that ends. */
async function* removing<T>(file: string, content: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* content;
  } finally {
    await rm(file, { force: true });
  }
}
