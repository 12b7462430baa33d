import { HostResolver } from '../../src/outbound/addresses/host-resolver.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { useUploads } from '../helpers/app/suite.js';
import { photo } from '../helpers/servers/image-origin.js';

const HEADER = 'S. No.,Product Name,Input Image Urls';

describeOnEachEngine('a CSV file in a dry run', (engine) => {
  const suite = useUploads(engine, async () => ({ '/a.jpg': await photo(64, 48) }));
  let a: string;

  beforeAll(() => {
    a = suite.origin.url('/a.jpg');
  });

  const file = () =>
    `\ufeff${HEADER}\n1,Mug,${a},${a}\n2,Lamp,"${a}|${suite.origin.url('/b.jpg')}"\n3,Chair,www.example.com/1.jpg\n`;

  it('is described, and nothing is stored or fetched', async () => {
    const [before, hits] = [await suite.countRequests(), { ...suite.origin.hits }];

    const { status, json } = await suite.post('/upload?dry_run=true', file());

    expect(status).toBe(200);
    expect(json).toEqual({
      rows: 2,
      rows_without_images: 0,
      lines_without_images: [],
      image_names: [],
      images: 4,
      distinct_urls: 2,
      sample_urls: expect.any(Array),
      lines: [],
      columns: [
        { name: 'S. No.', role: 'serial', samples: ['1', '2', '3'] },
        { name: 'Product Name', role: 'product', samples: ['Mug', 'Lamp', 'Chair'] },
        { name: 'Input Image Urls', role: 'input', samples: expect.any(Array) },
      ],
      hosts: { total: 1, items: [{ host: new URL(a).host, images: 4 }] },
      repairs: {
        total: 3,
        items: expect.arrayContaining([
          { line: 1, column: null, code: 'BOM_SKIPPED' },
          { line: 2, column: 'Input Image Urls', code: 'URLS_OVERFLOWED' },
          { line: 3, column: 'Input Image Urls', code: 'URL_SEPARATOR' },
        ]),
      },
      faults: {
        total: 1,
        items: [
          {
            line: 4,
            column: 'Input Image Urls',
            value: 'www.example.com/1.jpg',
            code: 'URL_INVALID',
            hint: expect.any(String),
          },
        ],
      },
      warnings: { total: 0, items: [] },
      profile: {
        id: 'standard',
        title: 'Table of products with image URLs',
        summary: 'Table of products with image URLs: 2 rows, 1 column of images',
        image_columns: ['Input Image Urls'],
        name_column: 'Product Name',
      },
      layout: {
        columns: [
          { name: 'S. No.', role: 'serial' },
          { name: 'Product Name', role: 'product' },
          { name: 'Input Image Urls', role: 'input' },
        ],
        delimiter: ',',
        encoding: 'utf-8',
        sheet: null,
      },
    });
    expect(await suite.countRequests()).toBe(before);
    expect(suite.origin.hits).toEqual(hits);
  });

  it('warns of addresses that are refused, and takes their rows', async () => {
    const looksUp = jest.spyOn(suite.app.nest.get(HostResolver), 'resolve');
    looksUp.mockClear();
    const images = ['http://10.0.0.1/1.jpg', 'http://[fe80::1]/2.jpg', a];
    const csv = `S. No.,Product Name,Image 1,Image 2\n1,Mug,"${images.join(',')}",http://169.254.169.254/3.jpg\n2,Lamp,${images[0]},none\n`;

    const { json } = await suite.post('/upload?dry_run=true', csv);

    const warning = (column: string, value: string) => {
      return {
        line: 2,
        column,
        value,
        code: 'ADDRESS_REFUSED',
        hint: expect.stringMatching(/^[A-Z].*\.$/),
      };
    };
    expect(json).toMatchObject({
      rows: 1,
      images: 4,
      faults: { total: 1, items: [{ line: 3, value: 'none' }] },
    });
    expect(json.warnings).toEqual({
      total: 3,
      items: [
        warning('Image 1', images[0]),
        warning('Image 1', images[1]),
        warning('Image 2', 'http://169.254.169.254/3.jpg'),
      ],
    });
    expect(looksUp).not.toHaveBeenCalled();
  });

  it('warns of a # that seems to belong to a file name, and of blocked ports', async () => {
    const csv = `${HEADER}\n1,Mug,http://a.example/shoe#2.jpg\n2,Lamp,http://93.184.216.34:6667/a.jpg\n3,Pot,\n`;

    const { json } = await suite.post('/upload?dry_run=true', csv);

    expect(json).toMatchObject({ rows: 3, rows_without_images: 1, faults: { total: 0 } });
    expect(json.warnings.items).toMatchObject([
      { line: 2, code: 'FRAGMENT_IGNORED' },
      { line: 3, code: 'ADDRESS_REFUSED', hint: expect.stringContaining('Port 6667') },
    ]);
  });

  it('names the lines of the first hundred rows without images', async () => {
    const rows = Array.from({ length: 110 }, (_, index) => `${index},Plate ${index},`);
    const csv = `${HEADER}\n1,Mug,${a}\n2,"Bowl,\nblue",\n3,Vase,${a}\n4,Lamp,www.example.com/1.jpg\n5,Pot,\n${rows.join('\n')}\n`;

    const { json } = await suite.post('/upload?dry_run=true', csv);

    expect(json).toMatchObject({ rows: 114, rows_without_images: 112, faults: { total: 1 } });
    expect(json.lines_without_images).toEqual([3, ...Array.from({ length: 99 }, (_, index) => index + 7)]);
  });

  it('is given back cleaned to whom asks for CSV', async () => {
    const { status, headers, text } = await suite.post('/upload?dry_run=true', file(), {
      headers: { accept: 'text/csv' },
    });

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(text).toBe(`\ufeff${HEADER}\n1,Mug,"${a},${a}"\n2,Lamp,"${a},${suite.origin.url('/b.jpg')}"\n`);
  });

  it('is refused as JSON where there is nothing to clean, also to whom asks for CSV', async () => {
    const { status, headers, json } = await suite.post('/upload?dry_run=true', 'hello\n', {
      headers: { accept: 'text/csv' },
    });

    expect([status, json.code]).toEqual([400, 'HEADER_MISSING']);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('is described even if nothing of it can be taken', async () => {
    const { status, json } = await suite.post('/upload?dry_run=true', 'hello\n');

    expect(status).toBe(200);
    expect(json).toMatchObject({ rows: 0, images: 0, layout: null, faults: { total: 1 } });
  });

  it.each([
    ['webhook_url', 'no address', 'WEBHOOK_URL_INVALID'],
    ['keep_sources', '31', 'INVALID_PARAMETER'],
    ['keep_sources', '1e1', 'INVALID_PARAMETER'],
    ['quality', '0', 'INVALID_PARAMETER'],
  ])('is refused where the upload is: %s=%s', async (name, value, code) => {
    const fields = { [name]: value };
    const answers = [
      await suite.post('/upload', file(), { fields }),
      await suite.post('/upload?dry_run=true', file(), { fields }),
    ];

    expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
      [400, code],
      [400, code],
    ]);
  });

  it('may be asked for in the form as well', async () => {
    const { json } = await suite.post('/upload', file(), { fields: { dry_run: 'true' } });

    expect(json).toMatchObject({ rows: 2, faults: { total: 1 } });
    expect(await suite.countRequests()).toBe(0);
  });

  it.each(['yes', '1'])('refuses dry_run=%s', async (value) => {
    const { status, json } = await suite.post(`/upload?dry_run=${value}`, file());

    expect([status, json.code]).toEqual([400, 'INVALID_PARAMETER']);
    expect(await suite.countRequests()).toBe(0);
  });
});
