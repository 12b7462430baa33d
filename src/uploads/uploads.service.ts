import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EntityManager } from 'typeorm';
import { QuotaKeeper } from '../access/quotas.js';
import { whyNoShopFetches } from '../config/image-address.js';
import { settings, type Settings } from '../config/settings.js';
import { AppError, UnavailableError } from '../errors/app-error.js';
import type { Principal } from '../http/guards/principal.js';
import { ImageJobs } from '../images/image-jobs.js';
import { ImageHeaders } from '../requests/image-headers.js';
import type { Idempotency, RequestDraft } from '../requests/intake/request-draft.js';
import { RepeatedUrls } from '../requests/intake/repeated-urls.js';
import { RequestsService } from '../requests/requests.service.js';
import { sweepFolder } from '../files/sweep-folder.js';
import { FileDownloader } from '../outbound/download/file-downloader.js';
import type { HostHeaders } from '../outbound/download/host-headers.js';
import {
  type CsvWarning,
  openInputTable,
  type InputTable,
  type LeftOutLines,
  type OnCells,
  outputCsvHeader,
  outputCsvRows,
  type WantedColumns,
  withLeftOut,
} from '../tables/tables.js';
import type { ChannelName } from '../requests/channels/channel-list.js';
import { type Forms, formsOf } from '../requests/renditions/renditions.js';
import { UploadWebhooks } from '../webhooks/subscriptions/upload-webhooks.js';
import { KeptUploads } from './kept-uploads.js';
import { judgedByOrigin } from './refused-origins.js';
import { type AskedPictures, resolvedPictures } from './presets/preset-pictures.js';
import { idempotencyOf } from './upload-idempotency.js';
import { ListedRows } from './mending/listed-rows.js';
import type { ListedParts } from './mending/mending-fields.dto.js';
import { oneWebhookUrl } from './webhook-fields.dto.js';
import { checkCsv, type CsvCheck, type CsvSurvey, surveyCsv } from './survey-csv.js';

const HOUR_MS = 3_600_000;

/** How often a request is published under a key that is taken, while nobody is found to have it. */
const MAX_PUBLICATIONS = 3;

/** An uploaded file. The caller removes it. */
export interface UploadedFile {
  /** Where it is on the disk. */
  path: string;
  /** The key of a stored copy of it, if there is one. */
  storedAs?: string;
  /** Lines that patches left blank in it. */
  leftOut?: LeftOutLines[];
  /** Its uploader's name for it. */
  name: string;
  /** Aborted when the uploader has left: then no more is read or stored, and the calls below throw its reason. */
  signal: AbortSignal;
}

export interface UploadOptions extends AskedPictures {
  /** Whose request it becomes, and within which quotas. */
  caller: Principal;
  /** Whether rows that can't be taken are left out, instead of the whole file being refused. */
  skipsFaults: boolean;
  /** The caller's own name for the request; null: that of the file. */
  name: string | null;
  /** The caller's own pairs, or null. */
  labels: Record<string, string> | null;
  /** Whether every server is asked anew, and no earlier result is reused. */
  isFresh: boolean;
  /** Days for which the sources of images are kept; `KEEP_SOURCES_DAYS` unless given. */
  keepSourcesDays?: number;
  /** What the client said of the columns of the file. */
  columns: WantedColumns;
  /** Headers for images behind a login, by host. They are no part of what makes an upload the same again: sessions end. */
  imageHeaders: HostHeaders | null;
  /** The client's name for this upload, by which a repetition is known. */
  idempotencyKey: string | null;
  /** Every address that the upload named to be told of its end; the same one any number of times. */
  webhookUrls: string[];
}

/** The request of an upload. */
export interface AcceptedUpload {
  id: string;
  /** Whether an earlier upload under the same key has made it. */
  isReplayed: boolean;
}

