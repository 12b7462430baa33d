import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { onDisk } from '../../files/on-disk.js';

/** A product as JSON has it. */
export interface JsonProduct {
  serial_number: string;
  product_name: string;
  image_urls: string[];
}

/** Faults that are listed. */
const MAX_DETAILS = 100;

const FIELDS = ['serial_number', 'product_name', 'image_urls'];

interface Fault {
  field: string;
  message: string;
}

/**
 * The products of a body.
 * @throws AppError `INVALID_PARAMETER`, with a detail for each of the first hundred faults
 */
export function readProducts(products: unknown): JsonProduct[] {
  if (!Array.isArray(products) || products.length === 0)
    throw new AppError('INVALID_PARAMETER', 'products must be a list with at least one product.');
  const faults: Fault[] = [];
  const read = products.map((product: unknown, index) => readProduct(product, `products[${index}]`, faults));
  if (faults.length === 0) return read;
  throw new AppError('INVALID_PARAMETER', `${faults[0].message}.`, { details: faults.slice(0, MAX_DETAILS) });
}

function readProduct(product: unknown, field: string, faults: Fault[]): JsonProduct {
  const refuse = (name: string, message: string) => {
    faults.push({ field: name, message: `${name} ${message}` });
  };
  const empty = { serial_number: '', product_name: '', image_urls: [] };
  if (typeof product !== 'object' || product === null || Array.isArray(product)) {
    refuse(field, `must be an object with ${FIELDS.join(', ')}`);
    return empty;
  }
  const given = product as Record<string, unknown>;
  const unknown = Object.keys(given).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) refuse(`${field}.${unknown.slice(0, 80)}`, 'is no field of a product');
  const textOf = (name: string): string => {
    const value = given[name] ?? '';
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    refuse(`${field}.${name}`, 'must be text or a number');
    return '';
  };
  const urls = given.image_urls ?? [];
  const areTexts = Array.isArray(urls) && urls.every((url) => typeof url === 'string');
  if (!areTexts) refuse(`${field}.image_urls`, 'must be a list of texts');
  return {
    serial_number: textOf('serial_number'),
    product_name: textOf('product_name'),
    image_urls: areTexts ? (urls as string[]) : [],
  };
}

/**
 * Writes products as the CSV file that somebody would upload: line 2 is the first product. The URLs of a cell are a list of
 * JSON, which reads as it was written whatever is in them.
 */
export async function writeProducts(products: JsonProduct[], path: string): Promise<void> {
  await onDisk(() => pipeline(Readable.from(linesOf(products)), createWriteStream(path, { flags: 'wx' })));
}

function* linesOf(products: JsonProduct[]): Generator<string> {
  yield 'S. No.,Product Name,Input Image Urls\n';
  for (const { serial_number, product_name, image_urls } of products) {
    const cell = image_urls.length === 0 ? '' : JSON.stringify(image_urls);
    yield `${[serial_number, product_name, cell].map(quoted).join(',')}\n`;
  }
}

/** A cell stands in one line, so that the lines of faults are those of products. */
function quoted(cell: string): string {
  return `"${cell.replace(/\s*[\r\n]+\s*/g, ' ').replaceAll('"', '""')}"`;
}
