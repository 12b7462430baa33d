import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Papa from 'papaparse';
import { DataSource } from 'typeorm';
import { RequestEntity } from '../src/database/entities/request.entity.js';
import { HostResolver } from '../src/outbound/addresses/host-resolver.js';
import { RequestDraft } from '../src/requests/request-draft.js';
import { RequestsService } from '../src/requests/requests.service.js';
import { UploadsService } from '../src/uploads/uploads.service.js';
import { describeOnEachEngine, type Installation } from './helpers/engines.js';
import { type ImageOrigin, photo, serveImages } from './helpers/image-origin.js';
import { startApp, type TestApp } from './helpers/test-app.js';
import { until } from './helpers/wait.js';
import { propertyRuns } from './helpers/property-runs.js';

const HEADER = 'S. No.,Product Name,Input Image Urls';
const RUNS = propertyRuns(200);

describeOnEachEngine('a CSV file', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let a: string;
  let gone: string;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    // Generated files may hold addresses that we don't mean: no name leaves this machine.
    const notFound = Object.assign(new Error('not asked'), { code: 'ENOTFOUND' });
    jest.spyOn(app.nest.get(HostResolver), 'resolve').mockRejectedValue(notFound);
    origin = await serveImages({ '/a.jpg': await photo(64, 48) });
    a = origin.url('/a.jpg');
    gone = origin.url('/gone.jpg');
  });
  // What was spooled is removed, be it a moment after the answer.
  afterEach(() =>
    until(() => readdirSync(path.join(installation.environment.DATA_DIR, 'uploads')).length === 0),
  );
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const post = async (
    path: string,
    csv: string | Buffer,
    options: { fields?: object; headers?: Record<string, string> } = {},
  ) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(options.fields ?? {})) form.append(name, value);
    form.append('file', new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)]), 'products.csv');
    const response = await fetch(app.client.url + path, {
      method: 'POST',
      body: form,
      headers: options.headers,
    });
    const text = Buffer.from(await response.arrayBuffer()).toString();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? JSON.parse(text) : null,
    };
  };
  const countRequests = () => app.nest.get(DataSource).manager.count(RequestEntity);

  describe('in a dry run', () => {
    const file = () =>
      `\ufeff${HEADER}\n1,Mug,${a},${a}\n2,Lamp,"${a}|${origin.url('/b.jpg')}"\n3,Chair,www.example.com/1.jpg\n`;

    it('is described, and nothing is stored or fetched', async () => {
      const [before, hits] = [await countRequests(), { ...origin.hits }];

      const { status, json } = await post('/upload?dry_run=true', file());

      expect(status).toBe(200);
      expect(json).toEqual({
        rows: 2,
        images: 4,
        distinct_urls: 2,
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
        layout: {
          columns: [
            { name: 'S. No.', role: 'serial' },
            { name: 'Product Name', role: 'product' },
            { name: 'Input Image Urls', role: 'input' },
          ],
          delimiter: ',',
          encoding: 'utf-8',
        },
      });
      expect(await countRequests()).toBe(before);
      expect(origin.hits).toEqual(hits);
    });

    it('warns of addresses that are refused, and takes their rows', async () => {
      const looksUp = jest.spyOn(app.nest.get(HostResolver), 'resolve');
      looksUp.mockClear();
      const images = ['http://10.0.0.1/1.jpg', 'http://[fe80::1]/2.jpg', a];
      const csv = `S. No.,Product Name,Image 1,Image 2\n1,Mug,"${images.join(',')}",http://169.254.169.254/3.jpg\n2,Lamp,${images[0]},none\n`;

      const { json } = await post('/upload?dry_run=true', csv);

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

    it('is given back cleaned to whom asks for CSV', async () => {
      const { status, headers, text } = await post('/upload?dry_run=true', file(), {
        headers: { accept: 'text/csv' },
      });

      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(text).toBe(`\ufeff${HEADER}\n1,Mug,"${a},${a}"\n2,Lamp,"${a},${origin.url('/b.jpg')}"\n`);
    });

    it('is refused as JSON where there is nothing to clean, also to whom asks for CSV', async () => {
      const { status, headers, json } = await post('/upload?dry_run=true', 'hello\n', {
        headers: { accept: 'text/csv' },
      });

      expect([status, json.code]).toEqual([400, 'HEADER_MISSING']);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    });

    it('is described even if nothing of it can be taken', async () => {
      const { status, json } = await post('/upload?dry_run=true', 'hello\n');

      expect(status).toBe(200);
      expect(json).toMatchObject({ rows: 0, images: 0, layout: null, faults: { total: 1 } });
    });

    it('may be asked for in the form as well', async () => {
      const form = new FormData();
      form.append('file', new Blob([file()]), 'products.csv');
      form.append('dry_run', 'true');
      const answer = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });

      expect(await answer.json()).toMatchObject({ rows: 2, faults: { total: 1 } });
      expect(await countRequests()).toBe(0);
    });

    it.each(['yes', '1'])('refuses dry_run=%s', async (value) => {
      const { status, json } = await post(`/upload?dry_run=${value}`, file());

      expect([status, json.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect(await countRequests()).toBe(0);
    });
  });

  describe('with rows that can not be taken', () => {
    const file = () => `${HEADER}\n1,Mug,${a}\n2,Lamp,nothing\n3,"=Chair, red","${a},${gone}"\n4,Sofa,\n`;

    it('is taken without them where the user says so, and errors.csv lists all that is missing', async () => {
      const { status, json } = await post('/upload', file(), { fields: { on_invalid: 'skip' } });
      expect(status).toBe(200);
      await app.client.completed(json.request_id);

      const request = await app.client.get(`/requests/${json.request_id}`);
      const output = Papa.parse<string[]>(
        (await app.client.get(`/requests/${json.request_id}/output.csv`)).text.trim(),
      );
      const errors = await app.client.get(`/requests/${json.request_id}/errors.csv`);

      expect(request.json).toMatchObject({
        faults: 2,
        counts: { products: 2, images: 3, done: 2, failed: 1 },
      });
      expect(output.data.map((row) => row[1])).toEqual(['Product Name', 'Mug', '=Chair, red']);
      expect(errors.headers.get('content-disposition')).toContain('errors-products.csv');
      expect(errors.headers.get('x-request-status')).toBe('Completed');
      const rows = Papa.parse<Record<string, string>>(errors.text.trim(), { header: true }).data;
      expect(rows).toEqual([
        expect.objectContaining({
          Line: '3',
          'Input Image Url': 'nothing',
          Code: 'URL_INVALID',
          Attempts: '0',
        }),
        expect.objectContaining({ Line: '5', 'Input Image Url': '', Code: 'NO_URL' }),
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
        },
      ]);
    });

    it('is made safe for a spreadsheet program on request', async () => {
      const { json } = await post('/upload', file(), { fields: { on_invalid: 'skip' } });
      await app.client.completed(json.request_id);

      const plain = await app.client.get(`/requests/${json.request_id}/output.csv`);
      const safe = await app.client.get(`/requests/${json.request_id}/output.csv?safe=spreadsheet`);
      const errors = await app.client.get(`/requests/${json.request_id}/errors.csv?safe=spreadsheet`);

      expect(plain.text).toContain('"=Chair, red"');
      expect(safe.text).toContain(`"'=Chair, red"`);
      expect(errors.text).toContain(`"'=Chair, red"`);
      expect((await app.client.get(`/requests/${json.request_id}/output.csv?safe=yes`)).status).toBe(400);
    });

    it('is refused where none of its rows can be taken, and where the wish is not understood', async () => {
      const none = await post('/upload', `${HEADER}\n1,Mug,nothing\n`, { fields: { on_invalid: 'skip' } });
      const wish = await post('/upload', file(), { fields: { on_invalid: 'ignore' } });
      const empty = await post('/upload', file(), { fields: { on_invalid: '' } });

      expect([none.status, none.json.code]).toEqual([400, 'CSV_INVALID']);
      expect([wish.status, wish.json.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect([empty.status, empty.json.code]).toEqual([400, 'CSV_INVALID']);
    });
  });

  describe('uploaded again with the same Idempotency-Key', () => {
    const file = () => `${HEADER}\n1,Mug,${a}\n`;
    const upload = (key: string, csv = file(), fields = {}) =>
      post('/upload', csv, { headers: { 'idempotency-key': key }, fields });

    it('gives the first request again, also when both come at once', async () => {
      const before = await countRequests();
      const answers = await Promise.all([upload('one'), upload('one'), upload('one')]);
      const again = await upload('one');

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(new Set([...answers, again].map(({ json }) => json.request_id)).size).toBe(1);
      expect(await countRequests()).toBe(before + 1);
    });

    it('is refused if it is another file, or is to be read in another way', async () => {
      await upload('two');

      const other = await upload('two', `${HEADER}\n1,Lamp,${a}\n`);
      const otherwise = await upload('two', file(), { on_invalid: 'skip' });

      expect([other.status, other.json.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      expect(otherwise.status).toBe(409);
    });

    it('is another request under another key, and after a refusal', async () => {
      const refused = await upload('three', 'hello\n');
      const accepted = await upload('three');
      const other = await upload('Three');

      expect([refused.status, accepted.status, other.status]).toEqual([400, 200, 200]);
      expect(other.json.request_id).not.toBe(accepted.json.request_id);
    });

    it('gives the id of the first request also where that was not found at first', async () => {
      const first = await upload('four');
      const find = jest.spyOn(app.nest.get(RequestsService), 'findByIdempotencyKey');
      find.mockResolvedValueOnce(null).mockResolvedValueOnce(null);

      const { status, json } = await upload('four');
      find.mockRestore();

      expect([status, json]).toEqual([200, first.json]);
    });

    it('wants a key of at most 255 characters', async () => {
      expect((await upload('k'.repeat(255))).status).toBe(200);
      expect((await upload('k'.repeat(256))).json).toMatchObject({ code: 'IDEMPOTENCY_KEY_INVALID' });
    });
  });

  it('with an address that is refused is taken, and that image alone fails', async () => {
    const { status, json } = await post('/upload', `${HEADER}\n1,Mug,"http://10.0.0.1/1.jpg,${a}"\n`);
    await app.client.completed(json.request_id);

    const images = await app.client.get(`/requests/${json.request_id}/images`);

    expect(status).toBe(200);
    expect(images.json.items).toMatchObject([
      { status: 'failed', error: { code: 'ADDRESS_REFUSED' } },
      { status: 'done' },
    ]);
  });

  describe('whose client goes away', () => {
    const bad = Buffer.from(`${HEADER}\n${'a\n'.repeat(4_000_000)}`);
    const good = () => `${HEADER}\n${`1,Mug,${a}\n`.repeat(20_000)}`;

    const leave = (path: string, csv: Buffer | string, hasBegun: () => boolean) => {
      const leaving = new AbortController();
      const form = new FormData();
      form.append('on_invalid', 'skip');
      form.append('file', new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)]), 'products.csv');
      const answer = fetch(app.client.url + path, { method: 'POST', body: form, signal: leaving.signal });
      const left = until(hasBegun).then(() => leaving.abort());
      return Promise.all([left, expect(answer).rejects.toThrow('abort')]);
    };

    it.each<['survey' | 'accept', string]>([
      ['survey', '/upload?dry_run=true'],
      ['accept', '/upload'],
    ])('is read no further (%s)', async (method, path) => {
      const before = await countRequests();
      const called = jest.spyOn(app.nest.get(UploadsService), method);

      await leave(path, bad, () => called.mock.calls.length > 0);

      await expect(called.mock.results[0].value).rejects.toThrow('Request closed');
      expect(await countRequests()).toBe(before);
      called.mockRestore();
    });

    it('is stored no further', async () => {
      const before = await countRequests();
      const accept = jest.spyOn(app.nest.get(UploadsService), 'accept');
      const added = jest.spyOn(RequestDraft.prototype, 'add');

      await leave('/upload', good(), () => added.mock.calls.length > 0);

      await expect(accept.mock.results[0].value).rejects.toThrow('Request closed');
      expect(await countRequests()).toBe(before);
      accept.mockRestore();
      added.mockRestore();
    });
  });

  it('is compressed at the quality that was asked for', async () => {
    const bytes = [];
    for (const quality of ['20', '', '90']) {
      const { json } = await post('/upload', `${HEADER}\n1,Mug,${a}\n`, { fields: { quality } });
      await app.client.completed(json.request_id);
      const request = await app.client.get(`/requests/${json.request_id}`);
      expect(request.json.options.quality).toBe(Number(quality || 50));
      bytes.push(request.json.bytes.output);
    }
    const refused = await Promise.all(
      ['0', '101', '50.5', 'best'].map((quality) =>
        post('/upload', `${HEADER}\n1,Mug,${a}\n`, { fields: { quality } }),
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
    const { json } = await post('/upload', input);
    await app.client.completed(json.request_id);
    const first = await app.client.get(`/requests/${json.request_id}/output.csv`);

    const again = await post('/upload', first.text);
    await app.client.completed(again.json.request_id);
    const second = await app.client.get(`/requests/${again.json.request_id}/output.csv`);

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
    const { json } = await post(
      '/upload',
      `${HEADER}\n${rows.map((urls, row) => `${row},Mug,"${urls.join(',')}"`).join('\n')}\n`,
    );

    const { text } = await app.client.get(`/requests/${json.request_id}/output.csv`);

    const output = Papa.parse<string[]>(text.trim()).data.slice(1);
    expect(output.map((row) => row[2].split(','))).toEqual(rows);
    expect(output.map((row) => row[3].split(',').length)).toEqual([700, 1000]);
    const head = await fetch(`${app.client.url}/requests/${json.request_id}/output.csv`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    await app.client.completed(json.request_id);
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
        const { status, text: body } = await post(`/upload?dry_run=${isDryRun}`, csv, {
          fields: { on_invalid: 'skip' },
        });

        if (![200, 400].includes(status)) throw new Error(`${status}: ${body}`);
      }),
      { numRuns: RUNS },
    );
  });
});
