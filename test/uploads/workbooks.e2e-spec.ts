import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { PROGRAMS } from '../helpers/tables/other-workbooks.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { rowOf, workbookOf } from '../helpers/tables/workbooks.js';

const OLD_FILE = Buffer.from('d0cf11e0a1b11ae10000', 'hex');
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
/** LibreOffice would hold up the application for seconds: what it writes is read in `src/tables/workbook/programs.slow.spec.ts`. */
const LIBRARIES = Object.entries(PROGRAMS).filter(([name]) => name !== 'LibreOffice');
const HEADER = rowOf(1, 'S. No.', 'Product Name', 'Input Image Urls');

describeOnEachEngine('a workbook', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'workbooks-'));
    installation = await engine.install();
    app = await startApp(installation);
    const picture = await photo(160, 120);
    origin = await serveImages(
      Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`/${name}.jpg`, picture])),
    );
  });
  afterAll(async () => {
    await app.close();
    await origin.close();
    await installation.remove();
    rmSync(folder, { recursive: true });
  });

  async function finished(file: Buffer, query = ''): Promise<string> {
    const response = await fetch(`${app.client.url}/upload?${query}`, {
      method: 'POST',
      body: new Uint8Array(file),
      headers: { 'content-type': TYPE },
    });
    const answer = (await response.json()) as { request_id: string };
    expect([response.status, answer]).toEqual([200, { request_id: expect.any(String) }]);
    await app.client.completed(answer.request_id);
    return answer.request_id;
  }

  async function dryRun(file: Buffer, fields: Record<string, string> = {}): Promise<any> {
    const form = new FormData();
    for (const [name, value] of Object.entries({ dry_run: 'true', ...fields })) form.append(name, value);
    form.append('file', new Blob([new Uint8Array(file)]), 'products.xlsx');
    return (await fetch(`${app.client.url}/upload`, { method: 'POST', body: form })).json();
  }

  it.each(LIBRARIES)('of %s is worked on as a CSV file is', async (_, write) => {
    const file = readFileSync(await write(folder, origin.url('')));

    const { status, json } = await app.client.upload(file, 'products.xlsx');
    expect(status).toBe(200);
    await app.client.completed(json.request_id);

    const images = await app.client.images(json.request_id);
    expect(images.map(({ line, status, input_url }) => [line, status, input_url])).toEqual([
      [2, 'done', origin.url('/a.jpg')],
      [3, 'done', origin.url('/b.jpg?w=1&h=2')],
      [4, 'done', origin.url('/c.jpg')],
      [4, 'done', origin.url('/d.jpg')],
    ]);
    const output = await app.client.get(`/requests/${json.request_id}/output.csv`);
    expect(output.text.split('\r\n').slice(0, 2)).toEqual([
      '\ufeffS. No.,Product Name,Input Image Urls,EAN,Since,Price,Output Image Urls',
      `1,Mug,${origin.url('/a.jpg')},00123,2026-01-31,19.99,${images[0].output_url}`,
    ]);
  });

  it('is described by a dry run, and read from the sheet that is asked for', async () => {
    const rows = (...paths: string[]) =>
      HEADER + paths.map((each, i) => rowOf(i + 2, '1', 'Mug', each)).join('');
    const file = await workbookOf({
      sheets: [
        { name: 'Mugs', rows: rows(origin.url('/a.jpg'), 'photos/a.jpg') },
        { name: 'More mugs', rows: rows(origin.url('/b.jpg'), 'http://10.1.2.3/c.jpg') },
      ],
    });

    expect(await dryRun(file)).toMatchObject({
      rows: 1,
      images: 1,
      sample_urls: [origin.url('/a.jpg')],
      faults: { total: 1, items: [{ line: 3, cell: 'Mugs!C3', code: 'URL_INVALID', value: 'photos/a.jpg' }] },
      layout: { sheet: 'Mugs' },
    });
    expect(await dryRun(file, { sheet: 'more mugs' })).toMatchObject({
      rows: 2,
      faults: { total: 0 },
      warnings: { total: 1, items: [{ line: 3, cell: "'More mugs'!C3", code: 'ADDRESS_REFUSED' }] },
      layout: { sheet: 'More mugs' },
    });
    expect(await dryRun(file, { sheet: 'Cups' })).toMatchObject({
      faults: { items: [{ code: 'SHEET_UNKNOWN' }] },
    });
  });

  it('is run again from the same sheet, its faulty rows left out as before', async () => {
    const rows = HEADER + rowOf(2, '1', 'Mug', 'none') + rowOf(9, '2', 'Pot', origin.url('/c.jpg'));
    const file = await workbookOf({
      sheets: [{ rows: HEADER + rowOf(2, '1', 'A', origin.url('/a.jpg')) }, { rows }],
    });
    const id = await finished(file, 'sheet=2&on_invalid=skip');

    const again = await app.client.send('POST', `/requests/${id}/rerun`, { quality: 30 });

    expect(again.status).toBe(201);
    await app.client.completed(again.json.id);
    for (const each of [id, again.json.id]) {
      const images = await app.client.images(each);
      expect(images.map(({ line, input_url }) => [line, input_url])).toEqual([[9, origin.url('/c.jpg')]]);
      const errors = await app.client.get(`/requests/${each}/errors.csv`);
      expect(errors.text).toMatch(/\r\n2,1,Mug,,none,URL_INVALID,/);
    }
  });

  it('that can not be read is refused with a code that says what to do', async () => {
    const good = await workbookOf({
      sheets: [{ rows: HEADER + rowOf(2, '1', 'Mug', origin.url('/a.jpg')) }],
    });
    const broken = Buffer.from(good);
    broken.write('<//>', broken.indexOf('<row r="2"'));

    const answers = [];
    for (const file of [broken, good.subarray(0, good.length - 100), OLD_FILE])
      answers.push(await app.client.upload(file, 'products.xlsx'));

    expect(answers.map(({ status, json }) => [status, (json as any).code])).toEqual([
      [400, 'WORKBOOK_DAMAGED'],
      [400, 'WORKBOOK_DAMAGED'],
      [400, 'EXCEL_FILE'],
    ]);
  });

  it('is linked where there is one, and else has a code', async () => {
    const rows = HEADER + rowOf(2, '1', 'Mug', origin.url('/a.jpg'));
    const id = await finished(await workbookOf({ sheets: [{ rows }] }));
    const ofCsv = await app.client.accepted(
      `S. No.,Product Name,Input Image Urls\n1,Mug,${origin.url('/a.jpg')}\n`,
    );

    const request = await app.client.get(`/requests/${id}`);
    expect(request.json.links.output_xlsx).toBe(`${app.client.url}/requests/${id}/output.xlsx`);
    expect((await app.client.get(`/requests/${ofCsv}`)).json.links.output_xlsx).toBeNull();
    const refused = await app.client.get(`/requests/${ofCsv}/output.xlsx`);
    expect([refused.status, refused.json.code]).toEqual([409, 'NOT_A_WORKBOOK']);
    await app.client.completed(ofCsv);
  });

  it('of Amazon is given back ready to import', async () => {
    const file = await workbookOf({
      sheets: [
        { name: 'Instructions', rows: rowOf(1, 'Image URL: of the main image') },
        {
          name: 'Template',
          rows:
            rowOf(
              1,
              'TemplateType=fptcustom',
              'Version=2023.0101',
              'The top 3 rows are for Amazon.com use only.',
            ) +
            rowOf(
              2,
              'Product Type',
              'Seller SKU',
              'Product Name',
              'Main Image URL',
              'Other Image URL1',
              'Other Image URL2',
            ) +
            rowOf(
              3,
              'feed_product_type',
              'item_sku',
              'item_name',
              'main_image_url',
              'other_image_url1',
              'other_image_url2',
            ) +
            rowOf(4, 'mug', 'MUG', 'Mug', origin.url('/a.jpg'), origin.url('/b.jpg')),
        },
        { name: 'Valid Values', rows: rowOf(1, 'mug', 'cup') },
      ],
    });
    const id = await finished(file);

    const images = await app.client.images(id);
    expect(images.map(({ line, input_url }) => [line, input_url])).toEqual([
      [4, origin.url('/a.jpg')],
      [4, origin.url('/b.jpg')],
    ]);
    const response = await fetch(`${app.client.url}/requests/${id}/output.xlsx`);
    const output = path.join(folder, 'amazon.xlsx');
    writeFileSync(output, Buffer.from(await response.arrayBuffer()));
    expect(await dryRun(readFileSync(output))).toMatchObject({
      profile: { id: 'amazon' },
      layout: { sheet: 'Template' },
    });
    const text = (await app.client.get(`/requests/${id}/output.csv`)).text;
    expect(text.split('\r\n').slice(3)).toEqual([
      `mug,MUG,Mug,${images[0].output_url},${images[1].output_url}`,
      '',
    ]);
  });
});
