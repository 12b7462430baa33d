import { setImmediate } from 'node:timers/promises';
import type { TableFaultCode } from '../errors/table-codes.js';
import { type Database, isDuplicate } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import { RequestEntity } from '../database/entities/request.entity.js';
import type { RepeatedUrls } from './repeated-urls.js';

/** One row of the user's file. */
export interface NewProduct {
  line: number;
  serialNumber: string;
  productName: string;
  urls: string[];
  extra: string[];
}

/** Something in the user's file that was left out. */
export interface NewFault {
  line: number;
  column: string | null;
  value: string;
  code: TableFaultCode;
  hint: string;
}

/** What makes a repeated upload known again. */
export interface Idempotency {
  key: string;
  /** SHA-256 (hexadecimal) of what was uploaded. */
  digest: string;
}

/** Rows of one transaction: some milliseconds, in which the event loop stands still with SQLite. */
const MAX_ROWS_AT_ONCE = 500;

/** The client waits for its answer. */
const URGENT = { isUrgent: true };

const PRODUCT_COLUMNS = [
  'request_key',
  'number',
  'line',
  'serial_number',
  'product_name',
  'first_image',
  'image_count',
  'extra',
];
const IMAGE_COLUMNS = [
  'request_key',
  'number',
  'product_number',
  'position',
  'input_url',
  'status',
  'same_as',
];
const FAULT_COLUMNS = ['request_key', 'number', 'line', 'column_name', 'value', 'code', 'hint'];

interface TableRows {
  table: string;
  columns: string[];
  rows: unknown[][];
}

/** A request whose rows are being stored, seen by nobody before {@link publish}. */
export class RequestDraft {
  private products = 0;
  private images = 0;
  private faults = 0;
  private repeats = 0;

  constructor(
    private readonly database: Database,
    /** What clients know the request by. */
    readonly id: string,
    readonly key: number,
    private readonly repeated?: RepeatedUrls,
  ) {}

  /** Stores rows, in order, and what was left out among them: some hundred rows of the tables in a transaction. */
  async add(rows: NewProduct[], faults: NewFault[] = []): Promise<void> {
    const { products, images } = this.rowsOf(rows);
    const left = faults.map(({ line, column, value, code, hint }) => {
      return [this.key, ++this.faults, line, column, value, code, hint];
    });
    const parts = partsOf([
      { table: 'products', columns: PRODUCT_COLUMNS, rows: products },
      { table: 'images', columns: IMAGE_COLUMNS, rows: images },
      { table: 'faults', columns: FAULT_COLUMNS, rows: left },
    ]);
    for (const part of parts) {
      await this.database.transaction(async (manager) => {
        for (const { table, columns, rows } of part) await insertRows(manager, table, columns, rows);
      }, URGENT);
      await setImmediate();
    }
  }

  /** The one place that makes rows of images; from then on they belong to `images/`. */
  private rowsOf(newProducts: NewProduct[]): { products: unknown[][]; images: unknown[][] } {
    const products: unknown[][] = [];
    const images: unknown[][] = [];
    for (const { line, serialNumber, productName, urls, extra } of newProducts) {
      const product = ++this.products;
      const further = extra.length > 0 ? JSON.stringify(extra) : null;
      products.push([
        this.key,
        product,
        line,
        serialNumber,
        productName,
        this.images + 1,
        urls.length,
        further,
      ]);
      urls.forEach((url, index) => {
        const number = ++this.images;
        const sameAs = this.repeated?.firstOf(url, number) ?? null;
        if (sameAs !== null) this.repeats++;
        const status = sameAs === null ? 'pending' : 'repeat';
        images.push([this.key, number, product, index + 1, url, status, sameAs]);
      });
    }
    return { products, images };
  }

  /**
   * Makes the request visible and durable: from here on it will be finished, whatever is killed.
   * @returns false if another request was published under the same idempotency key, and this one was not
   */
  async publish(idempotency: Idempotency | null = null): Promise<boolean> {
    const published = {
      status: 'Pending' as const,
      productCount: this.products,
      imageCount: this.images,
      repeatCount: this.repeats,
      faultCount: this.faults,
      idempotencyKey: idempotency?.key ?? null,
      idempotencyDigest: idempotency?.digest ?? null,
    };
    try {
      const { affected } = await this.database.transaction(
        (manager) => manager.update(RequestEntity, { key: this.key, status: 'Receiving' }, published),
        { ...URGENT, durable: true },
      );
      if (affected !== 1) throw new Error(`request ${this.id} took so long to be stored that it was dropped`);
      return true;
    } catch (error) {
      if (idempotency && isDuplicate(error)) return false;
      throw error;
    }
  }
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
