import { Inject, Injectable } from '@nestjs/common';
import { type EntityManager, In, MoreThan, Not } from 'typeorm';
import { settings, type Settings } from '../config/settings.js';
import { DatabaseClock } from '../database/database-clock.js';
import { Database } from '../database/database.js';
import { ImageEntity, type ImageStatus } from '../database/entities/image.entity.js';
import { MAIN_RENDITION, type OutputEntity } from '../database/entities/output.entity.js';
import { ProductEntity } from '../database/entities/product.entity.js';
import type { RedoEntity } from '../database/entities/redos/redo.entity.js';
import { RequestEntity, UNSEEN_STATES } from '../database/entities/request.entity.js';
import { AppError } from '../errors/app-error.js';
import { FileStorage } from '../storage/file-storage.js';
import { type ImageNote, readCompressionOptions } from '../compression/options.js';
import type { SourceFormat } from '../compression/formats/image-format.js';
import { judge } from './channels/channel-check.js';
import { mainOutput, outputsOf } from './image-outputs.js';
import { layoutOf, usualUrls } from './downloads/request-layout.js';
import { nameOf } from './downloads/request-name.js';
import { isoTime, isUuid } from '../http/json-formats.js';
import { pageOf } from '../http/page-query.dto.js';
import { redoResponse, redosOf } from './redos/image-redos.js';
import type { OutputResponse } from './renditions/output.dto.js';
import { renditionsOf } from './renditions/renditions.js';
import { optionsAsFields } from './request-options.dto.js';
import type { WarningListing } from './request-warnings.dto.js';
import type {
  ImagePageResponse,
  ImageResponse,
  RequestResponse,
  ShownImageStatus,
  ShownRequestStatus,
} from './request.dto.js';

/** The states of images that wait: `pending` for clients, or `cancelled` where their request is. */
export const WAITING_STATES: ImageStatus[] = ['pending', 'waiting', 'repeat'];

/** What clients are told of requests. */
@Injectable()
export class RequestReader {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly storage: FileStorage,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** The request, or null where there is none; upper case, blanks and whatever else is no id of ours included. */
  async find(id: string): Promise<RequestEntity | null> {
    if (!isUuid(id)) return null;
    return this.database.manager.findOneBy(RequestEntity, { id, status: Not(In([...UNSEEN_STATES])) });
  }

  /** Its status alone, or null as for {@link find}: a plain statement halves the CPU of the call (750 → 380 µs), which clients make again and again. */
  async statusOf(id: string): Promise<ShownRequestStatus | null> {
    if (!isUuid(id)) return null;
    const [request] = await this.database.manager.query<Pick<RequestEntity, 'status'>[]>(
      'SELECT status FROM requests WHERE id = ?',
      [id],
    );
    const isSeen = request && !UNSEEN_STATES.some((status) => status === request.status);
    return isSeen ? shownRequestStatus(request) : null;
  }

  /** @throws AppError `REQUEST_NOT_FOUND` */
  async get(id: string): Promise<RequestEntity> {
    const request = await this.find(id);
    if (!request) throw new AppError('REQUEST_NOT_FOUND');
    return request;
  }

  /** @throws AppError `REQUEST_NOT_FOUND` */
  async describe(id: string): Promise<RequestResponse> {
    return this.responseOf(this.database.manager, await this.get(id));
  }

  /** What {@link describe} gives of each, in their order, for two queries at most. */
  async responsesOf(requests: RequestEntity[]): Promise<RequestResponse[]> {
    const open = requests
      .filter(({ status, completedAt }) => completedAt === null && status !== 'Pending')
      .map(({ key }) => key);
    const claimed = new Map<number, number>();
    if (open.length > 0) {
      const rows = await this.database.manager
        .createQueryBuilder(ImageEntity, 'image')
        .select('image.requestKey', 'key')
        .addSelect('COUNT(*)', 'count')
        .where("image.requestKey IN (:...open) AND image.status = 'processing'", { open })
        .groupBy('image.requestKey')
        .getRawMany<{ key: number; count: number | string }>();
      for (const { key, count } of rows) claimed.set(key, Number(count));
    }
    return requests.map((request) => this.toResponse(request, claimed.get(request.key) ?? 0));
  }

  /** What {@link describe} gives, as a transaction sees it. */
  async responseOf(manager: EntityManager, request: RequestEntity): Promise<RequestResponse> {
    const claimed = await manager.countBy(ImageEntity, { requestKey: request.key, status: 'processing' });
    return this.toResponse(request, claimed);
  }

  /** Images as {@link images} lists them, as a transaction sees them, in their order. */
  async imageResponsesOf(
    manager: EntityManager,
    request: RequestEntity,
    numbers: number[],
  ): Promise<{ number: number; response: ImageResponse }[]> {
    const requestKey = request.key;
    const where = { requestKey, number: In(numbers) };
    const images = await manager.find(ImageEntity, { where, order: { number: 'ASC' } });
    const responses = await this.toImageResponses(manager, request, images);
    return images.map(({ number }, index) => ({ number, response: responses[index] }));
  }

