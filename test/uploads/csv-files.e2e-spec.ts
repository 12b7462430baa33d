import fc from 'fast-check';
import Papa from 'papaparse';
import { DataSource } from 'typeorm';
import { HostResolver } from '../../src/outbound/addresses/host-resolver.js';
import { describeOnEachEngine } from '../helpers/app/engines.js';
import { photo } from '../helpers/servers/image-origin.js';
import { useUploads } from '../helpers/app/suite.js';
import { propertyRuns } from '../helpers/property-runs.js';

const HEADER = 'S. No.,Product Name,Input Image Urls';
const RUNS = propertyRuns(200);

describeOnEachEngine('a CSV file', (engine) => {
  const suite = useUploads(engine, async () => {
    const image = await photo(64, 48);
    return { '/a.jpg': image, '/blue%20mug.jpg': image };
  });
  let a: string;
  let gone: string;

  beforeAll(() => {
    // Generated files may hold addresses that we don't mean: no name leaves this machine.
    const notFound = Object.assign(new Error('not asked'), { code: 'ENOTFOUND' });
    jest.spyOn(suite.app.nest.get(HostResolver), 'resolve').mockRejectedValue(notFound);
    a = suite.origin.url('/a.jpg');
    gone = suite.origin.url('/gone.jpg');
  });

  it('keeps rows without images, and their output is empty', async () => {
    const { status, json } = await suite.post('/upload', `${HEADER}\n1,Mug,\n2,Lamp,${a}\n3,Pot\n`);
    expect(status).toBe(200);
    await suite.app.client.completed(json.request_id);

    const output = await suite.app.client.get(`/requests/${json.request_id}/output.csv`);

    const rows = Papa.parse<string[]>(output.text.trim()).data.slice(1);
    expect(rows.map(([serial, name, input, url]) => [serial, name, input, url !== ''])).toEqual([
      ['1', 'Mug', '', false],
      ['2', 'Lamp', a, true],
      ['3', 'Pot', '', false],
    ]);
  });

  it('says in its request what is odd about its addresses', async () => {
    const { json } = await suite.post(
      '/upload',
      `${HEADER}\n1,Mug,\n2,Lamp,${a}#2\n3,Pot,http://10.0.0.1/1.jpg\n`,
    );
    await suite.app.client.completed(json.request_id);
    const { json: request } = await suite.app.client.get(`/requests/${json.request_id}`);

    expect(request).toMatchObject({
      rows_without_images: 1,
      warnings: {
        total: 1,
        items: [
          { line: 4, column: 'Input Image Urls', value: 'http://10.0.0.1/1.jpg', code: 'ADDRESS_REFUSED' },
        ],
      },
    });
  });

  it('holds addresses as people paste them', async () => {
    const mug = suite.origin.url('/blue mug.jpg').replaceAll('%20', ' ');
    const { json } = await suite.post(
      '/upload',
      `${HEADER}\n1,Mug,<${a}>\n2,Pot,"=IMAGE(""${a}"")"\n3,Lamp,${mug}\n`,
    );
    await suite.app.client.completed(json.request_id);

    const { json: request } = await suite.app.client.get(`/requests/${json.request_id}`);

    expect(request).toMatchObject({ counts: { images: 3, done: 3 } });
    expect(suite.origin.hits['/blue%20mug.jpg']).toBe(1);
  });

  describe('with rows that can not be taken', () => {
    const file = () =>
      `${HEADER}\n1,Mug,${a}\n2,Lamp,nothing\n3,"=Chair, red","${a},${gone}"\n4,Sofa,sofa.jpg\n`;

    it('is taken without them where the user says so, and errors.csv lists all that is missing', async () => {
      const { status, json } = await suite.post('/upload', file(), { fields: { on_invalid: 'skip' } });
      expect(status).toBe(200);
      await suite.app.client.completed(json.request_id);

      const request = await suite.app.client.get(`/requests/${json.request_id}`);
      const output = Papa.parse<string[]>(
        (await suite.app.client.get(`/requests/${json.request_id}/output.csv`)).text.trim(),
      );
      const errors = await suite.app.client.get(`/requests/${json.request_id}/errors.csv`);

      expect(request.json).toMatchObject({
        faults: 2,
        counts: { products: 2, images: 3, done: 2, failed: 1 },
      });
      expect(output.data.map((row) => row[1])).toEqual(['Product Name', 'Mug', '=Chair, red']);
      expect(errors.headers.get('content-disposition')).toContain('products-errors.csv');
      expect(errors.headers.get('x-request-status')).toBe('Completed');
      const rows = Papa.parse<Record<string, string>>(errors.text.trim(), { header: true }).data;
      expect(rows).toEqual([
        expect.objectContaining({
          Line: '3',
          'Serial Number': '2',
          'Product Name': 'Lamp',
          'Input Image Url': 'nothing',
          Code: 'URL_INVALID',
          Attempts: '0',
          'What To Do': expect.stringMatching(/beginning with http/),
        }),
        expect.objectContaining({ Line: '5', 'Input Image Url': 'sofa.jpg', Code: 'URL_INVALID' }),
        {
          Line: '4',
          'Serial Number': '3',
          'Product Name': '=Chair, red',
          Position: '2',
          'Input Image Url': gone,
          Code: 'HTTP_404',
          Message: expect.any(String),
          Retryable: 'false',
          Attempts: '1',
          'What To Do': 'There is nothing at this link. Look for a spelling mistake in it.',
        },
      ]);
    });

    it('is made safe for a spreadsheet program on request', async () => {
      const { json } = await suite.post('/upload', file(), { fields: { on_invalid: 'skip' } });
      await suite.app.client.completed(json.request_id);

      const plain = await suite.app.client.get(`/requests/${json.request_id}/output.csv`);
      const safe = await suite.app.client.get(`/requests/${json.request_id}/output.csv?safe=spreadsheet`);
      const errors = await suite.app.client.get(`/requests/${json.request_id}/errors.csv?safe=spreadsheet`);

      expect(plain.text).toContain('"=Chair, red"');
      expect(safe.text).toContain(`"'=Chair, red"`);
      expect(errors.text).toContain(`"'=Chair, red"`);
      expect((await suite.app.client.get(`/requests/${json.request_id}/output.csv?safe=yes`)).status).toBe(
        400,
      );
    });

    it('is refused where none of its rows can be taken, and where the wish is not understood', async () => {
      const none = await suite.post('/upload', `${HEADER}\n1,Mug,nothing\n`, {
        fields: { on_invalid: 'skip' },
      });
      const wish = await suite.post('/upload', file(), { fields: { on_invalid: 'ignore' } });
      const empty = await suite.post('/upload', file(), { fields: { on_invalid: '' } });

      expect([none.status, none.json.code]).toEqual([400, 'CSV_INVALID']);
      expect([wish.status, wish.json.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect([empty.status, empty.json.code]).toEqual([400, 'CSV_INVALID']);
    });
  });

  it('with an address that is refused is taken, and that image alone fails', async () => {
    const { status, json } = await suite.post('/upload', `${HEADER}\n1,Mug,"http://10.0.0.1/1.jpg,${a}"\n`);
    await suite.app.client.completed(json.request_id);

    const images = await suite.app.client.get(`/requests/${json.request_id}/images`);

    expect(status).toBe(200);
    expect(images.json.items).toMatchObject([
      { status: 'failed', error: { code: 'ADDRESS_REFUSED' } },
      { status: 'done' },
    ]);
  });

  it('is compressed at the quality that was asked for', async () => {
    const bytes = [];
    for (const quality of ['20', '', '90']) {
      const { json } = await suite.post('/upload', `${HEADER}\n1,Mug,${a}\n`, { fields: { quality } });
      await suite.app.client.completed(json.request_id);
      const request = await suite.app.client.get(`/requests/${json.request_id}`);
      expect(request.json.options.quality).toBe(Number(quality || 50));
      bytes.push(request.json.bytes.output);
    }
    const refused = await Promise.all(
      ['0', '101', '50.5', 'best'].map((quality) =>
        suite.post('/upload', `${HEADER}\n1,Mug,${a}\n`, { fields: { quality } }),
      ),
    );

    expect(bytes).toEqual([...bytes].sort((x, y) => x - y));
    expect(new Set(bytes).size).toBe(3);
    expect(refused.map(({ status, json }) => [status, json.code])).toEqual(
      Array(4).fill([400, 'INVALID_PARAMETER']),
    );
  });

  it('comes back with its own delimiter, line ends, columns and order, and can be fed in again', async () => {
    const input = `\ufeffColour;Sr. No;product_name;inputImageUrls;Price\r\nred;1;Mug;${a},${gone};"1,50"\r\n;2;"Lamp;large";${a};\r\n`;
    const { json } = await suite.post('/upload', input);
    await suite.app.client.completed(json.request_id);
    const first = await suite.app.client.get(`/requests/${json.request_id}/output.csv`);

    const again = await suite.post('/upload', first.text);
    await suite.app.client.completed(again.json.request_id);
    const second = await suite.app.client.get(`/requests/${again.json.request_id}/output.csv`);

    const [one, two] = [json, again.json].map(({ request_id }) => new RegExp(request_id, 'g'));
    expect(second.text.replace(two, 'ID')).toBe(first.text.replace(one, 'ID'));
    const rows = Papa.parse<string[]>(first.text.slice(1).trim()).data;
    expect(first.text.startsWith('\ufeff')).toBe(true);
    expect(first.text.split('\r\n')).toHaveLength(4);
    expect(rows[0]).toEqual([
      'Colour',
      'Sr. No',
      'product_name',
      'inputImageUrls',
      'Price',
      'Output Image Urls',
    ]);
    expect(rows[1].slice(0, 5)).toEqual(['red', '1', 'Mug', `${a},${gone}`, '1,50']);
    expect(rows[1][5]).toMatch(/^http:.*\.jpg,$/);
    expect(rows[2].slice(0, 5)).toEqual(['', '2', 'Lamp;large', a, '']);
  });

  it('comes back whole with a thousand URLs in a row', async () => {
    const rows = Array.from({ length: 2 }, (_, row) =>
      Array.from({ length: 700 + 300 * row }, (_, n) => `${gone}?${row}-${n}`),
    );
    const { json } = await suite.post(
      '/upload',
      `${HEADER}\n${rows.map((urls, row) => `${row},Mug,"${urls.join(',')}"`).join('\n')}\n`,
    );

    const { text } = await suite.app.client.get(`/requests/${json.request_id}/output.csv`);

    const output = Papa.parse<string[]>(text.trim()).data.slice(1);
    expect(output.map((row) => row[2].split(','))).toEqual(rows);
    expect(output.map((row) => row[3].split(',').length)).toEqual([700, 1000]);
    const head = await fetch(`${suite.app.client.url}/requests/${json.request_id}/output.csv`, {
      method: 'HEAD',
    });
    expect([head.status, await head.text()]).toEqual([200, '']);
    await suite.app.client.completed(json.request_id);
  });

  it('never makes an answer of 5xx, whatever is in it', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        HEADER,
        '\n',
        '\r\n',
        ',',
        ';',
        '\t',
        '"',
        '""',
        "'",
        '|',
        ' ',
        '\0',
        '\ufeff',
        '[',
        ']',
        '1,Mug,',
      ),
      fc.constantFrom(
        'http://127.0.0.1:1/a.jpg',
        'https://',
        'http://a b',
        'ftp://x',
        'Product Name',
        'Output Image Urls',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));
    const withHeader = text.map((rest) => Buffer.concat([Buffer.from(`${HEADER}\n`), rest]));
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

    await fc.assert(
      fc.asyncProperty(fc.oneof(text, withHeader, bytes), fc.boolean(), async (csv, isDryRun) => {
        const { status, text: body } = await suite.post(`/upload?dry_run=${isDryRun}`, csv, {
          fields: { on_invalid: 'skip' },
        });

        if (![200, 400].includes(status)) throw new Error(`${status}: ${body}`);
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps of each image its column and its place in the cell', async () => {
    const [first, second] = [a, suite.origin.url('/b.jpg')];
    const csv = `Name,Image 1,Image 2\nMug,"${first},${second}",${first}\nLamp,,${second}\n`;

    const id = await suite.app.client.accepted(csv);

    const sql = `SELECT cell_column AS col, cell_position AS place FROM images JOIN requests
      ON requests.request_key = images.request_key WHERE requests.id = ? ORDER BY number`;
    const images = await suite.app.nest.get(DataSource).manager.query(sql, [id]);
    expect(images.map(({ col, place }: { col: number; place: number }) => [col, place])).toEqual([
      [2, 1],
      [2, 2],
      [3, 1],
      [3, 1],
    ]);
  });
});
