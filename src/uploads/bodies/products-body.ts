import { JSONParser, TokenType } from '@streamparser/json';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import { MAX_JSON_LEVELS } from '../../http/guards/json-body.guard.js';
import { type Fault, lineOf, readProduct } from './json-products.js';

/** Read in one turn of the event loop. */
const SLICE_BYTES = 16 * 1024;

/** In one product, and in all fields beside the products; a row has 1,000 URLs at most. */
const MAX_VALUES = 10_000;

/** In which a text, a number or a blank has to end: a whole row may have half of that. */
const MAX_QUIET_SLICES = 64;

/** Faults that are listed. */
const MAX_DETAILS = 100;

/** A long number is gathered as bytes: as a list of its digits it took 22 bytes a digit, and 63 ms a mebibyte where it now takes 9. */
const NUMBER_BUFFER_BYTES = 1024;

const CSV_CHUNK_LENGTH = 64 * 1024;

const OPENING = new Set<TokenType>([TokenType.LEFT_BRACE, TokenType.LEFT_BRACKET]);
const CLOSING = new Set<TokenType>([TokenType.RIGHT_BRACE, TokenType.RIGHT_BRACKET]);
const BETWEEN = new Set<TokenType>([TokenType.COLON, TokenType.COMMA]);

/** What a body of products holds. */
export interface ProductsBody {
  /** The fields beside `products`. */
  fields: Partial<Record<string, unknown>>;
  /** The products as the CSV file that somebody would upload, in pieces: line 2 is the first product. */
  csv: Buffer[];
}

/**
 * Reads an object of JSON with `products` and `names` piece by piece: other calls have their turn meanwhile, and a product is let go
 * when its row is written, so that work and memory grow with the body only.
 *
 * @throws AppError `JSON_INVALID`, `JSON_TOO_DEEP`, `UNKNOWN_FIELD`; `INVALID_PARAMETER` for a text, a number or blank space of more than
 *   a mebibyte, and with a detail for each of the first hundred faults of products
 */
export async function readProductsBody(body: Buffer, names: string[]): Promise<ProductsBody> {
  const reader = new ProductsReader(names);
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    reader.read(body.subarray(at, at + SLICE_BYTES));
    await nextTurn();
  }
  return reader.end();
}

class ProductsReader {
  private readonly parser: JSONParser;
  private readonly fields: ProductsBody['fields'] = {};
  private readonly csv: Buffer[] = [];
  private readonly faults: Fault[] = [];
  private text = 'S. No.,Product Name,Input Image Urls\n';
  private products = 0;
  private depth = 0;
  private expectsName = false;
  /** Of the field that is read. */
  private name = '';
  private valuesOfProduct = 0;
  /** Slices since the last of them in which anything ended. */
  private quietSlices = 0;
  private valuesBeside = 0;

  constructor(private readonly names: string[]) {
    const paths = ['$.products.*', ...names.map((name) => `$.${name}`)];
    this.parser = new JSONParser({ paths, keepStack: false, numberBufferSize: NUMBER_BUFFER_BYTES });
    keepMarks(this.parser);
    this.parser.onToken = ({ token, value }) => this.onToken(token, value);
    this.parser.onValue = ({ value, parent }) => this.onValue(value, parent);
  }

  read(slice: Buffer): void {
    if (++this.quietSlices > MAX_QUIET_SLICES) throw tooLong();
    try {
      this.parser.write(slice);
    } catch (error) {
      throw error instanceof AppError ? error : new AppError('JSON_INVALID');
    }
  }

  end(): ProductsBody {
    if (!this.parser.isEnded) throw new AppError('JSON_INVALID');
    if (this.products === 0) throw noProducts();
    if (this.faults.length > 0) throw this.invalid();
    this.csv.push(Buffer.from(this.text)); // the garbage collector would follow each of the small texts that make a long one
    return { fields: this.fields, csv: this.csv };
  }

  /** Looks at each part of the text before the parser makes anything of it. */
  private onToken(token: TokenType, value: unknown): void {
    this.quietSlices = 0;
    if (this.depth === 0 && token !== TokenType.LEFT_BRACE) throw noObject();
    if (this.depth === 1 && this.expectsName && token === TokenType.STRING) this.begin(String(value));
    if (this.depth <= 1) this.expectsName = token === TokenType.COMMA || token === TokenType.LEFT_BRACE;
    if (OPENING.has(token) && ++this.depth > MAX_JSON_LEVELS) throw new AppError('JSON_TOO_DEEP');
    if (CLOSING.has(token)) this.depth--;
    else if (!BETWEEN.has(token)) this.count();
  }

  private begin(name: string): void {
    this.name = name;
    if (name !== 'products' && !this.names.includes(name)) throw unknownField(name, this.names);
  }

  private count(): void {
    const isOfProduct = this.name === 'products';
    if ((isOfProduct ? ++this.valuesOfProduct : ++this.valuesBeside) <= MAX_VALUES) return;
    const what = isOfProduct ? `products[${this.products}] holds` : 'The fields beside products hold';
    throw new AppError('INVALID_PARAMETER', `${what} more than ${MAX_VALUES.toLocaleString('en')} values.`);
  }

  private onValue(value: unknown, parent: unknown): void {
    if (this.name !== 'products') this.fields[this.name] = value;
    else if (Array.isArray(parent)) this.onProduct(value);
    else throw noProducts();
  }

  private onProduct(given: unknown): void {
    this.valuesOfProduct = 0;
    const product = readProduct(given, `products[${this.products++}]`, (fault) => {
      this.faults.push(fault);
      if (this.faults.length === MAX_DETAILS) throw this.invalid();
    });
    if (this.faults.length === 0) this.text += lineOf(product);
    if (this.text.length < CSV_CHUNK_LENGTH) return;
    this.csv.push(Buffer.from(this.text));
    this.text = '';
  }

  private invalid(): AppError {
    return new AppError('INVALID_PARAMETER', `${this.faults[0].message}.`, { details: this.faults });
  }
}

/**
 * The parser's decoder takes U+FEFF at the beginning of each piece of a string for a byte order mark, and leaves it out. It has no option
 * for that, so its decoder is replaced; a test fails where a later version has another one.
 */
function keepMarks(parser: JSONParser): void {
  const { tokenizer } = parser as unknown as { tokenizer: { bufferedString: { decoder: unknown } } };
  tokenizer.bufferedString.decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
}

export function noObject(): AppError {
  return new AppError('INVALID_PARAMETER', 'The body must be an object with products.');
}

function noProducts(): AppError {
  return new AppError('INVALID_PARAMETER', 'products must be a list with at least one product.');
}

function tooLong(): AppError {
  return new AppError(
    'INVALID_PARAMETER',
    'No text, number or blank space in the body may have more than a mebibyte.',
  );
}

function unknownField(name: string, names: string[]): AppError {
  const there = ['products', ...names].join(', ');
  const shown = name.slice(0, 80);
  return new AppError('UNKNOWN_FIELD', `There is no field "${shown}" here; there are ${there}.`, {
    details: [{ field: shown, message: 'there is no such field' }],
  });
}