  /**
   * One page of a request's images, in the order of the file.
   * @throws AppError `REQUEST_NOT_FOUND`
   */
  async images(
    id: string,
    status: ShownImageStatus | undefined,
    limit: number,
    after: number,
  ): Promise<ImagePageResponse> {
    const request = await this.get(id);
    const { manager } = this.database;
    const images = await this.imagesAfter(request, status, limit + 1, after);
    const { page, next_cursor } = pageOf(images, limit, ({ number }) => number);
    return { items: await this.toImageResponses(manager, request, page), next_cursor };
  }

  /**
   * One image, as {@link images} lists it.
   * @param number in the order of the file, from 1
   * @throws AppError `REQUEST_NOT_FOUND`, `IMAGE_NOT_FOUND`
   */
  async image(id: string, number: number): Promise<ImageResponse> {
    const request = await this.get(id);
    const [found] = await this.imageResponsesOf(this.database.manager, request, [number]);
    if (!found) throw new AppError('IMAGE_NOT_FOUND');
    return found.response;
  }

  /** The products of some images, by their number. */
  private async productsOf(
    manager: EntityManager,
    requestKey: number,
    images: ImageEntity[],
  ): Promise<Map<number, ProductEntity>> {
    const numbers = In([...new Set(images.map((image) => image.productNumber))]);
    const products = await manager.findBy(ProductEntity, { requestKey, number: numbers });
    return new Map(products.map((product) => [product.number, product]));
  }

  /** One query for each stored state: SQLite would read the whole request for two in one. */
  private async imagesAfter(
    request: RequestEntity,
    status: ShownImageStatus | undefined,
    limit: number,
    after: number,
  ): Promise<ImageEntity[]> {
    const states = status ? storedStates(status, request).map((state) => ({ status: state })) : [{}];
    const found: ImageEntity[] = [];
    for (const state of states) {
      const where = { requestKey: request.key, number: MoreThan(after), ...state };
      found.push(
        ...(await this.database.manager.find(ImageEntity, { where, order: { number: 'ASC' }, take: limit })),
      );
    }
    return found.sort((a, b) => a.number - b.number).slice(0, limit);
  }

  private toResponse(request: RequestEntity, claimed: number): RequestResponse {
    const { id, productCount, imageCount, doneCount, failedCount, inputBytes, outputBytes } = request;
    const { renditionBytes } = request;
    const open = imageCount - doneCount - failedCount;
    const processing = Math.min(claimed, open); // counted a moment later than the rest
    const isCancelled = request.status === 'Cancelled';
    const self = `${this.settings.publicUrl}/requests/${id}`;
    return {
      id,
      status: shownRequestStatus(request),
      outcome: request.outcome,
      run: request.run,
      is_final: request.completedAt !== null,
      name: nameOf(request),
      file_name: request.fileName,
      labels: request.labels ? (JSON.parse(request.labels) as Record<string, string>) : {},
      created_at: isoTime(request.createdAt),
      started_at: isoTime(request.startedAt),
      completed_at: isoTime(request.completedAt),
      counts: {
        products: productCount,
        images: imageCount,
        pending: isCancelled ? 0 : open - processing,
        processing,
        done: doneCount,
        failed: failedCount,
        cancelled: isCancelled ? open - processing : 0,
      },
      seconds_left: secondsLeft(request, this.clock.now()),
      progress: Math.floor(((doneCount + failedCount) / imageCount) * 10_000) / 10_000,
      bytes: {
        input: inputBytes,
        output: outputBytes,
        renditions: renditionBytes,
        saved_percent: savedPercent(inputBytes, outputBytes - renditionBytes),
      },
      reused: request.reusedCount,
      rows_without_images: request.rowsWithoutImages,
      faults: request.faultCount,
      warnings: request.warnings ? (JSON.parse(request.warnings) as WarningListing) : { total: 0, items: [] },
      options: optionsAsFields(readCompressionOptions(request.options), request.channel),
      keep_sources: request.keepSourcesDays,
      renditions: renditionsOf(request).map(({ name, channel, options }) => ({
        name,
        options: optionsAsFields(options, channel),
      })),
      image_name: layoutOf(request).wanted?.imageName ?? null,
      urls: usualUrls(layoutOf(request)),
      links: {
        self,
        images: `${self}/images`,
        hosts: `${self}/hosts`,
        output_csv: `${self}/output.csv`,
        output_xlsx: layoutOf(request).sheet === undefined ? null : `${self}/output.xlsx`,
        errors_csv: `${self}/errors.csv`,
        images_zip: `${self}/images.zip`,
        renditions_csv: `${self}/renditions.csv`,
        webhooks: `${self}/webhooks`,
        events: `${self}/events`,
      },
    };
  }

