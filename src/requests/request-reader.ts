import { Inject, Injectable } from '@nestjs/common';
import { type EntityManager, In, MoreThan, Not } from 'typeorm';
import { settings, type Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { ImageEntity, type ImageStatus } from '../database/entities/image.entity.js';
import { ProductEntity } from '../database/entities/product.entity.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import { AppError } from '../errors/app-error.js';
import { FileStorage } from '../storage/file-storage.js';
import {
  type CompressionOptions,
  type ImageNote,
  readCompressionOptions,
  targetAsField,
} from '../compression/options.js';
import type { ImageFormat } from '../compression/formats/image-format.js';
import { isoTime, isUuid } from '../http/json-formats.js';
import { pageOf } from '../http/page-query.dto.js';
import type {
  ImagePageResponse,
  ImageResponse,
  RequestOptionsResponse,
  RequestResponse,
  ShownImageStatus,
  ShownRequestStatus,
} from './request.dto.js';

/** The stored states of an image behind each of those that clients see. */
const STORED_STATES: Record<ShownImageStatus, ImageStatus[]> = {
  pending: ['pending', 'waiting', 'repeat'],
  processing: ['processing'],
  done: ['done'],
  failed: ['failed'],
};

/** What clients are told of requests. */
@Injectable()
export class RequestReader {
  constructor(
    private readonly database: Database,
    private readonly storage: FileStorage,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** The request, or null where there is none; upper case, blanks and whatever else is no id of ours included. */
  async find(id: string): Promise<RequestEntity | null> {
    if (!isUuid(id)) return null;
    return this.database.manager.findOneBy(RequestEntity, { id, status: Not('Receiving') });
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
    const products = await this.productsOf(manager, requestKey, images);
    return images.map((image) => {
      const product = products.get(image.productNumber)!;
      return { number: image.number, response: this.toImageResponse(request, product, image) };
    });
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
    const images = await this.imagesAfter(request.key, status, limit + 1, after);
    const { page, next_cursor } = pageOf(images, limit, ({ number }) => number);
    const byNumber = await this.productsOf(manager, request.key, page);
    return {
      items: page.map((image) => this.toImageResponse(request, byNumber.get(image.productNumber)!, image)),
      next_cursor,
    };
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
    requestKey: number,
    status: ShownImageStatus | undefined,
    limit: number,
    after: number,
  ): Promise<ImageEntity[]> {
    const states = status ? STORED_STATES[status].map((state) => ({ status: state })) : [{}];
    const found: ImageEntity[] = [];
    for (const state of states) {
      const where = { requestKey, number: MoreThan(after), ...state };
      found.push(
        ...(await this.database.manager.find(ImageEntity, { where, order: { number: 'ASC' }, take: limit })),
      );
    }
    return found.sort((a, b) => a.number - b.number).slice(0, limit);
  }

  private toResponse(request: RequestEntity, claimed: number): RequestResponse {
    const { id, productCount, imageCount, doneCount, failedCount, inputBytes, outputBytes } = request;
    const open = imageCount - doneCount - failedCount;
    const processing = Math.min(claimed, open); // counted a moment later than the rest
    const self = `${this.settings.publicUrl}/requests/${id}`;
    return {
      id,
      status: shownRequestStatus(request),
      outcome: request.outcome,
      file_name: request.fileName,
      created_at: isoTime(request.createdAt),
      started_at: isoTime(request.startedAt),
      completed_at: isoTime(request.completedAt),
      counts: {
        products: productCount,
        images: imageCount,
        pending: open - processing,
        processing,
        done: doneCount,
        failed: failedCount,
      },
      progress: Math.floor(((doneCount + failedCount) / imageCount) * 10_000) / 10_000,
      bytes: {
        input: inputBytes,
        output: outputBytes,
        saved_percent: inputBytes === 0 ? 0 : Math.round((1 - outputBytes / inputBytes) * 1000) / 10,
      },
      faults: request.faultCount,
      options: optionsAsFields(readCompressionOptions(request.options)),
      links: {
        self,
        images: `${self}/images`,
        hosts: `${self}/hosts`,
        output_csv: `${self}/output.csv`,
        errors_csv: `${self}/errors.csv`,
        webhooks: `${self}/webhooks`,
      },
    };
  }

  private toImageResponse(request: RequestEntity, product: ProductEntity, image: ImageEntity): ImageResponse {
    return {
      id: `${request.id}-${image.number}`,
      line: product.line,
      serial_number: product.serialNumber,
      product_name: product.productName,
      position: image.position,
      input_url: image.inputUrl,
      output_url: image.outputKey ? this.storage.urlOf(image.outputKey) : null,
      status: shownImageStatus(image),
      outcome: image.outcome,
      error: image.errorCode
        ? { code: image.errorCode, message: image.errorMessage ?? '', retryable: image.errorRetryable === 1 }
        : null,
      attempts: image.attempt,
      download: image.download && { how: image.download, milliseconds: image.downloadMs },
      input: facts(image.inputBytes, image.inputFormat, image.inputWidth, image.inputHeight),
      output: facts(image.outputBytes, image.outputFormat, image.outputWidth, image.outputHeight),
      quality: image.qualityUsed,
      similarity: image.similarity === null ? null : image.similarity / 10_000,
      milliseconds: image.encodeMs,
      notes: (image.notes?.split(',') ?? []) as ImageNote[],
    };
  }
}

/** The state of a request as clients see it. While its rows are being stored, nobody sees it. */
export function shownRequestStatus({ status }: RequestEntity): ShownRequestStatus {
  return status === 'Receiving' ? 'Pending' : status;
}

function shownImageStatus({ status }: ImageEntity): ShownImageStatus {
  return status === 'waiting' || status === 'repeat' ? 'pending' : status;
}

function facts(bytes: number | null, format: string | null, width: number | null, height: number | null) {
  return bytes === null ? null : { bytes, format: format as ImageFormat, width: width!, height: height! };
}

function optionsAsFields(options: CompressionOptions): RequestOptionsResponse {
  const { quality, target, format, maxWidth, maxHeight, effort, metadata } = options;
  const sides = { max_width: maxWidth, max_height: maxHeight };
  return { quality, target: targetAsField(target), format, ...sides, effort, metadata };
}
