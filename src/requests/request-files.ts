import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { In, MoreThan } from 'typeorm';
import { Database } from '../database/database.js';
import { FaultEntity } from '../database/entities/fault.entity.js';
import { ImageEntity } from '../database/entities/image.entity.js';
import { ProductEntity } from '../database/entities/product.entity.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import { FileStorage } from '../storage/file-storage.js';
import {
  type CellOptions,
  type CsvLayout,
  type ErrorRow,
  errorsCsvHeader,
  errorsCsvRows,
  outputCsvHeader,
  outputCsvRows,
  type OutputRow,
} from '../tables/tables.js';

/** Rows read at a time: some milliseconds of the event loop with SQLite. */
const CHUNK = 500;
const MAX_IMAGES = 1000;

interface ProductRow {
  firstImage: number;
  imageCount: number;
  serialNumber: string;
  productName: string;
  extra: string | null;
}

interface ImageRow {
  inputUrl: string;
  outputKey: string | null;
}

// Written out, since a file may have a million rows: making entities of them takes as long as all the rest.
const PRODUCTS = `
  SELECT first_image AS firstImage, image_count AS imageCount, serial_number AS serialNumber,
    product_name AS productName, extra
  FROM products WHERE request_key = ? AND number > ? AND number <= ? ORDER BY number`;
const IMAGES = `
  SELECT input_url AS inputUrl, output_key AS outputKey
  FROM images WHERE request_key = ? AND number >= ? AND number < ? ORDER BY number`;

/** The files that a client gets of a request, derived from the database as they are read, some hundred rows at a time. */
@Injectable()
export class RequestFiles {
  constructor(
    private readonly database: Database,
    private readonly storage: FileStorage,
  ) {}

  /** The user's own rows with what became of their images so far. */
  async *outputCsv(request: RequestEntity, options: CellOptions): AsyncGenerator<string> {
    const layout = layoutOf(request);
    yield outputCsvHeader(layout, options);
    for (let product = 0; product < request.productCount; product += CHUNK) {
      const range = [request.key, product, product + CHUNK];
      const products = await this.database.manager.query<ProductRow[]>(PRODUCTS, range);
      for (const group of groupsByImages(products)) {
        yield outputCsvRows(layout, await this.withImages(request.key, group), options);
        await setImmediate(); // with SQLite nothing else would happen until a slow reader holds us up
      }
    }
  }

  /** The rows that were left out, then the images that have failed so far. */
  async *errorsCsv(request: RequestEntity, options: CellOptions): AsyncGenerator<string> {
    const layout = layoutOf(request);
    yield errorsCsvHeader(layout);
    for await (const rows of this.faults(request)) yield errorsCsvRows(layout, rows, options);
    for await (const rows of this.failures(request)) yield errorsCsvRows(layout, rows, options);
  }

  private async withImages(requestKey: number, products: ProductRow[]): Promise<OutputRow[]> {
    const first = products[0].firstImage;
    const last = products[products.length - 1];
    const range = [requestKey, first, last.firstImage + last.imageCount];
    const images = await this.database.manager.query<ImageRow[]>(IMAGES, range);
    return products.map(({ serialNumber, productName, firstImage, imageCount, extra }) => {
      const own = images.slice(firstImage - first, firstImage - first + imageCount);
      return {
        serialNumber,
        productName,
        inputUrls: own.map((image) => image.inputUrl),
        outputUrls: own.map((image) => (image.outputKey ? this.storage.urlOf(image.outputKey) : null)),
        extra: extra ? (JSON.parse(extra) as string[]) : [],
      };
    });
  }

  private async *faults({ key }: RequestEntity): AsyncGenerator<ErrorRow[]> {
    const where = { requestKey: key };
    for await (const faults of this.pages(FaultEntity, where)) {
      yield faults.map(({ line, value, code, hint }) => ({
        ...{ line, serialNumber: '', productName: '', position: null, url: value },
        ...{ code, message: hint, retryable: false, attempts: 0 },
      }));
    }
  }

  private async *failures({ key }: RequestEntity): AsyncGenerator<ErrorRow[]> {
    for await (const images of this.pages(ImageEntity, { requestKey: key, status: 'failed' as const })) {
      const numbers = In([...new Set(images.map((image) => image.productNumber))]);
      const products = await this.database.manager.findBy(ProductEntity, {
        requestKey: key,
        number: numbers,
      });
      const byNumber = new Map(products.map((product) => [product.number, product]));
      yield images.map((image) => {
        const { line, serialNumber, productName } = byNumber.get(image.productNumber)!;
        const { position, inputUrl, errorCode, errorMessage, errorRetryable, attempt } = image;
        return {
          ...{ line, serialNumber, productName, position, url: inputUrl, code: errorCode ?? '' },
          ...{ message: errorMessage ?? '', retryable: errorRetryable === 1, attempts: attempt },
        };
      });
    }
  }

  /** All rows of a table that match, in their order, a page at a time. */
  private async *pages<T extends FaultEntity | ImageEntity>(
    entity: new () => T,
    where: { requestKey: number; status?: 'failed' },
  ): AsyncGenerator<T[]> {
    for (let after = 0; ;) {
      const page = (await this.database.manager.find<FaultEntity | ImageEntity>(entity, {
        where: { ...where, number: MoreThan(after) },
        order: { number: 'ASC' },
        take: CHUNK,
      })) as T[];
      if (page.length === 0) return;
      yield page;
      after = page[page.length - 1].number;
      await setImmediate();
    }
  }
}

/** Neighbours with some hundred images in all: a row may have a thousand. */
function* groupsByImages(products: ProductRow[]): Generator<ProductRow[]> {
  let group: ProductRow[] = [];
  let images = 0;
  for (const product of products) {
    if (group.length > 0 && images + product.imageCount > MAX_IMAGES) {
      yield group;
      group = [];
      images = 0;
    }
    group.push(product);
    images += product.imageCount;
  }
  if (group.length > 0) yield group;
}

function layoutOf({ layout }: RequestEntity): CsvLayout {
  return JSON.parse(layout) as CsvLayout;
}
