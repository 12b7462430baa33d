import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { TableFaultCode } from '../../errors/table-codes.js';
import { type Database, isDuplicate } from '../../database/database.js';
import type { ManyRows, PlainValue } from '../../database/statements/insert-rows.js';
import { IdempotencyKeyEntity } from '../../database/entities/access/idempotency-key.entity.js';
import { RequestEntity } from '../../database/entities/request.entity.js';
import type { Files } from '../../stored-files/files.js';
import { HostNumbers } from './host-numbers.js';
import type { RepeatedUrls } from './repeated-urls.js';

/** One row of the user's file. */
export interface NewProduct {
  line: number;
  serialNumber: string;
  productName: string;
  urls: string[];
  /** The column of the file in which each URL stands; the first is 1. */
  columns: readonly number[];
  /** What the result of each is called in its address; not there where nobody asked for names. */
  imageNames?: string[];
  extra: string[];
}

/** Something in the user's file that was left out. */
export interface NewFault {
  line: number;
  column: string | null;
  value: string;
  code: TableFaultCode;
  hint: string;
  /** Of the row that was left out, as far as it is known. */
  row?: { serialNumber: string; productName: string };
}

/** What makes a repeated upload known again. */
export interface Idempotency {
  key: string;
  /** SHA-256 (hexadecimal) of what was uploaded. */
  digest: string;
}

/** Rows of one transaction: some milliseconds, in which nothing else is written with SQLite. */
const MAX_ROWS_AT_ONCE = 2_000;

/** The client waits for its answer. */
const URGENT = { isUrgent: true };

const PRODUCT_COLUMNS = [
  'number',
  'line',
  'serial_number',
  'product_name',
  'first_image',
  'image_count',
  'extra',
];
const IMAGE_COLUMNS = [
  ...['number', 'product_number', 'position', 'cell_column', 'cell_position'],
  ...['input_url', 'output_name', 'status', 'host'],
];
const REPEAT_COLUMNS = [...IMAGE_COLUMNS, 'same_as'];
const HOST_COLUMNS = ['number', 'host', 'image_count', 'open_count'];
const FAULT_COLUMNS = [
  ...['number', 'line', 'serial_number', 'product_name', 'column_name'],
  ...['value', 'code', 'hint'],
];

type TableRows = Omit<ManyRows, 'constants'>;

/** A request whose rows are being stored, seen by nobody before {@link publish}. */
export class RequestDraft {
  private products = 0;
  private images = 0;
  private faults = 0;
  private repeats = 0;
  private hosts = new HostNumbers();
  /** What is on its way to the database. */
  private storing: Promise<void> = Promise.resolve();
  /** What clients know the request by. */
  readonly id: string;
  readonly key: number;
  private readonly ownerKey: number;

  constructor(
    private readonly database: Database,
    private readonly files: Files,
    names: { id: string; key: number; ownerKey: number },
    private readonly repeated?: RepeatedUrls,
  ) {
    this.id = names.id;
    this.key = names.key;
    this.ownerKey = names.ownerKey;
  }

  /**
   * Stores rows, in order, and what was left out among them, and returns when those of the call before are stored: while these are on their
   * way, the next are read.
   * @throws what storing those of the call before threw
   */
  async add(rows: NewProduct[], faults: NewFault[] = []): Promise<void> {
    const { products, images, repeats } = this.rowsOf(rows);
    const left = faults.map(({ line, column, value, code, hint, row }) => {
      const names = [row?.serialNumber ?? null, row?.productName ?? null];
      return [++this.faults, line, ...names, column, value, code, hint];
    });
    const tables = [
      { table: 'products', columns: PRODUCT_COLUMNS, rows: products },
      { table: 'images', columns: IMAGE_COLUMNS, rows: images },
      { table: 'images', columns: REPEAT_COLUMNS, rows: repeats },
      { table: 'faults', columns: FAULT_COLUMNS, rows: left },
    ];
    await this.storing;
    this.storing = this.insert(tables);
    this.storing.catch(() => undefined); // the next call meets it
  }