  /** With the products, outputs and redos of the images, each read in one query. */
  private async toImageResponses(
    manager: EntityManager,
    request: RequestEntity,
    images: ImageEntity[],
  ): Promise<ImageResponse[]> {
    const products = await this.productsOf(manager, request.key, images);
    const done = images.filter(({ status }) => status === 'done').map(({ number }) => number);
    const outputs = await outputsOf(manager, request.key, done);
    const redos = await redosOf(manager, request.key, done);
    return images.map((image) => {
      const product = products.get(image.productNumber);
      if (!product) throw new AppError('REQUEST_NOT_FOUND'); // it is being deleted
      const redo = redos.get(image.number);
      return this.imageResponse(request, product, image, outputs.get(image.number) ?? [], redo);
    });
  }

  private outputResponse(output: OutputEntity, channel: string | null, name: string | null): OutputResponse {
    const url = this.storage.urlOf(output.fileKey, name);
    const { bytes, format, width, height } = output;
    return {
      ...{ rendition: output.name, url, bytes, format: format as SourceFormat, width, height },
      quality: output.quality,
      similarity: output.similarity === null ? null : output.similarity / 10_000,
      milliseconds: output.milliseconds,
      notes: (output.notes?.split(',') ?? []) as ImageNote[],
      ...judge(channel, output, url),
    };
  }

  /** An image as {@link images} lists it, of rows that have been read. */
  imageResponse(
    request: RequestEntity,
    product: ProductEntity,
    image: ImageEntity,
    outputs: OutputEntity[],
    redo?: RedoEntity,
  ): ImageResponse {
    const output = mainOutput(outputs);
    const outputUrl = output && this.storage.urlOf(output.fileKey, image.outputName);
    return {
      id: `${request.id}-${image.number}`,
      line: product.line,
      serial_number: product.serialNumber,
      product_name: product.productName,
      position: image.position,
      input_url: image.inputUrl,
      file_url: image.fileUrl,
      output_url: outputUrl,
      status: shownImageStatus(image, request),
      outcome: image.outcome,
      error: image.errorCode
        ? { code: image.errorCode, message: image.errorMessage ?? '', retryable: image.errorRetryable === 1 }
        : null,
      attempts: image.attempt,
      download: image.download && { how: image.download, milliseconds: image.downloadMs },
      input: facts(image.inputBytes, image.inputFormat, image.inputWidth, image.inputHeight),
      output: output && facts(output.bytes, output.format, output.width, output.height),
      quality: output?.quality ?? null,
      similarity: typeof output?.similarity === 'number' ? output.similarity / 10_000 : null,
      milliseconds: output?.milliseconds ?? null,
      notes: (output?.notes?.split(',') ?? []) as ImageNote[],
      ...judge(request.channel, output, outputUrl),
      outputs: formNamesOf(request).flatMap(({ name, channel }) => {
        const one = outputs.find((each) => each.name === name);
        return one ? [this.outputResponse(one, channel, image.outputName)] : [];
      }),
      redo: redo ? redoResponse(redo) : null,
    };
  }
}

/** The image itself, then what else it is made in. */
function formNamesOf(request: RequestEntity): { name: string; channel: string | null }[] {
  return [{ name: MAIN_RENDITION, channel: request.channel }, ...renditionsOf(request)];
}

/** 100 × (1 − output / input), one decimal. */
function savedPercent(input: number, output: number): number {
  return input === 0 ? 0 : Math.round((1 - output / input) * 1000) / 10;
}

/** The state of a request as clients see it. While its rows are being stored or removed, nobody sees it. */
export function shownRequestStatus({ status }: Pick<RequestEntity, 'status'>): ShownRequestStatus {
  if (status === 'Receiving') return 'Pending';
  if (status === 'Deleting') return 'Cancelled';
  return status === 'Retrying' ? 'Processing' : status;
}

/** As long as the settled images let one expect; null while nothing is known, and in a later run, where few are left. */
function secondsLeft(request: RequestEntity, now: number): number | null {
  const { status, completedAt, startedAt, run, imageCount, doneCount, failedCount } = request;
  const settled = doneCount + failedCount;
  if (completedAt !== null) return 0;
  if (status !== 'Processing' || startedAt === null || settled === 0 || run > 1) return null;
  return Math.ceil(((imageCount - settled) * Math.max(now - startedAt, 0)) / settled / 1000);
}

function shownImageStatus(image: ImageEntity, request: RequestEntity): ShownImageStatus {
  if (!WAITING_STATES.includes(image.status)) return image.status as ShownImageStatus;
  return request.status === 'Cancelled' ? 'cancelled' : 'pending';
}

/** The states of the images of a request that clients see in the state `status`. */
function storedStates(status: ShownImageStatus, request: RequestEntity): ImageStatus[] {
  if (status !== 'pending' && status !== 'cancelled') return [status];
  return (status === 'cancelled') === (request.status === 'Cancelled') ? WAITING_STATES : [];
}

function facts(bytes: number | null, format: string | null, width: number | null, height: number | null) {
  return bytes === null ? null : { bytes, format: format as SourceFormat, width: width!, height: height! };
}
