import { Injectable } from '@nestjs/common';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { Database } from '../database/database.js';
import type { ImageStatus } from '../database/entities/image.entity.js';
import { MAIN_RENDITION } from '../database/entities/output.entity.js';
import type { RequestEntity } from '../database/entities/request.entity.js';
import { AppError, UnavailableError } from '../errors/app-error.js';
import { FileStorage } from '../storage/file-storage.js';
import {
  type CellOptions,
  errorsCsvHeader,
  errorsCsvRows,
  outputCsvHeader,
  outputCsvRows,
  type OutputRow,
  renditionsCsvHeader,
  renditionsCsvRows,
  replacedCsv,
  type ReplacementsOf,
} from '../tables/tables.js';
import { renditionRows } from './renditions/rendition-rows.js';
import { renditionsOf } from './renditions/renditions.js';
import { deleted, errorRows } from './downloads/error-rows.js';
import { layoutOf } from './downloads/request-layout.js';

/** Rows read at a time: some milliseconds of the event loop with SQLite. */
const CHUNK = 500;
const MAX_IMAGES = 1000;

interface ProductRow {
  line: number;
  firstImage: number;
  imageCount: number;
  serialNumber: string;
  productName: string;
  extra: string | null;
}

interface ImageRow {
  /** As in the file, also where the image was retried at another address. */
  inputUrl: string;
  /** The one that was tried last. */
  triedUrl: string;
  status: ImageStatus;
  cellColumn: number | null;
  outputKey: string | null;
  outputName: string | null;
  number: number;
  /** The further files that were made of it; none where the request asks for none. */
  further?: FurtherFile[];
}

/** A file that was made of an image in a form besides the usual one, or in that one. */
interface FurtherFile {
  number: number;
  name: string;
  fileKey: string;
  width: number;
}

/** What stands in the places of the URLs: `results`, or `sources`, which are the addresses that were tried last. */
export type Replacement = { by: 'results'; failed: OutputOptions['failed'] } | { by: 'sources' };

/** What an output says of images that failed. */
export interface OutputOptions extends CellOptions {
  /** `source`: the URL that they had; `empty`: nothing. */
  failed: 'source' | 'empty';
  /** Whether there is a column of all sizes of each image. */
  withSrcset?: boolean;
}

/** A row of the file with its images. */
interface ProductImages {
  line: number;
  images: ImageRow[];
}

// Written out, since a file may have a million rows: making entities of them takes as long as all the rest.
const PRODUCTS = `
  SELECT line, first_image AS firstImage, image_count AS imageCount, serial_number AS serialNumber,
    product_name AS productName, extra
  FROM products WHERE request_key = ? AND number > ? AND number <= ? ORDER BY number`;
const IMAGES = `
  SELECT images.number AS number, COALESCE(images.file_url, images.input_url) AS inputUrl, images.input_url AS triedUrl,
    images.status AS status, images.cell_column AS cellColumn,
    outputs.file_key AS outputKey, images.output_name AS outputName
  FROM images LEFT JOIN outputs ON outputs.request_key = images.request_key AND outputs.image_number = images.number
    AND outputs.name = '${MAIN_RENDITION}'
  WHERE images.request_key = ? AND images.number >= ? AND images.number < ? ORDER BY images.number`;

const FILES = `
  SELECT image_number AS number, name, file_key AS fileKey, width FROM outputs
  WHERE request_key = ? AND image_number >= ? AND image_number < ?`;

/** The files that a client gets of a request, derived from the database as they are read, some hundred rows at a time. */
@Injectable()
export class RequestFiles {
  constructor(
    private readonly database: Database,
    private readonly storage: FileStorage,
  ) {}