  /** Returns when nothing is on its way to the database any more, stored or not. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.storing]);
  }

  private async insert(tables: TableRows[]): Promise<void> {
    const parts = partsOf(tables);
    for (const part of parts) {
      const constants = { request_key: this.key };
      await this.database.insertMany(
        part.map((rows) => ({ ...rows, constants })),
        URGENT,
      );
      await setImmediate();
    }
  }

  /** The one place that makes rows of images; from then on they belong to `images/`. */
  private rowsOf(newProducts: NewProduct[]): Record<'products' | 'images' | 'repeats', PlainValue[][]> {
    const products: PlainValue[][] = [];
    const images: PlainValue[][] = [];
    const repeats: PlainValue[][] = [];
    for (const { line, serialNumber, productName, urls, columns, imageNames, extra } of newProducts) {
      const product = ++this.products;
      const further = extra.length > 0 ? JSON.stringify(extra) : null;
      products.push([product, line, serialNumber, productName, this.images + 1, urls.length, further]);
      const inCell = placesInCells(columns);
      urls.forEach((url, index) => {
        const number = ++this.images;
        const sameAs = this.repeated?.firstOf(url, number) ?? null;
        const host = this.hosts.add(url, sameAs === null);
        const name = imageNames?.[index] ?? null;
        const image = [number, product, index + 1, columns[index], inCell[index], url, name];
        if (sameAs === null) images.push([...image, 'pending', host]);
        else repeats.push([...image, 'repeat', host, sameAs]);
      });
    }
    this.repeats += repeats.length;
    return { products, images, repeats };
  }

  /**
   * Makes the request visible and durable: from here on it will be finished, whatever is killed.
   * @param uploadKey the stored copy of the file that it was made from
   * @param count is told of its images at the end of the same transaction; what it throws is thrown, and undoes all
   * @returns false if another request was published under the same idempotency key, and this one was not
   */
  async publish(
    idempotency: Idempotency | null = null,
    uploadKey: string | null = null,
    count?: (manager: EntityManager, images: number) => Promise<void>,
  ): Promise<boolean> {
    const published = {
      status: 'Pending' as const,
      productCount: this.products,
      imageCount: this.images,
      repeatCount: this.repeats,
      faultCount: this.faults,
      ...(uploadKey ? { uploadKey } : {}),
    };
    await this.storing;
    await this.storeHosts();
    try {
      await this.database.transaction(
        async (manager) => {
          const receiving = { key: this.key, status: 'Receiving' as const };
          const { affected } = await manager.update(RequestEntity, receiving, published);
          const isKept = !uploadKey || (await this.files.lock(manager, [uploadKey])).has(uploadKey);
          if (affected !== 1 || !isKept)
            throw new Error(`request ${this.id} took so long to be stored that it was dropped`);
          if (idempotency) await manager.insert(IdempotencyKeyEntity, this.keyRow(idempotency));
          await count?.(manager, this.images);
        },
        { ...URGENT, durable: true },
      );
      return true;
    } catch (error) {
      if (idempotency && isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Once, when all images are known. */
  private async storeHosts(): Promise<void> {
    const hosts = [...this.hosts.hosts].map((host) => {
      return [host.number, host.host, host.images, host.open];
    });
    this.hosts = new HostNumbers();
    await this.insert([{ table: 'request_hosts', columns: HOST_COLUMNS, rows: hosts }]);
  }

  private keyRow({ key, digest }: Idempotency): IdempotencyKeyEntity {
    return { ownerKey: this.ownerKey, key, requestKey: this.key, digest };
  }
}

/** The place of each URL among those of the same column; the first is 1. */
function placesInCells(columns: readonly number[]): number[] {
  const counts = new Map<number, number>();
  return columns.map((column) => {
    const place = (counts.get(column) ?? 0) + 1;
    counts.set(column, place);
    return place;
  });
}

/** Cut into parts of {@link MAX_ROWS_AT_ONCE} rows, in their order; what fits stays together. */
function partsOf(tables: TableRows[]): TableRows[][] {
  const parts: TableRows[][] = [];
  let room = 0;
  for (const { rows, ...table } of tables) {
    for (let from = 0; from < rows.length;) {
      if (room === 0) {
        parts.push([]);
        room = MAX_ROWS_AT_ONCE;
      }
      const taken = rows.slice(from, from + room);
      parts.at(-1)!.push({ ...table, rows: taken });
      from += taken.length;
      room -= taken.length;
    }
  }
  return parts;
}
