import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { PROGRAMS } from '../helpers/tables/other-workbooks.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';
import { until } from '../helpers/wait.js';
import { partsOf } from '../helpers/tables/read-workbook.js';
import { rowOf, textCell, workbookOf } from '../helpers/tables/workbooks.js';

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
    return (await post(file, { dry_run: 'true', ...fields })).json();
  }

  function post(file: Buffer, fields: Record<string, string>, headers = {}): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([new Uint8Array(file)]), 'products.xlsx');
    return fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
  }

  /** The XML of the sheets of a workbook. */
  async function sheetsOf(response: Response): Promise<string[]> {
    const file = path.join(folder, 'output.xlsx');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    const parts = await partsOf(file);
    return [1, 2].map((number) => parts[`xl/worksheets/sheet${number}.xml`]);
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

  it('takes patches: they are in the dry run, the upload, the workbook that comes back and its CSV', async () => {
    const rows =
      HEADER +
      rowOf(2, '1', 'Mug', 'photos/a.jpg') +
      rowOf(3, '2', 'Pot', 'none') +
      rowOf(4, '3', 'Cup', origin.url('/b.jpg'));
    const other = { name: 'Notes', rows: rowOf(1, 'photos/a.jpg') };
    const file = await workbookOf({ sheets: [{ name: 'Mugs', rows }, other] });
    const patches = JSON.stringify([
      { line: 2, column: 'Input Image Urls', value: origin.url('/a.jpg') },
      { line: 3, value: null },
    ]);

    expect(await dryRun(file)).toMatchObject({ images: 1, faults: { total: 2 } });
    expect(await dryRun(file, { patches, lines: '2' })).toMatchObject({
      ...{ rows: 2, images: 2, faults: { total: 0 } },
      lines: [{ line: 2, cells: ['1', 'Mug', origin.url('/a.jpg')] }],
    });
    const mended = await post(file, { patches, dry_run: 'true' }, { accept: TYPE });
    expect(mended.headers.get('content-type')).toBe(TYPE);
    expect(await dryRun(Buffer.from(await mended.arrayBuffer()))).toMatchObject({
      images: 2,
      faults: { total: 0 },
    });

    const { request_id: id } = (await (await post(file, { patches })).json()) as { request_id: string };
    await app.client.completed(id);
    const outputs = (await app.client.images(id)).map(({ output_url }) => output_url);
    const csv = (await app.client.get(`/requests/${id}/output.csv`)).text;
    expect(csv.split('\r\n').slice(1)).toEqual([
      `1,Mug,${origin.url('/a.jpg')},${outputs[0]}`,
      `3,Cup,${origin.url('/b.jpg')},${outputs[1]}`,
      '',
    ]);
    const sheets = await sheetsOf(await fetch(`${app.client.url}/requests/${id}/output.xlsx`));
    for (const cell of [
      textCell('C2', origin.url('/a.jpg')) + textCell('D2', outputs[0]),
      '<row r="3"><c r="A3"/><c r="B3"/><c r="C3"/></row>',
      textCell('D4', outputs[1]),
    ])
      expect(sheets[0]).toContain(cell);
    expect(sheets[1]).toContain(textCell('A1', 'photos/a.jpg'));
  });

  it.each([
    ['a line that the sheet does not have', 'good', 'PATCH_INVALID'],
    ['a workbook that is damaged', 'damaged', 'WORKBOOK_DAMAGED'],
  ])('with patches for %s is refused', async (_, kind, code) => {
    const rows = Array.from({ length: 2_000 }, (_, i) => rowOf(i + 2, '1', 'Mug', origin.url('/a.jpg')));
    const file = await workbookOf({ sheets: [{ rows: HEADER + rows.join('') }] });
    if (kind === 'damaged') file.write('<//>', file.indexOf('<row r="2001"'));
    const patches = JSON.stringify([{ line: 2_002, column: 3, value: 'x' }]);

    const answer = await post(file, { patches });

    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code })]);
  });

  it('has the results of a retry at other addresses, in the rows where the others were', async () => {
    const rows =
      HEADER +
      rowOf(2, '1', 'Mug', `${origin.url('/a.jpg')},${origin.url('/gone.jpg')}`) +
      rowOf(5, '2', 'Pot', origin.url('/lost.jpg'));
    const id = await finished(await workbookOf({ sheets: [{ name: 'Mugs', rows }] }));
    const before = await sheetsOf(await fetch(`${app.client.url}/requests/${id}/output.xlsx`));
    const failed = (await app.client.images(id)).filter(({ status }) => status === 'failed');
    expect(failed).toHaveLength(2);
    expect(before[0]).not.toContain('r="D5"');

    const urls = { [failed[0].id]: origin.url('/c.jpg'), [failed[1].id]: origin.url('/d.jpg') };
    expect((await app.client.send('POST', `/requests/${id}/retry`, { urls })).status).toBe(200);
    await until(async () => (await app.client.get(`/requests/${id}`)).json.is_final);

    const [first, second, third] = (await app.client.images(id)).map(({ output_url }) => output_url);
    const own = textCell('C5', origin.url('/lost.jpg'));
    const [added] = await sheetsOf(await fetch(`${app.client.url}/requests/${id}/output.xlsx`));
    expect(added).toContain(textCell('D2', `${first},${second}`));
    expect(added).toContain(own + textCell('D5', third)); // the user's own address stays as it was
    const [replaced] = await sheetsOf(
      await fetch(`${app.client.url}/requests/${id}/output.xlsx?urls=replaced`),
    );
    expect(replaced).toContain(textCell('C2', `${first},${second}`));
    expect(replaced).toContain(textCell('C5', third));
    const csv = (await app.client.get(`/requests/${id}/output.csv`)).text;
    expect(csv.split('\r\n')[2]).toBe(`2,Pot,${origin.url('/lost.jpg')},${third}`);
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