  /** The user's own rows with what became of their images so far in a column of their own. */
  async *outputCsv(request: RequestEntity, options: OutputOptions): AsyncGenerator<string> {
    const layout = layoutOf(request);
    const renditions = renditionsOf(request);
    const names = renditions.map(({ name }) => name);
    const sizes = renditions.filter(({ wanted }) => wanted.isSize).map(({ name }) => name);
    const further = [...names.map((name) => `(${name})`), ...(options.withSrcset ? ['srcset'] : [])];
    const written = { ...options, further };
    yield outputCsvHeader(layout, written);
    for await (const products of this.products(request)) {
      const rows = products.map(({ product, images }) => ({
        ...this.outputRow(product, images, options),
        further: [
          ...this.furtherCells(names, images),
          ...(options.withSrcset ? [this.srcsets([MAIN_RENDITION, ...sizes], images)] : []),
        ],
      }));
      yield outputCsvRows(layout, rows, written);
    }
  }

  /**
   * The user's own file, in which the results so far, or the addresses of retries, stand in the places of the URLs. An image that
   * is not done keeps its URL.
   * @throws AppError `UPLOAD_NOT_KEPT` at once
   */
  replacedCsv(request: RequestEntity, by: Replacement): AsyncGenerator<Buffer> {
    const { uploadKey } = request;
    const layout = layoutOf(request);
    if (!uploadKey || !layout.source) throw new AppError('UPLOAD_NOT_KEPT');
    return replacedCsv(this.uploadedBytes(uploadKey), layout, this.replacementsOf(request, by));
  }

  /** What comes in the place of each URL of rows, which are asked for in the order of the file. */
  replacementsOf(request: RequestEntity, replacement: Replacement): ReplacementsOf {
    if (replacement.by === 'sources') return this.textsOf(request, sourceOf);
    return this.textsOf(request, (image) => this.replacementOf(image, replacement.failed));
  }

  /** The output of each URL of rows, which are asked for in the order of the file. */
  outputsOf(request: RequestEntity, failed: OutputOptions['failed']): ReplacementsOf {
    return this.textsOf(request, (image) => this.outputOf(image, failed));
  }

  private textsOf(request: RequestEntity, textOf: (image: ImageRow) => string | null): ReplacementsOf {
    const images = new ImagesByLine(this.productImages(request));
    return async (rows) => {
      const texts: (string | null)[][] = [];
      for (const { line, urls, columns } of rows) {
        const known = await images.of(line);
        const isSame = (url: string, i: number) =>
          known[i]?.inputUrl === url && known[i].cellColumn === columns[i];
        texts.push(urls.map((url, i) => (isSame(url, i) ? textOf(known[i]) : null)));
      }
      return texts;
    };
  }

  /** The rows that were left out, then the images that have failed so far, were cancelled, or do not fit their channel. */
  async *errorsCsv(request: RequestEntity, options: CellOptions): AsyncGenerator<string> {
    const layout = layoutOf(request);
    yield errorsCsvHeader(layout);
    for await (const rows of errorRows(this.database.manager, this.storage, request))
      yield errorsCsvRows(layout, rows, options);
  }

  /** Every file that was made so far, each in a row. */
  async *renditionsCsv(request: RequestEntity, options: CellOptions): AsyncGenerator<string> {
    const layout = layoutOf(request);
    yield renditionsCsvHeader(layout);
    for await (const rows of renditionRows(this.database.manager, this.storage, request))
      yield renditionsCsvRows(layout, rows, options);
  }

  /** A cell for each rendition, with the addresses of its images as the column of outputs has them. */
  private furtherCells(names: string[], images: ImageRow[]): string[] {
    const urlOf = (image: ImageRow, name: string): string => {
      const file = image.further?.find((each) => each.name === name);
      return file ? this.storage.urlOf(file.fileKey, image.outputName) : '';
    };
    return names.map((name) => images.map((image) => urlOf(image, name)).join(','));
  }

  /** A cell with the sizes of each image, as HTML has them. */
  private srcsets(names: string[], images: ImageRow[]): string {
    const srcsetOf = ({ further = [], outputName }: ImageRow): string => {
      const sizes = further.filter(({ name }) => names.includes(name));
      const byWidth = new Map(
        sizes.map(({ width, fileKey }) => [width, this.storage.urlOf(fileKey, outputName)]),
      );
      const sorted = [...byWidth].sort(([one], [other]) => one - other);
      return sorted.map(([width, url]) => `${url} ${width}w`).join(', ');
    };
    return images.map(srcsetOf).join(' | ');
  }

