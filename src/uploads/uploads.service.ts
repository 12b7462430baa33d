import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { settings, type Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { ImageWindow } from '../images/scheduling/image-window.js';
import { canonicalOptions, type CompressionFields, toCompressionOptions } from '../compression/options.js';
import { outputCsvHeader, outputCsvRows } from '../tables/output-csv.js';
import type { Idempotency, RequestDraft } from '../requests/request-draft.js';
import { RepeatedUrls } from '../requests/repeated-urls.js';
import { RequestsService } from '../requests/requests.service.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { openInputCsv, type InputCsv } from '../tables/input-csv.js';
import { UploadWebhooks } from '../webhooks/subscriptions/upload-webhooks.js';
import { oneWebhookUrl } from './webhook-fields.dto.js';
import { checkCsv, type CsvSurvey, surveyCsv } from './survey-csv.js';

const HOUR_MS = 3_600_000;

/** An uploaded file on disk, under its uploader's name for it. */
export type SpooledFile = Pick<Express.Multer.File, 'path' | 'originalname'>;

export interface UploadOptions {
  /** Whether rows that can't be taken are left out, instead of the whole file being refused. */
  skipsFaults: boolean;
  /** How the images are to be compressed, as far as the client said. */
  compression: CompressionFields;
  /** The client's name for this upload, by which a repetition is known. */
  idempotencyKey: string | null;
  /** Every address that the upload named to be told of its end; the same one any number of times. */
  webhookUrls: string[];
}

/** Turns an uploaded file into a request, or says what would become of it. */
@Injectable()
export class UploadsService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(UploadsService.name);
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly requests: RequestsService,
    private readonly images: ImageWindow,
    private readonly webhooks: UploadWebhooks,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    const folder = this.settings.dataPath('uploads');
    // The embedded database's process has the folder to itself; elsewhere another may be receiving a file.
    await sweepFolder(folder, this.settings.DATABASE_URL ? HOUR_MS : 0);
    // A disk that was full leaves files behind, too.
    this.timer = setInterval(() => void sweepFolder(folder, HOUR_MS), HOUR_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Checks the whole file first and stores its rows only where nothing is wrong with it, or where faults are to be
   * skipped. When this returns, the request will be finished, whatever is killed. Calling again with the same
   * idempotency key and file gives the same request.
   * @returns the id of the request
   * @throws AppError `FILE_MISSING`, `TOO_MANY_FILES`; where nothing of the file can be read, the code of that
   * fault (`csv-faults.ts` lists them); for rows `CSV_INVALID`; the faults are the `details`
   * @throws AppError `IDEMPOTENCY_KEY_INVALID`, `WEBHOOK_URL_CONFLICT`, `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` (409): another file was uploaded under the key
   */
  accept(files: SpooledFile[], options: UploadOptions): Promise<string> {
    return withFile(files, async ({ path: file, originalname }) => {
      const webhookUrl = oneWebhookUrl(options.webhookUrls);
      if (webhookUrl) this.webhooks.check(webhookUrl);
      const idempotency =
        options.idempotencyKey && (await idempotencyOf(options.idempotencyKey, options, file));
      const earlier = idempotency && (await this.earlier(idempotency));
      if (earlier) return earlier;

      const csv = await openInputCsv(file);
      const repeated = new RepeatedUrls((await stat(file)).size);
      await refuseFaults(csv, options.skipsFaults, repeated);
      const draft = await this.requests.begin({
        fileName: displayName(originalname),
        layout: csv.layout!,
        options: toCompressionOptions(options.compression, this.settings.QUALITY),
        repeated,
      });
      try {
        if (webhookUrl) await this.webhooks.attach(draft.key, webhookUrl);
        return await this.publish(draft, csv, idempotency || null);
      } catch (error) {
        await this.discard(draft);
        throw error;
      }
    });
  }

  /** What is in the file. Stores nothing, fetches nothing, and takes every file. @throws as {@link accept}, for no file */
  survey(files: SpooledFile[]): Promise<CsvSurvey> {
    return withFile(files, async ({ path: file }) => surveyCsv(await openInputCsv(file)));
  }

  /**
   * Writes the rows that can be taken to `output`, as we read them: one URL list to a cell, nothing else changed.
   * @throws AppError as {@link accept}, for faults of the whole file; then nothing has been written
   */
  writeCleaned(files: SpooledFile[], output: Writable): Promise<void> {
    return withFile(files, async ({ path: file }) => {
      const csv = await openInputCsv(file);
      await refuseFaults(csv, true);
      await pipeline(Readable.from(cleaned(csv)), output);
    });
  }

  private async publish(
    draft: RequestDraft,
    csv: InputCsv,
    idempotency: Idempotency | null,
  ): Promise<string> {
    for await (const { rows, faults } of csv.batches()) {
      if (rows.length + faults.length > 0) await draft.add(rows, faults);
    }
    if (await draft.publish(idempotency)) {
      this.logger.log(`request ${draft.id} accepted`);
      void this.images.enqueue(draft.key); // if the process ends here, the reconciler does it
      return draft.id;
    }
    await this.discard(draft); // the same upload was quicker somewhere else
    return (await this.earlier(idempotency!))!;
  }

  private async earlier({ key, digest }: Idempotency): Promise<string | null> {
    const request = await this.requests.findByIdempotencyKey(key);
    if (request && request.digest !== digest) {
      throw new AppError('IDEMPOTENCY_KEY_REUSED');
    }
    return request?.id ?? null;
  }

  private async discard(draft: RequestDraft): Promise<void> {
    await this.requests
      .discard(draft.key)
      .catch((error: unknown) =>
        this.logger.warn(`request ${draft.id}: not discarded; the reconciler will do it`, error),
      );
  }
}

/** Hands the one file over, and removes what was spooled however that ends. */
async function withFile<T>(files: SpooledFile[], work: (file: SpooledFile) => Promise<T>): Promise<T> {
  try {
    if (files.length === 0) throw new AppError('FILE_MISSING');
    if (files.length > 1) throw new AppError('TOO_MANY_FILES');
    return await work(files[0]);
  } finally {
    await Promise.all(files.map((file) => rm(file.path, { force: true })));
  }
}

/** A file of which nothing can be taken answers with the code of its one fault. */
async function refuseFaults(csv: InputCsv, skipsFaults: boolean, repeated?: RepeatedUrls): Promise<void> {
  const { rows, faults } = await checkCsv(csv, repeated);
  const { total, items } = faults;
  if (total === 0) return;
  if (csv.layout === null || items[0].code === 'NO_ROWS') {
    throw new AppError(items[0].code, items[0].hint, { details: items });
  }
  if (skipsFaults && rows > 0) return;
  throw new AppError('CSV_INVALID', faultsMessage(total, items.length, rows > 0), { details: items });
}

/** How many faults there are, and what to do. `canSkip`: some rows have none. */
function faultsMessage(total: number, listed: number, canSkip: boolean): string {
  const count = total === 1 ? '1 fault' : `${total} faults`;
  const some = total > listed ? `, of which the first ${listed} are listed` : '';
  const skip = canSkip ? ', or send on_invalid=skip to leave those rows out' : '';
  return `The file has ${count}${some}: correct what "details" lists and upload it again${skip}.`;
}

async function* cleaned(csv: InputCsv): AsyncGenerator<string> {
  const layout = { ...csv.layout!, columns: csv.layout!.columns.filter(({ role }) => role !== 'output') };
  const options = { withOutput: false };
  yield outputCsvHeader(layout, options);
  for await (const { rows } of csv.batches()) {
    const lines = rows.map(({ urls, ...row }) => ({ ...row, inputUrls: urls, outputUrls: [] }));
    yield outputCsvRows(layout, lines, options);
  }
}

async function idempotencyOf(
  key: string,
  { skipsFaults, compression, webhookUrls }: UploadOptions,
  file: string,
): Promise<Idempotency> {
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new AppError('IDEMPOTENCY_KEY_INVALID');
  }
  const asked = canonicalOptions(toCompressionOptions(compression, null)); // whatever `QUALITY` is by then
  const digest = createHash('sha256').update(
    `${[skipsFaults, asked, ...webhookUrls.slice(0, 1)].join(' ')}\n`,
  );
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return { key, digest: digest.digest('hex') };
}

/** The name without folders and control characters, short enough to be kept. */
function displayName(fileName: string): string {
  const name = fileName.replace(/^.*[\\/]/, '').replace(/[\u0000-\u001f\u007f]/g, '');
  return [...name].slice(0, 200).join('').trim() || 'products.csv';
}
