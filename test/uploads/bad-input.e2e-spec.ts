import { request as httpRequest } from 'node:http';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { RequestEntity } from '../../src/database/entities/request.entity.js';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';

const MAX_UPLOAD_BYTES = 20_000;
const HEADER = 'S. No.,Product Name,Input Image Urls';

describeOnEachEngine('bad input', (engine) => {
  let installation: Installation;
  let app: TestApp;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation, { MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES), MODE: 'all' });
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });

  afterEach(async () => {
    expect(await app.nest.get(DataSource).manager.count(RequestEntity)).toBe(0);
    await until(() => spooled().length === 0); // some are removed after the answer
  });

  const spooled = () => readdirSync(path.join(installation.environment.DATA_DIR, 'uploads'));

  it.each([
    ['an empty file', '', 'EMPTY_FILE'],
    ['blank lines only', '\n\n  \n', 'EMPTY_FILE'],
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'NOT_A_CSV'],
    ['a text without a header', 'hello world\nthis is no table\n', 'HEADER_MISSING'],
    ['a header without the URL column', 'S. No.,Product Name\n1,Mug\n', 'COLUMN_MISSING'],
    ['a header alone', `${HEADER}\n`, 'NO_ROWS'],
    ['rows without a single URL', `${HEADER}\n1,Mug,\n2,Pot\n`, 'NO_URL'],
    ['a web page', '<!DOCTYPE html>\n<title>Log in</title>', 'HTML_FILE'],
    ['a JSON document', '[{"url": "http://a.example/1.jpg"}]', 'JSON_FILE'],
    ['an old Excel file', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), 'EXCEL_FILE'],
    ['a URL that is none', `${HEADER}\n1,Mug,not a url\n`, 'CSV_INVALID'],
    ['a file: URL', `${HEADER}\n1,Mug,file:///etc/passwd\n`, 'CSV_INVALID'],
    ['a quote that is never closed', `${HEADER}\n1,"Mug,http://a.example/1.jpg\n`, 'CSV_INVALID'],
    ['a NUL byte', `${HEADER}\n1,Mu\0g,http://a.example/1.jpg\n`, 'CSV_INVALID'],
  ])('refuses %s', async (_name, content, code) => {
    const { status, json } = await app.client.upload(content);

    expect({ status, ...json }).toMatchObject({ status: 400, error: expect.stringMatching(/\.$/), code });
  });

  it('tells for every faulty row what is wrong where, and takes none of them', async () => {
    const file = `${HEADER}\n1,Mug,http://a.example/1.jpg\n2,Lamp,ftp://a.example/2.jpg\n3,Chair,photos/3.jpg\n`;

    const { json } = await app.client.upload(file);

    expect(json).toMatchObject({
      error:
        'The file has 2 faults: correct what "details" lists and upload it again, or send on_invalid=skip to leave ' +
        'those rows out.',
      code: 'CSV_INVALID',
      details: [
        { line: 3, column: 'Input Image Urls', value: 'ftp://a.example/2.jpg', code: 'URL_INVALID' },
        { line: 4, column: 'Input Image Urls', value: 'photos/3.jpg', code: 'URL_INVALID' },
      ],
    });
  });

  it('lists a hundred faults and counts the rest', async () => {
    const rows = Array.from({ length: 250 }, (_, index) => `${index},Mug,nothing`);

    const { json } = await app.client.upload([HEADER, ...rows].join('\n'));

    expect(json).toMatchObject({
      error:
        'The file has 250 faults, of which the first 100 are listed: correct what "details" lists and upload it again.',
    });
    expect((json as any).details).toHaveLength(100);
  });

  it('refuses a file over the limit', async () => {
    const { status, json } = await app.client.upload(Buffer.alloc(MAX_UPLOAD_BYTES + 1, 'a'));

    expect({ status, ...json }).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });

  it('refuses a form without a file, a body that is no form, and two files', async () => {
    const empty = new FormData();
    empty.append('file', 'products.csv');
    const two = new FormData();
    for (const part of ['a', 'b'])
      two.append(part, new Blob([csvOf([['Mug', ['http://a.example/1.jpg']]])]), 'a.csv');
    const post = async (body: FormData | string, headers = {}) => {
      const response = await fetch(`${app.client.url}/upload`, { method: 'POST', body, headers });
      return { status: response.status, ...((await response.json()) as object) };
    };

    expect(await post(empty)).toMatchObject({ status: 400, code: 'FILE_MISSING', error: expect.any(String) });
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'multipart/mixed'])
      expect(await post('{"a":', { 'content-type': type })).toMatchObject({
        status: 400,
        code: 'FILE_MISSING',
      });
    expect(await post('a=b', { 'content-type': 'multipart/form-data' })).toMatchObject({
      status: 400,
      code: 'BAD_REQUEST',
    });
    expect(await post(two)).toMatchObject({ status: 400, code: 'TOO_MANY_FILES' });
  });

  it('refuses a body that ends in the middle', async () => {
    const boundary = 'x';
    const body =
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n` +
      `${HEADER}\n1,Mug,http://a.example/1.jpg\n`;

    const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const request = httpRequest(`${app.client.url}/upload`, {
        method: 'POST',
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      });
      request.end(body);
    });

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({
      error: expect.any(String),
      code: 'BAD_REQUEST',
      call_id: expect.any(String),
    });
  });

  it('drops an upload whose client goes away', async () => {
    const request = httpRequest(`${app.client.url}/upload`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': '5000' },
    });
    const gone = new Promise((resolve) => request.on('error', resolve));
    request.write(`--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${HEADER}\n`);
    await until(() => spooled().length === 1);
    request.destroy(new Error('gone'));
    await gone;
    await until(() => spooled().length === 0);
  });

  it.each([
    ['none of ours', '00000000-0000-4000-8000-000000000000'],
    ['no UUID', 'nonsense'],
    ['an SQL injection', "' OR 1=1 --"],
    ['bytes that are no text', '%ff%fe'],
    ['several segments', 'a/b/c'],
    ['very long', 'a'.repeat(2000)],
  ])('answers /status to the letter for an id that is %s', async (_name, id) => {
    const path = id.startsWith('%') || id.includes('/') ? id : encodeURIComponent(id);
    const { status, text } = await app.client.get(`/status/${path}`);

    expect(status).toBe(404);
    expect(text).toBe('{"error":"Invalid request ID"}');
  });

  it.each(['', '/images', '/output.csv'])(
    'has a 404 with a code for /requests/<unknown id>%s',
    async (rest) => {
      for (const id of ['00000000-0000-4000-8000-000000000000', 'nonsense', '%00']) {
        const { status, json } = await app.client.get(`/requests/${id}${rest}`);

        expect({ status, ...json }).toEqual({
          status: 404,
          error: 'There is no request with this id.',
          code: 'REQUEST_NOT_FOUND',
          call_id: expect.any(String),
        });
      }
    },
  );

  it.each([
    'limit=0',
    'limit=1001',
    'limit=many',
    'status=lost',
    'cursor=-1',
    'cursor=1e3',
    'limit=1&limit=2',
  ])('refuses the page %s', async (query) => {
    const { status, json } = await app.client.get(`/requests/nonsense/images?${query}`);

    expect({ status, ...json }).toMatchObject({
      status: 400,
      code: 'INVALID_PARAMETER',
      error: expect.any(String),
    });
  });

  it.each([
    '/images/../../etc/passwd',
    '/images/..%2f..%2f/..%2fpackage.json',
    '/images/a/b',
    '/samples/..%2fpackage.json',
    '/nothing',
  ])('has nothing at %s', async (path) => {
    const { status, json } = await app.client.get(path);

    expect(status).toBe(404);
    expect(json).toEqual({
      error: expect.any(String),
      code: expect.any(String),
      call_id: expect.any(String),
    });
  });

  it.each([
    ['no JSON', '{"url":', 'JSON_INVALID'],
    ['a text', '"x"', 'JSON_INVALID'],
    ['JSON that is nested 33 levels deep', nested(33), 'JSON_TOO_DEEP'],
    ['JSON that is nested 40,000 levels deep', nested(40_000), 'JSON_TOO_DEEP'],
    [
      'JSON that is nested 10,000 objects deep',
      `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      'JSON_TOO_DEEP',
    ],
    ['JSON that is nested 32 levels deep', `{"description":${nested(31)}}`, 'INVALID_PARAMETER'],
  ])('refuses %s', async (_name, body, code) => {
    const response = await fetch(`${app.client.url}/webhooks`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });

    expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
      status: 400,
      code,
    });
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'prototype',
    '__defineGetter__',
  ])('knows no field %s in JSON, in a form or in a query', async (name) => {
    const form = new FormData();
    form.append('file', new Blob([csvOf([['Mug', ['http://a.example/1.jpg']]])]), 'a.csv');
    form.append(name, 'x');
    const file = new FormData();
    file.append('file', new Blob([csvOf([['Mug', ['http://a.example/1.jpg']]])]), 'a.csv');
    const post = async (address: string, body: FormData | string, headers = {}) => {
      const response = await fetch(app.client.url + address, { method: 'POST', body, headers });
      return { status: response.status, ...((await response.json()) as object) };
    };

    const json = await post('/webhooks', `{"url":"http://a.example","${name}":{"a":1}}`, {
      'content-type': 'application/json',
    });

    expect(json).toMatchObject({ status: 400, code: 'UNKNOWN_FIELD', details: [{ field: name }] });
    expect(await post('/upload', form)).toMatchObject({ status: 400, code: 'UNKNOWN_FIELD' });
    expect(await post(`/upload?${name}=x`, file)).toMatchObject({ status: 400, code: 'UNKNOWN_FIELD' });
    await until(() => spooled().length === 0); // files of a refused upload are removed after the answer
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString'])(
    'knows no option %s inside of a body either',
    async (name) => {
      const body = `{"options":{"quality":50,"${name}":{"a":1}}}`;
      const headers = { 'content-type': 'application/json' };

      const response = await fetch(`${app.client.url}/presets/shop`, { method: 'PUT', body, headers });

      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
        ...{ status: 400, code: 'UNKNOWN_FIELD' },
        details: [{ field: `options.${name}` }],
      });
    },
  );

  it.each([
    ['a client gives', 'order-4711_a', 'order-4711_a'],
    ['a client gives, unless it is too long', 'x'.repeat(65), expect.stringMatching(/^[0-9a-f-]{36}$/)],
    ['a client gives, unless it has other characters', 'a b', expect.stringMatching(/^[0-9a-f-]{36}$/)],
    ['it makes', undefined, expect.stringMatching(/^[0-9a-f-]{36}$/)],
  ])('names the call by the id that %s, in its header and in errors', async (_name, given, expected) => {
    const headers: Record<string, string> = given ? { 'x-request-id': given } : {};
    const error = await app.client.get('/requests/nonsense', headers);
    const status = await app.client.get('/status/nonsense', headers);

    expect(error.json.call_id).toEqual(expected);
    expect(error.headers.get('x-request-id')).toBe(error.json.call_id);
    expect(status.headers.get('x-request-id')).toEqual(expected);
    expect(status.text).toBe('{"error":"Invalid request ID"}');
  });

  it('answers no web page of a stranger', async () => {
    const origin = await app.client.get('/requests/nonsense', { origin: 'https://evil.example' });

    expect(origin.status).toBe(403);
    expect(origin.json).toMatchObject({ code: 'FOREIGN_ORIGIN' });
  });
});

/** Arrays in each other, so many levels deep. */
function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}