  private replacementOf(image: ImageRow, failed: OutputOptions['failed']): string | null {
    const { status, outputKey, outputName } = image;
    if (outputKey) return this.storage.urlOf(outputKey, outputName);
    return status === 'failed' && failed === 'empty' ? '' : null;
  }

  private outputOf(image: ImageRow, failed: OutputOptions['failed']): string | null {
    const { inputUrl, status, outputKey, outputName } = image;
    if (outputKey) return this.storage.urlOf(outputKey, outputName);
    return status === 'failed' && failed === 'source' ? inputUrl : null;
  }

  private outputRow(product: ProductRow, images: ImageRow[], { failed }: OutputOptions): OutputRow {
    const { serialNumber, productName, extra } = product;
    return {
      serialNumber,
      productName,
      inputUrls: images.map((image) => image.inputUrl),
      columns: images.map((image) => image.cellColumn),
      outputUrls: images.map((image) => this.outputOf(image, failed)),
      extra: extra ? (JSON.parse(extra) as string[]) : [],
    };
  }

  private async *uploadedBytes(key: string): AsyncGenerator<Buffer> {
    const file = await this.storage.open(key);
    if (!file) throw new UnavailableError('STORAGE_UNAVAILABLE');
    const unpacked = createGunzip();
    // An error on the way there reaches the reader of the stream.
    const done = pipeline(file.content, unpacked).catch((error: unknown) => unpacked.destroy(error as Error));
    yield* unpacked as AsyncIterable<Buffer>;
    await done;
  }

  private async *productImages(request: RequestEntity): AsyncGenerator<ProductImages> {
    for await (const products of this.products(request))
      for (const { product, images } of products) yield { line: product.line, images };
  }

  /** The rows of the file with their images, in their order, some hundred at a time. */
  private async *products(
    request: RequestEntity,
  ): AsyncGenerator<{ product: ProductRow; images: ImageRow[] }[]> {
    for (let number = 0; number < request.productCount; number += CHUNK) {
      const range = [request.key, number, number + CHUNK];
      const products = await this.database.manager.query<ProductRow[]>(PRODUCTS, range);
      if (products.length < Math.min(CHUNK, request.productCount - number)) throw deleted();
      for (const group of groupsByImages(products)) {
        yield await this.withImages(request, group);
        await setImmediate(); // with SQLite nothing else would happen until a slow reader holds us up
      }
    }
  }

  private async withImages(
    { key, renditions }: RequestEntity,
    products: ProductRow[],
  ): Promise<{ product: ProductRow; images: ImageRow[] }[]> {
    const first = products[0].firstImage;
    const last = products[products.length - 1];
    const range = [key, first, last.firstImage + last.imageCount];
    const images = await this.database.manager.query<ImageRow[]>(IMAGES, range);
    if (images.length < range[2] - range[1]) throw deleted();
    if (renditions !== null) addFiles(images, await this.database.manager.query<FurtherFile[]>(FILES, range));
    return products.map((product) => {
      const start = product.firstImage - first;
      return { product, images: images.slice(start, start + product.imageCount) };
    });
  }
}

/** The address in place of the one of the file, where a retry gave another. */
function sourceOf({ inputUrl, triedUrl }: ImageRow): string | null {
  return triedUrl === inputUrl ? null : triedUrl;
}

function addFiles(images: ImageRow[], files: FurtherFile[]): void {
  const byNumber = new Map(images.map((image) => [image.number, image]));
  for (const file of files) (byNumber.get(file.number)!.further ??= []).push(file);
}

/** The images of one row after the other, for lines that only go up. */
class ImagesByLine {
  private next: ProductImages | null = null;
  private isAtEnd = false;

  constructor(private readonly products: AsyncGenerator<ProductImages>) {}

  /** Those of the row that begins on this line; none where there is no such row. */
  async of(line: number): Promise<ImageRow[]> {
    while (!this.isAtEnd && (this.next?.line ?? 0) < line) {
      const { value, done } = await this.products.next();
      this.isAtEnd = done === true;
      this.next = done ? null : (value as ProductImages);
    }
    return this.next?.line === line ? this.next.images : [];
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
