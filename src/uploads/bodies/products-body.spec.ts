import fc from 'fast-check';
import { longestSlice } from '../../../test/helpers/main-thread.js';
import { propertyRuns } from '../../../test/helpers/property-runs.js';
import { lineOf, readProduct } from './json-products.js';
import { readProductsBody } from './products-body.js';

const HEADER = 'S. No.,Product Name,Input Image Urls\n';
const BYTES = 10 * 1024 * 1024;
/** Asked are 100 ms. A thread takes twice the CPU time beside others on its core. */
const MAX_SLICE_MS = 200;

const read = (text: string) => readProductsBody(Buffer.from(text), ['name', 'labels', 'sizes']);

/** The text so often, with commas between, that it has the length of the longest body. */
const many = (text: string) =>
  Array(Math.floor(BYTES / (text.length + 1)))
    .fill(text)
    .join(',');
const manyNamed = (name: string) => many(`{"product_name":"${name}"}`);
const manyNames = Array.from({ length: 700_000 }, (_, index) => `"k${index}":0`).join(',');

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'read',
    (error: { code?: string }) => error.code ?? 'no code',
  );
}

function throwFault({ message }: { message: string }): never {
  throw new Error(message);
}

describe('a body of products', () => {
  it('gives a row for each product, and the other fields', async () => {
    const { csv, fields } = await read(
      '\ufeff {"name":"Spring","products":[{"serial_number":7,"product_name":"A \\"cup\\"","image_urls":["a,b","c"]},{}],"labels":{"a":["b"]}} ',
    );

    expect(csv.join('')).toBe(HEADER + '"7","A ""cup""","[""a,b"",""c""]"\n"","",""\n');
    expect(fields).toEqual({ name: 'Spring', labels: { a: ['b'] } });
  });

  it('keeps U+FEFF in names, wherever it stands and wherever the body is cut in slices', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `\ufeff${'x'.repeat(index % 7)}"\ufeff\ufeff`);
    const products = names.map((name) => ({ product_name: name }));

    const { csv } = await read(JSON.stringify({ products }));

    const rows = products.map((product) => lineOf(readProduct(product, '', throwFault)));
    expect(csv.join('')).toBe(HEADER + rows.join(''));
    expect(csv.join('').split('\ufeff')).toHaveLength(3 * names.length + 1);
  });

  it.each([
    ['', 'JSON_INVALID'],
    ['{"products":[{}]', 'JSON_INVALID'],
    ['{"products":[{}]} {}', 'JSON_INVALID'],
    ['{"products":[01]}', 'JSON_INVALID'],
    ['[{}]', 'INVALID_PARAMETER'],
    ['"products"', 'INVALID_PARAMETER'],
    ['{}', 'INVALID_PARAMETER'],
    ['{"products":[]}', 'INVALID_PARAMETER'],
    ['{"products":{"0":{}}}', 'INVALID_PARAMETER'],
    ['{"products":null}', 'INVALID_PARAMETER'],
    ['{"products":[{"__proto__":{"image_urls":[]}}]}', 'INVALID_PARAMETER'],
    ['{"products":[{}],"__proto__":1}', 'UNKNOWN_FIELD'],
    ['{"products":[{}],"constructor":1}', 'UNKNOWN_FIELD'],
    [`{"products":[{"image_urls":${'['.repeat(32)}`, 'JSON_TOO_DEEP'],
  ])('is refused: %s', async (text, code) => {
    expect(await codeOf(read(text))).toBe(code);
  });

  it('lists the first hundred faults', async () => {
    await expect(read(`{"products":[{},${many('0')}]}`)).rejects.toMatchObject({
      message: 'products[1] must be an object with serial_number, product_name, image_urls.',
      details: Array.from({ length: 100 }, (_, index) => ({ field: `products[${index + 1}]` })).map(
        expect.objectContaining,
      ),
    });
  });

  it.each([
    ['empty products', `{"products":[${many('{}')}]}`, 'read'],
    ['products of one URL', `{"products":[${many('{"image_urls":["http://a.example/1.jpg"]}')}]}`, 'read'],
    ['numbers for products', `{"products":[${many('0')}]}`, 'INVALID_PARAMETER'],
    ['numbers for URLs', `{"products":[{"image_urls":[${many('0')}]}]}`, 'INVALID_PARAMETER'],
    ['names in a product', `{"products":[{${manyNames}}]}`, 'INVALID_PARAMETER'],
    ['names', `{${manyNames}}`, 'UNKNOWN_FIELD'],
    ['labels', `{"labels":{${manyNames}},"products":[{}]}`, 'INVALID_PARAMETER'],
    ['sizes', `{"sizes":[${many('1')}],"products":[{}]}`, 'INVALID_PARAMETER'],
    ['levels', '['.repeat(BYTES), 'INVALID_PARAMETER'],
    ['levels of a field', `{"name":${'['.repeat(BYTES)}`, 'JSON_TOO_DEEP'],
    ['digits', `{"products":${'1'.repeat(BYTES)}}`, 'INVALID_PARAMETER'],
    ['blanks', `{"products":[${manyNamed('x' + ' '.repeat(1_000_000) + 'x')}]}`, 'read'],
    ['lines', `{"products":[${manyNamed('\\n  '.repeat(250_000))}]}`, 'read'],
    [
      'a text of escapes',
      `{"products":[{"product_name":"${'\\u000a'.repeat(BYTES / 6)}"}]}`,
      'INVALID_PARAMETER',
    ],
    ['letters', `{"products":[{"product_name":"${'x'.repeat(BYTES)}"}]}`, 'INVALID_PARAMETER'],
  ])('is read in short slices: ten megabytes of %s', async (_, text, expected) => {
    const body = Buffer.from(text);
    let code = '';
    const slice = await longestSlice(MAX_SLICE_MS, async () => {
      code = await codeOf(readProductsBody(body, ['name', 'labels', 'sizes']));
    });

    expect(code).toBe(expected);
    expect(slice).toBeLessThan(MAX_SLICE_MS);
  });

  it('is read as JSON.parse reads it', async () => {
    const product = fc.record(
      {
        serial_number: fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        product_name: fc.string({ unit: 'binary' }),
        image_urls: fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
      },
      { requiredKeys: [] },
    );
    const products = fc.array(product, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(products, fc.json(), fc.constantFrom(0, 2), async (given, labels, spaces) => {
        const text = JSON.stringify({ products: given, labels: JSON.parse(labels) as unknown }, null, spaces);
        const parsed = JSON.parse(text) as { products: unknown[]; labels: unknown };
        const rows = parsed.products.map((one) => lineOf(readProduct(one, '', throwFault)));
        const { csv, fields } = await read(text);

        expect(csv.join('')).toBe(HEADER + rows.join(''));
        expect(fields).toEqual({ labels: parsed.labels });
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