/** Turns an uploaded file into a request, or says what would become of it. */
@Injectable()
export class UploadsService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(UploadsService.name);
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly requests: RequestsService,
    private readonly images: ImageJobs,
    private readonly webhooks: UploadWebhooks,
    private readonly imageHeaders: ImageHeaders,
    private readonly downloader: FileDownloader,
    private readonly kept: KeptUploads,
    private readonly quotas: QuotaKeeper,
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
   * @throws AppError where nothing of the file can be read, the code of that fault (`errors/table-codes.ts` lists them);
   * for rows `CSV_INVALID`; the faults are the `details`
   * @throws AppError `IMAGE_NAME_NOT_POSSIBLE`, `IDEMPOTENCY_KEY_INVALID`, `WEBHOOK_URL_CONFLICT`, `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   * @throws AppError `QUOTA_EXCEEDED` (429), `STORED_BYTES_EXCEEDED` (403), and as {@link checkForms}
   * @throws AppError `IDEMPOTENCY_KEY_REUSED` (409): another file was uploaded under the key
   */
  async accept(file: UploadedFile, options: UploadOptions): Promise<AcceptedUpload> {
    const { caller } = options;
    const webhookUrl = this.checkWebhook(options.webhookUrls);
    const idempotency =
      options.idempotencyKey === null ? null : await idempotencyOf(options.idempotencyKey, options, file);
    const earlier = idempotency && (await this.earlier(idempotency, caller));
    if (earlier) return { id: earlier, isReplayed: true };

    const { channel, ...forms } = this.checkForms(options);
    refuseOtherForms(options);
    const csv = await this.open(file, options.columns);
    const repeated = new RepeatedUrls(csv.textBytes);
    const { rowsWithoutImages, warnings } = await refuseFaults(csv, options.skipsFaults, {
      repeated,
      unfetched: this.unfetched(),
    });
    const draft = await this.requests.begin({
      owner: { ownerKey: caller.ownerKey, tokenId: caller.token?.id ?? null },
      fileName: displayName(file.name),
      name: options.name,
      labels: options.labels,
      layout: withLeftOut(csv.layout!, file.leftOut),
      ...forms,
      channel,
      rowsWithoutImages,
      isFresh: options.isFresh,
      keepSourcesDays: options.keepSourcesDays ?? this.settings.KEEP_SOURCES_DAYS,
      warnings,
      repeated,
    });
    const stored = file.storedAs
      ? Promise.resolve(file.storedAs)
      : this.kept.keep(file.path, caller.ownerKey, file.signal);
    stored.catch(() => undefined); // it is awaited below, unless storing the rows fails before
    try {
      if (webhookUrl) await this.webhooks.attach(draft.key, caller.ownerKey, webhookUrl);
      if (options.imageHeaders) await this.imageHeaders.attach(draft, options.imageHeaders);
      for await (const { rows, faults } of csv.batches()) {
        if (rows.length + faults.length > 0) await draft.add(rows, faults);
      }
      file.signal.throwIfAborted();
      return await this.publish(draft, caller, idempotency, await stored);
    } catch (error) {
      await stored.catch(() => undefined); // it reads the file, which the caller removes
      await this.discard(draft);
      throw error;
    }
  }

  /** The forms in which each image is to be made. @throws AppError `INVALID_PARAMETER` where a channel takes no such images */
  checkForms(asked: AskedPictures): Forms & { channel: ChannelName | null } {
    const { QUALITY, MEASURE } = this.settings;
    const { compression, renditions } = resolvedPictures(asked);
    const forms = formsOf(compression, renditions, { quality: QUALITY, measure: MEASURE });
    return { ...forms, channel: compression.for ?? null };
  }

  /**
   * The address that is to be told of the upload, or null.
   * @throws AppError `WEBHOOK_URL_CONFLICT`: several; `WEBHOOK_URL_INVALID`, `WEBHOOK_URL_REFUSED`
   */
  checkWebhook(urls: string[]): string | null {
    const url = oneWebhookUrl(urls);
    if (url) this.webhooks.check(url);
    return url;
  }

  /** What is in the file. Stores nothing, fetches nothing, and takes every file. */
  async survey(
    file: UploadedFile,
    columns: WantedColumns,
    { faultsLimit, lines }: ListedParts,
  ): Promise<CsvSurvey> {
    const listed = new ListedRows(lines);
    const csv = await this.open(file, columns, (line, cells) => listed.note(line, cells));
    return surveyCsv(csv, { unfetched: this.unfetched(), faultsLimit, listed });
  }

  /**
   * Writes the rows that can be taken to `output`, as we read them: one URL list to a cell, nothing else changed.
   * @throws AppError as {@link accept}, for faults of the whole file; then nothing has been written
   */
  async writeCleaned(
    { path, signal }: UploadedFile,
    columns: WantedColumns,
    output: Writable,
  ): Promise<void> {
    const csv = await openInputTable(path, { signal, columns });
    await refuseFaults(csv, true);
    await pipeline(Readable.from(cleaned(csv)), output);
  }

  private unfetched(): CsvWarning | null {
    const hint = whyNoShopFetches(this.settings);
    return hint === null ? null : { line: 1, column: null, value: '', code: 'PUBLIC_URL_NOT_FETCHED', hint };
  }

  private open(
    { path, signal }: UploadedFile,
    columns: WantedColumns,
    onCells?: OnCells,
  ): Promise<InputTable> {
    if (columns.imageName && this.settings.S3_PUBLIC_URL) throw new AppError('IMAGE_NAME_NOT_POSSIBLE');
    const refusalOf = judgedByOrigin((url) => this.downloader.refusalOf(url));
    return openInputTable(path, { signal, refusalOf, columns, onCells });
  }

  /** Publishes the draft, or where its key is taken discards it, and gives the id of the request that has the key. */
  private async publish(
    draft: RequestDraft,
    caller: Principal,
    idempotency: Idempotency | null,
    uploadKey: string,
  ): Promise<AcceptedUpload> {
    const count = (manager: EntityManager, images: number) => this.quotas.accept(manager, caller, images);
    for (let tries = 0; tries < MAX_PUBLICATIONS; tries++) {
      if (await draft.publish(idempotency, uploadKey, count)) {
        this.logger.log(`request ${draft.id} accepted`, { request_id: draft.id });
        void this.images.enqueue(draft.key); // if the process ends here, the reconciler does it
        return { id: draft.id, isReplayed: false };
      }
      // The same upload was quicker somewhere else, unless that request has been deleted since.
      const earlier = idempotency && (await this.earlier(idempotency, caller));
      if (!earlier) continue;
      await this.discard(draft);
      return { id: earlier, isReplayed: true };
    }
    throw new UnavailableError('DATABASE_UNAVAILABLE');
  }

  private async earlier({ key, digest }: Idempotency, { ownerKey }: Principal): Promise<string | null> {
    const request = await this.requests.findByIdempotencyKey(ownerKey, key);
    if (request && request.digest !== digest) {
      throw new AppError('IDEMPOTENCY_KEY_REUSED');
    }
    return request?.id ?? null;
  }

  private async discard(draft: RequestDraft): Promise<void> {
    await draft.settled();
    await this.requests
      .discard(draft.key)
      .catch((error: unknown) =>
        this.logger.warn(`request ${draft.id}: not discarded; the reconciler will do it`, error),
      );
  }
}

/** @throws AppError `TOKEN_NOT_ALLOWED`: a token that fixes the options fixes that there is one form. */
function refuseOtherForms({ caller, renditions }: UploadOptions): void {
  if (caller.token?.options && renditions && renditions.length > 0)
    throw new AppError('TOKEN_NOT_ALLOWED', 'This token fixes the options: leave renditions and sizes out.');
}

/** A file of which nothing can be taken answers with the code of its one fault. */
async function refuseFaults(
  csv: InputTable,
  skipsFaults: boolean,
  { repeated, unfetched = null }: { repeated?: RepeatedUrls; unfetched?: CsvWarning | null } = {},
): Promise<CsvCheck> {
  const check = await checkCsv(csv, unfetched, repeated);
  const { images, faults, endFault } = check;
  const { total, items } = faults;
  if (total === 0) return check;
  const isOfFile = csv.layout === null || items[0].code === 'NO_ROWS' || items[0].code === 'NO_URL';
  const ofFile = isOfFile ? items[0] : endFault;
  if (ofFile) throw new AppError(ofFile.code, ofFile.hint, { details: isOfFile ? items : [ofFile] });
  if (skipsFaults && images > 0) return check;
  throw new AppError('CSV_INVALID', faultsMessage(total, items.length, images > 0), { details: items });
}

/** How many faults there are, and what to do. `canSkip`: some rows with images have none. */
function faultsMessage(total: number, listed: number, canSkip: boolean): string {
  const count = total === 1 ? '1 fault' : `${total} faults`;
  const some = total > listed ? `, of which the first ${listed} are listed` : '';
  const skip = canSkip ? ', or send on_invalid=skip to leave those rows out' : '';
  return `The file has ${count}${some}: correct what "details" lists and upload it again${skip}.`;
}

async function* cleaned(csv: InputTable): AsyncGenerator<string> {
  const layout = csv.layout!;
  const options = { withOutput: false };
  yield outputCsvHeader(layout, options);
  for await (const { rows } of csv.batches()) {
    const lines = rows.map(({ urls, ...row }) => ({ ...row, inputUrls: urls, outputUrls: [] }));
    yield outputCsvRows(layout, lines, options);
  }
}

/** The name without folders and control characters, short enough to be kept. */
function displayName(fileName: string): string {
  const name = fileName.replace(/^.*[\\/]/, '').replace(/[\u0000-\u001f\u007f]/g, '');
  return [...name].slice(0, 200).join('').trim() || 'products.csv';
}
