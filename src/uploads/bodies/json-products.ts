import { DEFAULT_CSV_LIMITS } from '../../tables/tables.js';

/** Of a text that a row can hold. */
const MAX_LENGTH = DEFAULT_CSV_LIMITS.rowLength;

/** A product as JSON has it. */
export interface JsonProduct {
  serial_number: string;
  product_name: string;
  image_urls: string[];
}

const FIELDS = ['serial_number', 'product_name', 'image_urls'];

/** What is wrong with a product, and where. */
export interface Fault {
  field: string;
  message: string;
}

/** A product of a body. What is wrong with it is told to `onFault`; then the product is not to be used. */
export function readProduct(product: unknown, field: string, onFault: (fault: Fault) => void): JsonProduct {
  const refuse = (name: string, message: string) => onFault({ field: name, message: `${name} ${message}` });
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
 * The row of a product in a CSV file. The URLs of a cell are a list of JSON, which reads as it was written whatever is in them.
 */
export function lineOf({ serial_number, product_name, image_urls }: JsonProduct): string {
  const cell = image_urls.length === 0 ? '' : JSON.stringify(image_urls);
  return `${[serial_number, product_name, cell].map(quoted).join(',')}\n`;
}

/** A cell stands in one line, so that the lines of faults are those of products. */
function quoted(cell: string): string {
  return `"${inOneLine(cell).replaceAll('"', '""')}"`;
}

/**
 * A text in which line ends, and blanks around them, are one blank. A pattern of all of them would begin anew at each of many blanks.
 * Of a text that is too long for a row only as much is left as shows that.
 */
function inOneLine(text: string): string {
  if (text.length > MAX_LENGTH) return text.slice(0, MAX_LENGTH + 1).replace(/[\r\n]/g, ' ');
  if (!/[\r\n]/.test(text)) return text;
  const lines = text.split(/[\r\n]+/);
  const [first, last] = [lines.shift()!, lines.pop()!];
  const between = lines.map((line) => line.trim()).filter((line) => line !== '');
  return [first.trimEnd(), ...between, last.trimStart()].join(' ');
}
