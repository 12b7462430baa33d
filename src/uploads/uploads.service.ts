import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { settings, type Settings } from '../config/settings.js';
import { AppError, UnavailableError } from '../errors/app-error.js';
import { ImageWindow } from '../images/scheduling/image-window.js';
import { canonicalOptions, type CompressionFields, toCompressionOptions } from '../compression/options.js';
import type { Idempotency, RequestDraft } from '../requests/request-draft.js';
import { RepeatedUrls } from '../requests/repeated-urls.js';
import { RequestsService } from '../requests/requests.service.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { FileDownloader } from '../outbound/download/file-downloader.js';
import { openInputCsv, type InputCsv, outputCsvHeader, outputCsvRows } from '../tables/tables.js';
import { UploadWebhooks } from '../webhooks/subscriptions/upload-webhooks.js';
import { judgedByOrigin } from './refused-origins.js';
import { oneWebhookUrl } from './webhook-fields.dto.js';
import { checkCsv, type CsvSurvey, surveyCsv } from './survey-csv.js';

const HOUR_MS = 3_600_000;

/** How often a request is published under a key that is taken, while nobody is found to have it. */
const MAX_PUBLICATIONS = 3;

/** An uploaded file. Whoever put it there removes it. */
export interface UploadedFile {
  /** Where it is on the disk. */
  path: string;
  /** Its uploader's name for it. */
  name: string;
  /** Aborted when the uploader has left: then no more is read or stored, and the calls below throw its reason. */
  signal: AbortSignal;
}

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
    private readonly downloader: FileDownloader,
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
   * @throws AppError where nothing of the file can be read, the code of that fault (`errors/table-codes.ts` lists them);
   * for rows `CSV_INVALID`; the faults are the `details`
   * @throws AppError `IDEMPOTENCY_KEY_INVALID`, `WEBHOOK_URL_CONFLICT`, `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` (409): another file was uploaded under the key
   */
  async accept(file: UploadedFile, options: UploadOptions): Promise<string> {
    const webhookUrl = oneWebhookUrl(options.webhookUrls);
    if (webhookUrl) this.webhooks.check(webhookUrl);
    const idempotency =
      options.idempotencyKey === null ? null : await idempotencyOf(options.idempotencyKey, options, file);
    const earlier = idempotency && (await this.earlier(idempotency));
    if (earlier) return earlier;

    const csv = await openInputCsv(file.path, { signal: file.signal });
    const repeated = new RepeatedUrls((await stat(file.path)).size);
    await refuseFaults(csv, options.skipsFaults, repeated);
    const draft = await this.requests.begin({
      fileName: displayName(file.name),
      layout: csv.layout!,
      options: toCompressionOptions(options.compression, this.settings.QUALITY),
      repeated,
    });
    try {
      if (webhookUrl) await this.webhooks.attach(draft.key, webhookUrl);
      for await (const { rows, faults } of csv.batches()) {
        if (rows.length + faults.length > 0) await draft.add(rows, faults);
      }
      file.signal.throwIfAborted();
      return await this.publish(draft, idempotency);
    } catch (error) {
      await this.discard(draft);
      throw error;
    }
  }

  /** What is in the file. Stores nothing, fetches nothing, and takes every file. */
  async survey({ path, signal }: UploadedFile): Promise<CsvSurvey> {
    const refusalOf = judgedByOrigin((url) => this.downloader.refusalOf(url));
    return surveyCsv(await openInputCsv(path, { signal, refusalOf }));
  }

  /**
   * Writes the rows that can be taken to `output`, as we read them: one URL list to a cell, nothing else changed.
   * @throws AppError as {@link accept}, for faults of the whole file; then nothing has been written
   */
  async writeCleaned({ path, signal }: UploadedFile, output: Writable): Promise<void> {
    const csv = await openInputCsv(path, { signal });
    await refuseFaults(csv, true);
    await pipeline(Readable.from(cleaned(csv)), output);
  }

  /** Publishes the draft, or where its key is taken discards it, and gives the id of the request that has the key. */
  private async publish(draft: RequestDraft, idempotency: Idempotency | null): Promise<string> {
    for (let tries = 0; tries < MAX_PUBLICATIONS; tries++) {
      if (await draft.publish(idempotency)) {
        this.logger.log(`request ${draft.id} accepted`);
        void this.images.enqueue(draft.key); // if the process ends here, the reconciler does it
        return draft.id;
      }
      // The same upload was quicker somewhere else, unless that request has been deleted since.
      const earlier = idempotency && (await this.earlier(idempotency));
      if (!earlier) continue;
      await this.discard(draft);
      return earlier;
    }
    throw new UnavailableError('DATABASE_UNAVAILABLE');
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
  { path, signal }: UploadedFile,
): Promise<Idempotency> {
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new AppError('IDEMPOTENCY_KEY_INVALID');
  }
  const asked = canonicalOptions(toCompressionOptions(compression, null)); // whatever `QUALITY` is by then
  const digest = createHash('sha256').update(
    `${[skipsFaults, asked, ...webhookUrls.slice(0, 1)].join(' ')}\n`,
  );
  for await (const chunk of createReadStream(path)) {
    signal.throwIfAborted();
    digest.update(chunk as Buffer);
  }
  return { key, digest: digest.digest('hex') };
}

/** The name without folders and control characters, short enough to be kept. */
function displayName(fileName: string): string {
  const name = fileName.replace(/^.*[\\/]/, '').replace(/[\u0000-\u001f\u007f]/g, '');
  return [...name].slice(0, 200).join('').trim() || 'products.csv';
}
